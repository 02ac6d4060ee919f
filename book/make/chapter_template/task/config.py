"""The numbers of the task, each with its reason."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """The recipe that trains the line; both sides read the same object."""
    learning_rate: float = 0.5      # a power of two: the same number in float32 and float64
    batch_size: int = 32            # 16 steps an epoch on 512 points
