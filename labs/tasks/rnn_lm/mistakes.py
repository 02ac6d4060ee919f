"""Mistakes that people make with language models, those of 2018 among them."""
from dataclasses import replace

from labs.parity.climbing import changed
from labs.parity.mistakes import Mistake, with_batch, with_model, with_weights
from labs.parity.mistakes.forward import through_half


def with_loss(alter):
    """A model with another loss: `alter(loss, logits, y)`, where `loss` is the right one."""
    def change(model, driver):
        loss = model.loss
        model.loss = lambda logits, y: alter(loss, logits, y)
    return with_model(change)


def one_layer(side):
    """`return` stands inside the loop over the layers, so that it ends with the first."""
    def kept(model, weights):
        names = {name for name, _ in model.named_parameters()}
        return {name: value for name, value in weights.items() if name in names}
    return with_weights(kept)(changed(side, build=lambda config: side.build(replace(config, layers=1))))


def by_hand(alter):
    """A mistake in the cell, which is written as a Python loop: `alter(lstm)` changes it."""
    def plant(side):
        def build(config):
            model = side.build(replace(config, by_hand=True))
            alter(model.lstm)
            return model
        return changed(side, build=build)
    return plant


def sigmoid_for_tanh(lstm):
    """The cell goes out through a sigmoid where tanh belongs."""
    lstm.tanh = lambda c: 1 / (1 + (-c).exp())


def not_squashed(lstm):
    """The cell goes out as it is."""
    lstm.tanh = lambda c: c


def gates_in_order(order, every=True):
    """The four gates of each layer, or of the last one alone, in another order."""
    def turned(model, weights):
        last = max(int(name.rpartition("_l")[2]) for name in weights if name.startswith("lstm."))

        def roll(value):
            quarter = len(value) // 4
            return value[[i for gate in order for i in range(gate * quarter, (gate + 1) * quarter)]]
        return {name: roll(value) if name.startswith("lstm.") and (every or name.endswith(f"_l{last}")) else value
                for name, value in weights.items()}
    return with_weights(turned)


def forget_bias(model, weights):
    """One is added to the bias of the forget gate, as TensorFlow's cell does."""
    made = {}
    for name, value in weights.items():
        made[name] = value.copy()
        if "bias_ih" in name:
            quarter = len(value) // 4
            made[name][quarter:2 * quarter] += 1
    return made


def one_bias(model, weights):
    """The second bias is left out, as in libraries that have but one."""
    return {name: value * (not name.startswith("lstm.bias_hh")) for name, value in weights.items()}


def before_step(change):
    """`change(model)` before each step: the state is handed on otherwise."""
    def plant(side):
        def step(model, optimizer, batch):
            if model.state is not None:
                model.state = change(model.state)
            return side.step(model, optimizer, batch)
        return changed(side, step=step)
    return plant


def neighbours(state):
    """Each stream gets the state of the next one."""
    return tuple(s[:, [*range(1, s.shape[1]), 0]] for s in state)


def after_step(change):
    """`change(state)` after each step: the state is kept otherwise."""
    def plant(side):
        def step(model, optimizer, batch):
            loss = side.step(model, optimizer, batch)
            model.state = change(model.state)
            return loss
        return changed(side, step=step)
    return plant


def halves(state):
    """The state in float16."""
    return tuple(map(through_half, state))


def shorter(state):
    """The state in bfloat16: eight bits of its numbers are left."""
    return tuple(s.astype("bfloat16").astype(s.dtype) if hasattr(s, "astype") else s.bfloat16().to(s.dtype) for s in state)


def last_step_forgotten(count):
    """The state is dropped after so many steps: a new epoch begins from zero."""
    def plant(side):
        def step(model, optimizer, batch):
            model.steps_taken = getattr(model, "steps_taken", 0) + 1
            if model.steps_taken == count:
                model.state = None
            return side.step(model, optimizer, batch)
        return changed(side, step=step)
    return plant


def with_clip(new):
    """The gradients are clipped at another norm."""
    def change(model, driver):
        model.config = replace(model.config, clip=new(model.config.clip))
    return with_model(change)


def clipped_one_by_one(model, driver):
    """Each gradient is clipped by its own norm before all are by their joint one."""
    most = model.config.clip / 4
    for _, parameter in driver.trained_parameters(model):
        parameter.register_hook(lambda grad: grad * (most / max(float((grad * grad).sum()) ** 0.5, most)))


def score_forgets(side):
    """The score begins each piece from a zero state."""
    def score(model, batches):
        return sum(side.score(model, [batch]) for batch in batches) / len(batches)
    return changed(side, score=score)


def score_in_bits(side):
    """The score is in bits."""
    return changed(side, score=lambda model, batches: side.score(model, batches) * 1.4426950408889634)


