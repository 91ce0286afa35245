import numpy as np
import pytest

from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.integer_tensor import History, code_integers
from keras_ec.coding.matrix_layout import Layout, choose_layout
from keras_ec.coding.static_tensor import SideStreams


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (5, 2, 3, 4)])
def test_every_layout_is_undone(shape):
    values = np.arange(np.prod(shape)).reshape(shape)
    for axis in range(len(shape)):
        for rotation in range(len(shape) - 1):
            layout = Layout(axis, rotation)
            matrix = layout.to_matrix(values)
            assert matrix.shape == layout.matrix_shape(shape)
            np.testing.assert_array_equal(layout.from_matrix(matrix, shape), values)


def test_lags_are_steps_along_the_row_axes():
    assert Layout(3, 0).lags((5, 6, 7, 8)) == (1, 7, 42)
    assert Layout(0, 1).lags((5, 6, 7, 8)) == (1, 6, 48)
    assert Layout(1, 0, 28).lags((784, 10)) == (1, 28, 29, 27)
    assert Layout(1).lags((2, 10)) == (1,)


def _picture_kernel():
    """Units that look at a patch of a picture of width 20."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:20, :20]
    kernel = np.zeros((20, 20, 60), np.int8)
    for unit in range(60):
        y, x = rng.integers(3, 17, 2)
        patch = (rows - y) ** 2 + (columns - x) ** 2 < 6
        kernel[..., unit] = patch & (rng.random((20, 20)) < 0.7)
    return kernel.reshape(400, 60)


def test_width_of_a_picture_is_found_and_pays():
    kernel = _picture_kernel()
    for values in (kernel, kernel.T):
        layout = choose_layout(values)
        assert layout.width == 20
        assert layout.matrix_shape(values.shape) == (400, 60)


def _bits(tensors):
    coder, history = CostCoder(), History(SideStreams())
    for values in tensors:
        code_integers(coder, values.shape, values, history)
    return coder.bits


def test_a_layer_costs_less_after_the_layer_it_is_related_to():
    rng = np.random.default_rng(1)
    live = rng.random(300) < 0.5
    first = (rng.random((90, 300)) < 0.1) * live
    second = ((rng.random((300, 60)) < 0.1) * live[:, None]).astype(int)
    unrelated = second[rng.permutation(300)]
    gain = _bits([first, unrelated]) - _bits([first, second])
    assert gain > 100
