"""Saves the count as a float."""

POINTS = 70


def save(model):
    """The model's state as PyTorch's state_dict."""
    arrays = {}
    for name, tensor in model.state_dict().items():
        layer, _, kind = name.rpartition(".")
        array = tensor.numpy().copy()
        torchs = {"_mean": "running_mean", "_variance": "running_var"}.get(kind, kind)
        turned = layer.startswith("fc") and kind == "weight"
        arrays[f"{layer}.{torchs}"] = array.T if turned else array
    for layer in ("bn1", "bn2"):
        arrays[f"{layer}.num_batches_tracked"] = np.array(float(getattr(model, layer).batches))
    return arrays
