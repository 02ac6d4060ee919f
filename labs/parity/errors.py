"""The errors of a proof."""


class ParityError(AssertionError):
    """Two sides that should compute the same do not, or cannot be compared; the message says where."""
