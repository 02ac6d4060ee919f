"""The numbers of the SE-ResNeXt twins, each with its reason.

A network is a row of `MODELS`: 50, 101 and 152 layers differ in `blocks` alone, and a plain ResNet is
the same code with one group and no gates.
"""
import math
from dataclasses import dataclass, replace

MEAN, SPREAD = 0.286, 0.353     # of Fashion-MNIST's 60,000 training images, in [0, 1]


@dataclass(frozen=True)
class Config:
    """One network and the recipe that trains it; both sides read the same object."""
    model: str = "se_resnext50"
    image: tuple = (3, 224, 224)    # channels, height, width
    classes: int = 1000             # ImageNet's
    stem: int = 64                  # channels of the first convolution
    kernel: int = 7                 # its size; 3 for small images
    stride: int = 2                 # its stride; 1 for small images
    pool: bool = True               # ImageNet's stem halves the image once more; small images are small enough
    blocks: tuple = (3, 4, 6, 3)    # blocks a stage; three layers each
    widths: tuple = (128, 256, 512, 1024)   # channels of the grouped convolution: 32 groups of 4 in the first stage
    expansion: int = 2              # a block gives out twice its width
    cardinality: int = 32           # groups
    reduction: int = 16             # the gates' bottleneck; 0 leaves squeeze-and-excitation out
    smoothing: float = 2.0**-13     # of the label's weight, given to each other class
    learning_rate: float = 0.1      # the peak, after the warm-up
    warmup: int = 0                 # steps in which the rate grows to its peak
    steps: int = 1                  # of the whole training: the cosine ends at zero there
    momentum: float = 0.9           # both programs of 2018
    nesterov: bool = False          # TensorFlow's program of 2018 had it; Fluid's Config named it, and nothing read it
    weight_decay: float = 1e-4      # on weights only; both programs of 2018 decayed every trainable variable
    norm_momentum: float = 0.9      # the share of the old in BatchNorm's running statistics
    norm_epsilon: float = 1e-5      # the default of both frameworks

    def __post_init__(self):
        if len(self.blocks) != len(self.widths):
            raise ValueError(f"expected as many widths as stages, got blocks={self.blocks} and widths={self.widths}")
        odd = [width for width in self.widths if width % self.cardinality]
        if odd:
            raise ValueError(f"widths: {self.cardinality} groups do not divide {', '.join(map(str, odd))}")
        if not 0 <= self.warmup <= self.steps:
            raise ValueError(f"warmup: expected 0 to {self.steps} steps, got {self.warmup}")

    def check(self, images):
        """Raise unless the images are what this network takes.

        Raises
        ------
        ValueError
            Another shape than (B, *image), or another dtype than float32 and float64.
        """
        if images.shape[1:] != self.image:
            raise ValueError(f"images: {self.model} takes (B, {', '.join(map(str, self.image))}), got {images.shape}")
        if str(images.dtype) not in ("float32", "float64"):
            raise ValueError(f"images: expected float32 or float64, scaled, got {images.dtype}: "
                             "divide by 255 and normalise first")

    def soft(self, labels):
        """Labels (B,) smoothed to (B, K), float32: each row sums to one, exactly.

        It must: Paddle's gradient takes the sum to be one, PyTorch's multiplies by what it is.
        """
        import numpy as np
        made = np.full((len(labels), self.classes), self.smoothing, "float32")
        made[np.arange(len(labels)), labels] = 1 - (self.classes - 1) * self.smoothing
        return made

    def rate(self, step):
        """The learning rate of a step: a line up to the peak, then half a cosine down to zero.

        Rounded to float32, because Paddle keeps it so, in float64 too.
        """
        import numpy as np
        if step < self.warmup:
            share = (step + 1) / self.warmup
        else:
            done = (step - self.warmup) / max(1, self.steps - self.warmup)
            share = (1 + math.cos(math.pi * min(1.0, done))) / 2
        return float(np.float32(self.learning_rate * share))

    def plain(self):
        """The same numbers as arrays, numbers and text: what crosses into the Fluid process.

        `rates` has the rate of each step, and of as many beyond the schedule's end.
        """
        import numpy as np
        numbers = {name: np.array(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return numbers | {"rates": np.array([self.rate(step) for step in range(2 * self.steps)])}


def exact(config):
    """The same network with numbers that float32 holds exactly: Paddle keeps these in float32, in float64 too."""
    return replace(config, momentum=0.875, weight_decay=2.0**-13, norm_momentum=0.875, norm_epsilon=2.0**-17)


def normalised(images):
    """Fashion-MNIST's images (N, 28, 28) uint8 as (N, 1, 28, 28) float32, with the training set's mean and spread taken out."""
    return ((images[:, None] / 255 - MEAN) / SPREAD).astype("float32")


SLIM = Config("se_resnext_slim", image=(1, 28, 28), classes=10, stem=16, kernel=5, stride=3, pool=False, blocks=(1, 1, 1),
              widths=(16, 32, 64), cardinality=8, reduction=4, smoothing=2.0**-7)
MODELS = {config.model: config for config in (
    Config(),
    Config("se_resnext101", blocks=(3, 4, 23, 3)),
    Config("se_resnext152", blocks=(3, 8, 36, 3)),
    Config("resnext50", reduction=0),
    SLIM,
)}
