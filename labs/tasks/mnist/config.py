"""The numbers of the MNIST twins, each with its reason."""
from dataclasses import dataclass

MODELS = ("softmax", "mlp", "lenet")


@dataclass(frozen=True)
class Config:
    """One model and the recipe that trains it; both sides read the same object."""
    model: str = "lenet"            # softmax, mlp or lenet
    hidden: int = 128               # width of the MLP: 101,770 parameters; LeNet-5 has 61,706
    learning_rate: float = 2e-3     # twice the default of Adam: 4,000 images make few steps
    beta1: float = 0.9              # the default of Adam in both frameworks
    beta2: float = 0.999            # likewise
    epsilon: float = 1e-8           # likewise, and outside the square root on both sides
    batch_size: int = 64            # 63 steps an epoch on 4,000 images

    def __post_init__(self):
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
