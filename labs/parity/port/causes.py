"""The likely cause: plant what people get wrong on the right side, and see whether the two then agree.

If the PyTorch side with one thing changed equals the Paddle side, that thing is what differs. It is an experiment,
not a guess by the look of a number.
"""
import hashlib

import numpy as np

from labs.parity import torch_rounding
from labs.parity.climbing import changed
from labs.parity.comparing import compare
from labs.parity.errors import ParityError
from labs.parity.mistakes import mistakes_for
from labs.parity.records import RUNGS, record
from labs.parity.weights import driver_of

NEARER = 10         # a change that leaves so much less of a difference is a cause, of one mistake among several
EPSILONS = (1e-3, 1e-5, 1e-6, 1e-8, 1e-12)


def settings(model, only: str | None = None) -> list:
    """One-attribute changes of a PyTorch or Paddle model that people forget, in all layers or in one: (what, function(model))."""
    def layers_of(model):
        found = driver_of(model).layers(model)
        return list(found.values()) if only is None else [found[only]]
    found, driver = {}, driver_of(model)

    def every(attribute, value, what, suits=lambda old: True):
        layers = [layer for layer in layers_of(model) if suits(getattr(layer, attribute, None)) and hasattr(layer, attribute)]
        if layers:
            found[what] = lambda other: [setattr(layer, attribute, value(getattr(layer, attribute))) for layer in layers_of(other)
                                         if hasattr(layer, attribute) and suits(getattr(layer, attribute))]
    for name in ("eps", "epsilon", "_epsilon"):
        for epsilon in EPSILONS:
            every(name, lambda old, new=epsilon: new, f"a normalisation's epsilon were {epsilon:g}",
                  lambda old, new=epsilon: isinstance(old, float) and old != new)
    every("momentum", lambda old: 1 - old, "BatchNorm's momentum were not inverted (1 - m)", lambda old: isinstance(old, float) and old)
    every("approximate", lambda old: "none" if old == "tanh" else "tanh", "GELU were in its other form (tanh or exact)",
          lambda old: old in ("none", "tanh"))
    every("count_include_pad", lambda old: not old, "average pooling counted its padding the other way", lambda old: isinstance(old, bool))
    every("ceil_mode", lambda old: not old, "pooling rounded sizes the other way", lambda old: isinstance(old, bool))
    every("align_corners", lambda old: not old, "interpolation aligned corners the other way", lambda old: old in (False, True))
    for slope in (0.01, 0.1, 0.2):
        every("negative_slope", lambda old, new=slope: new, f"LeakyReLU's slope were {slope:g}",
              lambda old, new=slope: isinstance(old, float) and old != new)
    every("norm_first", lambda old: not old, "the norms stood on the other side of attention (pre- or post-norm)",
          lambda old: isinstance(old, bool))
    norms = [layer for layer in layers_of(model) if "BatchNorm" in type(layer).__name__]
    if norms and hasattr(driver, "biased"):
        found["the running variance were the biased one, which Paddle keeps"] = lambda other: [
            driver.biased(layer) for layer in layers_of(other) if "BatchNorm" in type(layer).__name__]
    every("scale", lambda old: 1.0, "nothing were scaled", lambda old: isinstance(old, float) and old != 1)
    return list(found.items())


def with_setting(side, alter):
    """The side with one setting of its layers changed."""
    def build(config):
        model = side.build(config)
        alter(model)
        return model
    return changed(side, build=build)


def likely(first, second_record, config, weights, batches, red, own: list = (), depth=None) -> list:
    """Changes of the first side that bring it nearer to the second.

    Parameters
    ----------
    first : namespace
        The side that is taken as right.
    second_record : Record
        Of the other side, in float64.
    red : Rung
        The lowest rung that fails now.
    own : list of Mistake
        Beside the general ones.
    depth : callable, optional
        side -> (layers that agree before the first that differs, its path): where the rung stays red, a change that makes
        more layers agree is a cause too, of one mistake among several.

    Returns
    -------
    list of dict
        `cause` (in words, after "as if"), `then` ("all agree", or the next rung that fails), the best first.
    """
    order, model = list(RUNGS), first.build(config)
    tried = [(what, with_setting(first, alter)) for what, alter in settings(model)]
    if first.NAME == "PyTorch":
        tried.append(("the gradient of F.normalize were divided by the norm plus 1e-12, as Paddle's is (no mistake: it shows where norms "
                      "are small)", torch_rounding.normalize_of_paddle(first)))
    for mistake in mistakes_for(list(own)):
        if suits(mistake, model, config):
            try:
                tried.append((mistake.what, mistake.plant(changed(first))))
            except Exception:       # a mistake that wants what this model lacks is none of its causes
                continue
    here, path = depth(first) if depth else (0, "")
    if path in driver_of(model).layers(model):
        tried += [(f"{what}, in {path} alone", with_setting(first, alter)) for what, alter in settings(model, path)]
    found, seen = [], set()
    for what, side in tried:
        try:
            made = record(side, config, weights, batches, last=second_record.last)
            pair = compare((made, second_record), None, {})
        except Exception:           # such a change that the model cannot run with explains nothing
            continue
        now, bits = pair.red, fingerprint(made)
        if bits in seen:                # another name of a change that was tried: no other cause
            continue
        seen.add(bits)
        if now is None or order.index(now.name) > order.index(red.name):
            found.append({"cause": what, "then": "all rungs agree" if now is None else f"the next that fails is '{now.name}'",
                          "rung": len(order) if now is None else order.index(now.name)})
        elif now.name == red.name and depth and depth(side)[0] > here:
            found.append({"cause": what, "then": f"the next layer that differs is {depth(side)[1]}", "rung": order.index(red.name)})
        elif now.name == red.name and not now.problem and now.error64 * NEARER < red.error64:
            found.append({"cause": what, "then": f"what is left on this rung is {now.where64}, by {now.error64:.1e}",
                          "rung": order.index(red.name)})
    return sorted(found, key=lambda one: -one["rung"])


def fingerprint(made) -> bytes:
    """A checksum of all that a record holds: two changes that leave the same bits are one."""
    whole = hashlib.sha256()
    for rung in made.rungs.values():
        for name, value in rung.items():
            whole.update(name.encode() + (b"" if value is None else np.ascontiguousarray(value).tobytes()))
    return whole.digest()


def suits(mistake, model, config) -> bool:
    """May a mistake be planted in this model? One that needs fields of a config needs a config that has them."""
    try:
        return bool(mistake.suits(model)) and all(getattr(config, name, None) is not None for name in getattr(mistake, "fields", ()))
    except (AttributeError, TypeError, ParityError):
        return False


ADVICE = {
    "parameters": "give the side a map: names = {'its name': 'the other side\\'s'}; patterns with * and '.T' for a transpose work",
    "trainable": "freeze the same parameters on both sides (stop_gradient in Paddle, requires_grad in PyTorch)",
    "forward": "compare the settings of the first layer that differs, and the code of forward around it",
    "loss": "compare reduction, label smoothing, ignored labels, and whether softmax is inside the loss",
    "gradients": "look for a detach, a no_grad, a layer that is frozen or a clipped gradient on one side",
    "one step": "compare the optimizer's numbers: rate, momentum, decay (coupled or not), epsilon and where it stands",
    "k steps": "compare what is carried from step to step: zeroed gradients, schedules, the optimizer's state, the order of batches",
    "train mode": "compare BatchNorm's momentum (Paddle 0.9 is PyTorch 0.1) and its running variance (Paddle keeps the biased one)",
}
PARTS = "let both models return the same outputs, or write logits(model, batch) on the side that returns more, which gives what is compared"
