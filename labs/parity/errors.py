"""The errors of a proof."""


class ParityError(AssertionError):
    """Two sides that should compute the same do not, or cannot be compared; the message says where."""


class SideError(ParityError):
    """A side's own code raised an error, which is this one's cause."""
