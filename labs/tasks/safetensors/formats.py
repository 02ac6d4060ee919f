"""The same tensors in the formats that weights come in, and what each of them notices."""
from pathlib import Path

import numpy as np


class Format:
    """A way to keep tensors in a file: `write(path, arrays)` and `read(path)`, each by the format's own library."""

    ending = ""


class Safetensors(Format):
    """One JSON header, then the bytes."""

    ending = ".safetensors"

    def write(self, path, arrays):
        import safetensors.torch
        safetensors.torch.save_file(to_torch(arrays), path)

    def read(self, path):
        import safetensors.torch
        return safetensors.torch.load_file(path)


class Npz(Format):
    """NumPy's: a zip of .npy files, each with a checksum of the zip's own."""

    ending = ".npz"

    def write(self, path, arrays):
        np.savez(path, **arrays)

    def read(self, path):
        with np.load(path) as file:
            return {name: file[name] for name in file}


class TorchSave(Format):
    """PyTorch's: a zip with a pickle and a file for each storage."""

    ending = ".pt"

    def write(self, path, arrays):
        import torch
        torch.save(to_torch(arrays), path)

    def read(self, path):
        import torch
        return torch.load(path, weights_only=True)


class PaddleSave(Format):
    """Paddle's: one pickle of NumPy arrays."""

    ending = ".pdparams"

    def write(self, path, arrays):
        import paddle
        paddle.save({name: paddle.to_tensor(array) for name, array in arrays.items()}, str(path))

    def read(self, path):
        import paddle
        return paddle.load(str(path))


class Gguf(Format):
    """llama.cpp's: numbered fields, then the tensors; the shape is written from the last dimension to the first."""

    ending = ".gguf"

    def write(self, path, arrays):
        import gguf
        made = gguf.GGUFWriter(path, "llama")
        for name, array in arrays.items():
            made.add_tensor(name, array)
        made.write_header_to_file()
        made.write_kv_data_to_file()
        made.write_tensors_to_file()
        made.close()

    def read(self, path):
        import gguf
        return {one.name: one.data for one in gguf.GGUFReader(path).tensors}


class Onnx(Format):
    """ONNX's: Protocol Buffers, here a graph of nothing but its weights."""

    ending = ".onnx"

    def write(self, path, arrays):
        import onnx
        from onnx import helper, numpy_helper
        graph = helper.make_graph([], "weights", [], [], [numpy_helper.from_array(array, name) for name, array in arrays.items()])
        onnx.save_model(helper.make_model(graph), str(path))

    def read(self, path):
        import onnx
        from onnx import numpy_helper
        return {one.name: numpy_helper.to_array(one) for one in onnx.load_model(str(path)).graph.initializer}


FORMATS = {"safetensors": Safetensors(), "NumPy .npz": Npz(), "torch.save": TorchSave(), "paddle.save": PaddleSave(),
           "GGUF": Gguf(), "ONNX": Onnx()}


def to_torch(arrays):
    """Arrays as tensors, without a copy."""
    import torch
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def address(tensor):
    """Where the first number of a tensor or an array stands."""
    return tensor.data_ptr() if hasattr(tensor, "data_ptr") else tensor.ctypes.data


def same(read, arrays):
    """Did every array come back, to the bit?"""
    return set(read) == set(arrays) and all(np.array_equal(np.asarray(read[name]).reshape(array.shape), array) for name, array in arrays.items())


def with_a_flipped_bit(path, array, target):
    """A copy of a file in which one bit of an array's data is another."""
    whole = bytearray(Path(path).read_bytes())
    at = whole.index(array.tobytes()[:64]) + 40
    whole[at] ^= 1
    Path(target).write_bytes(whole)


def cut_short(path, by, target):
    """A copy of a file without its last bytes."""
    Path(target).write_bytes(Path(path).read_bytes()[:-by])


def says(call):
    """What a reader does with a damaged file: the error's name, or that it read on."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return None
