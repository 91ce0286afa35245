import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ec.deploy.calibration import in_order, representative_dataset


@given(st.integers(1, 5), st.integers(0, 9))
def test_examples_come_in_order_in_batches_of_the_network(batch, more):
    inputs = [keras.Input((2,), batch_size=batch, name="a")]
    x = np.arange(2.0 * (batch + more)).reshape(-1, 2)
    batches = [given["a"] for given in representative_dataset(x, inputs)()]
    assert all(len(part) == batch and part.dtype == np.float32 for part in batches)
    whole = len(x) // batch * batch
    np.testing.assert_array_equal(np.concatenate(batches), x[:whole])


def test_networks_of_any_batch_get_one_by_one():
    examples = representative_dataset(np.zeros((3, 4, 2)), [keras.Input((None, 2), name="a")])
    assert [part["a"].shape for part in examples()] == 3 * [(1, 4, 2)]
    assert len(list(examples())) == 3  # and again


def test_several_inputs_are_named_and_cast():
    inputs = [keras.Input((3,), name="z"), keras.Input((), dtype="int32", name="a")]
    first = next(representative_dataset([np.ones((4, 3)), np.arange(4)], inputs)())
    assert {name: (a.shape, a.dtype.name) for name, a in first.items()} == {
        "z": ((1, 3), "float32"),
        "a": ((1,), "int32"),
    }


@pytest.mark.parametrize(
    "examples, message",
    [
        (np.zeros((4, 2)), r"\('examples', 3\).*Received: \(4, 2\)"),
        (np.zeros(3), r"Received: \(3,\)"),
        (np.zeros((4, 3), "complex64"), r"Received: \(4, 3\)"),
        ([["a", "b", "c"]], r"Received: \(1, 3\)"),
        (np.zeros((0, 3)), r"1 or more. Received: 0"),
        (np.full((4, 3), np.nan), "finite"),
    ],
)
def test_examples_that_do_not_fit_are_refused(examples, message):
    with pytest.raises(ValueError, match=message):
        representative_dataset(examples, [keras.Input((3,))])


@pytest.mark.parametrize("examples", [np.zeros((4, 3)), [np.zeros((4, 3))], [np.zeros((4, 3))] * 3])
def test_as_many_arrays_as_inputs_are_expected(examples):
    with pytest.raises(ValueError, match="Expected examples"):
        representative_dataset(examples, [keras.Input((3,)), keras.Input((3,))])


def test_fractions_for_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="'ids', which is of int32"):
        representative_dataset([[1, 2.5]], [keras.Input((2,), dtype="int32", name="ids")])


def test_inputs_have_as_many_examples():
    with pytest.raises(ValueError, match=r"as many examples.*2 or more. Received: 3, 4"):
        representative_dataset(
            [np.zeros((4, 3)), np.zeros((3, 3))], [keras.Input((3,), batch_size=2)] * 2
        )


def test_examples_in_a_dict_come_in_the_order_of_the_inputs():
    names = {key: keras.Input((2,), name=key) for key in "abc"}
    inputs = [names[key] for key in "cab"]
    assert in_order({"a": 1, "b": 2, "c": 3}, names, inputs) == [3, 1, 2]
    assert in_order({"a": 1}, {"a": names["a"]}, [names["a"]]) == 1
    assert in_order([5, 6, 7], names, inputs) == [5, 6, 7]


@pytest.mark.parametrize(
    ("examples", "named", "message"),
    [
        ({"a": 1}, True, r"inputs, \['a', 'b'\]\. Received: \['a'\]"),
        ({"a": 1, "c": 2}, True, r"inputs, \['a', 'b'\]\. Received: \['a', 'c'\]"),
        ({"a": 1, "b": 2}, False, r"in a list.*Received: a dict of \['a', 'b'\]"),
    ],
)
def test_dicts_of_other_inputs_are_refused(examples, named, message):
    names = {key: keras.Input((2,), name=key) for key in "ab"}
    inputs = list(names.values())
    with pytest.raises(ValueError, match=message):
        in_order(examples, names if named else inputs, inputs)
