import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.integer_tensor import code_integers
from keras_ec.coding.range_coder import bit_decoder, bit_encoder

_SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=9)


def _round_trip(values):
    encoder = bit_encoder()
    code_integers(encoder, values.shape, values)
    decoder = bit_decoder(encoder.finish())
    decoded = code_integers(decoder, values.shape)
    decoder.finish()
    np.testing.assert_array_equal(decoded, values)


def _bytes(values):
    coder = CostCoder()
    code_integers(coder, values.shape, values)
    return coder.bits / 8


def _order0_bytes(values):
    _, counts = np.unique(values, return_counts=True)
    return -(counts * np.log2(counts / values.size)).sum() / 8


def _sparse(rows, columns, density, seed=0):
    """A kernel with rows and columns of different density, some of them dead."""
    rng = np.random.default_rng(seed)
    row = rng.gamma(0.8, 1, rows) * (rng.random(rows) > 0.3)
    column = rng.gamma(1.2, 1, columns) * (rng.random(columns) > 0.3)
    p = np.outer(row, column)
    p = np.minimum(p * density / p.mean(), 0.7)
    magnitude = np.minimum(rng.geometric(0.6, p.shape), 3) * rng.choice([-1, 1], p.shape)
    return (magnitude * (rng.random(p.shape) < p)).astype(np.int32)


@settings(max_examples=12, deadline=None)
@given(hnp.arrays(np.int32, _SHAPES, elements=st.integers(-(2**31) + 1, 2**31 - 1)))
def test_any_integers_round_trip(values):
    _round_trip(values)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.int8, _SHAPES, elements=st.sampled_from([0, 0, 0, 1, -1, 3])))
def test_sparse_integers_round_trip(values):
    _round_trip(values)


@pytest.mark.parametrize("shape", [(300, 784), (100, 300), (50, 5, 5, 20)])
def test_sparse_kernels_cost_less_than_order_0(shape):
    values = _sparse(shape[0], int(np.prod(shape[1:])), 0.05).reshape(shape)
    assert _bytes(values) < 0.9 * _order0_bytes(values)


@pytest.mark.parametrize("largest", [7, 127])
def test_dense_kernels_cost_about_order_0(largest):
    values = np.random.default_rng(0).normal(0, largest / 3, (100, 400)).round()
    values = values.clip(-largest, largest).astype(np.int32)
    assert _bytes(values) < 1.03 * _order0_bytes(values)


def test_dead_kernel_costs_nothing():
    assert _bytes(np.zeros((1000, 1000), np.int8)) < 2


def test_orientation_is_the_cheaper_one():
    values = _sparse(400, 30, 0.05)
    assert _bytes(values) == pytest.approx(_bytes(values.T), rel=0.001)


def test_too_large_integers_are_refused():
    with pytest.raises(ValueError, match="magnitude"):
        code_integers(bit_encoder(), (2,), np.array([0, 1 << 31]))
