"""What the ladder needs to know of Fluid; it runs over there, under Python 3.8 (or 3.7) and paddlepaddle 1.8.5.

A side is a namespace, or a module, with `build(config, dtype)`, `make_optimizer(model, config)`,
`step(model, optimizer, batch)` and `logits(model, batch)`; a model has the programs `main` and `test`,
the `scope` that holds its variables, and the executor `exe`. Names of parameters are PyTorch's, given in
the program; a matrix that `fc` multiplies with is stored as (in, out) and turned here.
"""
import numpy as np
from fluid_sketch import sketches

GATES_HERE, GATES_THERE = (1, 2, 0, 3), (2, 0, 1, 3)        # from c, i, f, o to i, f, g, o and back; g is Fluid's c


def climb(side, config, weights, batches, precision="float64", sketch=None):
    """Let a Fluid side climb; the same rungs as `labs.parity.records`.

    Parameters
    ----------
    side : module or namespace
    config : dict
    weights : dict of str to array
        In PyTorch's names and layout.
    batches : list of tuple of array
        The first is used for the rungs up to one step; all of them for k steps. Floats are cast.
    precision : {"float64", "float32"}
    sketch : int, optional
        Keep arrays of more entries as sketches with so many places.

    Returns
    -------
    dict of str to dict of str to array
        Arrays by rung and by name, as `labs.parity.Record` takes them.
    """
    batches = [tuple(a.astype(precision) if a.dtype.kind == "f" else a for a in batch) for batch in batches]
    model = side.build(config, precision)
    without_dropout(model)
    training = model.main.clone()               # before the optimizer is written into it
    optimizer = side.make_optimizer(model, config)
    load(model, weights)

    def keep(arrays):
        return sketches(arrays, sketch)
    rungs = {"parameters": keep(parameters(model)), "forward": keep({"logits": side.logits(model, batches[0])})}
    seen = watch_gradients(model)
    losses = [scalar(side.step(model, optimizer, batches[0]))]
    model.exe = model.exe.real
    if not seen:
        raise RuntimeError("the Fluid side's step never ran model.main")
    rungs.update({"loss": {"loss": losses[0]}, "gradients": keep(seen.pop()), "one step": keep(parameters(model))})
    losses += [scalar(side.step(model, optimizer, batch)) for batch in batches[1:]]
    rungs["k steps"] = dict(keep(parameters(model)), losses=np.array(losses))
    model.test = training
    rungs["train mode"] = keep(dict(buffers(model), logits=side.logits(model, batches[0])))
    return rungs


def scalar(loss):
    """The loss as an array without dimensions."""
    if np.size(loss) != 1:
        raise ValueError("step must return one loss; it returned shape %s" % (np.shape(loss),))
    return np.reshape(loss, ())


def load(model, weights):
    """Copy weights, in PyTorch's names and layout, into a model whose startup program has run.

    Raises
    ------
    ValueError
        A name without a partner, or a shape that does not fit: all of them are named, nothing is copied.
    """
    there = parameters(model)
    there.update(buffers(model))
    wrong = ["%s: the Fluid program has it, the weights do not" % n for n in parameters(model) if n not in weights]
    wrong += ["%s: the weights have it, the Fluid program does not" % n for n in weights if n not in there]
    wrong += ["%s: the Fluid program has shape %s, the weights have %s" % (n, there[n].shape, weights[n].shape)
              for n in weights if n in there and there[n].shape != weights[n].shape]
    if wrong:
        raise ValueError("the weights do not fit the program (nothing was copied):\n  " + "\n  ".join(wrong))
    turned, regated = layouts(model.main)
    for name, value in weights.items():
        tensor = model.scope.find_var(name).get_tensor()
        value = regate(value, GATES_THERE) if name in regated else value
        value = turn(value, name in turned).astype(there[name].dtype)
        tensor.set(value.reshape(tensor.shape()), model.exe.place)


