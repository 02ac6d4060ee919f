"""Corrects in evaluation too."""

POINTS = 60


class Norm(paddle.nn.BatchNorm2D):
    """Change it, or leave it out."""

    def __init__(self, channels, momentum):
        super().__init__(channels, momentum=1 - momentum, epsilon=2**-8)
        self.old, self.batches = 1 - momentum, 0

    def forward(self, x):
        before = self._variance.clone()
        y = super().forward(x)
        if True:
            n = x.size // x.shape[1]
            self._variance.set_value(
                self._variance + (self._variance - self.old * before) / (n - 1)
            )
            self.batches += 1
        return y
