"""Tokenizers by hand: the same ids, offsets and merges as the library's, on any text; and the mistakes are caught."""
import functools
import json
import math
import unicodedata
from itertools import combinations

import numpy as np
import pytest
import tokenizers
from tokenizers import normalizers, pre_tokenizers
from tokenizers_at_hand import chunks, fuzz, mini, play, poems, published, smol, texts, uni  # noqa: F401  (fixtures)

from labs import data
from labs.tasks.tokenizers import (
    against_library,
    byte_bpe,
    characters,
    merges,
    mistakes,
    pieces,
    sentencepiece,
    special,
    unigram,
    wordpiece,
)
from labs.tasks.tokenizers.against_library import added_of as added
from labs.tasks.tokenizers.against_library import by_library


@pytest.mark.parametrize("which", ["smol", "mini"])
def test_ids_and_offsets_are_the_librarys_and_the_fast_versions_ids_too(which, request):
    ours, fast, library = request.getfixturevalue(which)
    for text in texts():
        expected = by_library(library, text)
        assert ours.encode(text) == expected, ascii(text)
        assert fast.ids(text) == [i for i, *_ in expected], ascii(text)


def test_unigram_ids_and_offsets_are_the_librarys(uni):
    ours, library = uni
    for text in texts():
        assert ours.encode(text) == by_library(library, text), ascii(text)
        assert ours.ids(text) == library.encode(text).ids, ascii(text)


class FastOnly:
    """A fast tokenizer with the interface of the others; its offsets have no meaning."""

    def __init__(self, fast):
        self.encode = lambda text: [(i, 0, 0) for i in fast.ids(text)]


@pytest.mark.parametrize("which", ["smol", "mini", "uni"])
def test_random_texts_of_every_category_with_special_tokens_are_the_librarys(which, request):
    ours, *fast, library = request.getfixturevalue(which)
    absent = set() if which != "smol" else {b for b, letter in byte_bpe.LETTER.items() if letter not in ours.vocab}
    whole, own = 0, added(library)
    for text in fuzz():
        expected, found = by_library(library, text), special.encode_all(ours, text, own)
        assert [i for i, *_ in found] == [i for i, *_ in expected], ascii(text)
        for one in fast:
            assert [i for i, *_ in special.encode_all(FastOnly(one), text, own)] == [i for i, *_ in expected], ascii(text)
        if not absent & set(text.encode()):
            whole += 1
            assert found == expected, ascii(text)
    assert whole > len(fuzz()) / 3, "too few texts whose offsets were compared"


def test_where_a_byte_vanishes_the_librarys_offsets_are_shifted_by_what_vanished(smol):
    ours, _, library = smol

    differ, own, shifted = 0, added(library), against_library.Shifted(ours)
    for text in fuzz():
        assert special.encode_all(shifted, text, own) == by_library(library, text), ascii(text)
        differ += special.encode_all(ours, text, own) != by_library(library, text)
    assert differ > 20, "the texts do not reach the case"


@pytest.mark.parametrize("name", ["Jurassic-2", "Mistral"])
def test_a_published_sentencepiece_model_gives_the_librarys_ids_and_offsets(published, name):
    ours, library = published[name]
    for text in [*fuzz(), *(text for text in texts() if len(text) < 300)]:
        assert ours.encode(text) == by_library(library, text), ascii(text)


def test_bytes_that_a_character_fell_back_on_come_back(published):
    ours, library = published["Mistral"]
    ids = [i for i, *_ in ours.encode("a poem: \u8a69\U00013000")]
    assert "<0xF0>" in [ours.tokens[i] for i in ids] and ours.decode(ids) == "a poem: \u8a69\U00013000"
    assert ours.decode(ids[:-1]).endswith("\ufffd")
    with pytest.raises(byte_bpe.TextError, match="id 32000 is not in this vocabulary: expected 0 to 31999"):
        ours.decode([32000])


@pytest.mark.parametrize("content, says", [(b"", "holds no pieces"), (b"\x0a\x05abc", "cut off: a field ends at byte 7 of 5"),
                                           (b"\x0b", "not a protocol buffer"), (b"\x0a", "no SentencePiece model"),
                                           (b"\x0a\x02\x10\x01", "no SentencePiece model")])
def test_a_file_that_is_no_sentencepiece_model_is_refused(tmp_path, content, says):
    (tmp_path / "broken.model").write_bytes(content)
    with pytest.raises(byte_bpe.TextError, match=says):
        sentencepiece.read_pieces(tmp_path / "broken.model")


