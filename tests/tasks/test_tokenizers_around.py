"""What surrounds a tokenizer's model, against the library: added tokens, templates, padding, windows, chats; mistakes in it are caught."""
import json
import random

import numpy as np
import pytest
import tokenizers
from tokenizers import models, pre_tokenizers
from tokenizers_at_hand import chunks, fuzz, mini, play, smol, uni  # noqa: F401  (fixtures)

from labs import data
from labs.tasks.tokenizers import byte_bpe, mistakes_around, special
from labs.tasks.tokenizers.against_library import added_of as added
from labs.tasks.tokenizers.against_library import by_library


@pytest.fixture(scope="module")
def around(smol, mini):
    absent = {b for b, letter in byte_bpe.LETTER.items() if letter not in smol[0].vocab}
    texts = [text for text in ("", "[CLS] a[SEP]b [PAD]", "\ufb01n \u00c7a <|im_end|>x\n y", *fuzz()[:80]) if not absent & set(text.encode())]
    return mistakes_around.Around(smol[0], smol[2], mini[0], mini[2], texts)


@pytest.mark.parametrize("kind", ["offsets", "offsets of WordPiece", "padding", "template", "windows", "limit"])
def test_what_surrounds_the_model_is_the_librarys(around, kind):
    hit, count = around.differs(kind, around.right[kind])
    assert hit is None and count > 20


@pytest.mark.parametrize("what, kind, plant", mistakes_around.MISTAKES, ids=lambda part: part if isinstance(part, str) else "")
def test_a_mistake_around_the_model_is_caught(around, what, kind, plant):
    assert around.differs(kind, plant(around.right[kind]))[0] is not None


def test_an_added_token_that_is_looked_for_in_the_normalized_text_is_refused(smol):
    library = tokenizers.Tokenizer.from_str(smol[2].to_str())
    library.add_tokens([tokenizers.AddedToken("<X>", normalized=True)])
    with pytest.raises(ValueError, match="'<X>' is looked for in the normalized text; expected normalized: false"):
        added(library)


def test_without_added_tokens_the_text_is_the_models(smol):
    assert [i for i, *_ in special.encode_all(smol[0], "To be", {})] == [2068, 325] and special.encode_all(smol[0], "", {}) == []


def test_a_literal_unknown_token_is_cut_out(uni):
    assert special.encode_all(uni[0], "<unk>", {"<unk>": 0}) == by_library(uni[1], "<unk>") == [(0, 0, 5)]


@pytest.mark.parametrize("seed", range(15))
def test_added_tokens_with_options_are_cut_as_the_library_cuts_them(seed):
    rng = random.Random(seed)
    letters = {letter: i for i, letter in enumerate(sorted(byte_bpe.BYTE))}
    library = tokenizers.Tokenizer(models.BPE(letters, []))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    names, own = ["<x>", "ab", "a b", "[M]", "<x>y"], {}
    for i, name in enumerate(rng.sample(names, 3)):
        options = [rng.random() < 0.5 for _ in range(3)]
        own[name] = special.Added(256 + i, *options)
        library.add_special_tokens([tokenizers.AddedToken(name, normalized=False, **dict(zip(
            ("lstrip", "rstrip", "single_word"), options)))])
    pools = [names, names, [" ", "\n", "\u3000", "\u00a0"], "_\u00b2a1\u00e9\u200d\u0301\u203f"]
    for _ in range(60):
        text = "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randrange(10)))
        assert special.encode_all(byte_bpe.ByteBPE(letters, []), text, own) == by_library(library, text), (ascii(text), own)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_truncation_and_templates_are_the_librarys(mini, side):
    ours, _, library = mini
    library, rng = tokenizers.Tokenizer.from_str(library.to_str()), random.Random(0)
    own = added(library)
    ids = {text: [i for i, *_ in special.encode_all(ours, text, own)] for text in fuzz()[:300]}
    for _ in range(300):
        first, second, third = rng.choices(list(ids), k=3)
        rows = [special.pair_template(ids[first], ids[second], 101, 102)[0], special.pair_template(ids[third], None, 101, 102)[0]]
        library.enable_padding(direction=side, pad_id=0)
        theirs = library.encode_batch([(first, second), third])
        library.no_padding()
        filled, mask = special.pad(rows, 0, side)
        assert filled.tolist() == [one.ids for one in theirs] and mask.tolist() == [one.attention_mask for one in theirs]
        limit = rng.randrange(12)
        library.enable_truncation(limit, direction=side)
        assert special.fit(ids[first], limit, {"right": "end", "left": "start"}[side]) == library.encode(first, add_special_tokens=False).ids
        library.no_truncation()


def test_random_windows_are_the_librarys(mini):
    ours, _, library = mini
    library, rng, done = tokenizers.Tokenizer.from_str(library.to_str()), random.Random(1), 0
    own = added(library)
    for _ in range(400):
        texts, limit, stride = rng.choices(fuzz()[:300], k=2), rng.randrange(4, 60), rng.randrange(12)
        ids = [[i for i, *_ in special.encode_all(ours, text, own)] for text in texts]
        if limit - len(ids[0]) - 3 > stride:
            library.enable_truncation(limit, stride=stride, strategy="only_second")
            theirs = library.encode(*texts)
            assert special.windows(*ids, limit, stride, 101, 102) == [theirs.ids, *(one.ids for one in theirs.overflowing)]
            done += 1
    assert done > 60, "too few windows were compared"


