"""The check of the page on ports: a model with traps that the page does not have."""

import numpy as np

from labs import parity
from labs.exercises import exercise, port
from labs.parity.port import variance_of_paddle

EPSILON = 2.0**-10  # float32 holds it exactly, and the momentum of 0.25 too


@exercise("6b.1", "Write the class Stem, a paddle.nn.Layer, from PyTorch's beside it.")
def stem(theirs):
    """Port a grouped convolution, a norm, GELU and average pooling to Paddle; the ladder decides."""
    # pooled to areas that are powers of two, so that Paddle's adaptive pooling, which divides in float32, is a right style
    sizes = (4, 4, 9, 9), (3, 4, 16, 8), (5, 4, 17, 5)
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=size).astype("float32") for size in sizes]
    ladder = port(
        theirs,
        _stem(),
        batches,
        {
            "BatchNorm's momentum is the share of the old statistics in Paddle, of the new in PyTorch": _stem(
                momentum=0.75
            ),
            "BatchNorm's epsilon is not the default here": _stem(eps=float(np.float32(1e-5))),
            "GELU has two forms, and this is the other one": _stem(form="none"),
            "average pooling counts its padding here, and Paddle's leaves it out unless told": _stem(
                include=False
            ),
            "GELU stands after the norm": _stem(norm_last=True),
            "GELU is missing": _stem(form=None),
        },
    )
    return f"{ladder.parameters} parameters, green on all {len(parity.RUNGS)} rungs."


def _stem(momentum=0.25, eps=EPSILON, form="tanh", include=True, norm_last=False):
    """What makes the given model, in PyTorch, or what becomes of it with a mistake."""
    import torch.nn.functional as F
    from torch import nn

    def gelu(x):
        return x if form is None else F.gelu(x, approximate=form)

    class Stem(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 8, 3, groups=4, bias=False)
            self.norm = nn.BatchNorm2d(8, eps=eps, momentum=momentum)
            self.fc = nn.Linear(8, 5)

        def forward(self, x):
            x = self.conv(x)
            x = self.norm(gelu(x)) if norm_last else gelu(self.norm(x))
            x = F.avg_pool2d(x, 2, padding=1, count_include_pad=include)
            return self.fc(x.mean((2, 3)))

    return lambda: variance_of_paddle(Stem())
