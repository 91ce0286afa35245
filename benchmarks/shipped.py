"""What a method ships: a file, and the network that comes out of it again."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tflite_model
from compressors import COMPRESSORS

from keras_ec.deploy.archive import compress_bytes
from keras_ec.deploy.atomic_file import write_atomically
from keras_ec.deploy.export import tflite_bytes

RECORD, DECODED = "shipped.json", "decoded.tflite"


@dataclasses.dataclass(frozen=True)
class Shipped:
    """A compressed network.

    Attributes:
        payload_bytes: weights, biases and tables, coded.
        path: the shipped file.
        tflite: what decoding the file gives, to be run in LiteRT.
    """

    payload_bytes: int
    path: Path
    tflite: bytes

    @property
    def file_bytes(self) -> int:
        """Size of the shipped file."""
        return self.path.stat().st_size

    def save(self, seconds: float) -> None:
        """Stores a record beside the shipped file, and how long making it took."""
        write_atomically(self.path.with_name(DECODED), self.tflite)
        record = {"payload_bytes": self.payload_bytes, "path": self.path.name, "seconds": seconds}
        write_atomically(self.path.with_name(RECORD), json.dumps(record).encode())


def stored(folder: Path) -> tuple[Shipped, float] | None:
    """What was saved in a directory, with its seconds; None if nothing was."""
    if not (folder / RECORD).exists():
        return None
    record = json.loads((folder / RECORD).read_text())
    content = (folder / DECODED).read_bytes()
    return Shipped(record["payload_bytes"], folder / record["path"], content), record["seconds"]


def ship_stream(
    stream: bytes, decode: Callable[[bytes], keras.Model], network: keras.Model, path: Path
) -> Shipped:
    """Ships the stream of a method that codes weights and no structure.

    The structure goes into the file as an archive of keras_ec, of the network with all
    weights zero, so that what it takes is the same for all methods. The file holds the
    stream's length, the stream and the structure.

    Args:
        stream: the coded weights.
        decode: gives the network from the stream.
        network: any network of the structure.
        path: file to write.

    Returns:
        What is shipped, decoded from the file.
    """
    empty = keras.models.clone_model(network)
    empty.set_weights([np.zeros_like(w) for w in network.get_weights()])
    structure = compress_bytes(tflite_bytes(empty))
    write_atomically(path, struct.pack("<I", len(stream)) + stream + structure)
    content = path.read_bytes()
    (size,) = struct.unpack_from("<I", content)
    return Shipped(len(stream), path, tflite_bytes(decode(content[4 : 4 + size])))


def ship_tflite(tflite: bytes, compressor: str, folder: Path) -> Shipped:
    """Ships a .tflite file behind a general-purpose compressor.

    Args:
        tflite: content of the file.
        compressor: key of `compressors.COMPRESSORS`.
        folder: where the file goes.

    Returns:
        What is shipped, decoded from the file. Its payload is what the same compressor
        makes of the file's constants alone.
    """
    compress, decompress = COMPRESSORS[compressor]
    path = folder / f"network.tflite.{compressor}"
    write_atomically(path, compress(tflite))
    payload = compress(tflite_model.constants(tflite))
    return Shipped(len(payload), path, decompress(path.read_bytes()))
