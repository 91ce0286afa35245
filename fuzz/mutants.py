"""Decodes damaged archives with every decoder, 100,000 unless told otherwise.

    python fuzz/mutants.py [--count N] [--start N] [--processes N] [--seconds N] [--without NAME]

What must hold is in `tests/fuzz/checks.py`. A case has a limit of time, a process one of memory; a
process that dies or hangs is replaced, and what it was at is reported. Interrupted runs go on
where they stopped, as long as neither the decoders nor the mutations have changed. Writes
`fuzz/results/mutants.json`; the exit code is 1 if there was a problem.
"""

import argparse
import collections
import dataclasses
import hashlib
import json
import multiprocessing
import os
import platform
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from keras_ec.deploy.atomic_file import write_atomically

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))

RESULTS = HERE / "results"
CASE_SECONDS = 20
"""Most processor time for all decoders together on a mutant; then Python raises `TimeoutError`."""

HANG_SECONDS = 600
"""A process that is busy with one mutant for longer is killed, whatever else the machine does."""

MEMORY = 4 << 30
"""Address space that a process may take beside what it has when it begins."""

_CHUNK = 250


def chosen_decoders(without: list[str]) -> tuple:
    """Returns the decoders that can be run here, but for those named."""
    from decoders import available_decoders

    return tuple(item for item in available_decoders()[0] if item.name not in without)


def fingerprint(without: list[str]) -> str:
    """Returns a digest of all that determines the outcome of a mutant."""
    digest = hashlib.sha256(repr(without).encode())
    folders = [ROOT / "tests" / "fuzz", ROOT / "keras_ec" / "coding", ROOT / "keras_ec/c_decoder"]
    for folder in folders:
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.[ch]")]):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run_chunk(start: int, stop: int, decoders: tuple, current: Any) -> dict[str, Any]:
    """Checks the mutants `start` to `stop`, the latter excluded; returns what was found.

    Args:
        start: First number.
        stop: Number behind the last.
        decoders: The decoders.
        current: Shared value that is set to the number at work.
    """
    from checks import check
    from mutations import mutant
    from seeds import seeds

    verdicts: collections.Counter = collections.Counter()
    problems, slowest, most_memory, excess = [], (0.0, start), 0, 0
    begin = time.process_time()
    for number in range(start, stop):
        with current.get_lock():
            current.value = number
        item = mutant(number, seeds())
        case = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, CASE_SECONDS)
        outcome = check(item, decoders)
        signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, (time.process_time() - case, number))
        verdicts[f"{item.checksum}: {outcome.verdict}"] += 1
        verdicts[f"kind: {item.kind}"] += 1
        most_memory = max(most_memory, outcome.most_memory)
        excess = max(excess, outcome.excess)
        what = f"{item.kind}, {item.checksum}, {item.seed.name}"
        problems += [[number, what, text] for text in outcome.problems]
    return {
        "start": start,
        "stop": stop,
        "verdicts": verdicts,
        "problems": problems,
        "slowest": slowest,
        "most_memory": most_memory,
        "excess": excess,
        "seconds": time.process_time() - begin,
    }


def work(connection: Connection, current: Any, without: list[str]) -> None:
    """Runs chunks that come through a pipe, until `None` comes."""

    def too_slow(*_: object) -> None:
        raise TimeoutError

    os.nice(10)
    signal.signal(signal.SIGPROF, too_slow)
    decoders = chosen_decoders(without)
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, resource.RLIM_INFINITY))
    while (chunk := connection.recv()) is not None:
        connection.send(run_chunk(*chunk, decoders, current))


@dataclasses.dataclass
class Worker:
    """A process, what it is at, and since when."""

    process: multiprocessing.Process
    connection: Connection
    current: Any
    chunk: tuple[int, int] | None = None
    seen: tuple[int, float] = (-1, 0.0)

    @staticmethod
    def begin(without: list[str]) -> "Worker":
        """Starts a process that leaves out the decoders named."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        current = context.Value("q", -1)
        process = context.Process(target=work, args=(theirs, current, without))
        process.start()
        theirs.close()
        return Worker(process, ours, current)

    def give(self, chunk: tuple[int, int]) -> None:
        """Sends a chunk."""
        self.chunk, self.seen = chunk, (-1, time.monotonic())
        self.current.value = chunk[0]
        self.connection.send(chunk)

    def hangs(self) -> bool:
        """Returns whether the process has been at the same mutant for too long."""
        if self.current.value != self.seen[0]:
            self.seen = self.current.value, time.monotonic()
        return time.monotonic() - self.seen[1] > HANG_SECONDS

    def end(self) -> None:
        """Ends the process, gently if it waits for work."""
        if self.chunk is None and self.process.is_alive():
            self.connection.send(None)
        else:
            self.process.kill()
        self.process.join()


def pending(start: int, stop: int, done: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Returns the chunks of `[start, stop)` that are not done, in order."""
    finished = {(item["start"], item["stop"]) for item in done}
    chunks = [(first, min(first + _CHUNK, stop)) for first in range(start, stop, _CHUNK)]
    return [chunk for chunk in chunks if chunk not in finished]