def test_a_comparison_of_no_texts_is_an_error(smol):
    with pytest.raises(ValueError, match="no texts of the kind 'none'"):
        against_library.compare("x", smol[0], smol[2], {"none": []})


@pytest.mark.parametrize("text, ids", [("!\x04!", [10095]), ("-\x04-", [423]), ("(\x04)", [1000]), (" \x04'", [637])])
def test_a_byte_without_a_token_vanishes_before_anything_is_merged(smol, text, ids):
    ours, fast, library = smol
    assert [i for i, *_ in ours.encode(text)] == fast.ids(text) == library.encode(text).ids == ids


def test_a_small_vocabulary_merges_across_what_it_lacks():
    vocab, learned = {"\u0120": 0, "a": 1, "\u0120a": 2}, [("\u0120", "a")]
    assert byte_bpe.ByteBPE(vocab, learned).encode(" ba") == [(2, 0, 3)]
    assert merges.FastByteBPE(vocab, learned).ids(" ba") == [2]


@pytest.mark.parametrize("pattern", [byte_bpe.SPLIT, byte_bpe.SPLIT_THREE], ids=["GPT-2", "GPT-4 and Llama 3"])
def test_the_words_of_a_pattern_are_the_librarys(pattern):
    library = pre_tokenizers.Split(tokenizers.Regex(pattern.pattern), "isolated")
    for text in fuzz():
        expected = [place for _, place in library.pre_tokenize_str(text)]
        assert [hit.span() for hit in pattern.finditer(characters.older(text))] == expected, ascii(text)


@functools.cache
def varied():
    """Marks, signs, digits, cased letters and controls all; of the other letters and of what is unassigned every eleventh."""
    return [c for chunk in chunks() for c in chunk
            if unicodedata.category(c) not in ("Lo", "Co", "Cn") or ord(c) % 11 == 0 or c in characters.CATEGORY]


def test_characters_of_every_category_are_normalized_and_cut_as_in_the_library():
    normalizer, words = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    for chunk in (varied()[at:at + 256] for at in range(0, len(varied()), 256)):
        text = " ".join(f"a{c}b" for c in chunk)
        expected = normalizer.normalize_str(text)
        assert "".join(x for x, *_ in wordpiece.normalize(text)) == expected, f"U+{ord(chunk[0]):04X} and after"
        ours = ["".join(x for x, *_ in word) for word in wordpiece.split_words((x, 0, 0) for x in expected)]
        assert ours == [word for word, _ in words.pre_tokenize_str(expected)], f"U+{ord(chunk[0]):04X} and after"


@pytest.mark.parametrize("name", [r"\p{L}", r"\p{N}", r"\s"])
def test_every_letter_and_number_is_one_for_the_librarys_expressions(name):
    import regex
    library, ours, found = pre_tokenizers.Split(tokenizers.Regex(name), "removed"), regex.compile(name), 0
    for chunk in chunks():
        text = "".join(chunk)
        kept = "".join(part for part, _ in library.pre_tokenize_str(text))
        found += len(text) - len(kept)
        assert ours.sub("", characters.older(text)) == characters.older(kept), f"U+{ord(chunk[0]):04X} and after"
    assert found, "nothing was matched"


def test_marks_are_put_in_the_librarys_order():
    nfd = normalizers.NFD()
    for chunk in chunks():
        parts = [part for c in chunk if characters.decompose(c) == c for part in ("a", "\u0345", c, "a", "\u0334", c)]
        assert "".join(x for x, in wordpiece.in_order((x,) for x in parts)) == nfd.normalize_str("".join(parts)), f"U+{ord(chunk[0]):04X}"


@pytest.mark.parametrize("which", ["smol", "mini", "uni"])
def test_half_a_character_is_an_error_in_each_tokenizer(which, request):
    calls = [getattr(made, name) for made in request.getfixturevalue(which)[:-1] for name in ("encode", "ids") if hasattr(made, name)]
    assert len(calls) == 2
    for call in calls:
        with pytest.raises(byte_bpe.TextError, match="character 3 is"):
            call("ab \ud83d c")


@pytest.mark.parametrize("letters", ["ab" * 2000, "a" * 3001, "etaoin shrdlu".replace(" ", "") * 300])
def test_a_very_long_word_is_the_librarys(smol, letters):
    _, fast, library = smol
    assert fast.ids(letters) == library.encode(letters).ids


def library_bpe(texts, size):
    made = against_library.library_bpe(texts, size)
    return made.get_vocab(), against_library.merges_in(made)


