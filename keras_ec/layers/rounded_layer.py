"""The mechanism that EC layers rest on: a Keras layer run on other values of its weights."""

from __future__ import annotations

from inspect import signature
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.regularizers import EntropyRegularizer, read
from keras_ec.rounding import check_vector_bits, round_vector, straight_through

Tensor = Any


class RoundedLayer(keras.layers.Layer):
    """Base of layers that run on rounded vectors; combine it with a Keras layer, this class first.

    The Keras layer creates its weights and computes its output as ever. With `vector_bits`
    every call sees its trainable vectors, such as the bias, rounded to a grid of so many bits,
    and training passes gradients through the rounding unchanged, so that the network learns
    with what is shipped.

    Args:
        *args: arguments of the Keras layer.
        vector_bits: bits a value, sign included, 2 to 24; None does not round.
        entropy_regularizer: `keras_ec.regularizers.EntropyRegularizer`, of which subclasses
            make penalties on the rate of their weights, or None to train without.
        **kwargs: keyword arguments of the Keras layer.

    Raises:
        ValueError: if `vector_bits` is out of range, `entropy_regularizer` something else, or
            `dtype` a policy of layers that Keras quantizes.
    """

    ec_arguments: tuple[str, ...] = ("vector_bits", "entropy_regularizer")
    """Names of the arguments that the Keras layer does not have."""

    def __init__(
        self,
        *args: Any,
        vector_bits: int | None = None,
        entropy_regularizer: EntropyRegularizer | dict | None = None,
        **kwargs: Any,
    ) -> None:
        if vector_bits is not None:
            check_vector_bits(vector_bits)
        if isinstance(entropy_regularizer, dict):
            entropy_regularizer = keras.saving.deserialize_keras_object(entropy_regularizer)
        if not isinstance(entropy_regularizer, (EntropyRegularizer, type(None))):
            raise ValueError(
                "`entropy_regularizer` must be a keras_ec.regularizers.EntropyRegularizer "
                f"or None. Received: {entropy_regularizer!r}"
            )
        super().__init__(*args, **kwargs)
        self._check_policy()
        self.vector_bits = vector_bits
        self.entropy_regularizer = entropy_regularizer
        self._vector_names: tuple[str, ...] = ()

    def add_weight(self, *args: Any, trainable: bool = True, **kwargs: Any) -> keras.Variable:
        """Adds a weight; remembers vectors that are meant to be trained, frozen now or not."""
        self._check_policy()  # a map of policies, or one set later
        variable = super().add_weight(*args, trainable=trainable, **kwargs)
        if trainable and len(variable.shape) == 1:
            self._vector_names = (*self._vector_names, variable.name)
        return variable

    def _check_policy(self) -> None:
        if self.quantization_mode is not None:
            raise ValueError(
                "`dtype` must be one of floats, such as 'float32' or 'mixed_float16': what Keras "
                f"quantizes is not trained. Received: {self.quantization_mode!r} for layer "
                f"'{self.name}'"
            )

    @property
    def rounded_vectors(self) -> list[keras.Variable]:
        """The vectors that are rounded in every call, as they are trained."""
        names = () if self.vector_bits is None else self._vector_names
        return [variable for variable in self.variables if variable.name in names]

    def _values(self) -> dict[str, Tensor]:
        """Values that a call uses in place of weights, by the names of these."""
        return {v.name: straight_through(read(v), self.vector_bits) for v in self.rounded_vectors}

    def _run(self, inputs: Tensor, values: dict[str, Tensor], training: bool | None) -> Tensor:
        """Output of the Keras layer with the weights of some names replaced."""
        parent = super().call
        options = {"training": training} if "training" in signature(parent).parameters else {}
        # Values of the others too: they may come from an outer stateless scope.
        updates = [
            (v, ops.cast(values[v.name], v.dtype) if v.name in values else v.value)
            for v in self.variables
        ]
        with keras.StatelessScope() as scope:
            for update in updates:
                scope.add_update(update)
            return parent(inputs, **options)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Output of the layer: that of the Keras layer on rounded vectors."""
        return self._run(inputs, self._values(), training)

    def hardened(self) -> list[tuple[keras.Variable, np.ndarray]]:
        """Weights that calls use other values of, with these, float32."""
        return [
            (v, round_vector(ops.convert_to_numpy(v), self.vector_bits))
            for v in self.rounded_vectors
        ]

    def harden(self) -> None:
        """Gives the weights the values that calls use in their place. Idempotent."""
        for variable, value in self.hardened():
            variable.assign(value)

    def rate_scales(self) -> list[keras.Variable]:
        """Factors on the entropy penalty, which schedules ramp."""
        return []

    def assignment_state(self) -> list[keras.Variable]:
        """Variables that the layer has beyond those of its Keras layer."""
        return []

    def get_config(self) -> dict[str, Any]:
        """Configuration from which an equal layer can be made."""
        regularizer = self.entropy_regularizer
        return {
            **super().get_config(),
            "vector_bits": self.vector_bits,
            "entropy_regularizer": regularizer and keras.saving.serialize_keras_object(regularizer),
        }
