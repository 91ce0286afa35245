"""Where tables of the TensorFlow Lite schema say where their fields are.

That is 4 plus twice the number of the field. The package `tflite` reads fields, but has no names
for their places, which it takes to write one where it is.
"""

BUFFER_DATA = 4
TENSOR_NAME = 10
SCALES = 8
ZERO_POINTS = 10
