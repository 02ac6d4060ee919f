"""The rooms of `labs.twins` and what each of them proves: what the tests of twins run over."""
import functools

from labs import data
from labs.parity.climb import cases, rooms


@functools.cache
def proven(room: str) -> dict:
    """{title: (paddle_side, torch_side, config, batches)} of one room."""
    return cases(room, data)


ALL = [(room, title) for room in rooms() for title in proven(room)]
