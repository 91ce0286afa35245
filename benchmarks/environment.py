"""Environments for peers that cannot share one with Keras 3, made when they are needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent


def python_of(name: str) -> Path:
    """Interpreter of the environment `.venv-<name>`, from `requirements/<name>.txt`."""
    folder = ROOT / f".venv-{name}"
    ready, python = folder / ".ready", folder / "bin" / "python"
    requirements = ROOT / "requirements" / f"{name}.txt"
    if not ready.exists() or ready.stat().st_mtime < requirements.stat().st_mtime:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = ["-m", "pip", "install", "--quiet", "--requirement", requirements]
        subprocess.run([python, *install], check=True)
        ready.touch()
    return python


def run_process(python: Path | str, script: str, folder: Path, **arguments: Any) -> None:
    """Runs a program of `benchmarks/processes` in a process of its own.

    Args:
        python: interpreter.
        script: name of the program, without `.py`.
        folder: working directory, through which arrays and files are exchanged.
        **arguments: handed over as JSON.

    Raises:
        RuntimeError: if the program fails; with the end of what it wrote.
    """
    log = folder / f"{script}.log"
    with log.open("w") as output:
        run = subprocess.run(
            process_command(python, script, arguments),
            cwd=folder,
            env=process_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if run.returncode:
        raise RuntimeError(f"{script} failed, see {log}: {log.read_text()[-2000:]}")


def process_command(python: Path | str, script: str, arguments: dict[str, Any]) -> list[str]:
    """Command line of a program of `benchmarks/processes`."""
    return [str(python), str(HERE / "processes" / f"{script}.py"), json.dumps(arguments)]


def process_environment() -> dict[str, str]:
    """Environment variables with which it finds the benchmarks' modules, and Keras 2."""
    path = os.pathsep.join([str(HERE), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "TF_USE_LEGACY_KERAS": "1"}
