"""NNCodec (ISO/IEC 15938-17), in an environment of its own.

Kernels go in with output channels first, as NNCodec expects them; batch normalization as
scale and offset. A network of keras_ec is coded without loss, as whole numbers with a step
for each weight tensor; any other by NNCodec's quantization.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import keras
import normalization
import numpy as np
from baseline import load_weights
from configuration import Configuration
from datasets import Data
from environment import python_of, run_process
from networks import name_of
from shipped import Shipped, ship_stream
from trained import trained_weights


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Codes a network, that of another method if the settings say so; see `methods`."""
    if settings["source"]:
        source = Configuration(name_of(base), settings["source"], settings["source_settings"], seed)
        load_weights(base, trained_weights(source, base, data))
    lossless = settings["source"] == "keras_ec"
    normalization.fold(base)
    if lossless:
        normalization.round_folded(base)
    coded = [v for v in base.weights if not normalization.is_constant(v)]
    arrays = [channels_first(np.array(v)) for v in coded]
    steps = [step_of(a) for a in arrays] if lossless else []
    if lossless:
        arrays = [np.rint(a / s).astype("int32") for a, s in zip(arrays, steps, strict=True)]
    np.savez(folder / "weights.npz", **{f"w{i}": a for i, a in enumerate(arrays)})
    run_process(
        python_of("nncodec"),
        "nncodec_coder",
        folder,
        lossless=lossless,
        **{key: settings[key] for key in ("qp", "vector_qp", "dependent")},
    )

    def decode(stream: bytes) -> keras.Model:
        # the program has decoded the very stream that is shipped
        if stream != head + (folder / "network.nnc").read_bytes():
            raise RuntimeError("The shipped stream is not the one that was decoded.")
        with np.load(folder / "decoded.npz") as stored:
            for i, variable in enumerate(coded):
                step = np.float32(steps[i] if lossless else 1)
                variable.assign(channels_last(stored[f"w{i}"]) * step)
        return base

    head = struct.pack(f"<{len(steps)}f", *steps)
    stream = head + (folder / "network.nnc").read_bytes()
    return ship_stream(stream, decode, base, folder / "network.bin")


def channels_first(kernel: np.ndarray) -> np.ndarray:
    """A kernel (..., in, out) as (out, in, ...)."""
    return np.ascontiguousarray(
        np.moveaxis(kernel, (-1, -2), (0, 1)) if kernel.ndim > 1 else kernel
    )


def channels_last(kernel: np.ndarray) -> np.ndarray:
    """Inverse of `channels_first`."""
    return np.moveaxis(kernel, (0, 1), (-1, -2)) if kernel.ndim > 1 else kernel


def step_of(values: np.ndarray) -> float:
    """Step of which all values are whole multiples.

    Raises:
        ValueError: if there is none within 256 of the smallest magnitude.
    """
    magnitudes = np.unique(np.abs(values[values != 0]).astype("float64"))
    for divisor in range(1, 257) if len(magnitudes) else ():
        step = magnitudes[0] / divisor
        multiples = magnitudes / step
        if np.allclose(multiples, np.rint(multiples), rtol=1e-5, atol=0):
            return float(np.float32(step))
    if len(magnitudes):
        raise ValueError("Expected whole multiples of a step. Received other values.")
    return 1.0
