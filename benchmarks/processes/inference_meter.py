"""Runs `decoded.tflite` in LiteRT, example by example; prints what it costs as JSON.

Memory is the growth of the resident size, at its peak, over that with the libraries loaded
alone; Linux tells it.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

WARM_UP, RUNS = 20, 500


def resident(peak: bool) -> int:
    """Resident size of this process in kilobytes, now or at its peak."""
    status = Path("/proc/self/status").read_text()
    (line,) = (x for x in status.splitlines() if x.startswith("VmHWM:" if peak else "VmRSS:"))
    return int(line.split()[1])


def main() -> None:
    """Measures."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = resident(peak=False)
    interpreter = Interpreter("decoded.tflite", num_threads=1)
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    interpreter.set_tensor(source["index"], np.full(source["shape"], 0.5, source["dtype"]))
    times = []
    for _ in range(WARM_UP + RUNS):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - start)
    result = {
        "microseconds": round(1e6 * statistics.median(times[WARM_UP:]), 1),
        "kilobytes": resident(peak=True) - before,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