class Run:
    """A run of mutants over several processes.

    Args:
        path: File of finished chunks, one a line.
        without: Names of decoders to leave out.
    """

    def __init__(self, path: Path, without: list[str]) -> None:
        self._path, self._key, self._without = path, fingerprint(without), without
        self.done: list[dict[str, Any]] = []
        if path.exists():
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            self.done = [line for line in lines if line["key"] == self._key]

    def add(self, result: dict[str, Any]) -> None:
        """Records a chunk."""
        self.done.append(result)
        with self._path.open("a") as file:
            file.write(json.dumps({**result, "key": self._key}) + "\n")
        for problem in result["problems"]:
            print("PROBLEM", *problem, flush=True)

    def lost(self, worker: Worker, why: str) -> list[tuple[int, int]]:
        """Records a mutant that a process did not survive; returns what is left of its chunk."""
        number, (start, stop) = worker.current.value, worker.chunk
        empty = {"verdicts": {"lost": 1}, "most_memory": 0, "excess": 0, "seconds": 0.0}
        problem = [number, "process", why]
        chunk = {"start": number, "stop": number + 1, "slowest": (0.0, number)}
        self.add({**chunk, **empty, "problems": [problem]})
        return [part for part in ((start, number), (number + 1, stop)) if part[0] < part[1]]

    def go(self, chunks: list[tuple[int, int]], processes: int, seconds: float) -> None:
        """Runs chunks until none is left, or time is up."""
        deadline = time.monotonic() + seconds
        chunks = chunks[::-1]
        workers = [Worker.begin(self._without) for _ in range(min(processes, len(chunks)))]
        try:
            while chunks or any(worker.chunk for worker in workers):
                for index, worker in enumerate(workers):
                    dead = not worker.process.is_alive() and not worker.connection.poll()
                    if worker.chunk and (dead or worker.hangs()):
                        why = f"ended with code {worker.process.exitcode}" if dead else "hangs"
                        chunks += self.lost(worker, why)
                        worker.end()
                        worker = workers[index] = Worker.begin(self._without)
                    if worker.chunk is None and chunks and time.monotonic() < deadline:
                        worker.give(chunks.pop())
                for connection in wait([worker.connection for worker in workers], timeout=5):
                    worker = next(item for item in workers if item.connection is connection)
                    try:
                        self.add(connection.recv())
                    except EOFError:
                        continue
                    worker.chunk = None
                if time.monotonic() > deadline and not any(worker.chunk for worker in workers):
                    break
        finally:
            for worker in workers:
                worker.end()


def summary(run: Run, without: list[str], wall: float) -> dict[str, Any]:
    """Returns the sums over all chunks."""
    from checks import MEMORY_CONSTANT
    from decoders import available_decoders

    decoders, missing = chosen_decoders(without), available_decoders()[1]
    verdicts: collections.Counter = collections.Counter()
    for item in run.done:
        verdicts.update(item["verdicts"])
    problems = [problem for item in run.done for problem in item["problems"]]
    return {
        "mutants": sum(item["stop"] - item["start"] for item in run.done),
        "decoders": [decoder.name for decoder in decoders],
        "memory_factors": {decoder.name: decoder.memory_factor for decoder in decoders},
        "missing": [*missing, *(f"{name}: left out" for name in without)],
        "verdicts": dict(sorted(verdicts.items())),
        "problems": len(problems),
        "first_problems": problems[:20],
        "slowest_mutant": max((item["slowest"] for item in run.done), key=lambda pair: pair[0]),
        "most_memory_bytes": max(item["most_memory"] for item in run.done),
        "most_beyond_proportion_bytes": max(item["excess"] for item in run.done),
        "allowed_beyond_proportion_bytes": MEMORY_CONSTANT,
        "process_seconds": round(sum(item["seconds"] for item in run.done), 1),
        "wall_seconds_of_last_run": round(wall, 1),
        "python": platform.python_version(),
    }


def main() -> int:
    """Runs the mutants; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--without", action="append", default=[], help="a decoder to leave out")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    run = Run(RESULTS / "mutants-chunks.jsonl", args.without)
    begin = time.monotonic()
    left = pending(args.start, args.start + args.count, run.done)
    run.go(left, args.processes, args.seconds)
    if not run.done:
        parser.error("expected time for one chunk at least; give more --seconds")
    report = summary(run, args.without, time.monotonic() - begin)
    write_atomically(RESULTS / "mutants.json", (json.dumps(report, indent=1) + "\n").encode())
    print(json.dumps(report, indent=1))
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