def score_without_the_last(side):
    """The score leaves out the last piece."""
    return changed(side, score=lambda model, batches: side.score(model, batches[:-1]))


def advance_from_zero(side):
    """Writing begins each token from a zero state."""
    return changed(side, advance=lambda model, tokens, state=None: side.advance(model, tokens))


def targets_late(number, batch):
    """Each token is asked to predict itself."""
    return batch[0], batch[0].copy()


def axes_exchanged(number, batch):
    """The targets are read stream by stream, the logits step by step."""
    return batch[0], batch[1].T.reshape(batch[1].shape).copy()


def has_two_layers(model) -> bool:
    """Is there a second layer to lose?"""
    return model.config.layers > 1


FORGOTTEN = "the weights hardly feel it, for the cell forgets what it was handed within a few steps; the rung of the state shows it"
MISTAKES = [
    Mistake("one_layer", "forward", "parameters", "2018: a return inside the loop, one layer instead of two", one_layer, has_two_layers),
    Mistake("sigmoid_for_tanh", "forward", "forward", "2018: the cell is squashed by a sigmoid", by_hand(sigmoid_for_tanh)),
    Mistake("last_word_only", "loss", "loss", "2018: only the last word of each window is predicted",
            with_loss(lambda loss, logits, y: loss(logits[-1:], y[-1:]))),
    Mistake("loss_stopped", "gradients", "gradients", "2018: the loss takes no gradient",
            with_loss(lambda loss, logits, y: loss(logits.detach(), y) + 0 * logits.sum())),
    Mistake("fluid_gate_order", "weights", "forward", "gates in Fluid's order c, i, f, o", gates_in_order([2, 0, 1, 3])),
    Mistake("two_gates_exchanged", "weights", "forward", "input and forget gate of the last layer exchanged",
            gates_in_order([1, 0, 2, 3], every=False)),
    Mistake("output_gate_first", "weights", "forward", "gates in the order i, f, o, g", gates_in_order([0, 1, 3, 2])),
    Mistake("not_squashed", "forward", "forward", "the cell goes out without tanh", by_hand(not_squashed)),
    Mistake("forget_bias", "weights", "forward", "one is added to the forget gate's bias", with_weights(forget_bias)),
    Mistake("one_bias", "weights", "forward", "the LSTM's second bias is left out", with_weights(one_bias)),
    Mistake("mean_over_steps", "loss", "loss", "the loss is a mean over steps too",
            with_loss(lambda loss, logits, y: loss(logits, y) / y.shape[0])),
    Mistake("first_step_left_out", "loss", "loss", "the first step of each piece is not counted",
            with_loss(lambda loss, logits, y: loss(logits[1:], y[1:]))),
    Mistake("predicts_itself", "loss", "loss", "each token is asked to predict itself", with_batch(targets_late)),
    Mistake("axes_exchanged", "loss", "loss", "the targets are read stream by stream", with_batch(axes_exchanged)),
    Mistake("without_clipping", "gradients", "gradients", "gradients are not clipped", with_clip(lambda right: 1e9)),
    Mistake("clipped_a_little_lower", "gradients", "gradients", "gradients are clipped at 0.99 of the norm", with_clip(lambda right: 0.99 * right)),
    Mistake("clipped_one_by_one", "gradients", "gradients", "each gradient is clipped by its own norm", with_model(clipped_one_by_one)),
    Mistake("state_dropped", "forward", "k steps", "each batch begins from a zero state",
            before_step(lambda state: None)),
    Mistake("streams_shuffled", "data order", "k steps", "each stream is handed its neighbour's state", before_step(neighbours)),
    Mistake("h_and_c_exchanged", "forward", "k steps", "the two parts of the state are handed on exchanged",
            before_step(lambda state: tuple(state[::-1]))),
    Mistake("state_halved", "forward", "k steps", "half of the state is handed on", before_step(lambda state: tuple(s / 2 for s in state))),
    Mistake("state_kept_in_half", "precision", "k steps", "the state is kept in float16 between batches", after_step(halves), blind=FORGOTTEN),
    Mistake("state_read_in_half", "precision", "k steps", "the state is handed on through float16", before_step(halves), blind=FORGOTTEN),
    Mistake("state_kept_in_bfloat16", "precision", "k steps", "the state is kept in bfloat16 between batches", after_step(shorter)),
    Mistake("state_dropped_late", "data order", "k steps", "the state is dropped once, at the fifth step", last_step_forgotten(5)),
    Mistake("score_forgets", "evaluation", "also: score", "the score begins each piece from a zero state", score_forgets),
    Mistake("score_in_bits", "evaluation", "also: score", "the score is in bits", score_in_bits),
    Mistake("score_without_the_last", "evaluation", "also: score", "the score leaves out the last piece", score_without_the_last),
    Mistake("advance_from_zero", "cache", "also: advance", "writing begins each token from a zero state", advance_from_zero),
]
