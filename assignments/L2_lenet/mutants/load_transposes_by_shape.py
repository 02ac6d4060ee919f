"""Transposes only where the shapes differ."""

POINTS = 30


def load(model, arrays):
    """PyTorch's state_dict into the model."""
    places = model.state_dict()
    for name, array in arrays.items():
        layer, _, kind = name.rpartition(".")
        if kind == "num_batches_tracked":
            getattr(model, layer).batches = int(array)
            continue
        own = {"running_mean": "_mean", "running_var": "_variance"}.get(kind, kind)
        turned = layer.startswith("fc") and kind == "weight"
        places[f"{layer}.{own}"].set_value(
            array.T if list(array.shape) != places[f"{layer}.{own}"].shape else array
        )
