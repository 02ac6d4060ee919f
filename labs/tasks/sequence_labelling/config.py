"""The numbers of the sequence labellers, each with its reason."""
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Config:
    """One BiLSTM-CRF and the recipe that trains it; every side reads the same object."""
    vocabulary: int = 3500          # the characters that come most often, and one number for all others
    tags: int = 13                  # K: O, and B, I, E, S of three kinds of entity
    embedding: int = 64             # half of the 2018 program's 128: a character says less than a word
    hidden: int = 96                # of each direction
    batch_size: int = 32            # B: sentences; 64 in 2018
    learning_rate: float = 2**-8    # Adam's, held exactly by float32
    beta1: float = 0.875            # likewise; the default is 0.9
    beta2: float = 1 - 2**-10       # the default is 0.999
    epsilon: float = 2**-27         # the default is 1e-8
    epochs: int = 4                 # the last one at a fourth of the rate
    sentences: int = 24_000         # of MSRA's 50,289: what one processor reads in a few minutes
    crf: bool = True                # False: each tag by itself, a softmax at every word
    lstm: bool = True               # False: each word by itself, no neighbour is seen

    def __post_init__(self):
        for name in ("vocabulary", "tags", "embedding", "hidden", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)!r}")


MSRA = Config()
CONFIGS = {"msra": MSRA, "msra_softmax": replace(MSRA, crf=False), "msra_no_lstm": replace(MSRA, lstm=False)}
