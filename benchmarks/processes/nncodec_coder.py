"""NNCodec: codes `weights.npz` to `network.nnc`, and decodes that to `decoded.npz`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np

# nncodec imports torchvision for data sets and networks, of which coding arrays needs nothing
for name in ("torchvision", "torchvision.datasets", "torchvision.models", "torchvision.transforms"):
    sys.modules[name] = mock.MagicMock()


def main(lossless: bool, qp: int, vector_qp: int, dependent: bool) -> None:
    """Codes arrays: whole numbers without loss, others by a quantization parameter."""
    import nncodec.nn

    with np.load("weights.npz") as stored:
        weights = {name: stored[name] for name in stored.files}
    quantization = {"qp": qp, "nonweight_qp": vector_qp, "use_dq": dependent}
    arguments = {"verbose": False, **({} if lossless else quantization)}
    stream = nncodec.nn.encode(weights, args=arguments)
    Path("network.nnc").write_bytes(stream)
    decoded = nncodec.nn.decode(stream)
    if lossless and not all(np.array_equal(decoded[name], weights[name]) for name in weights):
        raise RuntimeError("Whole numbers came back changed.")
    np.savez("decoded.npz", **decoded)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
