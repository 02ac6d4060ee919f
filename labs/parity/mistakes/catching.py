"""Many planted mistakes at once: which rung each was to break, and which it broke."""
from dataclasses import dataclass, field

from labs import outputs
from labs.parity.errors import ParityError
from labs.parity.mistakes.planting import retry_of
from labs.tables import Verdict, table


@dataclass(frozen=True, repr=False)
class Caught(outputs.ShownAsTable):
    """What `caught` returns: one row a mistake; shows itself as a table.

    A task without a ladder may make one of its own rows, each with `planted`, `caught` and what else the table is to show.

    Attributes
    ----------
    title : str
    rows : list of dict
        `name`, `planted` (what is wrong, in words), `should break`, `float64`, `float32` (the lowest red rung of each
        precision, or "none") and `caught`: both are the rung that should break.
    unreached : dict of str to list of str
        Mistakes that were not planted, by the reason: the config lacks their field, no rung climbs them, or the batches do not
        reach them.
    """
    title: str
    rows: list
    unreached: dict = field(default_factory=dict)

    @property
    def green(self) -> bool:
        """True if there was a mistake, and every one broke its own rung first; float32 may be blind to less than half."""
        blind = sum(row.get("float32") == "none" for row in self.rows)
        return bool(self.rows) and all(row["caught"] for row in self.rows) and 2 * blind < len(self.rows)

    def check(self) -> "Caught":
        """Return the result if every mistake was caught at its rung.

        Raises
        ------
        ParityError
            Names the mistakes that were not; or says that none was planted.
        """
        if not self.rows:
            raise ParityError(f"{self.title}: no mistake was planted, so nothing was shown")
        missed = [f"{row['name']} should break '{row['should break']}', it broke '{row['float64']}' in float64 and "
                  f"'{row['float32']}' in float32" if "should break" in row else row["planted"]
                  for row in self.rows if not row["caught"]]
        if missed:
            raise ParityError(f"{self.title}: {len(missed)} of {len(self.rows)} mistakes were not caught"
                              + (" at their rung: " if "should break" in self.rows[0] else ": ") + "; ".join(missed))
        if not self.green:
            raise ParityError(f"{self.title}: float32 sees nothing of half of the mistakes or more: its floor is too high to prove anything")
        return self

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    @property
    def table(self):
        """A row for each mistake."""
        columns = [name for name in (self.rows[0] if self.rows else ["planted", "caught"]) if name != "name"]
        left = "".join(f". Not planted, for {why}: {', '.join(names)}" for why, names in self.unreached.items())
        caption = f"{self.title.removesuffix('.')}{left}." if left else self.title
        return table([row | {"caught": Verdict(row["caught"])} for row in self.rows], caption=caption, columns=columns)

    @property
    def data(self) -> dict:
        """The rows as plain data, for the status page."""
        return {"kind": "mistakes", "title": self.title, "green": self.green, "rows": self.rows,
                "unreached": self.unreached}


def caught(on, mistakes: list, title: str | None = None) -> Caught:
    """Plant mistakes in the second side of a ladder, one at a time, and see at which rung each comes to light.

    float64 must see each of them at its own rung. In float32 a small one may lie below the floor there, as a late
    change of the rate does: the table then names a later rung, or says "none". A mistake that breaks an earlier rung,
    or in float64 a later one, is not caught.

    Parameters
    ----------
    on : Ladder
    mistakes : list of Mistake
        See `labs.parity.mistakes.general`.
    title : str, optional

    Returns
    -------
    Caught
    """
    rows, unreached, order = [], {}, [rung.name for rung in on.pairs[0].rungs]
    for mistake in mistakes:
        why = mistake.left_out(on)
        if why:
            unreached.setdefault(why, []).append(mistake.name)
            continue
        retry = retry_of(mistake, on)
        red = {precision: retry.lowest_red(mistake.plant, precision) or "none" for precision in ("float64", "float32")}
        rows.append({"name": mistake.name, "planted": mistake.what, "should break": mistake.rung, **red,
                     "caught": red["float64"] == mistake.rung and red["float32"] in [*order[order.index(mistake.rung):], "none"]})
    return Caught(title or f"Mistakes planted on the {on.pairs[0].second} side", rows, unreached)
