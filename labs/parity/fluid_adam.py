"""Conventions of another time, put into today's frameworks, so that a proof can show that nothing else differs."""
import numpy as np

from labs.parity.climbing import changed
from labs.parity.errors import ParityError


def fluid_epsilon(side):
    """The same side, with Adam's epsilon where Fluid 1.8 has it.

    Adam (Kingma and Ba, 2015, arXiv:1412.6980) divides by sqrt(v / (1 - beta2^t)) + epsilon in Algorithm 1, and so do
    PyTorch and Paddle 2 and 3. Fluid has the shorter form of the end of Section 2: the correction goes into the rate,
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
        taken, epsilon = getattr(optimizer, "epsilon_moved", None) or (0, epsilon_of(optimizer))
        optimizer.epsilon_moved = taken + 1, epsilon
        put_epsilon(optimizer, epsilon / float(np.sqrt(1 - beta2_of(optimizer) ** (taken + 1))))
        return side.step(model, optimizer, batch)
    return changed(side, step=step)


def epsilon_of(optimizer) -> float:
    """Adam's epsilon, in either framework.

    Raises
    ------
    ParityError
        If the optimizer is not Adam.
    """
    if type(optimizer).__name__ not in ("Adam", "AdamW"):
        raise ParityError(f"expected an Adam, whose epsilon can be moved, got {type(optimizer).__name__}")
    return optimizer.param_groups[0]["eps"] if hasattr(optimizer, "param_groups") else optimizer._epsilon


def beta2_of(optimizer) -> float:
    """Adam's second beta, in either framework."""
    return optimizer.param_groups[0]["betas"][1] if hasattr(optimizer, "param_groups") else optimizer._beta2


def put_epsilon(optimizer, value: float):
    """Set Adam's epsilon, in either framework."""
    if hasattr(optimizer, "param_groups"):
        for group in optimizer.param_groups:
            group["eps"] = value
    else:
        optimizer._epsilon = value
