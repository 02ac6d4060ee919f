"""The first layer that differs: hooks on both models, in order of execution."""
from dataclasses import dataclass

import numpy as np

from labs.parity import names as names_
from labs.parity import weights as weights_
from labs.parity.records import ready

SAME = 1e-9         # float64: outputs of one layer agree to 1e-12 and better, of other layers they do not


@dataclass(frozen=True)
class Layer:
    """One layer that both sides called: where it stands, what came out on each side, and how far apart."""
    first: str
    second: str
    kinds: tuple
    shapes: tuple
    before: float       # difference of the inputs, relative to their size
    error: float        # of the outputs

    @property
    def differs(self) -> bool:
        return not self.error <= SAME


def trace(side, config, weights: dict, batch) -> list:
    """Run a side forward in float64 and eval mode, and note each layer's input and output.

    Returns
    -------
    list of (key, path, kind, input, output, has it no layers in it)
        In the order in which the layers ended; the key is the path in the record's names.
    """
    model = ready(side, config, weights, "float64")
    driver, seen, undo, waiting = weights_.driver_of(model), [], [], {}
    driver.without_dropout(model)
    model.eval()
    keys = {}
    for one in names_.entries(model, driver).values():
        keys.setdefault(one.own.rpartition(".")[0], one.name.rpartition(".")[0])
    for path, layer in driver.layers(model).items():
        def note_input(x, path=path):
            array = first_array(driver, x)
            if array is not None:
                waiting.setdefault(path, array)
            return x

        def note_output(out, path=path, layer=layer):
            array = first_array(driver, out)
            if array is not None:
                seen.append((keys.get(path, path), path, type(layer).__name__, waiting.pop(path, None), array, not list(layer.children())))
            return out
        undo += [driver.before(layer, note_input), driver.after(layer, note_output)]
    try:
        side.logits(model, batch)
    finally:
        for stop in undo:
            stop()
    return seen


def first_array(driver, value):
    """The first tensor of floats in what a layer takes or gives."""
    if isinstance(value, (tuple, list)):
        return next((a for a in (first_array(driver, one) for one in value) if a is not None), None)
    if hasattr(value, "keys"):
        return first_array(driver, [value[key] for key in value.keys()])
    if hasattr(value, "detach"):
        array = driver.to_numpy(value)
        return array if array.dtype.kind == "f" else None
    return None


def side_by_side(first: list, second: list) -> list:
    """Layers that both sides called: of one name, else of one kind and output shape, in order."""
    made, at = [], 0
    by_key = {}
    for place, (key, *_) in enumerate(second):
        by_key.setdefault(key, []).append(place)
    used = set()
    for key, path, kind, given, out, leaf in first:
        place = next((p for p in by_key.get(key, []) if p not in used), None)
        if place is None and leaf:
            place = next((p for p in range(at, len(second)) if p not in used and second[p][0] not in {k for k, *_ in first}
                          and second[p][4].shape == out.shape and second[p][2].lower() == kind.lower()), None)
        if place is None:
            continue
        used.add(place)
        at = max(at, place)
        _, other_path, other_kind, other_given, other_out, _ = second[place]
        made.append(Layer(path or "(the model)", other_path or "(the model)", (kind, other_kind), (out.shape, other_out.shape),
                          apart(given, other_given), apart(out, other_out)))
    return made


def apart(a, b) -> float:
    """How far two arrays are apart, relative to the size of the first; infinite for other shapes."""
    if a is None or b is None:
        return 0.0
    if a.shape != b.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        gap = np.where(a == b, 0.0, np.abs(a - b))      # a mask's infinities are equal on both sides
    error = float(np.max(gap, initial=0) / max(float(np.max(np.abs(a[np.isfinite(a)]), initial=0)), np.finfo(float).tiny))
    return float("inf") if np.isnan(error) else error


def agreeing(layers: list) -> tuple:
    """How many layers agree before the first that differs, and the path of that one."""
    for number, layer in enumerate(layers):
        if layer.differs:
            return number, layer.first
    return len(layers), ""


def first_difference(layers: list) -> str:
    """The first layer that differs, in words; empty if none does."""
    for number, layer in enumerate(layers):
        if not layer.differs:
            continue
        where = f"{layer.first} ({layer.kinds[0]}) and {layer.second} ({layer.kinds[1]})"
        if layer.shapes[0] != layer.shapes[1]:
            return f"{where} give shapes {layer.shapes[0]} and {layer.shapes[1]}"
        if layer.before > SAME:
            earlier = f"after {layers[number - 1].first}" if number else "in the first lines of forward"
            return (f"what goes into {where} differs already, by {layer.before:.1e} of its size, and every layer before agrees: "
                    f"look at the code {earlier}")
        return f"{where}: equal inputs, outputs of shape {layer.shapes[0]} differ by {layer.error:.1e} of their size"
    return ""
