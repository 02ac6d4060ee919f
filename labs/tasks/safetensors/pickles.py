"""A pickle that calls a function when it is read: the function only notes that it was called."""
CALLED = []


def note(words):
    """What the pickle has called; it could as well delete files."""
    CALLED.append(words)
    return words


class Weight:
    """What looks like a weight, and asks for a call when it is unpickled."""

    def __reduce__(self):
        return note, ("this ran while the weights were read",)


def called_by(load):
    """Run a loader: (was the function called, the error's first line or None)."""
    CALLED.clear()
    try:
        load()
    except Exception as error:
        return bool(CALLED), f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return bool(CALLED), None
