"""Where tables of the TensorFlow Lite schema say where their fields are.

That is 4 plus twice the number of the field. The package `tflite` reads fields, but has no names for
their places, which writing one in place takes.
"""

BUFFER_DATA = 4
TENSOR_NAME = 10
SCALES = 8
ZERO_POINTS = 10
