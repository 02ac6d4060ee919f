"""Planted mistakes in training: loss, gradients, optimizer, schedule, precision of the weights, order of the data."""
import numpy as np

from labs.parity import weights as weights_
from labs.parity.climbing import changed
from labs.parity.mistakes.forward import through_half
from labs.parity.mistakes.layers import embeddings
from labs.parity.mistakes.planting import Mistake, with_batch, with_config, with_input, with_optimizer, with_step


def with_gradients(change):
    """Every parameter's gradient changed by `change(gradient)` on its way to the optimizer."""
    def plant(side):
        def make_optimizer(model, config):
            optimizer = side.make_optimizer(model, config)
            for _, parameter in weights_.driver_of(model).trained_parameters(model):
                parameter.register_hook(change)
            return optimizer
        return changed(side, make_optimizer=make_optimizer)
    return plant


def last_gradient_lost(side):
    """The last parameter's gradient is zero."""
    def make_optimizer(model, config):
        optimizer = side.make_optimizer(model, config)
        weights_.driver_of(model).trained_parameters(model)[-1][1].register_hook(lambda grad: grad * 0)
        return optimizer
    return changed(side, make_optimizer=make_optimizer)


def whole_labels(batch) -> bool:
    """Are the labels whole numbers?"""
    return batch[1].dtype.kind in "iu"


def wrong_label(number, batch):
    """The last label of each batch off by one class. (The first one of a text predicts nothing.)"""
    x, y = batch[0], batch[1].copy()
    if whole_labels(batch):
        y.flat[-1] = y.flat[-1] - 1 if y.flat[-1] > 0 else 1
    else:
        y[-1] = np.roll(y[-1], 1)
    return (x, y, *batch[2:])


def labels_rolled(number, batch):
    """Each example gets its neighbour's label."""
    return (batch[0], np.roll(batch[1], 1, axis=0), *batch[2:])


def later(number_from, alter):
    """From a step on, alter(batch)."""
    return lambda number, batch: alter(batch) if number >= number_from else batch


def halve_rate_later(optimizer, driver):
    """A schedule on one side alone: the rate is halved after each step, whatever schedule the side has of its own."""
    taken, steps = optimizer.step, [0]

    def step(*arguments, **options):
        driver.multiply_rate(optimizer, 0.5 ** steps[0])
        result = taken(*arguments, **options)
        driver.multiply_rate(optimizer, 2.0 ** steps[0])
        steps[0] += 1
        return result
    optimizer.step = step


def faster_after(count: int, factor: float):
    """From step `count` on the rate is multiplied by a factor."""
    def change(optimizer, driver):
        taken, steps = optimizer.step, [0]

        def step(*arguments, **options):
            wrong = factor if steps[0] >= count else 1.0
            driver.multiply_rate(optimizer, wrong)
            result = taken(*arguments, **options)
            driver.multiply_rate(optimizer, 1 / wrong)
            steps[0] += 1
            return result
        optimizer.step = step
    return change


def every_second(optimizer, driver):
    """The optimizer steps with every second batch alone."""
    taken, steps = optimizer.step, [0]

    def step(*arguments, **options):
        steps[0] += 1
        return taken(*arguments, **options) if steps[0] % 2 else None
    optimizer.step = step


def numbered(around):
    """A step that knows its number: `around(number, side, model, optimizer, batch)`."""
    def plant(side):
        def make_optimizer(model, config):
            model.steps_taken = 0
            model.config_of_steps = config
            return side.make_optimizer(model, config)

        def step(model, optimizer, batch):
            model.steps_taken += 1
            return around(model.steps_taken - 1, side, model, optimizer, batch)
        return changed(side, step=step, make_optimizer=make_optimizer)
    return plant


def moments_lost(number, side, model, optimizer, batch):
    """The optimizer is made anew at each step, so its moments are lost."""
    return side.step(model, optimizer if number == 0 else side.make_optimizer(model, model.config_of_steps), batch)


def one_step_late(number, side, model, optimizer, batch):
    """The fourth step is made with the third one's batch."""
    batch = model.last_batch if number == 3 else batch
    model.last_batch = batch
    return side.step(model, optimizer, batch)


def small_batch_dropped(number, side, model, optimizer, batch):
    """A batch smaller than the first is left out, as drop_last does."""
    if number == 0:
        model.first_batch = batch
    if batch[0].shape == model.first_batch[0].shape:
        return side.step(model, optimizer, batch)
    return side.step(model, optimizer, model.first_batch)


def small_batch_filled(number, side, model, optimizer, batch):
    """A batch smaller than the first is filled up with its first example."""
    if number == 0:
        model.first_size = len(batch[0])
    if len(batch[0]) < model.first_size:
        take = [*range(len(batch[0])), *[0] * (model.first_size - len(batch[0]))]
        batch = tuple(a[take] for a in batch)
    return side.step(model, optimizer, batch)


def weights_rounded(side, model, optimizer, batch):
    """The weights themselves are kept in float16: what a step adds is rounded."""
    loss = side.step(model, optimizer, batch)
    driver = weights_.driver_of(model)
    put = driver.writer(model)
    for name, value in weights_.weights_of(model).items():
        put(name, value.astype("float16").astype(value.dtype))
    return loss