def test_a_context_of_nothing_holds_nothing():
    assert special.fit([1, 2, 3], 0, "start") == special.fit([1, 2, 3], 0, "end") == []
    with pytest.raises(byte_bpe.TextError, match="expected 0 or more, got -1"):
        special.fit([1], -1, "end")


def test_an_empty_chat_and_an_empty_batch():
    with pytest.raises(byte_bpe.TextError, match="a chat of no messages"):
        special.render_chat([])
    assert special.pad([], 0, "left")[0].shape == (0, 0) and special.pad([[], []], 0, "left")[1].shape == (2, 0)


def with_added(**options):
    letters = {letter: i for i, letter in enumerate(sorted(byte_bpe.BYTE))}
    library = tokenizers.Tokenizer(models.BPE(letters, []))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    name = options.pop("name")
    library.add_special_tokens([tokenizers.AddedToken(name, normalized=False, **options)])
    return byte_bpe.ByteBPE(letters, []), {name: special.Added(256, **options)}, library


def test_an_added_token_of_white_space_is_not_taken_twice():
    ours, own, library = with_added(name=" ", lstrip=True, rstrip=True)
    text = " \u3000  \u3000<"
    assert special.encode_all(ours, text, own) == by_library(library, text) == [(256, 0, 5), (27, 5, 6)]


def test_what_touches_a_single_word_is_what_the_library_calls_a_word():
    _, own, library = with_added(name="<x>", single_word=True)
    for chunk in [*chunks()[:512], *chunks()[512:1024:8]]:        # from U+20000 on, ideographs and what is unassigned
        texts = ["<x>" + c for c in chunk]
        theirs = [one.ids[0] == 256 for one in library.encode_batch(texts)]
        assert [special.cut_at(text, own)[0][0] == "<x>" for text in texts] == theirs, f"U+{ord(chunk[0]):04X} and after"


def test_what_need_not_be_cut_is_one_window_whatever_the_stride(mini):
    library = tokenizers.Tokenizer.from_str(mini[2].to_str())
    first, second = ([i for i, *_ in mini[0].encode(text)] for text in ("who", "the ghost"))
    library.enable_truncation(6, stride=4, strategy="only_second")
    assert special.windows(first, second, 6, 4, 101, 102) == [library.encode("who", "the ghost").ids]


def test_escaped_text_has_no_added_token_and_other_text_is_the_same(smol):
    own = added(smol[2])
    typed = "a<|im_end|>\n<|im_start|>system<|im_end|><|endoftext|>"
    assert all(token is None for token, *_ in special.cut_at(special.escape(typed, own), own))
    assert special.escape(" to  be <|\n", own) == " to  be <|\n"


def test_special_tokens_are_cut_out_as_the_library_does(smol):
    ours, _, library = smol
    specials = {t.content: i for i, t in library.get_added_tokens_decoder().items()}
    for text in ("<|im_start|>user\nHi<|im_end|>\n", "<|im_end<|endoftext|>|>", "a<repo_name>b  <|im_end|><|im_end|>", "", "<|im_end|>"):
        assert special.encode_all(ours, text, specials) == by_library(library, text)


def test_the_chat_is_rendered_as_the_models_own_template_does():
    jinja2 = pytest.importorskip("jinja2")
    config = json.loads((data.folder("smollm2_135m_instruct_q4_1") / "tokenizer_config.json").read_text("utf-8"))
    template = jinja2.Environment().from_string(config["chat_template"])
    user, system, said = ({"role": role, "content": f"x {role}\n"} for role in ("user", "system", "assistant"))
    for chat in ([user], [system, user], [user, said, user]):
        for prompt in (True, False):
            assert special.render_chat(chat, prompt) == template.render(messages=chat, add_generation_prompt=prompt)


def test_a_pair_gets_the_librarys_ids_and_types(mini):
    ours, _, library = mini
    ids = [[i for i, *_ in ours.encode(text)] for text in ("Who is there?", "Nay.")]
    for second in (None, "Nay."):
        theirs = library.encode("Who is there?", second)
        assert special.pair_template(ids[0], ids[1] if second else None, 101, 102) == (theirs.ids, theirs.type_ids)


@pytest.mark.parametrize("length", [0, 1, 13, 14, 15, 22, 23, 24, 200])
def test_windows_are_the_librarys(mini, length):
    ours, _, library = mini
    first, second = "Who is there?", " ".join(play()[3000:].split()[:length])
    ids = [[i for i, *_ in ours.encode(text)] for text in (first, second)]
    cut = tokenizers.Tokenizer.from_str(library.to_str())
    cut.enable_truncation(20, stride=4, strategy="only_second")
    theirs = cut.encode(first, second)
    assert special.windows(*ids, 20, 4, 101, 102) == [theirs.ids, *(window.ids for window in theirs.overflowing)]


def test_padding_stands_on_the_side_that_was_asked_for():
    ids, mask = special.pad([[5, 6, 7], [8]], 0, "left")
    assert ids.tolist() == [[5, 6, 7], [0, 0, 8]] and mask.tolist() == [[1, 1, 1], [0, 0, 1]] and ids.dtype == np.int64
    ids, mask = special.pad([[5, 6, 7], [8]], 0, "right")
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]] and mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    with pytest.raises(byte_bpe.TextError, match="'left' or 'right', got 'both'"):
        special.pad([[1]], 0, "both")
