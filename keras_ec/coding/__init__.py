"""Entropy coding: integer tensors to bytes and back. Imports neither TensorFlow nor Keras."""

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.tensor_file import decode_tensors, encode_tensors

__all__ = ["CorruptFileError", "decode_tensors", "encode_tensors"]
