"""Its own layers with parameters in PyTorch's layouts and names, the norm by hand."""


class Dense(paddle.nn.Layer):
    def __init__(self, inside, out):
        super().__init__()
        self.weight = self.create_parameter([out, inside])
        self.bias = self.create_parameter([out], is_bias=True)

    def forward(self, x):
        return paddle.matmul(x, self.weight, transpose_y=True) + self.bias


class Norm(paddle.nn.Layer):
    def __init__(self, channels, momentum):
        super().__init__()
        self.momentum = momentum
        self.weight = self.create_parameter([channels])
        self.bias = self.create_parameter([channels], is_bias=True)
        self.register_buffer("running_mean", paddle.zeros([channels]))
        self.register_buffer("running_var", paddle.ones([channels]))
        self.register_buffer("num_batches_tracked", paddle.to_tensor(0))

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean([0, 2, 3]), x.var([0, 2, 3], unbiased=False)
            with paddle.no_grad():
                own = x.var([0, 2, 3])
                for old, new in ((self.running_mean, mean), (self.running_var, own)):
                    old.set_value(old + self.momentum * (new - old))
                self.num_batches_tracked.set_value(self.num_batches_tracked + 1)
        scale = self.weight * (var + 2**-8) ** -0.5
        shift = self.bias - mean * scale
        return x * scale.reshape([1, -1, 1, 1]) + shift.reshape([1, -1, 1, 1])


class LeNet(paddle.nn.Layer):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1 = paddle.nn.Conv2D(channels, 6, 5, padding=2, bias_attr=False)
        self.bn1 = Norm(6, 0.25)
        self.conv2 = paddle.nn.Conv2D(6, 8, 3, bias_attr=False)
        self.bn2 = Norm(8, 0.125)
        self.fc1, self.fc2, self.fc3 = Dense(72, 24), Dense(24, 24), Dense(24, classes)

    def pool(self, x):
        x = PF.pad(x, [1, 1, 1, 1])
        return PF.avg_pool2d(x, 2)

    def forward(self, x):
        x = self.pool(PF.relu(self.bn1(self.conv1(x))))
        x = self.pool(PF.relu(self.bn2(self.conv2(x))))
        for layer in (self.fc1, self.fc2):
            x = paddle.tanh(layer(x.flatten(1)))
        return self.fc3(x)


def load(model, arrays):
    for name, tensor in model.state_dict().items():
        tensor.set_value(arrays[name])


def save(model):
    return {name: np.array(tensor.numpy()) for name, tensor in model.state_dict().items()}


def make_optimizer(model):
    schedule = paddle.optimizer.lr.LambdaDecay(0.0625, lambda t: (t + 1) / 4 if t < 4 else 1)
    groups = [{"params": [], "weight_decay": 0.03125}, {"params": []}]
    for each in model.parameters():
        groups[each.ndim == 1]["params"].append(each)
    made = paddle.optimizer.Momentum(schedule, 0.875, parameters=groups, use_nesterov=True)
    return made, schedule
