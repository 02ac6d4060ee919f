"""The report of a port: the ladder, the first layer that differs, the likely cause, what to try."""
import html
import json
from dataclasses import dataclass, field

import numpy as np

from labs import outputs
from labs.parity import torch_rounding
from labs.parity import weights as weights_
from labs.parity.arrays import cast
from labs.parity.climbing import climb
from labs.parity.drawing import proof_weights
from labs.parity.errors import ParityError
from labs.parity.ladder import NO_NUMBER
from labs.parity.port import causes, layers, sides
from labs.parity.port.asking import mixed
from labs.tables import Verdict, table


@dataclass(frozen=True, repr=False)
class Report(outputs.Shown):
    """What `port` found; shows itself in a notebook, and writes itself as HTML and JSON.

    Attributes
    ----------
    ladder : Ladder
    names : str
        How the parameters found each other.
    layers : list of Layer
        In order of execution.
    first_layer : str
        The first that differs, in words; empty where none does.
    causes : list of dict
    advice : str
    notes : list of str
        What stood in for something that the files did not say.
    itself : bool
        Both sides are of one framework, so no port is proven.
    """
    ladder: object
    names: str
    layers: list = field(repr=False)
    first_layer: str = ""
    causes: list = field(default_factory=list)
    advice: str = ""
    notes: list = field(default_factory=list)
    itself: bool = False

    @property
    def green(self) -> bool:
        """True if the ladder is, or if only numbers that Paddle keeps in float32 differ, which was proven."""
        return self.ladder.verdict != "red"

    def check(self) -> "Report":
        """Return the report if the port is proven.

        Raises
        ------
        ParityError
            The report in words.
        """
        if not self.green:
            raise ParityError("\n".join(self.lines()))
        return self

    def lines(self) -> list:
        """What the report says, below the ladder."""
        said = [f"Names: {self.names}.", *self.notes]
        if self.green and self.itself:
            return [*said, "The two agree on every rung." if self.ladder.green else f"The two are {self.ladder.middle()}."]
        if self.green:
            return [*said, "The port is proven: every rung agrees, in float64 and in float32." if self.ladder.green else
                    f"The port is proven, {self.ladder.middle()}."]
        red = self.ladder.failed
        said.append(f"Rung that fails first: {red.name} ({red.promise}).")
        gap = f"differs by {red.error64:.1e} of its size" if np.isfinite(red.error64) else NO_NUMBER
        said.append(f"There: {red.problem or f'{red.where64} {gap}'}.")
        if self.ladder.rounding.numbers:
            said.append(f"Below it only numbers that Paddle keeps in float32 differ: {'; '.join(map(str, self.ladder.rounding.numbers))}.")
        zeros = self.ladder.zeros().removeprefix("; ")
        if zeros:
            said.append(f"{zeros[0].upper()}{zeros[1:]}.")
        if self.first_layer:
            said.append(f"First layer that differs: {self.first_layer}.")
        said += [f"Likely cause: as if {one['cause']}; with that planted on the other side, {one['then']}." for one in self.causes[:3]]
        if not self.causes:
            said.append("No mistake of the registry explains it alone.")
        return [*said, f"What to try: {self.advice}."]

    def layer_table(self):
        """The layers that both sides called, as a table."""
        rows = [{"first side": one.first, "second side": one.second, "layer": one.kinds[0], "shape": str(one.shapes[0]),
                 "input differs by": one.before, "output differs by": one.error, "equal": Verdict(not one.differs)}
                for one in self.layers]
        return table(rows, caption="Layers in order of execution, float64, eval mode") if rows else None

    @property
    def text(self) -> str:
        """The report in plain text."""
        parts = [str(self.ladder), "", *self.lines()]
        if self.first_layer:
            parts += ["", self.layer_table().text]
        return "\n".join(parts)

    @property
    def html(self) -> str:
        """The report as a fragment of HTML."""
        shown = [self.ladder._repr_mimebundle_()["text/html"],
                 "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in self.lines()) + "</ul>"]
        if self.layers:
            shown.append(self.layer_table().html)
        return "\n".join(shown)

    @property
    def data(self) -> dict:
        """The report as plain data."""
        return {"kind": "port", "green": self.green, "verdict": self.ladder.verdict, "red": None if self.green else self.ladder.red, "names": self.names, "notes": self.notes,
                "first_layer": self.first_layer, "causes": self.causes, "advice": "" if self.green else self.advice, "ladder": self.ladder.data,
                "layers": [{"first": one.first, "second": one.second, "shape": list(one.shapes[0]), "before": one.before,
                            "error": one.error} for one in self.layers]}

    def save(self, path) -> list:
        """Write PATH.html and PATH.json, and return both."""
        page = ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
                f"<title>{html.escape(self.ladder.title)}</title><style>body{{font:16px/1.5 sans-serif;max-width:72rem;margin:2rem auto;"
                f"padding:0 1rem}}td,th{{padding:.2rem .6rem;text-align:left}}</style><h1>{html.escape(self.ladder.title)}</h1>"
                f"{self.html}</html>\n")
        stem = path.with_suffix("") if path.suffix in (".html", ".json") else path      # conv.v2 is a name, not a suffix
        made = {stem.with_name(f"{stem.name}.html"): page,
                stem.with_name(f"{stem.name}.json"): json.dumps(outputs.as_json(self.data), indent=1) + "\n"}
        for place, content in made.items():
            place.write_text(content, encoding="utf-8")
        return list(made)