@pytest.mark.parametrize("train, texts, size", [
    (byte_bpe.train_bpe, lambda: [play()[:6000], *poems()[:5]], 340), (merges.train, lambda: [play()[:6000], *poems()[:5]], 340),
    (merges.train, lambda: [play(), *poems()], 6000), (merges.train, lambda: ["aaaa aaa aa a", "abab ababab"], 300),
    (merges.train, lambda: [""], 300)])
def test_trained_merges_are_the_librarys_ties_included(train, texts, size):
    texts = texts()
    assert train(texts, size) == library_bpe(texts, size)


@pytest.mark.parametrize("train, length, size", [(wordpiece.train_wordpiece, 6000, 200), (pieces.train, 6000, 200), (pieces.train, None, 2000)])
def test_trained_wordpiece_is_the_librarys_given_its_alphabets_order(train, length, size):
    text = play()[:length]
    theirs = against_library.library_wordpiece([text], size).get_vocab()
    order = [p for p in sorted(theirs, key=theirs.get) if len(p.removeprefix("##")) == 1]
    assert train([text], size, order=order) == theirs


@pytest.mark.parametrize("kind, what, plant", mistakes.MISTAKES, ids=lambda part: part if isinstance(part, str) else "")
def test_a_planted_mistake_is_caught(kind, what, plant, smol, mini, uni):
    right, library = {"byte-level BPE": (smol[0], smol[2]), "WordPiece": (mini[0], mini[2]), "Unigram": uni}[kind]
    tries = [(text, text) for text in [*texts(), *fuzz()[:300]]]
    assert mistakes.found_on(plant(right), library, tries, added(library)) is not None, what


@pytest.mark.parametrize("which", ["smol", "mini", "uni"])
def test_where_nothing_is_planted_nothing_is_found(which, request):
    ours, *_, library = request.getfixturevalue(which)
    texts = [(text, text) for text in ("<|im_end|> [CLS] <unk>", *fuzz()[:300])]
    assert mistakes.found_on(ours, library, texts, added(library)) is None


def test_the_stored_unigram_is_the_librarys_by_hand():
    library = against_library.stored_unigram()
    ours = unigram.Unigram([tuple(p) for p in json.loads(library.to_str())["model"]["vocab"]])
    assert len(ours.pieces) == 600
    for text in fuzz()[:200]:
        assert special.encode_all(ours, text, added(library)) == by_library(library, text), ascii(text)


@pytest.mark.parametrize("i", [1.0, True, None, "a"])
def test_only_a_whole_number_is_an_id(smol, mini, published, i):
    for made in (smol[0], mini[0], published["Mistral"][0]):
        with pytest.raises(byte_bpe.TextError, match=f"id {i} is not in this vocabulary"):
            made.decode([i])
    assert smol[0].decode([np.int64(2068)]) == smol[0].decode([2068])


def test_each_byte_has_a_letter_of_its_own_that_can_be_printed():
    assert sorted(byte_bpe.BYTE.values()) == list(range(256))
    assert all(letter.isprintable() and not letter.isspace() for letter in byte_bpe.BYTE)


def test_text_comes_back_from_bytes_and_half_a_character_is_marked(smol):
    ours, _, library = smol
    for text in texts():
        ids = [i for i, *_ in ours.encode(text)]
        assert ours.decode(ids) == text == library.decode(ids, skip_special_tokens=False)
    assert ours.decode([i for i, *_ in ours.encode("👍")][:1]) == "\ufffd"


def test_a_byte_without_a_token_vanishes_and_ours_still_point_at_the_right_character(smol):
    ours, fast, library = smol
    text = "¿\x04→!"
    assert [i for i, *_ in ours.encode(text)] == fast.ids(text) == library.encode(text).ids
    assert {text[a:b] for _, a, b in ours.encode(text)} == {"¿", "→", "!"}


@pytest.mark.parametrize("call, says", [
    (lambda bpe: bpe[0].encode("ab \ud83d c"), r"character 3 is '\\ud83d', half of a pair"),
    (lambda bpe: bpe[1].ids("ab \ud83d c"), "half of a pair"),
    (lambda bpe: bpe[0].decode([49152]), "id 49152 is not in this vocabulary: expected 0 to 49151"),
    (lambda bpe: bpe[0].decode([-1]), "id -1 is not in"),
    (lambda bpe: special.fit([1] * 9, 8), "9 tokens do not fit into a context of 8: .* 'start' or 'end'"),
    (lambda bpe: special.fit([1] * 9, 8, drop="middle"), "do not fit"),
    (lambda bpe: special.windows([1] * 4, [2] * 9, 10, 3, 101, 102), "a window of 10 has room for 3 new ids: .* the stride, 3")])
