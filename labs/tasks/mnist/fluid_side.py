"""Softmax regression, an MLP and LeNet-5, in Fluid 1.8.5.

images (B, 1, 28, 28), labels (B, 1) -> logits (B, 10)
For paddlepaddle 1.8.5 ("Fluid") on Python 3.8, in a process
of its own: a cell of a notebook that begins with %%fluid.
`config` is a dict with the fields of config.py.
"""
from types import SimpleNamespace

import paddle.fluid as fluid


def fc(x, size, name, act=None):
    """A linear layer; its weight is stored as (in, out)."""
    return fluid.layers.fc(
        x, size, act=act, param_attr=name + ".weight",
        bias_attr=name + ".bias")


def softmax_regression(x, config):      # (B, 1, 28, 28)
    """One linear layer: logits = W x + b."""
    return fc(x, 10, "fc")              # (B, 10)


def mlp(x, config):                     # (B, 1, 28, 28)
    """One hidden layer with ReLU."""
    x = fc(x, config["hidden"], "fc1", act="relu")
    return fc(x, 10, "fc2")             # (B, 10)


def conv(x, channels, name, padding=0):
    """A convolution of 5 x 5 with ReLU, then max pooling."""
    x = fluid.layers.conv2d(
        x, channels, 5, padding=padding, act="relu",
        param_attr=name + ".weight", bias_attr=name + ".bias")
    return fluid.layers.pool2d(x, 2, "max", pool_stride=2)


def lenet(x, config):                   # (B, 1, 28, 28)
    """LeNet-5: two convolutions, three linear layers."""
    x = conv(x, 6, "conv1", padding=2)  # (B, 6, 14, 14)
    x = conv(x, 16, "conv2")            # (B, 16, 5, 5)
    x = fc(x, 120, "fc1", act="relu")
    x = fc(x, 84, "fc2", act="relu")
    return fc(x, 10, "fc3")             # (B, 10)


def build(config, dtype="float32"):
    """Write the program; nothing is computed yet."""
    nets = {"softmax": softmax_regression,
            "mlp": mlp, "lenet": lenet}
    net = nets[config["model"]]
    main, startup = fluid.Program(), fluid.Program()
    with fluid.program_guard(main, startup):
        x = fluid.layers.data("x", [1, 28, 28], dtype=dtype)
        y = fluid.layers.data("y", [1], dtype="int64")
        logits = net(x, config)
        # differs: cross_entropy takes probabilities
        prediction = fluid.layers.softmax(logits)
        loss = fluid.layers.mean(
            fluid.layers.cross_entropy(prediction, y))
    return SimpleNamespace(
        main=main, startup=startup, inputs=[x, y],
        test=main.clone(for_test=True),
        logits=logits, loss=loss, scope=fluid.Scope(),
        exe=fluid.Executor(fluid.CPUPlace()))


def make_optimizer(model, config):
    """Write the backward pass and Adam into the program."""
    with fluid.program_guard(model.main, model.startup):
        optimizer = fluid.optimizer.Adam(
            learning_rate=config["learning_rate"],
            beta1=config["beta1"], beta2=config["beta2"],
            epsilon=config["epsilon"])
        optimizer.minimize(model.loss)
    # the first run draws the weights and clears Adam's state
    model.exe.run(model.startup, scope=model.scope)
    return optimizer


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    feeder = fluid.DataFeeder(model.inputs, fluid.CPUPlace())
    # a list of examples, each an image with its label
    fed = feeder.feed(list(zip(*batch)))
    loss, = model.exe.run(model.main, feed=fed,
                          fetch_list=[model.loss],
                          scope=model.scope)
    return loss


def logits(model, batch):
    """Logits of a batch, or of images alone; no training."""
    # feed by name; `y` is pruned away with the loss
    found, = model.exe.run(model.test, feed={"x": batch[0]},
                           fetch_list=[model.logits],
                           scope=model.scope, use_prune=True)
    return found
