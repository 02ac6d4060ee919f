"""Paddle's default: the padding does not count."""

POINTS = 30


class LeNet(paddle.nn.Layer):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1 = paddle.nn.Conv2D(channels, 6, 5, padding=2, bias_attr=False)
        self.bn1 = Norm(6, 0.25)
        self.conv2 = paddle.nn.Conv2D(6, 8, 3, bias_attr=False)
        self.bn2 = Norm(8, 0.125)
        self.fc1 = paddle.nn.Linear(72, 24)
        self.fc2 = paddle.nn.Linear(24, 24)
        self.fc3 = paddle.nn.Linear(24, classes)

    def forward(self, x):
        x = PF.relu(self.bn1(self.conv1(x)))
        x = PF.avg_pool2d(x, 2, padding=1)
        x = PF.relu(self.bn2(self.conv2(x)))
        x = PF.avg_pool2d(x, 2, padding=1)
        x = PF.tanh(self.fc1(x.flatten(1)))
        x = PF.tanh(self.fc2(x))
        x = self.fc3(x)
        return x
