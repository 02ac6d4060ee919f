"""A pretrained checkpoint carried from one framework to the other: read without running its code, loaded, saved."""
import pickle
from pathlib import Path

import numpy as np

from labs.parity import names as names_
from labs.parity import weights as weights_
from labs.parity.errors import ParityError


class OnlyArrays(pickle.Unpickler):
    """Reads a .pdparams file, which is a pickle, and lets it name nothing but NumPy's arrays."""

    def find_class(self, module, name):
        if (module.split(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer")
                or (module, name) in (("collections", "OrderedDict"), ("_codecs", "encode"))):
            return super().find_class(module, name)
        raise ParityError(f"this .pdparams file asks for {module}.{name}, which is code, not weights; it was not run")


def read_checkpoint(path) -> dict:
    """The arrays of a checkpoint by the names that stand in it.

    Parameters
    ----------
    path : str or path
        .safetensors, .pdparams, or .pth / .pt / .bin (read with `weights_only=True`).

    Raises
    ------
    ParityError
        No such file, another kind of file, one that is cut short, or a pickle that holds more than arrays.
    """
    path = Path(path)
    if not path.is_file():
        raise ParityError(f"{path} is not there")
    try:
        return arrays_in(path)
    except ParityError:
        raise
    except Exception as error:      # each library has errors of its own for a file that is cut short
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise ParityError(f"{path} cannot be read; is it whole? {said}") from error


def arrays_in(path: Path) -> dict:
    """The arrays of a file by its ending; a library's error where it is not whole."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file  # NumPy's reader knows no bfloat16, in which most are published

        from labs.parity import torch_driver
        return {name: torch_driver.to_numpy(value) for name, value in load_file(path).items()}
    if path.suffix == ".pdparams":
        with path.open("rb") as file:
            whole = OnlyArrays(file).load()
        return {name: value for name, value in whole.items() if isinstance(value, np.ndarray)}
    if path.suffix in (".pth", ".pt", ".bin"):
        import torch

        from labs.parity import torch_driver
        try:
            whole = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ParityError(f"{path} holds more than weights and was not run: {str(error).splitlines()[0]}") from error
        whole = whole.get("state_dict", whole)
        return {name: torch_driver.to_numpy(value) for name, value in whole.items() if hasattr(value, "detach")}
    raise ParityError(f"{path}: expected .safetensors, .pdparams, .pth, .pt or .bin")


def carry(path, model, other, out=None) -> dict:
    """Load a checkpoint into the model that it was made for, copy it into its twin, and save that.

    Parameters
    ----------
    path : str or path
    model : torch.nn.Module or paddle.nn.Layer
        The one whose names stand in the checkpoint.
    other : torch.nn.Module or paddle.nn.Layer
        Its twin; maps of names are respected (`labs.parity.names.attach`).
    out : str or path, optional
        .safetensors (names and layout of a record), .pdparams (Paddle's) or .pth (PyTorch's).

    Returns
    -------
    dict of str to array
        What was carried, in the names and layout of a record.
    """
    own_names(model, read_checkpoint(path))
    carried = weights_.parameters(model) | weights_.buffers(model)
    weights_.load(other, carried)
    if out is not None:
        save(other, carried, Path(out))
    return carried


def own_names(model, arrays: dict):
    """Put arrays into a model under its framework's own names and layout.

    Raises
    ------
    ParityError
        A parameter has no array, or one of another shape.
    """
    driver = weights_.driver_of(model)
    wholes = {}
    for one in driver.entries(model):
        wholes.setdefault(one.own, []).append(one)
    put, known = driver.writer(model), names_.entries(model, driver)
    by_tensor = {(id(one.tensor), one.rows): name for name, one in known.items()}
    for own, parts in wholes.items():
        if own not in arrays:
            if parts[0].kind != "state" and not any(other in arrays for name, one in known.items() for other in one.also if one.own == own):
                raise ParityError(f"the checkpoint has no {own} {tuple(parts[0].tensor.shape)}, which the {driver.NAME} model needs")
            continue
        if tuple(arrays[own].shape) != tuple(parts[0].tensor.shape):
            raise ParityError(f"{own}: the checkpoint has shape {tuple(arrays[own].shape)}, the {driver.NAME} model "
                              f"{tuple(parts[0].tensor.shape)}")
        for part in parts:
            name = by_tensor.get((id(part.tensor), part.rows))
            if name is not None:
                put(name, part.take(arrays[own]).reshape(known[name].shape))


def save(model, carried: dict, out: Path):
    """Write a model's weights as its framework or safetensors keeps them."""
    if out.suffix == ".safetensors":
        from safetensors.numpy import save_file
        save_file({name: np.ascontiguousarray(value) for name, value in carried.items()}, out)
    elif out.suffix == ".pdparams" and weights_.driver_of(model).NAME == "Paddle":
        import paddle
        paddle.save(model.state_dict(), str(out))
    elif out.suffix == ".pth" and weights_.driver_of(model).NAME == "PyTorch":
        import torch
        torch.save(model.state_dict(), out)
    else:
        raise ParityError(f"{out}: expected .safetensors, or .pdparams for a Paddle model, .pth for a PyTorch model")
