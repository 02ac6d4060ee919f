"""SE-ResNeXt in Fluid 1.8.5, made equal to its twins.

images (B, C, H, W), soft labels (B, K) -> logits (B, K)
For paddlepaddle 1.8.5 ("Fluid") on Python 3.8, in a process
of its own: a cell of a notebook that begins with %%fluid.
`config` is what `Config.plain()` of config.py gives.
"""
from types import SimpleNamespace

import numpy as np
import paddle.fluid as fluid


def conv_bn(x, config, conv, bn, out_channels, kernel,
            stride=1, groups=1):
    """A convolution without bias, then BatchNorm."""
    decay = fluid.regularizer.L2Decay(config["weight_decay"])
    x = fluid.layers.conv2d(
        x, out_channels, kernel, stride, padding=kernel // 2,
        groups=groups, bias_attr=False,
        param_attr=fluid.ParamAttr(conv + ".weight",
                                   regularizer=decay))
    return fluid.layers.batch_norm(
        x, momentum=config["norm_momentum"],
        epsilon=config["norm_epsilon"],
        param_attr=bn + ".weight", bias_attr=bn + ".bias",
        moving_mean_name=bn + ".running_mean",
        moving_variance_name=bn + ".running_var")


def fc(x, config, name, out_features, act=None):
    """A linear layer; its weight is stored as (in, out)."""
    decay = fluid.regularizer.L2Decay(config["weight_decay"])
    return fluid.layers.fc(
        x, out_features, act=act, bias_attr=name + ".bias",
        param_attr=fluid.ParamAttr(name + ".weight",
                                   regularizer=decay))


def squeeze_excite(x, config, name):    # (B, C, H, W)
    """A gate in (0, 1) for each channel of each image."""
    channels = x.shape[1]
    hidden = channels // config["reduction"]
    y = fluid.layers.reduce_mean(x, [2, 3])
    y = fc(y, config, name + ".fc1", hidden, "relu")
    y = fc(y, config, name + ".fc2", channels, "sigmoid")
    return fluid.layers.elementwise_mul(x, y, axis=0)


def block(x, config, name, width, stride):
    """1x1, grouped 3x3, 1x1, gates, and the shortcut."""
    relu, in_channels = fluid.layers.relu, x.shape[1]
    out_channels = width * config["expansion"]
    y = relu(conv_bn(x, config, name + "conv1", name + "bn1",
                     width, 1))
    y = relu(conv_bn(y, config, name + "conv2", name + "bn2",
                     width, 3, stride, config["cardinality"]))
    y = conv_bn(y, config, name + "conv3", name + "bn3",
                out_channels, 1)
    if config["reduction"]:
        y = squeeze_excite(y, config, name + "se")
    if stride > 1 or in_channels != out_channels:
        x = conv_bn(x, config, name + "downsample.0",
                    name + "downsample.1", out_channels, 1,
                    stride)
    return relu(y + x)


def se_resnext(x, config):              # (B, C, H, W)
    """Stem, stages of blocks, mean over the image, linear."""
    x = fluid.layers.relu(conv_bn(
        x, config, "conv1", "bn1", config["stem"],
        config["kernel"], config["stride"]))
    if config["pool"]:                  # ImageNet's stem
        x = fluid.layers.pool2d(x, 3, "max", pool_stride=2,
                                pool_padding=1)
    for i, width in enumerate(config["widths"].tolist()):
        for j in range(config["blocks"][i]):
            stride = 2 if i > 0 and j == 0 else 1
            x = block(x, config, "stages.%d.%d." % (i, j),
                      width, stride)
    x = fluid.layers.reduce_mean(x, [2, 3])
    return fc(x, config, "fc", config["classes"])


def build(config, dtype="float32"):
    """Write the program; nothing is computed yet."""
    main, startup = fluid.Program(), fluid.Program()
    with fluid.program_guard(main, startup):
        x = fluid.layers.data("x", config["image"].tolist(),
                              dtype=dtype)
        y = fluid.layers.data("y", [config["classes"]],
                              dtype=dtype)
        logits = se_resnext(x, config)
        loss = fluid.layers.softmax_with_cross_entropy(
            logits, y, soft_label=True)
        loss = fluid.layers.mean(loss)
    return SimpleNamespace(
        main=main, startup=startup, dtype=dtype,
        test=main.clone(for_test=True),
        logits=logits, loss=loss, scope=fluid.Scope(),
        exe=fluid.Executor(fluid.CPUPlace()))


def make_optimizer(model, config):
    """Momentum, and the rate. The weights carry decay."""
    with fluid.program_guard(model.main, model.startup):
        rate = fluid.layers.create_global_var(
            [1], 0.0, model.dtype, persistable=True,
            name="rate")
        optimizer = fluid.optimizer.Momentum(
            rate, config["momentum"],
            use_nesterov=bool(config["nesterov"]))
        optimizer.minimize(model.loss)
    # the first run: draw the weights, set momentum to zero
    model.exe.run(model.startup, scope=model.scope)
    optimizer.rates = iter(config["rates"])
    return optimizer


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    rate = np.array([next(optimizer.rates)], model.dtype)
    model.scope.find_var("rate").get_tensor().set(
        rate, model.exe.place)
    loss, = model.exe.run(
        model.main, feed={"x": batch[0], "y": batch[1]},
        fetch_list=[model.loss], scope=model.scope)
    return loss


def logits(model, batch):
    """Logits of a batch, or of images alone; no training."""
    # feed by name; `y` is pruned away with the loss
    found, = model.exe.run(model.test, feed={"x": batch[0]},
                           fetch_list=[model.logits],
                           scope=model.scope, use_prune=True)
    return found
