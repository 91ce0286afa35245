"""EC layers: Keras layers with kernels on a few centers, or vectors that have a rate."""

from keras_ec.training_extra import training_extra

with training_extra("keras_ec.layers"):
    import keras_ec.learning_rate  # noqa: F401, whose schedules models are compiled with and saved
    from keras_ec.layers.base import ECLayer, QuantizedWeight
    from keras_ec.layers.centers import Centers
    from keras_ec.layers.conv import ECConv1D, ECConv2D, ECDepthwiseConv2D
    from keras_ec.layers.dense import ECDense
    from keras_ec.layers.free_centers import FreeCenters
    from keras_ec.layers.normalization import ECGroupNormalization, ECLayerNormalization
    from keras_ec.layers.registry import EC_LAYERS, ec_layer
    from keras_ec.layers.rounded_layer import RoundedLayer
    from keras_ec.layers.uniform_centers import UniformCenters

__all__ = [
    "EC_LAYERS",
    "Centers",
    "ECConv1D",
    "ECConv2D",
    "ECDense",
    "ECDepthwiseConv2D",
    "ECGroupNormalization",
    "ECLayer",
    "ECLayerNormalization",
    "FreeCenters",
    "QuantizedWeight",
    "RoundedLayer",
    "UniformCenters",
    "ec_layer",
]
