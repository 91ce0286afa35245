import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keras_ec.coding.expected_magnitudes import CLASSES, ExpectedMagnitudes


def _classes_of_last_row(matrix, cut):
    model = ExpectedMagnitudes(matrix.shape[1])
    for row in np.abs(matrix):
        result = []
        for span in (slice(0, cut), slice(cut, row.size)):
            result.append(model.classes(span))
            model.add_run(span, row[span])
        model.end_row(row)
    return np.concatenate(result)


def test_large_columns_and_rows_are_expected_to_be_large():
    matrix = np.tile([3, 4, 6, 8, 3, 4, 6, 8], (50, 1))
    matrix[-1] *= 4
    classes = _classes_of_last_row(matrix, 4)
    assert (np.diff(classes[:4]) >= 2).all()  # eighths of octaves
    # the row is four times as large as expected, which its second half knows
    assert (classes[4:] - classes[:4] >= 3).all()
    assert (classes[4:] - classes[:4] <= 16).all()


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 2**31 - 1), min_size=n, max_size=n), min_size=1, max_size=5
        )
    ),
    st.integers(0, 9),
)
def test_classes_stay_in_range(rows, cut):
    matrix = np.array(rows, np.int64)
    classes = _classes_of_last_row(matrix, min(cut, matrix.shape[1]))
    assert ((classes >= 0) & (classes < CLASSES)).all()
