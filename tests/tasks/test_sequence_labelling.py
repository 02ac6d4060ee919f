"""The CRF in three eras against the list of all paths, entities, corpora."""
import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from proven import MistakePromises, TwinPromises

from labs import checkpoints, data, parity
from labs.fluid import environment
from labs.tasks import sequence_labelling
from labs.tasks.sequence_labelling import corpus, entities, enumeration, proof, training
from labs.tasks.sequence_labelling.config import CONFIGS, Config


class TestTwins(TwinPromises):
    task = "sequence_labelling"


class TestMistakes(MistakePromises):
    task = "sequence_labelling"


@pytest.fixture(params=["paddle", "torch"])
def side(request):
    """A framework with its plain and its fast CRF, and tensors from arrays: collecting tests loads no framework."""
    if request.param == "torch":
        import torch

        from labs.tasks.lac import torch_side as lac
        from labs.tasks.sequence_labelling import torch_side

        def tensor(a, trained=False):
            return torch.tensor(a, requires_grad=trained)
        return SimpleNamespace(plain=torch_side, fast=lac, tensor=tensor)
    import paddle

    from labs.tasks.lac import paddle_side as lac
    from labs.tasks.sequence_labelling import paddle_side

    def tensor(a, trained=False):
        return paddle.to_tensor(a, stop_gradient=not trained)
    return SimpleNamespace(plain=paddle_side, fast=lac, tensor=tensor)


def draws(count):
    """Emissions, weights of a CRF: calm, a thousand apart, with forbidden moves and forbidden starts."""
    rng = np.random.default_rng(0)
    while count:
        length, tags = rng.integers(1, 5, 2)
        emissions, crf = rng.normal(size=(length, tags)) * rng.choice([1, 30, 1000]), rng.normal(size=(tags + 2, tags))
        if count % 3 == 0:
            crf[rng.random(crf.shape) < 0.2] = -1e4
        if count % 4 == 0:
            crf[2:][rng.random((tags, tags)) < 0.2] = -np.inf
        if np.isfinite(enumeration.log_partition(emissions, crf)):
            count -= 1
            yield emissions, crf


def test_sum_marginals_and_best_path_are_those_of_the_list_of_all_paths_whatever_the_padding_holds(side):
    rng = np.random.default_rng(1)
    for emissions, crf in draws(60):
        length, tags = emissions.shape
        padded = np.concatenate([emissions, 50 * rng.normal(size=(3, tags))])[None]
        x, w, n = side.tensor(padded, True), side.tensor(crf), side.tensor(np.array([length]))
        total = side.plain.log_partition(x, w, n)
        total.sum().backward()
        gradient = x.grad.numpy()[0]
        assert total.item() == pytest.approx(enumeration.log_partition(emissions, crf), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(gradient[:length], enumeration.marginals(emissions, crf), atol=1e-9)
        assert not gradient[length:].any(), "padding has no part in it"
        path, score = enumeration.best(emissions, crf)
        for search in (side.plain.viterbi, side.fast.viterbi):
            found, value = search(side.tensor(padded), w, n)
            assert tuple(found.numpy()[0, :length]) == path and value.item() == pytest.approx(score, rel=1e-12)


CLIMB = """
import types, fluid_ladder, numpy as np
side = types.ModuleType("side")
exec(source, side.__dict__)
batches = [tuple(np.array(arrays["%s%d" % (name, i)]) for name in "wtl") for i in range(count)]
climbed = {p: fluid_ladder.climb(side, config, weights, batches, p) for p in ("float64", "float32")}
model = side.build(config, "float64")
side.make_optimizer(model, config)
fluid_ladder.load(model, weights)
decoded = side.decode(model, batches[2])
"""


@pytest.mark.needs("fluid")
def test_three_eras_are_one_computation_and_find_the_same_paths():
    from labs.fluid.runtime import Runtime
    from labs.tasks.sequence_labelling import paddle_side, torch_side
    config, batches = proof.cases(data)["BiLSTM-CRF"]
    weights = parity.initial_weights(torch_side.build(config), 0)
    runtime = Runtime(environment.installed()["executable"])
    source = (Path(sequence_labelling.__file__).parent / "fluid_side.py").read_text("utf-8")
    arrays = {f"{name}{i}": a for i, batch in enumerate(batches) for name, a in zip("wtl", batch)}
    runtime.lend({"source": source, "config": dataclasses.asdict(config), "weights": weights, "count": len(batches), "arrays": arrays})
    runtime.run(CLIMB)
    found = runtime.give(["climbed", "decoded"])
    runtime.close()
    also = [parity.Record("Fluid", precision, rungs) for precision, rungs in found["climbed"].items()]
    then = [parity.fluid_epsilon(side) for side in (torch_side, paddle_side)]
    ladder = parity.climb(*then, batches, config, weights, also=also).check()
    assert [pair.second for pair in ladder.pairs] == ["Paddle", "Fluid"]
    model = parity.load(torch_side.build(config), weights).double()
    assert np.array_equal(torch_side.decode(model, batches[2]), found["decoded"])


@pytest.mark.parametrize("emissions, crf, says", [
    (np.zeros((0, 2)), np.zeros((4, 2)), "at least one word"), (np.zeros((2, 2)), np.zeros((2, 2)), r"expected shape \(4, 2\)"),
    (np.zeros((30, 2)), np.zeros((4, 2)), "too many to list")])
def test_what_cannot_be_listed_is_refused(emissions, crf, says):
    with pytest.raises(ValueError, match=says):
        enumeration.paths(emissions, crf)


# --- entities ---

@pytest.mark.parametrize("tags, found", [
    ("B-PER I-PER O", [("PER", 0, 1)]), ("O I-PER I-PER", [("PER", 1, 2)]), ("B-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),
    ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]), ("S-LOC I-LOC", [("LOC", 0, 0), ("LOC", 1, 1)]),
    ("B-ORG I-ORG E-ORG E-ORG", [("ORG", 0, 2), ("ORG", 3, 3)]), ("O O", []), ("", [])])