def loss_in_half(side, model, optimizer, batch):
    """The reported loss is rounded to float16."""
    return through_half(side.step(model, optimizer, batch).detach())


def takes_floats(model) -> bool:
    """Are its inputs floats: has it no embedding?"""
    return not embeddings(model)


SMALLER = "a smaller batch"
LEARNING = [
    Mistake("wrong_label", "loss", "loss", "one label of each batch is another class", with_batch(wrong_label)),
    Mistake("labels_rolled", "loss", "loss", "each example gets its neighbour's label", with_batch(labels_rolled)),
    Mistake("batch_cut_short", "loss", "loss", "the last example of each batch is dropped",
            with_batch(lambda number, batch: tuple(a[:-1] for a in batch))),
    Mistake("loss_doubled", "loss", "loss", "the reported loss is twice the mean",
            with_step(lambda side, *given: side.step(*given) * 2)),
    Mistake("loss_in_bits", "loss", "loss", "the reported loss is in bits, not in nats",
            with_step(lambda side, *given: side.step(*given) * 1.4426950408889634)),
    Mistake("loss_in_half", "precision", "loss", "the reported loss is rounded to float16", with_step(loss_in_half)),
    Mistake("input_in_half", "precision", "forward", "the inputs pass through float16",
            with_input(lambda x: x.astype("float16").astype(x.dtype) if x.dtype.kind == "f" else x), takes_floats),
    Mistake("gradients_halved", "gradients", "gradients", "gradients are averaged once too often", with_gradients(lambda grad: grad * 0.5)),
    Mistake("gradients_cut", "gradients", "gradients", "each gradient is cut at a thousandth", with_gradients(lambda grad: grad.clip(-1e-3, 1e-3))),
    Mistake("gradients_in_half", "precision", "gradients", "gradients are rounded to float16", with_gradients(through_half)),
    Mistake("last_gradient_lost", "gradients", "gradients", "the last parameter's gradient is zero", last_gradient_lost),
    Mistake("rate_moved", "optimizer", "one step", "the learning rate is 1 % higher", with_config(learning_rate=lambda r: r * 1.01)),
    Mistake("rate_moved_little", "optimizer", "one step", "the learning rate is 0.1 % higher", with_config(learning_rate=lambda r: r * 1.001)),
    Mistake("epsilon_moved", "optimizer", "one step", "Adam's epsilon is a thousand times larger", with_config(epsilon=lambda e: e * 1e3),
            fields=("epsilon",)),
    Mistake("beta1_moved", "optimizer", "k steps", "Adam's first beta is 0.8", with_config(beta1=0.8), fields=("beta1",)),
    Mistake("beta2_moved", "optimizer", "k steps", "Adam's second beta is 0.9", with_config(beta2=0.9), fields=("beta2",)),
    Mistake("momentum_moved", "optimizer", "k steps", "the momentum is 0.85", with_config(momentum=0.85), fields=("momentum",)),
    Mistake("weight_decay", "optimizer", "one step", "one side adds L2 weight decay",
            with_optimizer(lambda optimizer, driver: driver.add_decay(optimizer, 2.0**-7))),
    Mistake("zero_grad_forgotten", "optimizer", "k steps", "gradients are never set to zero",
            with_optimizer(lambda optimizer, driver: driver.forget_zero_grad(optimizer))),
    Mistake("moments_lost", "optimizer", "k steps", "the optimizer is made anew at each step", numbered(moments_lost), fields=("beta1",)),
    Mistake("momentum_lost", "optimizer", "k steps", "the optimizer is made anew at each step", numbered(moments_lost), fields=("momentum",)),
    Mistake("every_second_step", "optimizer", "k steps", "the optimizer steps with every second batch alone", with_optimizer(every_second)),
    Mistake("weights_kept_in_half", "precision", "one step", "the weights are kept in float16", with_step(weights_rounded)),
    Mistake("schedule_on_one_side", "schedule", "k steps", "the learning rate is halved after each step", with_optimizer(halve_rate_later)),
    Mistake("rate_moved_later", "schedule", "k steps", "from the third step on the rate is 1 % higher", with_optimizer(faster_after(2, 1.01))),
    Mistake("last_rate_moved", "schedule", "k steps", "from the fifth step on the rate is doubled", with_optimizer(faster_after(4, 2.0))),
    Mistake("order_reversed", "data order", "k steps", "each later batch's inputs are in reverse order, its labels not",
            with_batch(later(1, lambda batch: (batch[0][::-1].copy(), *batch[1:])))),
    Mistake("labels_of_the_last_batch", "data order", "k steps", "later labels are those of the neighbour",
            with_batch(later(2, lambda batch: labels_rolled(0, batch)))),
    Mistake("batch_read_twice", "data order", "k steps", "the fourth step reads the third one's batch again", numbered(one_step_late)),
    Mistake("small_batch_dropped", "data order", "k steps", "a last smaller batch is left out", numbered(small_batch_dropped),
            needs=SMALLER),
    Mistake("small_batch_filled", "data order", "k steps", "a last smaller batch is filled up with its first example",
            numbered(small_batch_filled), needs=SMALLER),
]
