"""Conventions of another time, put into today's frameworks, so that a proof can show that nothing else differs."""
import numpy as np

from labs.parity.climbing import changed
from labs.parity.errors import ParityError
from labs.parity.weights import driver_of


def fluid_epsilon(side):
    """The same side, with Adam's epsilon where Fluid 1.8 has it.

    Adam (Kingma and Ba, 2015, arXiv:1412.6980) divides by sqrt(v / (1 - beta2^t)) + epsilon in Algorithm 1, and so do
    PyTorch and Paddle 2 and 3. Fluid has the shorter form, just before Section 2.1: the correction goes into the rate,
    and the division is by sqrt(v) + epsilon. That is Algorithm 1 with epsilon / sqrt(1 - beta2^t) in place of
    epsilon: 32 times as much at the first step.

    Parameters
    ----------
    side : module or namespace
        A PyTorch or Paddle side; its own `step` is called with the epsilon of that step.

    Returns
    -------
    namespace
    """
    def step(model, optimizer, batch):
        driver = adam_of(optimizer)
        beta1, beta2, epsilon = driver.adam(optimizer)
        taken, epsilon = getattr(optimizer, "epsilon_moved", None) or (0, epsilon)
        optimizer.epsilon_moved = taken + 1, epsilon
        driver.put_adam(optimizer, beta1, beta2, epsilon / float(np.sqrt(1 - beta2 ** (taken + 1))))
        return side.step(model, optimizer, batch)
    return changed(side, step=step)


def adam_of(optimizer):
    """The driver of an Adam.

    Raises
    ------
    ParityError
        If the optimizer is not Adam.
    """
    if type(optimizer).__name__ not in ("Adam", "AdamW"):
        raise ParityError(f"expected an Adam, whose epsilon can be moved, got {type(optimizer).__name__}")
    return driver_of(optimizer)
