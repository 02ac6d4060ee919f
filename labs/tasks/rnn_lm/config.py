"""The numbers of the LSTM language models, each with its reason."""
from dataclasses import dataclass

OPTIMIZERS = ("sgd", "adam")


@dataclass(frozen=True)
class Config:
    """One model and the recipe that trains it; every side reads the same object."""
    vocabulary: int = 10_000        # words of PTB; for characters what the text has
    embedding: int = 200            # as wide as the LSTM: Zaremba et al., 2014
    hidden: int = 200               # small 200, medium 650, large 1500
    layers: int = 2                 # the paper's; the program of 2018 had one without wanting to
    dropout: float = 0.0            # between layers, never over time; none in the small model
    steps: int = 20                 # T: how far the gradient reaches back
    batch_size: int = 20            # B: streams of text that are read side by side
    scale: float = 0.1              # initial weights are uniform in +-scale
    optimizer: str = "sgd"          # the paper's; Adam for characters
    learning_rate: float = 1.0      # of a loss summed over steps: 20 times that of a mean
    clip: float = 5.0               # largest joint norm of all gradients
    epochs: int = 13                # medium 39, large 55
    flat_epochs: int = 4            # epochs before the learning rate falls
    decay: float = 0.5              # by which it falls after each further epoch
    beta1: float | None = None      # Adam's three; SGD has none
    beta2: float | None = None
    epsilon: float | None = None
    by_hand: bool = False           # True: the LSTM as a Python loop, with the same weights

    def __post_init__(self):
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer: expected one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}")
        for name in ("vocabulary", "embedding", "hidden", "layers", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)!r}")
        if self.by_hand and self.dropout:
            raise ValueError(f"by_hand: the Python loop has no dropout between its layers, got dropout {self.dropout}")


# Zaremba, Sutskever, Vinyals, 2014 (arXiv:1409.2329): three sizes for the words of PTB.
SMALL = Config()
MEDIUM = Config(embedding=650, hidden=650, dropout=0.5, steps=35, scale=0.05, epochs=39, flat_epochs=6, decay=1 / 1.2)
LARGE = Config(embedding=1500, hidden=1500, dropout=0.65, steps=35, scale=0.04, clip=10.0, epochs=55, flat_epochs=14,
               decay=1 / 1.15)

# Adam's defaults in both frameworks, spelled out.
ADAM = {"optimizer": "adam", "learning_rate": 2e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}

# Characters. 84 different characters leave the softmax cheap, so the LSTM may be wider; Adam wants no schedule to begin with.
SHAKESPEARE = Config(vocabulary=84, embedding=64, hidden=256, steps=64, batch_size=32, **ADAM,
                     epochs=2, flat_epochs=1, decay=0.25)
# Chinese characters stand between words and letters: 3,000 of them, and poems of 24 to 64.
TANG = Config(vocabulary=3000, embedding=128, hidden=256, steps=32, batch_size=32, **ADAM,
              epochs=3, flat_epochs=1, decay=0.4)

CONFIGS = {"small": SMALL, "medium": MEDIUM, "large": LARGE, "shakespeare": SHAKESPEARE, "tang": TANG}
