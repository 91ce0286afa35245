"""Short vectors of float32 numbers, bit for bit: scales, alphabets, biases.

A vector whose members are integer multiples of a common step is coded as the step and the
integers. Any other vector is coded number by number: sign, exponent as a difference, and the
mantissa without its trailing zeros.
"""

import numpy as np

from keras_ec.coding.adaptive_bits import (
    AdaptiveUint,
    BitCounts,
    code_bounded,
    code_raw_bits,
    code_raw_vector,
)
from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.float_product import MAX_FACTOR, is_scale, product_bits
from keras_ec.coding.integer_tensor import code_integers
from keras_ec.coding.range_coder import BitCoder
from keras_ec.coding.scale_search import exact_step, rounded_step

_ONE_BY_ONE = 16


def code_flag(coder: BitCoder, flag: bool | None = None) -> bool:
    """Codes one truth value, both equally likely; returns it."""
    return bool(code_raw_bits(coder, 1, None if flag is None else int(flag)))


def common_step(bits: np.ndarray) -> tuple[int, np.ndarray] | None:
    """Finds a step of which all numbers of a vector are integer multiples.

    Args:
        bits: uint32 array of float32 bit patterns.

    Returns:
        The step's bit pattern (negative where every zero is a negative zero) and the int64
        integers; `None` where there is no such step.
    """
    magnitude = bits & np.uint32(0x7FFFFFFF)
    zero_signs = bits[magnitude == 0] >> 31
    if zero_signs.size and zero_signs.min() != zero_signs.max():
        return None
    step = exact_step(bits, MAX_FACTOR) or rounded_step(bits)
    if step is None:
        return None
    value = np.array(step, np.uint32).view(np.float32).astype(np.float64)
    factors = np.rint(bits.view(np.float32).astype(np.float64) / value).astype(np.int64)
    if zero_signs.size and zero_signs[0]:
        step |= 1 << 31
        factors = -factors
    rebuilt, valid = product_bits(factors, np.array(step, np.uint32))
    return (step, factors) if valid and (rebuilt == bits).all() else None


class FloatModel:
    """Adaptive model of single float32 numbers, any bit pattern."""

    def __init__(self) -> None:
        self._delta_sign = BitCounts(1)
        self._sign = BitCounts(1)
        self._delta = AdaptiveUint(9)
        self._width = BitCounts(64)
        self._exponent = 127

    def code(self, coder: BitCoder, bits: int | None = None) -> int:
        """Codes one float32 bit pattern; returns it.

        Raises:
            CorruptFileError: If the exponent decoded is impossible.
        """
        known = bits is not None
        here = np.zeros(1, np.int64)
        sign = self._sign.code(coder, here, np.array([bits >> 31], np.int32) if known else None)
        delta = (bits >> 23 & 0xFF) - self._exponent if known else None
        size = self._delta.code(coder, abs(delta) if known else None)
        if size:
            negative = np.array([delta < 0], np.int32) if known else None
            size *= 1 - 2 * int(self._delta_sign.code(coder, here, negative)[0])
        self._exponent += size
        if not 0 <= self._exponent <= 255:
            raise CorruptFileError(f"Expected a float32 exponent, found {self._exponent}.")
        mantissa = bits & 0x7FFFFF if known else None
        width = self._code_width(coder, _mantissa_width(mantissa) if known else None)
        top = code_raw_bits(coder, width, mantissa >> (23 - width) if known else None)
        return int(sign[0]) << 31 | self._exponent << 23 | top << (23 - width)

    def _code_width(self, coder: BitCoder, width: int | None) -> int:
        """Codes how many leading mantissa bits are sent (0 to 23), with a binary tree."""
        node = 1
        for shift in range(4, -1, -1):
            bit = None if width is None else np.array([width >> shift & 1], np.int32)
            node = node << 1 | int(self._width.code(coder, np.array([node]), bit)[0])
        if node - 32 > 23:
            raise CorruptFileError(f"Expected at most 23 mantissa bits, found {node - 32}.")
        return node - 32


