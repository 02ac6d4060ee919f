"""LSTM language models, the program of 2018 put right.

tokens (T, B) -> logits (T, B, V); state: arrays (B, H), one
pair a layer. For paddlepaddle 1.8.5 ("Fluid") on Python 3.8,
in a process of its own: a cell that begins with %%fluid.
`config` is a dict with the fields of config.py.
"""
from types import SimpleNamespace

import numpy as np
import paddle.fluid as fluid


def lstm(x, state, n, hidden, dtype):
    """One layer over LoD sequences; gates c, i, f, o."""
    # x W and its bias; dynamic_lstm adds h W and another bias
    gates = fluid.layers.fc(
        x, 4 * hidden, param_attr="lstm.weight_ih_l%d" % n,
        bias_attr="lstm.bias_ih_l%d" % n)
    h, c = fluid.layers.dynamic_lstm(
        gates, 4 * hidden, h_0=state[0], c_0=state[1],
        param_attr="lstm.weight_hh_l%d" % n,
        bias_attr="lstm.bias_hh_l%d" % n,
        # differs: Fluid's default is True
        use_peepholes=False, dtype=dtype)
    return h, c


def build(config, dtype="float32"):
    """Write the program; nothing is computed yet."""
    hidden, before, after = config["hidden"], [], []
    main, startup = fluid.Program(), fluid.Program()
    with fluid.program_guard(main, startup):
        # B sequences end to end, without padding: (B * T, 1)
        x, y = (fluid.layers.data(
            name, [1], dtype="int64", lod_level=1)
            for name in "xy")
        h = fluid.layers.embedding(
            x, [config["vocabulary"], config["embedding"]],
            param_attr="embedding.weight", dtype=dtype)
        for n in range(config["layers"]):
            before += [fluid.layers.data(
                "%s%d" % (name, n), [hidden], dtype=dtype)
                for name in "hc"]
            h, c = lstm(h, before[-2:], n, hidden, dtype)
            after += [h, c]
        logits = fluid.layers.fc(
            h, config["vocabulary"], param_attr="fc.weight",
            bias_attr="fc.bias")            # (B * T, V)
        # differs: cross_entropy takes probabilities
        nats = fluid.layers.cross_entropy(
            fluid.layers.softmax(logits), y)
        # sum over steps, mean over streams: Zaremba's
        loss = fluid.layers.scale(
            fluid.layers.mean(nats), float(config["steps"]))
    return SimpleNamespace(
        main=main, startup=startup, scope=fluid.Scope(),
        test=main.clone(for_test=True), config=config,
        dtype=dtype, logits=logits, loss=loss, state=None,
        before=before, after=after,
        exe=fluid.Executor(fluid.CPUPlace()))


def make_optimizer(model, config):
    """Write backward pass, clipping and optimizer."""
    with fluid.program_guard(model.main, model.startup):
        rate = config["learning_rate"]
        optimizer = fluid.optimizer.SGD(rate)
        if config["optimizer"] == "adam":
            optimizer = fluid.optimizer.Adam(
                rate, config["beta1"], config["beta2"],
                config["epsilon"])
        gradients = optimizer.backward(model.loss)
        optimizer.apply_gradients(clip_gradients(
            gradients, config["clip"], model.dtype))
    model.exe.run(model.startup, scope=model.scope)
    return optimizer


def clip_gradients(gradients, limit, dtype):
    """Scale all gradients so that their joint norm fits."""
    # differs: GradientClipByGlobalNorm fails in float64
    layers = fluid.layers
    norm = layers.sqrt(layers.sums([layers.reduce_sum(
        layers.square(g)) for _, g in gradients]))
    limit = layers.fill_constant([1], dtype, limit)
    scale = layers.elementwise_div(
        limit, layers.elementwise_max(norm, limit))
    return [(p, layers.elementwise_mul(g, scale))
            for p, g in gradients]


def feed(model, batch, state):
    """Tokens as LoDTensors, and the state by name."""
    place, (steps, streams) = fluid.CPUPlace(), batch[0].shape
    fed = {name: fluid.create_lod_tensor(
        np.ascontiguousarray(tokens.T).reshape(-1, 1),
        [[steps] * streams], place)
        for name, tokens in zip("xy", batch)}
    if state is None:
        shape = streams, model.config["hidden"]
        state = [np.zeros(shape, model.dtype)
                 for _ in model.before]
    for variable, array in zip(model.before, state):
        fed[variable.name] = array
    return fed


def run(model, program, batch, state, wanted):
    """Run a program; what comes back is cut: (B, T, ...)."""
    found = model.exe.run(
        program, feed=feed(model, batch, state),
        fetch_list=wanted, scope=model.scope,
        return_numpy=False)
    steps, streams = batch[0].shape
    return [np.array(a).reshape(streams, steps, -1)
            if a.lod() else np.array(a) for a in found]


def step(model, optimizer, batch):
    """One step: the state is carried on, the gradient cut."""
    loss, *state = run(model, model.main, batch, model.state,
                       [model.loss] + model.after)
    model.state = [s[:, -1] for s in state]     # (B, H) each
    return loss


def logits(model, batch):
    """Logits of a batch that begins a text; no training."""
    found, = run(model, model.test, batch, None,
                 [model.logits])
    return found.swapaxes(0, 1)             # (T, B, V)
