"""LiteRT latency and memory of every artifact; coding and decoding time of archives.

Measures what `point.py` left in `benchmarks/cache`, each artifact in a process of its own, and
stores the figures in `benchmarks/results/inference_cost.json`. With networks named, those of
others stay.

    python benchmarks/inference_cost.py --network transformer
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from unittest import mock

from configuration import RESULTS, Configuration
from curves import label
from environment import process_command, process_environment
from json_file import write_json
from networks import NETWORKS
from report import load_results

from keras_ec.coding import archive_decoder
from keras_ec.coding.container import decode_content
from keras_ec.deploy.archive import compress_bytes

TURNS, ENOUGH = 5, 2.0
"""Calls that are timed at most, and seconds after which there are no more of them."""

STORE = RESULTS / "inference_cost.json"


def artifacts(networks: Collection[str]) -> list[tuple[str, Path]]:
    """Curve and directory of all results of some networks whose artifacts are there, each once."""
    found = {}
    for network, results in load_results().items():
        for result in results if network in networks else ():
            configuration = Configuration(
                network, result["method"], result["settings"], result["seed"]
            )
            if (configuration.folder() / "decoded.tflite").exists():
                found[configuration.folder()] = f"{network}, {label(result)}"
    return [(name, folder) for folder, name in found.items()]


def meter(folder: Path) -> dict[str, float]:
    """Latency in `microseconds` and memory in `kilobytes` of a directory's `decoded.tflite`."""
    command = process_command(sys.executable, "inference_meter", {})
    run = subprocess.run(
        command,
        cwd=folder,
        env=process_environment(),
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def meter_in_turns(files: dict[str, bytes], turns: int) -> dict[str, dict[str, float]]:
    """Medians of what `meter` says of several networks, which take turns.

    Args:
        files: contents of .tflite files, by any names.
        turns: how often each is run, in a process of its own.
    """
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in files}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(turns):
            for name, content in files.items():
                (Path(folder) / "decoded.tflite").write_bytes(content)
                figures[name].append(meter(Path(folder)))
    return {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in figures.items()
    }


def measure(folder: Path) -> dict[str, float]:
    """What running an artifact costs, and, if it is an archive, what coding it costs."""
    figures = meter(folder)
    archive = folder / "network.ecz"
    if archive.exists():
        content, coded = (folder / "decoded.tflite").read_bytes(), archive.read_bytes()
        with mock.patch.object(archive_decoder, "is_compiled", lambda: False):
            figures["encode_milliseconds"] = milliseconds(lambda: compress_bytes(content))
        figures["decode_milliseconds"] = milliseconds(lambda: decode_content(coded))
        if archive_decoder.is_compiled():
            compiled = milliseconds(lambda: archive_decoder.decode_archive(coded))
            figures["compiled_decode_milliseconds"] = compiled
    return figures


def milliseconds(function: Callable[[], object]) -> float:
    """Median time of a call."""
    times: list[float] = []
    while len(times) < TURNS and sum(times) < ENOUGH:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return round(1000 * statistics.median(times), 1)


def main() -> None:
    """Measures, prints and stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), nargs="*", default=list(NETWORKS))
    networks = parser.parse_args().network
    before = json.loads(STORE.read_text()) if STORE.exists() else {}
    stored = {key: row for key, row in before.items() if key.split(",")[0] not in networks}
    for name, folder in artifacts(networks):
        key = f"{name} ({folder.name})"
        stored[key] = measure(folder)
        print(key, *(f"{k} {v}" for k, v in stored[key].items()), flush=True)
        write_json(STORE, stored)


if __name__ == "__main__":
    main()