def _mantissa_width(mantissa: int) -> int:
    return 23 - ((mantissa & -mantissa).bit_length() - 1) if mantissa else 0


def code_float_vector(coder: BitCoder, size: int, bits: np.ndarray | None = None) -> np.ndarray:
    """Codes a vector of float32 numbers.

    Args:
        coder: Encoder, decoder or cost counter.
        size: Number of elements, at least 1.
        bits: uint32 array of shape `(size,)`, bit patterns, when encoding; `None` when decoding.

    Returns:
        uint32 array of shape `(size,)`.

    Raises:
        CorruptFileError: If the stream holds impossible values.
    """
    step = None
    if bits is not None and size > 1:
        step = _worthwhile_step(bits)
    stepped = size > 1 and code_flag(coder, None if bits is None else step is not None)
    if stepped:
        return _code_multiples(coder, size, step)
    return _code_numbers(coder, size, bits)


def _code_numbers(coder: BitCoder, size: int, bits: np.ndarray | None) -> np.ndarray:
    """Codes numbers without a common step: one by one where few, else field by field."""
    if size <= _ONE_BY_ONE:
        model = FloatModel()
        known = [None] * size if bits is None else bits.tolist()
        return np.array([model.code(coder, number) for number in known], np.uint32)
    fields = [None, None]
    width = base = None
    if bits is not None:
        exponent = (bits >> 23 & 0xFF).astype(np.int64)
        base = int(np.median(exponent))
        width = max(_mantissa_width(m) for m in np.unique(bits & 0x7FFFFF).tolist())
        fields = [exponent - base, bits >> 31]
    base = code_raw_bits(coder, 8, base)
    width = code_bounded(coder, AdaptiveUint(5), 23, width)
    exponent = code_integers(coder, (size,), fields[0]).astype(np.int64) + base
    if exponent.min() < 0 or exponent.max() > 255:
        raise CorruptFileError("Expected float32 exponents, found one out of range.")
    sign = code_integers(coder, (size,), fields[1]).astype(np.int64) & 1
    top = _code_mantissas(coder, size, width, bits)
    return (sign << 31 | exponent << 23 | top << (23 - width)).astype(np.uint32)


def _code_mantissas(coder: BitCoder, size: int, width: int, bits: np.ndarray | None) -> np.ndarray:
    """Codes the upper `width` mantissa bits of all numbers, all equally likely."""
    top = None if bits is None else (bits.astype(np.int64) & 0x7FFFFF) >> (23 - width)
    return code_raw_vector(coder, size, width, top)


def _code_multiples(coder: BitCoder, size: int, step: tuple[int, np.ndarray] | None) -> np.ndarray:
    pattern = FloatModel().code(coder, step[0] if step else None)
    if not is_scale(np.array(pattern)):
        raise CorruptFileError("Expected a normal float32 step, found another pattern.")
    factors = code_integers(coder, (size,), step[1] if step else None)
    result, valid = product_bits(_checked_factors(factors), np.array(pattern, np.uint32))
    if not valid:
        raise CorruptFileError("A product of step and integer leaves the range of float32.")
    return result


def _checked_factors(factors: np.ndarray) -> np.ndarray:
    if np.abs(factors.astype(np.int64)).max() > MAX_FACTOR:
        raise CorruptFileError(f"Expected integers of magnitude at most {MAX_FACTOR}.")
    return factors


def _worthwhile_step(bits: np.ndarray) -> tuple[int, np.ndarray] | None:
    """Returns step and integers where coding them costs less than coding the numbers."""
    step = common_step(bits)
    if step is None:
        return None
    stepped, plain = CostCoder(), CostCoder()
    _code_multiples(stepped, bits.size, step)
    _code_numbers(plain, bits.size, bits)
    return step if stepped.bits < plain.bits else None
