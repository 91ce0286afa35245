"""The mechanism shared by all EC layers: a Keras layer run on quantized weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.assignment import relaxed_bits
from keras_ec.layers.center_types import make_centers
from keras_ec.layers.centers import Centers
from keras_ec.layers.rounded_layer import RoundedLayer
from keras_ec.regularizers import EntropyPenalty, VectorPenalty

Tensor = Any

FORWARDS = ("straight_through", "gaussian")


@dataclass(frozen=True)
class QuantizedWeight:
    """A weight tensor of an EC layer together with its centers.

    Attributes:
        layer: the EC layer that owns both.
        name: name of the weight within the layer, such as "kernel".
        variable: the trained float32 weights, which the centers approximate.
        centers: the centers of this tensor.
    """

    layer: ECLayer
    name: str
    variable: keras.Variable
    centers: Centers

    def value(self) -> Tensor:
        """The weights as a tensor, float32 under every dtype policy."""
        return self.centers(ops.zeros(()))

    def indices(self) -> Tensor:
        """Hard assignment: int32, shape of the weights, values in [0, K)."""
        return self.centers.indices(self.value())

    def hard_values(self) -> Tensor:
        """Hardened weights: each weight replaced by its center."""
        return self.centers.hard_values(self.value())

    def hardened(self) -> np.ndarray:
        """Hardened weights as a NumPy array, free of negative zeros.

        Rounding makes -0.0 of small negative weights: a second bit pattern for
        the most frequent value, which would cost a bit a weight.
        """
        return ops.convert_to_numpy(self.hard_values()) + np.float32(0.0)

    def settle(self) -> None:
        """Moves every weight to its center."""
        self.variable.assign(self.hardened())

    def relaxed_bits(self) -> Tensor:
        """Relaxed rate by the model of the layer's regularizer, in bits, float32 scalar.

        That of order 0 where the layer has none.
        """
        regularizer = self.layer.entropy_regularizer
        bits = relaxed_bits if regularizer is None else regularizer.bits
        return bits(self.value(), self.centers.assigning_values(), self.centers.temperature)

    def hard_bits(self) -> Tensor:
        """Order-0 entropy of the hard assignment in bits, float32 scalar."""
        return self.centers.hard_bits(self.value())


class ECLayer(RoundedLayer):
    """Base of EC layers; combine it with a Keras layer, this class first.

    The Keras layer creates its weights and computes its output as ever. Weights
    whose name is in `quantized` get centers, and every call sees them replaced
    by quantized values. A new EC layer is a class of a few lines:

    ```python
    @ec_layer(keras.layers.EinsumDense)
    class ECEinsumDense(ECLayer, keras.layers.EinsumDense):
        quantized = ("kernel",)
    ```

    Args:
        *args: arguments of the Keras layer.
        centers: number of centers K >= 2, or their initial values (sorted or
            not, 0 among them). By count, the centers are spread over the
            present weights when the layer is built.
        center_type: "uniform", ``c_k = k * d`` with one trainable spacing d, or
            "free", K trainable values of which one is pinned at 0.
        forward: "straight_through" trains with the hardened weights and passes
            gradients through the rounding unchanged. "gaussian" samples the
            pre-activations from the Gaussian that soft assignments give them
            (arXiv 1812.07520). Both infer with the hardened weights.
        **kwargs: keyword arguments of the Keras layer and of `RoundedLayer`: `vector_bits`,
            `entropy_regularizer`.

    Raises:
        ValueError: if an argument is not one of the above.
    """

    ec_arguments = (*RoundedLayer.ec_arguments, "centers", "center_type", "forward")
    quantized: tuple[str, ...] = ("kernel",)

    def __init__(
        self,
        *args: Any,
        centers: int | Sequence[float] = 15,
        center_type: str = "uniform",
        forward: str = "straight_through",
        **kwargs: Any,
    ) -> None:
        if forward not in FORWARDS:
            raise ValueError(f"`forward` must be one of {FORWARDS}. Received: {forward!r}")
        super().__init__(*args, **kwargs)
        self.center_type = center_type
        self.forward = forward
        for name in self.quantized:
            made = make_centers(centers, center_type, f"{name}_centers")
            made.trainable = self.trainable
            setattr(self, f"{name}_centers", made)
        if forward == "gaussian":
            self.seed_generator = keras.random.SeedGenerator()

    def add_weight(self, *args: Any, name: str | None = None, **kwargs: Any) -> keras.Variable:
        """Adds a weight; one that is quantized gets centers and the entropy penalty.

        A vector, the bias, gets a penalty on its rate too.
        """
        variable = super().add_weight(*args, name=name, **kwargs)
        regularizer = self.entropy_regularizer
        if name in self.quantized:
            centers = self._centers(name)
            centers.create(variable)
            penalty = EntropyPenalty
        else:
            centers = self._centers(self.quantized[0])
            penalty = VectorPenalty if len(variable.shape) == 1 else None
        if penalty is not None and regularizer is not None:
            variable.regularizer = penalty(regularizer, centers, variable.regularizer)
        return variable

    def _centers(self, name: str) -> Centers:
        return getattr(self, f"{name}_centers")

    @property
    def quantized_weights(self) -> list[QuantizedWeight]:
        """The quantized weights with their centers; empty before the layer is built."""
        return [
            QuantizedWeight(self, variable.name, variable, self._centers(variable.name))
            for variable in self.variables
            if variable.name in self.quantized
        ]

    def _values(self) -> dict[str, Tensor]:
        """Values that a call uses in place of weights, by the names of these."""
        return {**super()._values(), **{w.name: w.hard_values() for w in self.quantized_weights}}

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Output of the layer: that of the Keras layer on quantized weights."""
        if training:
            for weight in self.quantized_weights:
                weight.centers.observe()
        if training and self.forward == "gaussian":
            return self._gaussian_call(inputs, training)
        return super().call(inputs, training=training)

    def _gaussian_call(self, inputs: Tensor, training: bool) -> Tensor:
        """Output with pre-activations sampled from their Gaussian.

        By the central limit theorem a sum of many independently assigned
        weights is nearly Gaussian. The linear map of the layer, applied to
        (inputs, mean weights) and (inputs^2, variances), gives its moments.
        """
        moments = {w.name: w.centers.moments(w.value()) for w in self.quantized_weights}
        means = {**super()._values(), **{name: mean for name, (mean, _) in moments.items()}}
        variances = {name: variance for name, (_, variance) in moments.items()}
        if getattr(self, "bias", None) is not None:
            variances["bias"] = ops.zeros_like(self.bias)
        with _without_activation(self):
            mean = self._run(inputs, means, training)
            variance = self._run(ops.square(inputs), variances, training)
        deviation = ops.sqrt(ops.maximum(variance, keras.config.epsilon()))
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        outputs = mean + deviation * noise
        return self.activation(outputs) if self.activation is not None else outputs

    def enable_lora(self, *args: Any, **kwargs: Any) -> None:
        """Not available: what LoRA adds to a kernel is on no centers.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"Layer '{self.name}' ({type(self).__name__}) takes no LoRA: its kernel would leave "
            "the centers. Expected a plain layer; keras_ec.convert takes the network once LoRA is "
            "merged, by `save_weights` and `load_weights` of a model without it."
        )

    def rate_scales(self) -> list[keras.Variable]:
        """Factors on the entropy penalty, which schedules ramp."""
        return [self._centers(name).rate_scale for name in self.quantized]

    def assignment_state(self) -> list[keras.Variable]:
        """Variables that the EC layer has beyond those of its Keras layer."""
        state = [v for name in self.quantized for v in self._centers(name).variables]
        if self.forward == "gaussian":
            state.append(self.seed_generator.state)
        return state

    def freeze_assignments(self) -> None:
        """Hardens the weights and holds their assignments fixed.

        Centers go on learning; the weight tensors are no longer trainable. A
        compiled model has to make its train function anew.
        """
        for weight in self.quantized_weights:
            weight.settle()
            weight.centers.freeze()
            weight.variable.trainable = False

    def unfreeze_assignments(self) -> None:
        """Makes the weights trainable again, starting from their centers."""
        for weight in self.quantized_weights:
            weight.settle()
            weight.centers.unfreeze()
            weight.variable.trainable = self.trainable

    def hardened(self) -> list[tuple[keras.Variable, np.ndarray]]:
        """Weights that calls use other values of, with these, float32."""
        return [*super().hardened(), *((w.variable, w.hardened()) for w in self.quantized_weights)]

    def harden(self) -> None:
        """Moves every weight to its center, the centers rounded to a few bits; rounds vectors.

        Idempotent; keeps assignments, frozen or not.
        """
        weights = self.quantized_weights
        thawed = [w for w in weights if float(ops.convert_to_numpy(w.centers.frozen)) == 0]
        for weight in thawed:
            weight.settle()
            weight.centers.freeze()
        for weight in weights:
            weight.centers.round_values()
        super().harden()
        for weight in weights:
            weight.centers.freeze()
        for weight in thawed:
            weight.centers.unfreeze()

    def get_config(self) -> dict[str, Any]:
        """Configuration from which an equal layer can be made."""
        return {
            **super().get_config(),
            "centers": self._centers(self.quantized[0]).get_config()["centers"],
            "center_type": self.center_type,
            "forward": self.forward,
        }


@contextmanager
def _without_activation(layer: keras.layers.Layer) -> Iterator[None]:
    """Lets a Keras layer return its pre-activations."""
    activation, layer.activation = layer.activation, None
    try:
        yield
    finally:
        layer.activation = activation
