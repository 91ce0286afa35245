"""The command `keras-ec`: compress, decompress, inspect, verify. Needs no TensorFlow."""
