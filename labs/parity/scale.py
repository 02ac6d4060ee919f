"""The scale on which an entry of an array is measured."""
import numpy as np

MASKED, APART = 1e4, 1e3        # an entry this large, and so many times larger than all others, is a mask's


def scale(array) -> np.ndarray:
    """For each entry, the size that a difference is measured by.

    It is the largest finite entry of the array: rounding is relative to what was added up. But entries of a mask
    (-1e9, the smallest float32), which stand far above all others, are measured by themselves, and the others as if
    the mask's were not there: one -1e9 would hide a difference of a thousandth in every logit beside it.

    Returns
    -------
    array
        Of the array's shape; zero where all is zero.
    """
    size = np.abs(np.where(np.isfinite(array), array, 0.0)).astype(float)
    found, rest = np.empty_like(size), np.ones(size.shape, bool)
    while rest.any():
        largest = float(size[rest].max())
        top = rest & (size >= 0.5 * largest)
        below = rest & ~top
        mask = largest >= MASKED and below.any() and 0 < float(size[below].max()) * APART < largest
        if not mask:
            found[rest] = largest
            break
        found[top] = size[top]
        rest = below
    return found
