"""A BiLSTM-CRF, the program of 2018 put right.

words and tags, sentences end to end without padding (N, 1);
emissions (N, K). For paddlepaddle 1.8.5 ("Fluid") on Python
3.8, in a process of its own: a cell that begins with %%fluid.
`config` is a dict with the fields of config.py.
"""
from types import SimpleNamespace

import numpy as np
import paddle.fluid as fluid


def lstm(x, hidden, dtype, reverse):
    """One direction over LoD sequences; gates c, i, f, o."""
    end = "_l0_reverse" if reverse else "_l0"
    gates = fluid.layers.fc(
        x, 4 * hidden, param_attr="lstm.weight_ih" + end,
        bias_attr="lstm.bias_ih" + end)
    h, _ = fluid.layers.dynamic_lstm(
        gates, 4 * hidden, param_attr="lstm.weight_hh" + end,
        bias_attr="lstm.bias_hh" + end, is_reverse=reverse,
        # differs: Fluid's default is True
        use_peepholes=False, dtype=dtype)
    return h


def build(config, dtype="float32"):
    """Write the program; nothing is computed yet."""
    main, startup = fluid.Program(), fluid.Program()
    with fluid.program_guard(main, startup):
        words, tags = (fluid.layers.data(
            name, [1], dtype="int64", lod_level=1)
            for name in ("words", "tags"))
        x = fluid.layers.embedding(
            words, [config["vocabulary"], config["embedding"]],
            param_attr="embedding.weight", dtype=dtype)
        x = fluid.layers.concat(
            [lstm(x, config["hidden"], dtype, reverse)
             for reverse in (False, True)], axis=1)
        emissions = fluid.layers.fc(
            x, config["tags"], param_attr="fc.weight",
            bias_attr="fc.bias")            # (N, K)
        # its weight (K + 2, K): start, end, transitions
        nats = fluid.layers.linear_chain_crf(
            emissions, tags, param_attr=fluid.ParamAttr("crf"))
        loss = fluid.layers.mean(nats)
    # the program that only looks has no loss
    test = main.clone(for_test=True)
    with fluid.program_guard(test, startup):
        path = fluid.layers.crf_decoding(
            test.global_block().var(emissions.name),
            param_attr=fluid.ParamAttr("crf"))
    return SimpleNamespace(
        main=main, startup=startup, test=test, loss=loss,
        scope=fluid.Scope(), config=config, dtype=dtype,
        emissions=emissions, path=path,
        exe=fluid.Executor(fluid.CPUPlace()))


def make_optimizer(model, config):
    """Write backward pass and Adam."""
    with fluid.program_guard(model.main, model.startup):
        optimizer = fluid.optimizer.Adam(
            config["learning_rate"], config["beta1"],
            config["beta2"], config["epsilon"])
        optimizer.minimize(model.loss)
    model.exe.run(model.startup, scope=model.scope)
    return optimizer


def run(model, program, batch, wanted):
    """Run a program on sentences cut to their lengths."""
    place, lengths = fluid.CPUPlace(), batch[2].tolist()
    fed = {name: fluid.create_lod_tensor(
        np.concatenate([row[:n] for row, n in
                        zip(rows, lengths)]).reshape(-1, 1),
        [lengths], place)
        for name, rows in zip(("words", "tags"), batch)}
    found, = model.exe.run(
        program, feed=fed, fetch_list=[wanted],
        scope=model.scope, return_numpy=False)
    return np.array(found)


def padded(rows, batch, fill):
    """Rows end to end -> (B, T, ...), the rest filled."""
    shape = batch[0].shape + rows.shape[1:]
    made, start = np.full(shape, fill, rows.dtype), 0
    for n, length in enumerate(batch[2]):
        made[n, :length] = rows[start:start + length]
        start += length
    return made


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    return run(model, model.main, batch, model.loss)


def logits(model, batch):
    """The emissions of a batch; no training."""
    rows = run(model, model.test, batch, model.emissions)
    return padded(rows, batch, 0)


def decode(model, batch):
    """The best tags (B, T), -1 where there is no word."""
    rows = run(model, model.test, batch, model.path)
    return padded(rows[:, 0], batch, -1)
