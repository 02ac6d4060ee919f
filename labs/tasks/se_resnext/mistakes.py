"""Mistakes of the pair of 2018 and of its relatives."""
from dataclasses import replace

import numpy as np

from labs.parity.climbing import changed
from labs.parity.mistakes import Mistake, with_batch, with_config, with_layers, with_model, with_optimizer, with_weights


def in_blocks(part: str, change):
    """What a block's part gives out, changed."""
    return with_layers(lambda path, layer: path.startswith("stages.") and hasattr(layer, part),
                       lambda layer, driver: driver.after(getattr(layer, part), change))


def without_biases(side):
    """TensorFlow: the gates and the last layer have no bias; Fluid's have one."""
    def gone(layer, driver):
        layer.bias = None

    def kept(model, weights):
        names = {name for name, _ in model.named_parameters()}
        return {name: w for name, w in weights.items() if not name.endswith("bias") or name in names}
    return with_weights(kept)(with_layers(lambda path, layer: type(layer).__name__ == "Linear", gone)(side))


def decay_on_everything(side):
    """On biases and BatchNorm too, as both programs of 2018: Fluid, line 199; TensorFlow, lines 256 to 264."""
    def make_optimizer(model, config):
        more = with_optimizer(lambda optimizer, driver: driver.add_decay(optimizer, config.weight_decay, lambda p: p.ndim == 1))
        return more(side).make_optimizer(model, config)
    return changed(side, make_optimizer=make_optimizer)


def hard_labels(number, batch):
    """Label smoothing forgotten on one side."""
    x, y = batch
    return x, np.eye(y.shape[1], dtype=y.dtype)[y.argmax(1)]


def smoothed_more(number, batch):
    """Twice the smoothing."""
    x, y = batch
    hard = np.eye(y.shape[1], dtype=y.dtype)[y.argmax(1)]
    return x, (2 * y - hard).astype(y.dtype)


def gates(change):
    """The squeeze-and-excitation blocks: `change(layer, driver)` alters each."""
    return with_layers(lambda path, layer: type(layer).__name__ == "SqueezeExcite", change)


def summed(layer, driver):
    """The squeeze is a sum over the pixels of a channel, not their mean."""
    right = layer.gates
    sizes = []

    def look(x):
        sizes[:] = [x.shape[2] * x.shape[3]]
        return right(x)
    layer.gates = look
    driver.before(layer.fc1, lambda means: means * sizes[0])


def hard_sigmoid(layer, driver):
    """The gates' sigmoid is a line between 0 and 1, z / 6 + 1 / 2, cut off at both."""
    def hard(x):
        z = layer.fc2(layer.fc1(x.flatten(2).mean(2)).clip(min=0))
        return (z / 6 + 0.5).clip(0, 1)
    layer.gates = hard


def same_padding(layer, driver):
    """TensorFlow's `same` for a 3x3 at stride 2: no zeros before an even height or width, one after; two for an odd one.

    A row of zeros in front moves the convolution by a pixel; what it then gives out first is dropped.
    """
    even = []

    def shift(x):                       # (B, C, H, W)
        even[:] = [1 - x.shape[2] % 2, 1 - x.shape[3] % 2]
        return driver.zeros_before(x, *even)
    driver.before(layer, shift)
    driver.after(layer, lambda out: out[:, :, even[0]:, even[1]:])


def schedule_late(config):
    """The rate of the step before."""
    right = config.rate
    return lambda step: right(max(0, step - 1))


def with_schedule(change):
    """Another schedule: `change(config)` gives the function from step to rate."""
    def plant(side):
        def make_optimizer(model, config):
            other = replace(config)
            object.__setattr__(other, "rate", change(config))
            return side.make_optimizer(model, other)
        return changed(side, make_optimizer=make_optimizer)
    return plant


def never_falls(config):
    """After the warm-up the rate stays at its peak."""
    right = config.rate
    return lambda step: right(step) if step < config.warmup else config.learning_rate


def rises_again(config):
    """Beyond its end the cosine goes on and rises again."""
    import math
    right = config.rate

    def rate(step):
        done = (step - config.warmup) / max(1, config.steps - config.warmup)
        return right(step) if done <= 1 else float(np.float32(config.learning_rate * (1 + math.cos(math.pi * done)) / 2))
    return rate


def warm_from_zero(config):
    """The warm-up begins at zero: step / warmup, not (step + 1) / warmup."""
    right = config.rate
    return lambda step: config.learning_rate * step / config.warmup if step < config.warmup else right(step)


def warm_in_steps(config):
    """A warm-up that jumps: the middle step has the first one's rate."""
    right = config.rate
    return lambda step: right(0) if step == 1 else right(step)


def variance_unbiased(layer, driver):
    """PyTorch's own running variance, n / (n - 1) times Paddle's."""
    driver.unbiased(layer)


