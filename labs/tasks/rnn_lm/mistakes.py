"""Mistakes that people make with language models, those of 2018 among them.

(name, rung, what, what to replace in a side, which models it suits)
"""
from dataclasses import replace

from labs.parity.mistakes import of_task


def built(side, alter):
    """A build whose model is changed after it is made."""
    def build(config):
        model = side.build(config)
        alter(model)
        return model
    return {"build": build}


def with_loss(side, alter):
    """A model with another loss: `alter(loss, logits, y)`, where `loss` is the right one."""
    def change(model):
        loss = model.loss
        model.loss = lambda logits, y: alter(loss, logits, y)
    return built(side, change)


def one_layer(side):
    """`return` stands inside the loop over the layers, so that it ends with the first."""
    def kept(model, weights):
        names = {name for name, _ in model.named_parameters()}
        return {name: value for name, value in weights.items() if name in names}
    return {"build": lambda config: side.build(replace(config, layers=1)), "weights": kept}


def last_word_only(side):
    """Only the last word of each piece is predicted."""
    return with_loss(side, lambda loss, logits, y: loss(logits[-1:], y[-1:]))


def mean_over_steps(side):
    """The loss is a mean over steps too, so that rate and clipping mean something else."""
    return with_loss(side, lambda loss, logits, y: loss(logits, y) / y.shape[0])


def loss_stopped(side):
    """The loss takes no gradient. (The zero lets the step run to its end.)"""
    return with_loss(side, lambda loss, logits, y: loss(logits.detach(), y) + 0 * logits.sum())


def sigmoid_for_tanh(side):
    """The cell goes out through a sigmoid where tanh belongs."""
    def build(config):
        model = side.build(replace(config, by_hand=True))
        model.lstm.squash = lambda c: 1 / (1 + (-c).exp())
        return model
    return {"build": build}


def fluid_gate_order(side):
    """Fluid's gates c, i, f, o read as i, f, g, o."""
    def turned(model, weights):
        def roll(value):
            quarter = len(value) // 4
            return value[[*range(2 * quarter, 3 * quarter), *range(2 * quarter), *range(3 * quarter, 4 * quarter)]]
        return {name: roll(value) if name.startswith("lstm.") else value for name, value in weights.items()}
    return {"weights": turned}


def two_gates_exchanged(side):
    """The input and the forget gate of the last layer exchanged."""
    def turned(model, weights):
        last = max(int(name.rpartition("_l")[2]) for name in weights if name.startswith("lstm."))

        def swap(value):
            quarter = len(value) // 4
            return value[[*range(quarter, 2 * quarter), *range(quarter), *range(2 * quarter, 4 * quarter)]]
        return {name: swap(value) if name.startswith("lstm.") and name.endswith(f"_l{last}") else value
                for name, value in weights.items()}
    return {"weights": turned}


def state_dropped(side):
    """Each batch begins from a zero state."""
    def step(model, optimizer, batch):
        model.state = None
        return side.step(model, optimizer, batch)
    return {"step": step}


def streams_shuffled(side):
    """The state of one stream is handed to the next one."""
    def step(model, optimizer, batch):
        loss = side.step(model, optimizer, batch)
        model.state = tuple(s[:, [*range(1, s.shape[1]), 0]] for s in model.state)
        return loss
    return {"step": step}


def without_clipping(side):
    """The gradients are not clipped."""
    def change(model):
        model.config = replace(model.config, clip=1e9)
    return built(side, change)


def clipped_one_by_one(side):
    """Each gradient is clipped by its own norm before all are by their joint one."""
    def change(model):
        most = model.config.clip
        for parameter in model.parameters():
            parameter.register_hook(lambda grad: grad * (most / max(float((grad * grad).sum()) ** 0.5, most)))
    return built(side, change)


def has_two_layers(model) -> bool:
    """Is there a second layer to lose?"""
    return model.config.layers > 1


def always(model) -> bool:
    """Every model."""
    return True


MISTAKES = of_task([
    ("one_layer", "parameters", "2018: a return inside the loop, one layer instead of two", one_layer, has_two_layers),
    ("sigmoid_for_tanh", "forward", "2018: the cell is squashed by a sigmoid", sigmoid_for_tanh, always),
    ("last_word_only", "loss", "2018: only the last word of each window is predicted", last_word_only, always),
    ("loss_stopped", "gradients", "2018: the loss takes no gradient", loss_stopped, always),
    ("fluid_gate_order", "forward", "gates in Fluid's order c, i, f, o", fluid_gate_order, always),
    ("two_gates_exchanged", "forward", "input and forget gate of the last layer exchanged", two_gates_exchanged, always),
    ("mean_over_steps", "loss", "the loss is a mean over steps too", mean_over_steps, always),
    ("without_clipping", "gradients", "gradients are not clipped", without_clipping, always),
    ("clipped_one_by_one", "gradients", "each gradient is clipped by its own norm", clipped_one_by_one, always),
    ("state_dropped", "k steps", "each batch begins from a zero state", state_dropped, always),
    ("streams_shuffled", "k steps", "each stream is handed its neighbour's state", streams_shuffled, always),
])
