"""The reader of chapter 24: equal to the library on broken files, on numbers, on plans; and its errors."""

import json
import struct

import numpy as np
import pytest

from labs.tasks.safetensors import bits, formats, fuzz, header, mistakes, pickles, reader, residency

FILES = 1500


@pytest.fixture(scope="module")
def compared():
    readers = {name: mistakes.reader(name) for name in mistakes.PLANTED}
    return fuzz.compare(FILES, 11, {"by hand": fuzz.by_hand, **readers})


def test_no_file_is_judged_otherwise_than_by_the_library(compared):
    outcomes, differ = compared
    assert outcomes.total() >= FILES and differ["by hand"] == []


def test_no_file_is_counted_twice(compared):
    assert len(set(fuzz.files(2_000, 0))) == 2_000
    assert compared[0].total() <= len({*fuzz.fixed(), *fuzz.files(FILES, 11)})


def test_the_files_reach_every_verdict(compared):
    assert {kind for verdict, kind in compared[0] if verdict == "refused"} == set(fuzz.KINDS.values())
    assert compared[0]["read", ""] > FILES / 10, "and enough of them are right"


@pytest.mark.parametrize("name", mistakes.PLANTED)
def test_a_planted_mistake_is_seen(name, compared):
    assert compared[1][name]


def test_a_mistake_whose_line_is_gone_is_said(monkeypatch):
    monkeypatch.setitem(mistakes.PLANTED, "gone", ("no such line", ""))
    with pytest.raises(ValueError, match="found it 0 times"):
        mistakes.reader("gone")


def test_a_library_that_says_something_new_is_noticed(monkeypatch):
    monkeypatch.setattr(fuzz, "KINDS", {"header too small": "too small"})
    with pytest.raises(fuzz.Unexplained):
        fuzz.by_library(struct.pack("<Q", 2) + b"[]")


@pytest.mark.parametrize("name", bits.FORMATS)
def test_every_code_means_what_it_means_in_torch(name):
    import torch
    kinds = {"F16": torch.float16, "BF16": torch.bfloat16, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
             "F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz}
    wide = name in ("F16", "BF16")
    codes = np.arange(2**16 if wide else 2**8).astype(np.uint16 if wide else np.uint8)
    theirs = torch.from_numpy(codes.view(np.int16) if wide else codes).view(kinds[name]).double().numpy()
    np.testing.assert_array_equal(bits.decode(codes, name), theirs)


def test_rounding_to_bfloat16_is_torchs_at_every_tie():
    import torch
    upper = np.arange(2**16, dtype=np.uint32) << 16
    values = np.concatenate([upper | low for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)]).view(np.float32)
    theirs = torch.from_numpy(values).bfloat16().view(torch.int16).numpy().view(np.uint16)
    ours = bits.to_bfloat16(values)
    number = ~np.isnan(values)
    np.testing.assert_array_equal(ours[number], theirs[number])
    assert np.isnan(bits.from_bfloat16(ours[~number])).all(), "what is not a number stays none"


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    return {"a": rng.standard_normal((3, 5)).astype(np.float32), "b": np.arange(7), "none": np.zeros((0, 4), np.float16),
            "scalar": np.float64(2.5), "yes": np.array([True, False]), "half": bits.to_bfloat16(rng.standard_normal((2, 2)).astype(np.float32))}


def test_what_is_written_is_read_by_all(arrays, tmp_path):
    import safetensors.torch
    import torch
    reader.write(tmp_path / "w.safetensors", arrays, {"format": "pt"}, {"half": "BF16"})
    ours, theirs = reader.File(tmp_path / "w.safetensors"), safetensors.torch.load_file(tmp_path / "w.safetensors")
    assert ours.metadata == {"format": "pt"} and set(theirs) == set(arrays) == set(ours.tensors)
    for name, array in arrays.items():
        np.testing.assert_array_equal(ours[name], array)
        assert ours[name].shape == np.shape(array) == tuple(theirs[name].shape)
    np.testing.assert_array_equal(theirs["half"].view(torch.int16).numpy().view(np.uint16), arrays["half"])
    assert (8 + int.from_bytes((tmp_path / "w.safetensors").read_bytes()[:8], "little")) % 8 == 0


