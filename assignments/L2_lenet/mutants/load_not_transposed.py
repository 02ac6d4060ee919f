"""Puts the linear weights in as they come."""

POINTS = 20


def load(model, arrays):
    """PyTorch's state_dict into the model."""
    places = model.state_dict()
    for name, array in arrays.items():
        layer, _, kind = name.rpartition(".")
        if kind == "num_batches_tracked":
            getattr(model, layer).batches = int(array)
            continue
        own = {"running_mean": "_mean", "running_var": "_variance"}.get(kind, kind)
        turned = False
        places[f"{layer}.{own}"].set_value(array.T if turned else array)
