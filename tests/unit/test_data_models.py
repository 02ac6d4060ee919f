"""Models behind the door: GGUF converted once, checked, and read again a tensor at a time."""
import json
import struct

import numpy as np
import pytest
from shelf import FILES, server, shelf  # noqa: F401  (fixtures)

from labs import data
from labs.data import convert
from labs.data.gguf_file import GGUF
from labs.data.models import Weights

SMOL = "smollm2_135m_instruct_q4_1"
MADE = {"upper.bin": FILES["one.bin"].upper(), "joined.bin": FILES["one.bin"] + FILES["two.bin"]}


@pytest.fixture(scope="module")
def smol():
    """The real model, fetched and converted."""
    return data.load(SMOL)


@pytest.fixture(scope="module")
def file(smol):
    return GGUF(smol.folder / smol.card.files[0].name)


def test_the_converted_weights_are_those_that_transformers_makes_of_the_file(smol, file):
    """Not only the values: also the order of the rows of queries and keys, which GGUF keeps otherwise."""
    pytest.importorskip("accelerate", reason="transformers reads GGUF only with accelerate")
    from types import SimpleNamespace

    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor
    processor = LlamaTensorProcessor(config={"num_attention_heads": 9, "num_key_value_heads": 3})
    assert len(smol.weights) == 272
    for name, own in ((convert.name_of(own), own) for own in file.tensors):
        expected = file.tensor(own)
        if "attn_q" in own or "attn_k" in own:
            expected = processor.process(expected, own, tensor_key_mapping=SimpleNamespace(), parsed_parameters={}).weights
        assert np.array_equal(smol.weights[name], expected), name


def test_the_tokenizer_is_the_hubs_own_byte_for_byte(smol):
    assert next(f for f in smol.card.made if f.name == "tokenizer.json").sha256 == \
        next(f for f in data.card("smollm2_135m_instruct").files if f.name == "tokenizer.json").sha256


def test_the_model_has_the_published_number_of_weights(smol):
    assert sum(int(np.prod(smol.weights.shape(name))) for name in smol.weights) == 134_515_008
    assert "134,515,008" in repr(smol) and smol.card.licence in smol._repr_mimebundle_()["text/html"]


def test_safetensors_reads_the_same_file(smol):
    safetensors = pytest.importorskip("safetensors", reason="safetensors is not installed")
    with safetensors.safe_open(smol.folder / "model.safetensors", "numpy") as theirs:
        assert set(theirs.keys()) == set(smol.weights)
        for name in ("model.norm.weight", "model.layers.29.self_attn.k_proj.weight"):
            assert np.array_equal(theirs.get_tensor(name), smol.weights[name])


# --- the format, on small files ---

def small_gguf(path, magic=b"GGUF", version=3, kind=0, values=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)):
    """One tensor w of shape (2, 3), and one line of metadata."""
    text = b"general.architecture"
    head = magic + struct.pack("<IQQ", version, 1, 1) + struct.pack("<Q", len(text)) + text + struct.pack("<IQ", 8, 5) + b"llama"
    head += struct.pack("<Q", 1) + b"w" + struct.pack("<IQQIQ", 2, 3, 2, kind, 0)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + np.array(values, "<f4").tobytes())
    return path


def test_a_small_file_is_read(tmp_path):
    found = GGUF(small_gguf(tmp_path / "a.gguf"))
    assert found.fields == {"general.architecture": "llama"} and found.tensors == {"w": (2, 3)}
    assert np.array_equal(found.tensor("w"), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("spoil", [{"magic": b"PK\3\4"}, {"version": 1}, {"kind": 99}, {"values": (1.0, 2.0)}],
                         ids=["another format", "an old version", "an unknown type", "cut short"])
def test_a_file_that_is_not_as_it_should_be_is_refused(tmp_path, spoil):
    with pytest.raises(data.DataError, match="a.gguf: expected a whole GGUF file"):
        GGUF(small_gguf(tmp_path / "a.gguf", **spoil))


def test_a_head_that_ends_early_is_refused(tmp_path):
    whole = small_gguf(tmp_path / "a.gguf").read_bytes()
    (tmp_path / "b.gguf").write_bytes(whole[:40])
    with pytest.raises(data.DataError, match="b.gguf: expected a whole GGUF file"):
        GGUF(tmp_path / "b.gguf")


def safetensors_file(path, tensors):
    """A safetensors file by hand: {name: (dtype, array)}."""
    head, body = {}, b""
    for name, (dtype, array) in tensors.items():
        head[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + array.nbytes]}
        body += array.tobytes()
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_half_precisions_come_out_as_float32(tmp_path):
    exact = np.array([[1.0, -2.5], [0.15625, 3.0]], "float32")
    upper = (exact.view("u4") >> 16).astype("<u2")
    found = Weights(safetensors_file(tmp_path / "a", {"b": ("BF16", upper), "h": ("F16", exact.astype("<f2")), "f": ("F32", exact)}))
    assert all(found[name].dtype == np.float32 and np.array_equal(found[name], exact) for name in "bhf")
    assert found.shape("b") == (2, 2) and len(found) == 3 and list(found.take(["f"])) == ["f"]