def has_gates(model) -> bool:
    """Are there squeeze-and-excitation blocks?"""
    return model.config.reduction > 0


CONVOLUTIONS = ("Conv2d", "Conv2D")
PAIR_OF_2018 = [
    Mistake("biases_on_one_side", "weights", "parameters", "no bias in the gates and in the last layer (TensorFlow)", without_biases, has_gates),
    Mistake("relu_twice", "forward", "forward", "ReLU in the convolution and after BatchNorm (Fluid)",
            with_layers(lambda path, layer: type(layer).__name__ in CONVOLUTIONS and "downsample" not in path,
                        lambda layer, driver: driver.after(layer, lambda out: out.clip(min=0)))),
    Mistake("norm_epsilon", "forward", "forward", "BatchNorm's epsilon is a hundred times as large (TensorFlow)",
            with_config("build", norm_epsilon=lambda right: 100 * right)),
    Mistake("same_padding", "forward", "forward", "at stride 2 an even size is padded after, not on both sides (TensorFlow)",
            with_layers(lambda path, layer: path.endswith(".0.conv2") and not path.startswith("stages.0"), same_padding)),
    Mistake("decay_of_another_size", "optimizer", "one step", "L2 is five times as large (TensorFlow)",
            with_config(weight_decay=lambda right: 5 * right)),
    Mistake("nesterov", "optimizer", "one step", "Nesterov's momentum on one side (TensorFlow)", with_config(nesterov=True)),
]
MISTAKES = PAIR_OF_2018 + [
    Mistake("never_falls", "schedule", "k steps", "the learning rate stays at its peak", with_schedule(never_falls)),
    Mistake("decay_on_everything", "optimizer", "one step", "L2 on biases and BatchNorm too (both programs)", decay_on_everything),
    Mistake("schedule_of_another_length", "schedule", "k steps", "the rate falls on another schedule",
            with_config(steps=lambda right: 4 * right)),
    Mistake("relu_before_gates", "forward", "forward", "a ReLU after the last 1x1 of each block (both, unlike the paper)",
            in_blocks("bn3", lambda out: out.clip(min=0))),
    Mistake("branches_exchanged", "forward", "forward", "the channels of the grouped convolution in the opposite order",
            in_blocks("conv2", lambda out: out.flip(1))),
    Mistake("shortcut_halved", "forward", "forward", "the shortcut is halved", in_blocks("downsample", lambda out: out / 2)),
    Mistake("gates_left_out", "forward", "forward", "the gates are all one",
            gates(lambda layer, driver: driver.after(layer.fc2, lambda out: out * 0 + 100)), has_gates),
    Mistake("gates_summed", "forward", "forward", "the gates look at a sum, not at a mean", gates(summed), has_gates),
    Mistake("gates_doubled", "forward", "forward", "the gates run from 0 to 2",
            gates(lambda layer, driver: driver.after(layer, lambda out: out * 2)), has_gates),
    Mistake("gates_hard", "forward", "forward", "the gates are a hard sigmoid, z / 6 + 1 / 2", gates(hard_sigmoid), has_gates),
    Mistake("hard_labels", "loss", "loss", "no label smoothing on one side", with_batch(hard_labels)),
    Mistake("smoothed_more", "loss", "loss", "twice the label smoothing", with_batch(smoothed_more)),
    Mistake("gates_detached", "gradients", "gradients", "what the gates look at is detached",
            gates(lambda layer, driver: driver.before(layer.fc1, lambda x: x.detach())), has_gates),
    Mistake("shortcut_detached", "gradients", "gradients", "the shortcut takes no gradient", in_blocks("downsample", lambda out: out.detach())),
    Mistake("first_block_frozen", "gradients", "gradients", "the first convolution and its BatchNorm take no gradient",
            with_model(lambda model, driver: driver.after(model.bn1, lambda out: out.detach()))),
    Mistake("rate_late", "schedule", "k steps", "each step takes the rate of the step before", with_schedule(schedule_late)),
    Mistake("rises_again", "schedule", "k steps", "beyond its end the cosine rises again", with_schedule(rises_again),
            needs="steps beyond the schedule's end"),
    Mistake("warm_from_zero", "schedule", "one step", "the warm-up begins at zero", with_schedule(warm_from_zero),
            needs="a warm-up of at least 3 steps"),
    Mistake("warm_in_steps", "schedule", "k steps", "the warm-up's second step has the first one's rate", with_schedule(warm_in_steps),
            needs="a warm-up of at least 3 steps"),
    Mistake("no_decay", "optimizer", "one step", "no weight decay", with_config(weight_decay=0.0)),
    Mistake("variance_unbiased", "evaluation", "train mode", "PyTorch's own running variance, which is unbiased",
            with_layers(lambda path, layer: type(layer).__name__ == "BatchNorm", variance_unbiased)),
]
