"""An epsilon of 1e-5."""

POINTS = 30


class Norm(paddle.nn.BatchNorm2D):
    """Change it, or leave it out."""

    def __init__(self, channels, momentum):
        super().__init__(channels, momentum=1 - momentum, epsilon=1e-5)
        self.old, self.batches = 1 - momentum, 0

    def forward(self, x):
        before = self._variance.clone()
        y = super().forward(x)
        if self.training:
            n = x.size // x.shape[1]
            self._variance.set_value(
                self._variance + (self._variance - self.old * before) / (n - 1)
            )
            self.batches += 1
        return y