def test_a_safetensors_file_that_is_cut_or_is_none_is_refused(tmp_path):
    whole = safetensors_file(tmp_path / "a", {"f": ("F32", np.ones(4, "float32"))}).read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-1])
    with pytest.raises(data.DataError, match="truncated"):
        Weights(tmp_path / "cut")
    (tmp_path / "other").write_bytes(b"\x10\0\0\0\0\0\0\0this is not json")
    with pytest.raises(data.DataError, match="not a safetensors file"):
        Weights(tmp_path / "other")


# --- conversions: whole or not at all ---

@pytest.fixture
def converter(monkeypatch):
    """A conversion that can be told to go wrong."""
    def run(card, source, target):
        run.times += 1
        one, two = ((source / name).read_bytes() for name in FILES)
        (target / "upper.bin").write_bytes(one.upper() if run.right else one)
        if run.ends:
            (target / "joined.bin").write_bytes(one + two)
    run.times, run.right, run.ends = 0, True, True
    monkeypatch.setitem(convert.CONVERTERS, "tested", run)
    return run


def test_a_conversion_is_kept_and_not_made_again(shelf, server, converter):
    shelf.add("good", server.serve("good", FILES), made=MADE, convert="tested")
    folder = data.fetch("good")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES | MADE
    data.fetch("good")
    assert converter.times == 1 and shelf.hidden() == []


def test_a_conversion_that_makes_other_bytes_leaves_nothing(shelf, server, converter):
    shelf.add("good", server.serve("good", FILES), made=MADE, convert="tested")
    converter.right = False
    with pytest.raises(data.DataError, match="upper.bin: wrong checksum"):
        data.fetch("good")
    converter.right, converter.ends = True, False
    with pytest.raises(data.DataError, match="made no joined.bin; the cache is as it was"):
        data.fetch("good")
    assert shelf.left() == [] and shelf.hidden() == []


def test_a_made_file_that_was_damaged_is_made_again_without_a_download(shelf, server, converter, capsys):
    shelf.add("good", server.serve("good", FILES), made=MADE, convert="tested")
    folder = data.fetch("good")
    (folder / "joined.bin").write_bytes(b"x")
    asked = len(server.asked)
    assert (data.fetch("good") / "joined.bin").read_bytes() == MADE["joined.bin"]
    assert len(server.asked) == asked and converter.times == 2
    assert "damaged in the cache" in capsys.readouterr().err


def test_a_card_names_a_conversion_and_what_it_makes_together(shelf, server):
    with pytest.raises(data.CardError, match="convert and made stand together"):
        shelf.add("half", server.serve("good", FILES), convert="tested")
    shelf.add("unknown", server.serve("good", FILES), made=MADE, convert="magic")
    with pytest.raises(data.DataError, match="convert: expected one of gguf_llama, got 'magic'"):
        data.fetch("unknown")


# --- the hub ---

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = {"kind": "hub", "package": f"someone/some-model@{COMMIT}", "path": "{name}"}


@pytest.fixture
def no_hub_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "hf"


def test_the_hub_is_asked_where_hf_endpoint_says(shelf, server, monkeypatch, no_hub_cache):
    monkeypatch.setenv("HF_ENDPOINT", server.address + "/")
    server.serve(f"someone/some-model/resolve/{COMMIT}", FILES)
    shelf.add("model", HUB)
    assert {path.name: path.read_bytes() for path in data.fetch("model").iterdir()} == FILES


def test_what_huggingface_hub_has_fetched_is_taken_from_its_cache(shelf, server, monkeypatch, no_hub_cache):
    monkeypatch.setenv("LABS_OFFLINE", "1")
    kept = no_hub_cache / "hub/models--someone--some-model/snapshots" / COMMIT
    kept.mkdir(parents=True)
    for name, content in FILES.items():
        (kept / name).write_bytes(content)
    shelf.add("model", HUB)
    assert {path.name: path.read_bytes() for path in data.fetch("model").iterdir()} == FILES


def test_without_a_way_to_the_hub_its_mirror_is_named(shelf, server, monkeypatch, no_hub_cache):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    shelf.add("model", HUB)
    with pytest.raises(data.AllSourcesFailed, match="HF_ENDPOINT=https://hf-mirror.com") as caught:
        data.fetch("model")
    assert "the hub's someone/some-model: no network" in str(caught.value)
    assert shelf.left() == [] and shelf.hidden() == []


def test_offline_as_huggingface_understands_it_is_respected(shelf, server, monkeypatch, no_hub_cache):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shelf.add("model", HUB)
    with pytest.raises(data.AllSourcesFailed, match="HF_HUB_OFFLINE is set"):
        data.fetch("model")


@pytest.mark.parametrize("package", ["someone/some-model", "some-model@" + COMMIT, "someone/some-model@main"])
def test_a_hub_source_names_a_commit(shelf, package):
    with pytest.raises(data.CardError, match="expected OWNER/NAME@COMMIT"):
        shelf.add("model", HUB | {"package": package})