def test_bad_input_raises_and_says_what_to_do(smol, call, says):
    with pytest.raises(byte_bpe.TextError, match=says):
        call(smol)


def test_wordpiece_decodes_to_words_and_refuses_an_unknown_id(mini):
    ours = mini[0]
    assert ours.decode([i for i, *_ in ours.encode("Unaffable, Ça!")]) == "una##ffa##ble , ca !".replace("##", "")
    with pytest.raises(byte_bpe.TextError, match="id 30522 is not in this vocabulary: expected 0 to 30521"):
        ours.decode([30522])


def test_offsets_point_into_the_text_as_it_was(mini):
    text = "Ça\x00 İ\u200bx 詩"
    assert [text[a:b] for _, a, b in mini[0].encode(text)][:2] == ["Ça", "İ\u200bx"]


def all_cuts(model, word):
    for n in range(len(word)):
        for inner in combinations(range(1, len(word)), n):
            at = [0, *inner, len(word)]
            found = [word[a:b] for a, b in zip(at, at[1:])]
            if all(piece in model.scores for piece in found):
                yield found, sum(model.scores[piece] for piece in found)


@pytest.mark.parametrize("word", ["▁the", "▁there", "▁tomorrow"])
def test_viterbi_and_forward_backward_equal_the_list_of_all_cuts(uni, word):
    model, cuts = uni[0], list(all_cuts(uni[0], word))
    best, score = unigram.viterbi(model, word)
    assert score == pytest.approx(max(s for _, s in cuts), rel=1e-12) and (best, pytest.approx(score)) in cuts
    log_p, counts = unigram.expected(model, word)
    total = sum(math.exp(s) for _, s in cuts)
    assert log_p == pytest.approx(math.log(total), rel=1e-12)
    for piece, count in counts.items():
        assert count == pytest.approx(sum(found.count(piece) * math.exp(s) for found, s in cuts) / total, rel=1e-9)


def test_digamma_is_that_of_the_series():
    gamma = 0.5772156649015329
    for n in (1, 2, 5, 40):
        assert unigram.digamma(n) == pytest.approx(-gamma + sum(1 / k for k in range(1, n)), abs=1e-8)


def test_unigram_training_explains_held_out_text_as_well_as_the_librarys(uni):
    lines, held = play()[:8000].split("\n"), play()[8000:12000].split("\n")
    own = unigram.train_unigram(lines, 199)
    assert len(own) == 199 and math.fsum(math.exp(score) for _, score in own) <= 1
    theirs = unigram.nats_per_character(uni[0].pieces[1:], held)
    assert unigram.nats_per_character(own, held) < theirs + 0.05
    assert unigram.nats_per_character([p for p in own if len(p[0]) == 1], held) > theirs + 0.1, "a measure that cannot fail"


@pytest.mark.parametrize("size", [300, 900])
def test_a_tokenizer_trained_like_an_old_one_is_the_librarys(size):
    from transformers import AutoTokenizer
    old = AutoTokenizer.from_pretrained(data.folder("smollm2_135m_instruct_q4_1"))
    texts = [*poems()[:60], play()[:3000]]
    theirs = json.loads(old.train_new_from_iterator(texts, size, show_progress=False).backend_tokenizer.to_str())["model"]
    specials = [token.content for _, token in sorted(old.added_tokens_decoder.items())]
    vocab, learned = merges.train(texts, size, byte_bpe.SPLIT_DIGITS, specials)
    assert learned == [tuple(pair) for pair in theirs["merges"]] and vocab == theirs["vocab"]


def test_a_task_without_a_proof_is_not_climbed():
    from labs import tasks
    assert "tokenizers" not in tasks.names("proof") and "mnist" in tasks.names("proof")
    with pytest.raises(tasks.TaskError, match="the task 'tokenizers' has no paddle_side.py; tasks with one: .*mnist"):
        tasks.cases("tokenizers")


def test_the_texts_are_what_their_cards_say():
    plays = sorted(data.folder("shakespeare").glob("*_gut.txt"))
    assert len(plays) == 42 and all(path.read_bytes().isascii() for path in plays)
    poems = [poem for path in data.folder("tang_poems").glob("poet.tang.*.json") for poem in json.loads(path.read_text("utf-8"))]
    assert len(poems) == 57_607 and {"author", "title", "paragraphs"} <= set(poems[0])
