"""What crosses between the notebook and Fluid: arrays, numbers, text and dicts of them, as .npz, never pickles.

The same file runs on both sides, under Python 3.7 and today's. Sketches of arrays (labs/parity/sketches.py, which
runs on both sides too) cross as well.
"""
import numpy as np

SEPARATOR = "/"
SKETCH = "sketch:"          # the last part of a sketch's path, before its array's shape: sketch:120x400


def flat(value, path):
    """Yield (path, array) for a value and, if it is a dict, for all that is in it.

    Raises
    ------
    TypeError
        Something that cannot cross; the message says which, and what can.
    """
    if isinstance(value, dict):
        if not value:
            yield path + SEPARATOR, np.zeros(0)
        for key, item in value.items():
            if not isinstance(key, str) or SEPARATOR in key or not key or key.startswith(SKETCH):
                raise TypeError("%s: a dict that crosses has names as keys, without %r; got %r" % (path, SEPARATOR, key))
            for pair in flat(item, path + SEPARATOR + key):
                yield pair
    elif type(value).__name__ == "Sketch":
        yield path + SEPARATOR + SKETCH + "x".join(map(str, value.shape)), value.values
    elif isinstance(value, (bool, int, float, str, np.generic, np.ndarray)):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcU":
            raise TypeError("%s: an array of %s cannot cross; numbers and text can" % (path, array.dtype))
        yield path, array
    else:
        hint = ": np.array(...) makes an array of it" if isinstance(value, (list, tuple)) else ""
        raise TypeError("%s: only arrays, numbers, text and dicts of them can cross to or from Fluid, not %s%s"
                        % (path, type(value).__name__, hint))


def pack(path, values):
    """Write {name: value} as .npz."""
    np.savez(path, **{key: array for name, value in values.items() for key, array in flat(value, name)})


def unpack(path):
    """Read what `pack` wrote: {name: value}. An array without dimensions comes back as a number."""
    with np.load(path, allow_pickle=False) as given:
        return nested({key: given[key] for key in given.files})


def nested(arrays):
    """What `flat` took apart, put together: {name: value} of {path: array}."""
    values = {}
    for key, value in arrays.items():
        inside, names = values, key.split(SEPARATOR)
        if names[-1].startswith(SKETCH):
            value = _sketch(tuple(map(int, names.pop()[len(SKETCH):].split("x"))), value)
        elif not value.ndim:
            value = value.item()
        for name in names[:-1]:
            inside = inside.setdefault(name, {})
        if names[-1]:
            inside[names[-1]] = value
    return values


def _sketch(shape, values):
    try:
        from labs.parity.sketches import Sketch
    except ImportError:
        from fluid_sketch import Sketch  # over there
    return Sketch(shape, values)


_lent = {}


def lend(path):
    """Over there: put what `pack` wrote into the names of the cells, until `take_back`."""
    space = _names()
    for name, value in unpack(path).items():
        _lent[name] = (value, name in space, space.get(name))
        space[name] = value


def take_back():
    """Over there: what was lent comes out, what was rebound stays."""
    space = _names()
    for name, (value, was_there, before) in _lent.items():
        if name in space and space[name] is value:
            if was_there:
                space[name] = before
            else:
                del space[name]
    _lent.clear()


def give(path, names):
    """Over there: write the values of some names.

    Raises
    ------
    NameError
        The cells have not made one of them.
    """
    space = _names()
    missing = [name for name in names if name not in space]
    if missing:
        raise NameError("-o asks for `%s`, but the Fluid cells have made no such name" % "`, `".join(missing))
    pack(path, {name: space[name] for name in names})


def _names():
    from IPython import get_ipython
    return get_ipython().user_ns


def leave_with(parent):
    """Over there: end this process when the notebook's is gone, however it went."""
    import os
    import threading
    import time

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)
    thread = threading.Thread(target=watch)
    thread.daemon = True
    thread.start()
