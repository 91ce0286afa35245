"""Bytes of coded kernels against their order-0 entropy, and against NNCodec where installed.

    python benchmarks/coding_rate.py [--kernels FILE.npz ...] [--random] [--nncodec-python PATH]

Every file holds the integer kernels of one network, as `coding_kernels.py` writes them.
`--nncodec-python` is the interpreter of an environment with `numpy<2`, `pandas<2.3` and
`nncodec==2.1.3`, which then codes the same integers losslessly in a process of its own, with the
axis of the outputs first and last: the smaller result counts. `--random` adds random dense kernels
of 4 and 8 bits. Prints a table for each network, and updates `benchmarks/results/coding_rate.json`
after each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from json_file import add_to_json

from keras_ec.coding import decode_tensors, encode_tensors

RESULTS = Path(__file__).parent / "results" / "coding_rate.json"
TOTAL = "total"

_PEER = """
import contextlib, io, json, sys
import numpy as np
import nncodec.nn
kernels = dict(np.load(sys.argv[1]))
sizes = {}
def size(model):
    stream = nncodec.nn.encode(model, args={"verbose": False})
    decoded = nncodec.nn.decode(stream)
    assert all(np.array_equal(decoded[name], model[name]) for name in model)
    return len(stream)
with contextlib.redirect_stdout(io.StringIO()):
    for names in [*([name] for name in kernels), list(kernels)]:
        first = {name: kernels[name].astype(np.int32) for name in names}
        last = {n: np.ascontiguousarray(np.moveaxis(k, 0, -1)) for n, k in first.items()}
        sizes["/".join(names)] = min(size(first), size(last))
print(json.dumps(sizes))
"""


def entropy_bytes(values: np.ndarray) -> float:
    """Returns the order-0 entropy of an array in bytes, its table not counted."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / values.size)).sum()) / 8


def peer_sizes(python: str | None, path: str) -> dict[str, int]:
    """Returns NNCodec's bytes for each kernel of a file, and for all of them, by joined names."""
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", _PEER, os.path.abspath(path)]
        run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return json.loads(run.stdout.splitlines()[-1])


def coded_size(kernels: dict[str, np.ndarray]) -> int:
    """Returns the bytes of kernels in one file, which is decoded and compared."""
    data = encode_tensors(kernels)
    decoded = decode_tensors(data)
    if not all(np.array_equal(decoded[name], values) for name, values in kernels.items()):
        raise RuntimeError("Expected the kernels to come back; others came.")
    return len(data)


def measure(path: str, python: str | None) -> dict[str, dict]:
    """Returns what each kernel of a network takes, and all of them in one file."""
    kernels = dict(np.load(path))
    peer = peer_sizes(python, path)
    rows, order0 = {}, 0.0
    for name, values in kernels.items():
        order0 += entropy_bytes(values)
        rows[name] = {"shape": list(values.shape)}
        rows[name] |= _row({name: values}, entropy_bytes(values), peer)
    return rows | {TOTAL: _row(kernels, order0, peer)}


def _row(kernels: dict[str, np.ndarray], order0: float, peer: dict[str, int]) -> dict:
    coded, nncodec = coded_size(kernels), peer.get("/".join(kernels))
    elements = sum(values.size for values in kernels.values())
    row = {
        "elements": elements,
        "nonzero_share": round(sum(map(np.count_nonzero, kernels.values())) / elements, 4),
        "order_0_bytes": round(order0, 1),
        "coded_bytes": coded,
        "of_order_0": round(coded / max(order0, 1), 4),
    }
    if nncodec:
        row |= {"nncodec_bytes": nncodec, "of_nncodec": round(coded / nncodec, 4)}
    return row


def print_table(title: str, rows: dict[str, dict]) -> None:
    """Prints one network's table."""
    print(f"\n{title}")
    print(
        f"{'kernel':24}{'shape':>18}{'non-zero':>10}{'order 0':>10}{'coded':>9}{'ratio':>7}", end=""
    )
    print(f"{'NNCodec':>9}{'ratio':>7}")
    for name, row in rows.items():
        shape = "x".join(map(str, row.get("shape", [])))
        print(f"{name[:23]:24}{shape:>18}{row['nonzero_share']:>10.4f}", end="")
        print(f"{row['order_0_bytes']:10.0f}{row['coded_bytes']:9}{row['of_order_0']:7.3f}", end="")
        peer = "nncodec_bytes" in row
        print(f"{row['nncodec_bytes']:9}{row['of_nncodec']:7.3f}" if peer else "", flush=True)


def random_kernels(folder: str) -> list[str]:
    """Writes random dense kernels of 4 and 8 bits; returns the files."""
    rng = np.random.default_rng(0)
    paths = []
    for bits, largest in ((4, 7), (8, 127)):
        values = np.rint(rng.normal(0, largest / 3, (300, 400))).clip(-largest, largest)
        paths.append(os.path.join(folder, f"random_dense_{bits}_bit.npz"))
        np.savez(paths[-1], kernel=values.astype(np.int8))
    return paths


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernels", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--random", action="store_true", help="random dense kernels as well")
    parser.add_argument("--nncodec-python", metavar="PATH")
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON file to update")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for path in [*args.kernels, *(random_kernels(folder) if args.random else [])]:
            result = measure(path, args.nncodec_python)
            add_to_json(args.out, {Path(path).stem: result})
            print_table(Path(path).stem, result)


if __name__ == "__main__":
    main()
