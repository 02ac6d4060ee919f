"""What the door to data says when it cannot open. Each error tells what to do next."""


class DataError(Exception):
    """The data asked for cannot be had; the message says why and what to do."""


class UnknownName(DataError):
    """No card has this name."""


class CardError(DataError):
    """A card is not written as a card must be."""


class WrongBytes(DataError):
    """A file is not the one that its card describes: truncated, too long, or another checksum."""


class SourceFailed(DataError):
    """One source did not give the files; the door goes on to the next."""


class AllSourcesFailed(DataError):
    """No source gave the files. `.reasons` has (source, reason) for each.

    Parameters
    ----------
    message : str
    reasons : list of (str, str)
    """

    def __init__(self, message, reasons):
        super().__init__(message)
        self.reasons = reasons


class NoSpace(DataError):
    """The disk is full; the cache is as it was."""