def port(paddle_side, torch_side, config=None, weights: dict | None = None, zero_gradients: tuple = (), title: str | None = None,
         mistakes: list = (), explain: bool = True) -> Report:
    """Climb with two files, modules or namespaces as far as they go, and say where they part.

    Parameters
    ----------
    paddle_side, torch_side : str, path, module or namespace
        With as little as `build()`; one of them with `inputs()` (see `labs.parity.port.sides`).
    config : object, optional
        Handed to functions that take one.
    weights : dict of str to array, optional
        Drawn by NumPy if not given.
    zero_gradients : sequence of str, optional
    title : str, optional
    mistakes : list of Mistake, optional
        To look for a cause in, beside the general ones.
    explain : bool
        Look for the first layer that differs and for a cause; takes a few climbs where the ladder is red.

    Returns
    -------
    Report
    """
    modules = [sides.module_of(torch_side), sides.module_of(paddle_side)]       # a file is run once
    first, second = (sides.completed(module, config) for module in modules)
    notes = [note for module, side in zip(modules, (first, second)) for note in mixed(module, side.NAME)]
    itself = first.NAME == second.NAME
    if itself:
        notes.append(f"Both sides are {first.NAME}: what follows compares {first.NAME} with itself, and proves no port.")
    elif first.NAME == "Paddle":
        first, second = second, first
        notes.append("The two sides were handed over in exchanged places, which changes nothing here: each is known by its model.")
    batches = sides.batches_of(modules)
    said = sides.matched(first, second, config)
    notes += [f"{side.NAME}: no step of its own, so the loss is the mean square of the outputs' distance from a wave, the optimizer plain SGD."
             for side in (first, second) if "step" not in side.own]
    for side, model in ((side, side.build(config)) for side in (first, second)):
        notes += weights_.driver_of(model).faults(model) + without_number(side, model)
    if weights is None:
        weights = proof_weights(sides.named(first, config), 0)
    ladder = climb(first, second, batches, config, weights, title=title or f"Port of {type(first.build(config)).__name__}",
                   zero_gradients=zero_gradients)
    if not explain:
        return Report(ladder, said, [], "", [], "", notes, itself)
    exact = cast(batches[0], "float64")
    other = layers.trace(second, config, weights, exact)
    seen = layers.side_by_side(layers.trace(first, config, weights, exact), other)
    if ladder.verdict != "red" or ladder.red in ("parameters", "trainable"):
        return Report(ladder, said, seen, "", [], causes.ADVICE.get(ladder.red, ""), notes, itself)
    if ladder.rounding.numbers:
        first = torch_rounding.rounded(first, torch_rounding.Kept())     # a cause is looked for beside what they explain
    theirs = next(one for one in ladder.records if one.side == second.NAME and one.precision == "float64")

    def depth(side):
        return layers.agreeing(layers.side_by_side(layers.trace(side, config, weights, exact), other))
    found = causes.likely(first, theirs, config, weights, batches, ladder.failed, mistakes, depth if ladder.red == "forward" else None)
    first_layer = layers.first_difference(seen) if ladder.red == "forward" else ""       # higher up all layers agree in evaluation
    advice = causes.PARTS if ladder.red == "forward" and ladder.failed.problem else causes.ADVICE[ladder.red]
    return Report(ladder, said, seen, first_layer, found, advice, notes, itself)


def without_number(side, model) -> list:
    """A note where a model's own weights hold NaN: the ladder begins from others."""
    found = [name for name, value in weights_.weights_of(model).items() if np.isnan(value).any()]
    return [f"{side.NAME}: {found[0]} holds NaN as build() makes it; the ladder began from weights of its own."] if found else []


def check(paddle_side, torch_side, **options) -> Report:
    """The test of a port in one line: `def test_port(): check("paddle_side.py", "torch_side.py")`.

    Raises
    ------
    ParityError
        The report in words, where the two do not compute the same.
    """
    return port(paddle_side, torch_side, **options).check()