def test_entities_by_the_lenient_rules(tags, found):
    assert entities.spans(tags.split()) == found


@pytest.mark.parametrize("tags, scheme, found", [
    ("O I-PER B-PER I-PER", "IOB2", [("PER", 2, 3)]), ("B-PER I-LOC I-PER", "IOB2", [("PER", 0, 0)]),
    ("B-PER I-PER E-PER S-LOC", "IOBES", [("PER", 0, 2), ("LOC", 3, 3)]), ("B-PER I-PER O", "IOBES", []),
    ("B-PER B-PER E-PER", "IOBES", [("PER", 1, 2)]), ("E-PER", "IOBES", [])])
def test_entities_to_the_letter(tags, scheme, found):
    assert entities.strict_spans(tags.split(), scheme) == found


def test_a_tag_of_no_scheme_and_sentences_that_do_not_fit_are_told():
    for tag in ("PER", "X-PER", "B-", "-PER", ""):
        with pytest.raises(entities.TagError, match="expected O, or one of B, I, E, S"):
            entities.spans([tag])
    with pytest.raises(entities.TagError, match="IOB2 or IOBES"):
        entities.strict_spans(["O"], "BIO")
    with pytest.raises(entities.TagError, match="sentence 1: expected 2 tags, got 1"):
        entities.counts([["O"], ["O", "O"]], [["O"], ["O"]])


def test_f1_of_counts_and_its_interval():
    rows = entities.counts([["B-PER", "O"], ["O", "B-LOC"]], [["B-PER", "B-PER"], ["O", "O"]])
    assert rows.tolist() == [[1, 2, 1], [0, 0, 1]] and entities.f1(rows) == 0.5 and entities.f1(rows[1:]) == 0
    many = np.repeat(rows, 200, 0)
    low, high = entities.interval(many)
    assert low < 0.5 < high and high - low < 0.2
    assert entities.difference(many, many)[1] == (0, 0)


# --- corpora ---

def test_a_malformed_line_is_named_with_its_file(tmp_path):
    for text, says in (("当 O\n希\n", "line 2: expected a character and a tag"), ("当 X-PER\n", "line 1: expected O, or B, M, E, S")):
        (tmp_path / "m.txt").write_text(text, "utf-8")
        with pytest.raises(corpus.CorpusError, match=says):
            corpus.msra(tmp_path / "m.txt")


def test_sentences_that_no_batch_can_hold_are_told():
    words = corpus.Vocabulary.of("aab")
    assert words.tokens == (corpus.OTHER, "a", "b") and words.encode("bz") == [2, 0]
    for sentences, says in (([], "at least one"), ([[]], "1 to 400 words, got 0"), ([[("a", "O")] * 401], "got 401"), ([[("a", "X")]], "unknown tag 'X'")):
        with pytest.raises(corpus.CorpusError, match=says):
            corpus.batches(sentences, words, ["O"], 2)


def test_batches_hold_every_sentence_once():
    sentences = [[(c, "O") for c in "ab" * n] for n in range(1, 8)]
    for seed in (None, 3):
        made = corpus.batches(sentences, corpus.Vocabulary.of("ab"), ["O"], 3, seed=seed)
        assert sorted(int(n) for _, _, lengths in made for n in lengths) == [2 * n for n in range(1, 8)]
        assert all(x.shape == y.shape == (len(lengths), max(lengths)) for x, y, lengths in made)


# --- checkpoints ---

@pytest.mark.parametrize("name", CONFIGS)
def test_the_checkpoint_is_whole_and_of_this_config(name):
    kept = checkpoints.load(sequence_labelling, name)
    assert Config(**kept.config) == CONFIGS[name] and kept.bytes < 5_000_000 and 0.4 < kept.facts["held-out F1"] < 1


def test_training_is_what_the_command_does():
    said = []
    config = dataclasses.replace(CONFIGS["msra"], sentences=64, epochs=1, hidden=8, embedding=8)
    model, _, facts = training.train("msra", data, lambda model, within: parity.load(model, parity.initial_weights(model, 0, within=within)),
                                     said.append, config, limit=2)
    assert len(facts["vocabulary"]) <= config.vocabulary and said and "held-out F1" in facts
    with pytest.raises(ValueError, match="expected one of msra"):
        training.train("mnist", data, None)
