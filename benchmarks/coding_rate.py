"""Bytes of coded kernels against their order-0 entropy, and against NNCodec where installed.

    python benchmarks/coding_rate.py --kernels FILE.npz [FILE.npz ...] [--nncodec-python PATH]

Every file holds the integer kernels of one network. `--nncodec-python` is the interpreter of an
environment with `numpy<2`, `pandas<2.3` and `nncodec==2.1.3`, which then codes the same integers
losslessly in a process of its own. Tables of random dense 4-bit and 8-bit kernels follow.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

_PEER = """
import contextlib, io, json, sys
import numpy as np
import nncodec.nn
kernels = np.load(sys.argv[1])
sizes = {}
with contextlib.redirect_stdout(io.StringIO()):
    for names in [*([name] for name in kernels.files), kernels.files]:
        model = {name: kernels[name].astype(np.int32) for name in names}
        stream = nncodec.nn.encode(model, args={"verbose": False})
        decoded = nncodec.nn.decode(stream)
        assert all(np.array_equal(decoded[name], model[name]) for name in names)
        sizes[names[0] if len(names) == 1 else "total"] = len(stream)
sizes.setdefault("total", next(iter(sizes.values())))
print(json.dumps(sizes))
"""


def entropy_bytes(values: np.ndarray) -> float:
    """Returns the order-0 entropy of an array in bytes, its table not counted."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / values.size)).sum()) / 8


def peer_sizes(python: str | None, path: str) -> dict[str, int]:
    """Returns NNCodec's bytes for each kernel of a file, and for all of them."""
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", _PEER, os.path.abspath(path)]
        run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return json.loads(run.stdout.splitlines()[-1])


def print_table(path: str, python: str | None) -> None:
    """Prints one network's table."""
    from keras_ec.coding import decode_tensors, encode_tensors

    kernels = dict(np.load(path))
    peer = peer_sizes(python, path)
    print(f"\n{os.path.basename(path)}")
    print(
        f"{'kernel':24}{'shape':>18}{'non-zero':>10}{'order 0':>10}{'coded':>9}{'ratio':>7}", end=""
    )
    print(f"{'NNCodec':>9}{'ratio':>7}" if peer else "")
    total = 0.0
    rows = [({name: values}, name) for name, values in kernels.items()]
    for model, name in [*rows, (kernels, "total")]:
        data = encode_tensors(model)
        decoded = decode_tensors(data)
        assert all(np.array_equal(decoded[key], values) for key, values in model.items())
        order0 = total if name == "total" else entropy_bytes(model[name])
        total += order0
        values = next(iter(model.values())) if name != "total" else None
        shape = "" if values is None else "x".join(map(str, values.shape))
        share = "" if values is None else f"{np.count_nonzero(values) / values.size:.4f}"
        print(f"{name:24}{shape:>18}{share:>10}{order0:10.0f}{len(data):9}", end="")
        print(f"{len(data) / max(order0, 1):7.3f}", end="")
        print(f"{peer[name]:9}{len(data) / peer[name]:7.3f}" if peer else "")


def dense_kernels(folder: str) -> list[str]:
    """Writes random dense kernels of 4 and 8 bits; returns the files."""
    rng = np.random.default_rng(0)
    paths = []
    for bits, largest in ((4, 7), (8, 127)):
        values = np.rint(rng.normal(0, largest / 3, (300, 400))).clip(-largest, largest)
        paths.append(os.path.join(folder, f"dense_{bits}_bit.npz"))
        np.savez(paths[-1], kernel=values.astype(np.int8))
    return paths


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernels", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--nncodec-python", metavar="PATH")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for path in [*args.kernels, *dense_kernels(folder)]:
            print_table(path, args.nncodec_python)


if __name__ == "__main__":
    main()
