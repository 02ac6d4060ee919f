"""Numbers of 8 and 16 bits by hand: from their bits to float32, and bfloat16 back.

A number is a sign, an exponent field e of so many bits, and a mantissa field m of so many: (1 + m / 2^M) 2^(e - bias),
and where e is 0, (m / 2^M) 2^(1 - bias). What the largest exponent means, and the negative zero, is another for each.
"""
import numpy as np

# name in safetensors -> (bits of the exponent, of the mantissa, bias, what is not a number)
FORMATS = {"F16": (5, 10, 15, "IEEE"), "BF16": (8, 7, 127, "IEEE"), "F8_E5M2": (5, 2, 15, "IEEE"), "F8_E4M3": (4, 3, 7, "all ones"),
           "F8_E4M3FNUZ": (4, 3, 8, "negative zero"), "F8_E5M2FNUZ": (5, 2, 16, "negative zero")}


def decode(codes, name):
    """Bits -> the numbers that they stand for.

    Parameters
    ----------
    codes : array of unsigned int
    name : str
        Of `FORMATS`.

    Returns
    -------
    float64 array
    """
    exponent_bits, mantissa_bits, bias, special = FORMATS[name]
    codes = np.asarray(codes).astype(np.int64)
    sign = np.where(codes >> (exponent_bits + mantissa_bits), -1.0, 1.0)
    exponent = (codes >> mantissa_bits) & (2 ** exponent_bits - 1)
    mantissa = (codes & (2 ** mantissa_bits - 1)) / 2 ** mantissa_bits
    value = sign * np.where(exponent, (1 + mantissa) * 2.0 ** (exponent - bias), mantissa * 2.0 ** (1 - bias))
    top = exponent == 2 ** exponent_bits - 1
    if special == "IEEE":
        return np.where(top, np.where(mantissa, np.nan, sign * np.inf), value)
    if special == "all ones":
        return np.where(top & (mantissa == 1 - 2.0 ** -mantissa_bits), np.nan, value)
    return np.where(codes == 2 ** (exponent_bits + mantissa_bits), np.nan, value)


def to_bfloat16(values):
    """float32 -> the 16 bits of the nearest bfloat16, ties to the even one.

    Parameters
    ----------
    values : float32 array

    Returns
    -------
    uint16 array
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    tie = (bits >> 16) & 1
    rounded = (bits + np.uint32(0x7FFF) + tie) >> 16        # a carry goes into the exponent, as it should
    return np.where(np.isnan(values), (bits >> 16) | 0x40, rounded).astype(np.uint16)


def from_bfloat16(codes):
    """uint16 -> float32: the upper half of a float32 is a bfloat16."""
    return (np.asarray(codes, np.uint16).astype(np.uint32) << 16).view(np.float32)
