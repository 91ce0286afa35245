"""Runs `decoded.tflite` in LiteRT, example by example; prints what it costs as JSON.

Memory is the growth of the peak resident size over that with the libraries loaded alone.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

WARM_UP, RUNS = 20, 500


def peak() -> int:
    """Peak resident size in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measures."""
    before = peak()
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
        "kilobytes": (peak() - before) // 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
