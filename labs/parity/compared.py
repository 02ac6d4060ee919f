"""A ladder of records alone, whoever made them: for models that cannot all be in memory, or have no step of ours."""
import math

from labs.parity.climb import by_side
from labs.parity.errors import ParityError
from labs.parity.ladder import Ladder, compare
from labs.parity.record import RUNGS


def compare_records(records: list, title: str) -> Ladder:
    """Compare records on the rungs that the first of them has.

    Parameters
    ----------
    records : list of Record
        The first one's side is compared with each other side. Every side needs a float64 record; where the first
        side and another both have a float32 record, float32 is judged too.
    title : str

    Returns
    -------
    Ladder

    Raises
    ------
    ParityError
        Fewer than two sides, a side without a float64 record, or a rung that `labs.parity.RUNGS` does not know.
    """
    sides = by_side(records)
    if len(sides) < 2:
        raise ParityError(f"{title}: expected the records of at least two sides, got {', '.join(sides) or 'none'}")
    lacking = [side for side, made in sides.items() if "float64" not in made]
    if lacking:
        raise ParityError(f"{title}: the proof needs a float64 record of every side; {', '.join(lacking)} has none")
    first, *others = sides.values()
    exact, single = first["float64"], first.get("float32")
    unknown = [rung for rung in exact.rungs if rung not in RUNGS]
    if unknown or not exact.rungs:
        raise ParityError(f"{title}: expected rungs of {', '.join(RUNGS)}, got {', '.join(unknown) or 'none'}")
    pairs = []
    for other in others:
        both = (single, other["float32"]) if single and "float32" in other else None
        pairs.append(compare((exact, other["float64"]), both, {}, [name for name in RUNGS if name in exact.rungs]))
    weights = exact.rungs.get("parameters") or exact.rungs.get("gradients") or {}
    return Ladder(pairs, title, sum(math.prod(w.shape) for w in weights.values() if w is not None), 1)
