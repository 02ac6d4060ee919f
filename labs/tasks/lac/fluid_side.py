"""Baidu's LAC (arXiv:1807.01882) where it was made: Fluid.

Sentences end to end (N, 1) -> tags (N,). For paddlepaddle
1.8.5 on Python 3.8, in a process of its own. The weights
arrive by the names of the other sides.
"""
import numpy as np
import paddle.fluid as fluid


def direction(x, hidden, name, reverse):
    """One direction of a layer: its linear part, its GRU."""
    x = fluid.layers.fc(x, 3 * hidden, param_attr=name + "w_x",
                        bias_attr=name + "b_x")
    return fluid.layers.dynamic_gru(
        x, hidden, param_attr=name + "w_h",
        bias_attr=name + "b_h", is_reverse=reverse)


def build(weights):
    """The program, its scope with the weights in it."""
    table = weights["embedding.weight"]
    hidden = weights["layers.0.forwards.w_h"].shape[0]
    main, startup = fluid.Program(), fluid.Program()
    with fluid.program_guard(main, startup):
        words = fluid.layers.data("words", [1], dtype="int64",
                                  lod_level=1)
        x = fluid.layers.embedding(
            words, list(table.shape),
            param_attr="embedding.weight")
        for n in range(2):
            ends = [("forwards.", False), ("backwards.", True)]
            x = fluid.layers.concat(
                [direction(x, hidden, "layers.%d.%s" % (n, end),
                           reverse) for end, reverse in ends], 1)
        x = fluid.layers.fc(
            x, weights["fc.weight"].shape[1],
            param_attr="fc.weight", bias_attr="fc.bias")
        fluid.layers.create_parameter(
            list(weights["crf"].shape), "float32", name="crf")
        path = fluid.layers.crf_decoding(
            x, param_attr=fluid.ParamAttr("crf"))
    scope, place = fluid.Scope(), fluid.CPUPlace()
    exe = fluid.Executor(place)
    exe.run(startup, scope=scope)
    for name, value in weights.items():
        if name.endswith("w_h"):
            # dynamic_gru: both gates, then the candidate
            value = np.concatenate(
                [value[:, :2 * hidden].ravel(),
                 value[:, 2 * hidden:].ravel()])
            value = value.reshape(hidden, 3 * hidden)
        if name.endswith("b_h"):
            value = value.reshape(1, -1)
        scope.find_var(name).get_tensor().set(value, place)
    return exe, main, scope, path


def decode(model, rows, lengths):
    """Tags of padded sentences (B, T), -1 in the padding."""
    exe, main, scope, path = model
    lengths = lengths.tolist()
    flat = np.concatenate([row[:n] for row, n in
                           zip(rows, lengths)]).reshape(-1, 1)
    fed = fluid.create_lod_tensor(
        flat, [lengths], fluid.CPUPlace())
    found, = exe.run(main, feed={"words": fed},
                     fetch_list=[path], scope=scope,
                     return_numpy=False)
    made, start = np.full(rows.shape, -1), 0
    for n, length in enumerate(lengths):
        made[n, :length] = np.array(found)[
            start:start + length, 0]
        start += length
    return made
