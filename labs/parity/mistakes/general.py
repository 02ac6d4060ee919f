"""Mistakes that may be planted in any model: a ladder that cannot fail proves nothing.

Each takes a side and returns a side that is wrong in one way, in either framework: what differs between them is asked of
the driver. It must make its rung fail, and leave every rung below green. Mistakes of one task live in its folder
(`labs/tasks/TASK/mistakes.py`).
"""
from labs.parity.mistakes.copying import COPYING
from labs.parity.mistakes.forward import FORWARD
from labs.parity.mistakes.learning import LEARNING

GENERAL = [*COPYING, *FORWARD, *LEARNING]