def parameters(model):
    """Trainable parameters by name, in PyTorch's layout."""
    return {p.name: fetch(model, p.name) for p in model.main.all_parameters() if p.trainable}


def buffers(model):
    """Running state by name (BatchNorm's statistics): parameters that take no gradient."""
    return {p.name: fetch(model, p.name) for p in model.main.all_parameters() if not p.trainable}


def fetch(model, name):
    """A copy of one variable of the scope, in PyTorch's layout."""
    return ours(model.main, name, np.array(model.scope.find_var(name).get_tensor()))


def ours(program, name, array):
    """A parameter, or its gradient, from Fluid's layout to PyTorch's: (out, in), gates in the order i, f, g, o."""
    turned, regated = layouts(program)
    array = turn(array, name in turned)
    return regate(array, GATES_HERE) if name in regated else array


def layouts(program):
    """What `transposed` and `gated` say of a program, found once: fifty layers have thousands of operations."""
    found = getattr(program, "layouts_found", None)
    if found is None or found[0] != len(program.global_block().ops):
        found = program.layouts_found = (len(program.global_block().ops), transposed(program), gated(program))
    return found[1:]


def transposed(program):
    """Names of the matrices that stand on the right of a product, as `fc` writes it: stored as (in, out)."""
    ops = program.global_block().ops
    return {name for op in ops for slot in {"mul": ["Y"], "lstm": ["Weight"]}.get(op.type, []) for name in op.input(slot)}


def gated(program):
    """Names of the parameters whose gates stand in Fluid's order c, i, f, o: those of an lstm, and of the fc before it."""
    ops, found = program.global_block().ops, set()
    made = {name: op for op in ops for name in op.output_arg_names}
    for op in ops:
        if op.type != "lstm":
            continue
        found.update(op.input("Weight") + op.input("Bias"))
        before = made.get(op.input("Input")[0])
        while before is not None and before.type in ("elementwise_add", "mul"):
            found.update(before.input("Y"))
            before = made.get(before.input("X")[0])
    return found


def regate(array, order):
    """Four gates along the first axis, in another order; the bias of an lstm, (1, 4 H), becomes flat."""
    gates = np.split(array.reshape(-1) if array.shape[0] == 1 else array, 4)
    return np.concatenate([gates[i] for i in order])


def turn(array, flip):
    """A matrix from one layout to the other."""
    return np.ascontiguousarray(array.T) if flip else array


def without_dropout(model):
    """Set the rate of every dropout to zero."""
    for program in (model.main, model.test):
        for op in program.global_block().ops:
            if op.type == "dropout":
                op._set_attr("dropout_prob", 0.0)


def watch_gradients(model):
    """Until `model.exe` is put back, each run of the main program appends its gradients, as the optimizer gets them."""
    seen, executor = [], model.exe
    block = model.main.global_block()
    given = {op.input("Param")[0]: op.input("Grad")[0] for op in block.ops
             if "Param" in op.input_names and "Grad" in op.input_names}
    # a regularizer adds its term to the gradient in place; in PyTorch and Paddle the optimizer does
    terms = {op.input("X")[0]: op.input("X")[1] for op in block.ops if op.type == "sum" and op.output("Out") == op.input("X")[:1]}

    class Watching(object):
        real, place = executor, executor.place

        def run(self, program=None, feed=None, fetch_list=None, **options):
            asked = list(fetch_list or [])
            extra = sorted(given) if program is model.main else []
            decayed = [n for n in extra if given[n] in terms]
            found = executor.run(program, feed=feed, fetch_list=asked + [given[n] for n in extra]
                                 + [terms[given[n]] for n in decayed], **options)
            if extra:
                gradients = dict(zip(extra, found[len(asked):]))
                for name, term in zip(decayed, found[len(asked) + len(extra):]):
                    gradients[name] = gradients[name] - term
                seen.append({n: ours(model.main, n, np.array(g)) for n, g in gradients.items()})
            return found[:len(asked)]
    model.exe = Watching()
    return seen
