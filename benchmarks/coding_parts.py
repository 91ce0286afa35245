"""What the parts of the probability model are worth: bytes with each of them left out.

    python benchmarks/coding_parts.py FILE.npz [FILE.npz ...]

Files are those of `coding_kernels.py`. Both sides of the coder would have to leave a part out, so
that these variants are no format; only the encoder runs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from keras_ec.coding import encode_tensors, integer_matrix, matrix_layout
from keras_ec.coding.expected_magnitudes import ExpectedMagnitudes
from keras_ec.coding.integer_tensor import History
from keras_ec.coding.matrix_layout import Layout


def _same_class(self: ExpectedMagnitudes, span: slice) -> np.ndarray:
    return np.full(span.stop - span.start, 12)


PARTS = {
    "whole model": contextlib.nullcontext(),
    "without neighbours at lags": mock.patch.object(Layout, "lags", lambda self, shape: ()),
    "without pictures": mock.patch.object(matrix_layout, "_likely_width", lambda matrix: 0),
    "without the layer before": mock.patch.object(History, "links", lambda self, shape: []),
    "without expected magnitudes": mock.patch.object(ExpectedMagnitudes, "classes", _same_class),
    "without the row so far": mock.patch.object(
        integer_matrix, "run_edges", lambda rows, columns: [(0, columns)]
    ),
}


def main() -> None:
    """Prints a table of bytes: parts by networks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kernels", nargs="+", type=Path, metavar="FILE")
    args = parser.parse_args()
    networks = [dict(np.load(path)) for path in args.kernels]
    print(" " * 28 + "".join(f"{path.stem[:22]:>24}" for path in args.kernels))
    for part, patch in PARTS.items():
        with patch:
            sizes = [len(encode_tensors(kernels)) for kernels in networks]
        print(f"{part:28}" + "".join(f"{size:24}" for size in sizes), flush=True)


if __name__ == "__main__":
    main()