def test_errors_of_a_file(tmp_path, arrays):
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(header.HeaderError, match="empty"):
        reader.File(tmp_path / "empty")
    reader.write(tmp_path / "w", {"a": arrays["a"]})
    with pytest.raises(KeyError, match="there are: a"):
        reader.File(tmp_path / "w")["b"]
    with pytest.raises(TypeError, match="no name in the format"):
        reader.write(tmp_path / "w", {"a": np.array(["text"])})
    reader.write(tmp_path / "w", {"a": np.zeros(4, np.uint8)}, dtypes={"a": "U8"})
    whole = (tmp_path / "w").read_bytes().replace(b'"U8","shape":[4]', b'"F4","shape":[8]')
    (tmp_path / "w").write_bytes(whole)
    with pytest.raises(TypeError, match="share bytes"):
        reader.File(tmp_path / "w")["a"]


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_is_huggingface_hubs(seed):
    import huggingface_hub
    import torch
    rng = np.random.default_rng(seed)
    sizes = {f"w{k}": int(n) for k, n in enumerate(rng.integers(1, 40, 12))}
    limit = int(rng.integers(10, 120))
    theirs = huggingface_hub.split_torch_state_dict_into_shards({name: torch.empty(n, dtype=torch.uint8) for name, n in sizes.items()}, max_shard_size=limit)
    assert reader.plan(sizes, limit) == [*theirs.filename_to_tensors.values()]


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_is_huggingface_hubs_where_tensors_are_empty(seed):
    """The library takes all empty tensors for one memory, and what shares memory goes into one file."""
    import huggingface_hub
    import torch
    rng = np.random.default_rng(seed)
    for _ in range(50):
        sizes = {f"w{k}": int(n) for k, n in enumerate(rng.choice([0, 0, 1, 2, 5, 9], rng.integers(1, 10)))}
        limit = int(rng.integers(0, 20))
        theirs = huggingface_hub.split_torch_state_dict_into_shards({name: torch.empty(n, dtype=torch.uint8) for name, n in sizes.items()}, max_shard_size=limit)
        assert reader.plan(sizes, limit) == [*theirs.filename_to_tensors.values()], (sizes, limit)


def test_empty_tensors_come_back_from_a_model_in_parts(tmp_path):
    arrays = {"a": np.zeros((0, 3), np.float32), "b": np.ones(8, np.float32), "c": np.zeros(0, np.float16), "d": np.ones(8, np.float32), "e": np.zeros((2, 0), np.int64)}
    where = reader.write_sharded(tmp_path, arrays, 32)["weight_map"]
    back = reader.read_sharded(tmp_path)
    assert where["a"] == where["c"] == where["e"] and where["b"] != where["d"]
    assert {name: (array.dtype, array.shape) for name, array in back.items()} == {name: (array.dtype, array.shape) for name, array in arrays.items()}


def test_a_model_in_parts(tmp_path, arrays):
    del arrays["half"]
    index = reader.write_sharded(tmp_path, arrays, 60)
    assert len(set(index["weight_map"].values())) > 1
    back = reader.read_sharded(tmp_path)
    assert [*back] == [*index["weight_map"]] and all(np.array_equal(back[name], arrays[name]) for name in arrays)
    where = index["weight_map"]
    wrong = {"no file of this folder": {**where, "more": "gone.safetensors"}, "no file of": {**where, "more": "../" + where["a"]},
             "names no tensor|the file has": {name: file for name, file in where.items() if name != "a"}, "the index says": {**where, "other": where["a"]}}
    for says, changed in wrong.items():
        (tmp_path / reader.INDEX).write_text(json.dumps({"weight_map": changed}))
        with pytest.raises(reader.ShardError, match=says):
            reader.read_sharded(tmp_path)


@pytest.mark.parametrize("name", formats.FORMATS)
def test_a_format_gives_back_what_it_got_and_damage_is_damage(name, tmp_path):
    kind, some = formats.FORMATS[name], {"a": np.arange(64, dtype=np.float32), "b": np.ones((3, 40), np.float32)}
    path, flipped = tmp_path / f"w{kind.ending}", tmp_path / f"x{kind.ending}"
    kind.write(path, some)
    assert formats.same(kind.read(path), some)
    formats.with_a_flipped_bit(path, some["a"], flipped)
    if formats.says(lambda: kind.read(flipped)) is None:
        assert not formats.same(kind.read(flipped), some), "the flipped bit is in the numbers"


def test_the_function_runs_where_a_pickle_is_loaded_and_only_there():
    import pickle

    import safetensors
    whole = pickle.dumps({"w": pickles.Weight()})
    assert pickles.called_by(lambda: pickle.loads(whole)) == (True, None)
    ran, error = pickles.called_by(lambda: safetensors.deserialize(whole))
    assert not ran and "SafetensorError" in error


def test_pages_and_addresses(tmp_path):
    path = tmp_path / "pages"
    path.write_bytes(bytes(2**20))
    assert residency.resident(path) > 0.99, "just written"
    mapped = np.memmap(path, np.uint8, "r")
    assert residency.file_behind(mapped.ctypes.data) == str(path)
    assert residency.file_behind(np.zeros(4).ctypes.data) is None
    del mapped
    if residency.drop(path):
        assert residency.resident(path) < 0.02
    (tmp_path / "nothing").write_bytes(b"")
    assert residency.resident(tmp_path / "nothing") == 0
