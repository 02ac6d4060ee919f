"""What Paddle calls the arrays of a model and how it stores them, for `labs.parity.names`.

Differs from PyTorch: a Linear weight is stored as (in, out); BatchNorm's running statistics are called `_mean` and
`_variance`, and are parameters that take no gradient.
"""
from dataclasses import replace

from labs.parity import names

WEIGHTS = {("PReLU", "_weight"): "weight", ("InstanceNorm", "scale"): "weight"}
RUNNING = {"_mean": "running_mean", "_variance": "running_var"}


def entries(model) -> list:
    """Each array of the model as `labs.parity.names` describes it, in the order of registration."""
    from paddle import nn
    found, inside = [], set()
    for path, layer in model.named_sublayers(include_self=True):
        if any(f"{path}.".startswith(done) for done in inside):
            continue                    # of an LSTM the cells hold the arrays, and it has read them itself
        if isinstance(layer, (nn.LSTM, nn.GRU, nn.SimpleRNN)):
            found += of_recurrent(path, layer)
            inside.add(f"{path}." if path else "")
            continue
        found += [one for name, tensor in layer._parameters.items() if tensor is not None
                  for one in names.attention(of_layer(layer, path, name, tensor))]
        found += [names.entry(record_name(path, name), f"{path}.{name}".lstrip("."), tensor, "state")
                  for name, tensor in layer._buffers.items()
                  if tensor is not None and tensor.is_floating_point() and not computed(layer, name)]
    decoders = [f"{path}.".lstrip(".") for path, layer in model.named_sublayers(include_self=True)
                if isinstance(layer, nn.TransformerDecoderLayer)]
    return [replace(one, name=other_attention(one.name, decoders)) for one in found]


def of_layer(layer, path: str, name: str, tensor):
    """A parameter's entry, with what is stored otherwise than in PyTorch."""
    from paddle import nn
    turned = isinstance(layer, nn.Linear) and name in ("weight", "weight_v", "weight_orig")
    shape = None
    if isinstance(layer, nn.Bilinear) and name == "bias":
        shape = tuple(tensor.shape)[1:]                     # (1, out) in Paddle
    elif isinstance(layer, nn.LayerNorm):
        shape = tuple(layer._normalized_shape)              # stored flat in Paddle
    kind = "state" if name in RUNNING else "frozen" if tensor.stop_gradient else "trained"
    return names.entry(record_name(path, name, layer), f"{path}.{name}".lstrip("."), tensor, kind, turned, shape,
                       isinstance(layer, nn.Embedding))


def record_name(path: str, name: str, layer=None) -> str:
    """PyTorch's name of a Paddle parameter or buffer: PReLU and InstanceNorm call their weight otherwise."""
    other = WEIGHTS.get((type(layer).__name__.rstrip("123D"), name)) or RUNNING.get(name, name)
    return f"{path}.{other}".lstrip(".")


def of_recurrent(path: str, layer) -> list:
    """The arrays of an LSTM, GRU or SimpleRNN, read from its cells.

    With `proj_size` the names that Paddle gives them are shifted (`weight_hh_l0_reverse` is another layer's array), so
    the cells say which is which. The projection is PyTorch's `weight_hr`, stored transposed.
    """
    found = []
    for at, one in enumerate(layer):
        cells = {"": one.cell} if hasattr(one, "cell") else {"": one.cell_fw, "_reverse": one.cell_bw}
        for suffix, cell in cells.items():
            for name, tensor in cell._parameters.items():
                if tensor is not None:
                    other = f"{name.replace('weight_ho', 'weight_hr')}_l{at}{suffix}"
                    found.append(names.entry(f"{path}.{other}".lstrip("."), f"{path}.{at}.{name}".lstrip("."), tensor,
                                             "frozen" if tensor.stop_gradient else "trained", name == "weight_ho"))
    return found


def computed(layer, name: str) -> bool:
    """Is a buffer the weight that a weight norm or spectral norm computes anew in each pass?"""
    return f"{name}_g" in layer._parameters or f"{name}_orig" in layer._parameters


def other_attention(name: str, decoders: list) -> str:
    """PyTorch calls a decoder layer's second attention `multihead_attn`, Paddle `cross_attn`."""
    for path in decoders:
        if name.startswith(f"{path}cross_attn."):
            return f"{path}multihead_attn.{name.removeprefix(f'{path}cross_attn.')}"
    return name
