"""Fuzzes all decoders: mutants first, then coverage-guided for a given time.

    python fuzz/session.py [--seconds SECONDS] [--count MUTANTS] [--atheris PYTHON]

1. `mutants.py`: damaged archives against all decoders.
2. `atheris_decoder.py`: the decoder in Python, coverage-guided; needs an interpreter with atheris
   and what `keras_ec.coding` needs, see `requirements/fuzz.txt`.
3. `ecz_target.c`: the decoder in C under AddressSanitizer and UndefinedBehaviorSanitizer, with
   libFuzzer; needs clang.

What cannot be run is named, at its place and at the end. Writes `fuzz/results/session.json`; inputs
that were found are in `fuzz/findings`. The exit code is 1 if anything was found.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from keras_ec.deploy.atomic_file import write_atomically

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))

_CLANG = ("clang", *(f"clang-{version}" for version in range(21, 10, -1)))
_DONE = re.compile(rb"#(\d+)\s+DONE\s+cov: (\d+)")


def write_corpus(folder: Path) -> None:
    """Writes the archives that fuzzing begins with."""
    from seeds import seeds

    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds():
        (folder / seed.name.replace(" ", "-")).write_bytes(seed.data)


def fuzzer_report(output: bytes, code: int, seconds: float) -> dict[str, Any]:
    """Returns what a fuzzer's output tells.

    Args:
        output: What it printed.
        code: Its exit code.
        seconds: How long it ran.
    """
    report: dict[str, Any] = {"seconds": round(seconds, 1), "failed": code != 0}
    done = _DONE.search(output)
    if done:
        report |= {"executions": int(done[1]), "coverage": int(done[2])}
    if code:
        report["output"] = output[-2000:].decode(errors="replace")
    return report


def run_fuzzer(command: list[str], name: str, seconds: int) -> dict[str, Any]:
    """Runs a fuzzer with libFuzzer's options on its corpus; returns its report."""
    corpus, findings = HERE / "corpus" / name, HERE / "findings" / name
    write_corpus(corpus)
    findings.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-timeout=300", "-rss_limit_mb=4096", "-max_len=4096"]
    options += [f"-artifact_prefix={findings}/", "-print_final_stats=1", "-verbosity=1"]
    start = time.monotonic()
    process = subprocess.run(
        [*command, str(corpus), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return fuzzer_report(process.stdout, process.returncode, time.monotonic() - start)


def fuzz_python(python: str, seconds: int) -> dict[str, Any]:
    """Runs atheris in an interpreter; returns its report, or why it was skipped."""
    probe = [python, "-c", "import atheris"]
    if shutil.which(python) is None or subprocess.run(probe, capture_output=True).returncode:
        return {"skipped": f"{python} has no atheris: pip install -r requirements/fuzz.txt"}
    return run_fuzzer([python, str(HERE / "atheris_decoder.py")], "python", seconds)


def fuzz_c(seconds: int) -> dict[str, Any]:
    """Builds and runs the fuzzer of the C decoder; returns its report, or why it was skipped."""
    clang = next(filter(None, map(shutil.which, _CLANG)), None)
    if clang is None:
        return {"skipped": "clang was not found: apt-get install clang"}
    target, sources = HERE / "build" / "ecz_target", ROOT / "keras_ec" / "c_decoder"
    target.parent.mkdir(exist_ok=True)
    flags = ["-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
    inputs = [str(HERE / "ecz_target.c"), str(sources / "ecz_decoder.c"), f"-I{sources}"]
    build = subprocess.run([clang, *flags, "-o", str(target), *inputs], capture_output=True)
    if build.returncode:
        return {"skipped": f"{clang} cannot build the target: {build.stderr.decode()[-400:]}"}
    return run_fuzzer([str(target)], "c", seconds)


def run_mutants(count: int) -> dict[str, Any]:
    """Runs `mutants.py`; its own report is a file of its own."""
    command = [sys.executable, str(HERE / "mutants.py"), "--count", str(count)]
    start = time.monotonic()
    code = subprocess.run(command).returncode
    return {"seconds": round(time.monotonic() - start, 1), "failed": code != 0, "count": count}


def main() -> int:
    """Runs all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=600, help="for each coverage-guided fuzzer")
    parser.add_argument("--count", type=int, default=100_000, help="of mutants")
    parser.add_argument("--atheris", default=sys.executable, help="Python that has atheris")
    args = parser.parse_args()
    (HERE / "results").mkdir(exist_ok=True)
    reports: dict[str, Any] = {}
    stages = {
        "mutants": lambda: run_mutants(args.count),
        "python, atheris": lambda: fuzz_python(args.atheris, args.seconds),
        "C, libFuzzer": lambda: fuzz_c(args.seconds),
    }
    for name, stage in stages.items():
        reports[name] = stage()
        print(f"{name}: {json.dumps(reports[name])}", flush=True)
    text = json.dumps(reports, indent=1) + "\n"
    write_atomically(HERE / "results" / "session.json", text.encode())
    for name, report in reports.items():
        if "skipped" in report:
            print(f"SKIPPED {name}: {report['skipped']}")
    return 1 if any(report.get("failed") for report in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
