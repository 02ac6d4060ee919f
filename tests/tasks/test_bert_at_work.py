"""BERT at work: its small data sets, the checkpoints of reviews, and the checks of chapter 25b."""
import exercise_attacks as attacks
import numpy as np
import pytest

from labs.tasks.bert import exercises_at_work as exercises
from labs.tasks.bert import letters, paragraphs, reviews, training
from labs.tasks.bert.config import IGNORED

CHAPTER = "25b_sentences.md"


def test_share_of_padding():
    attacks.number(exercises.share_of_padding, 46 / 90, {
        44 / 90: "share of text", 46 / 44: "not by the text", 46: "divide by all", 0.5: "44 are text", 4600 / 90: "in percent",
        46 / 270: "mean of one row", 0.6: "three rows of 30"}, ratios=(0, 2, -1))


def by_sorting(scores, k):
    hits = 0
    for i, row in enumerate(scores):
        others = np.delete(row, i)
        hits += (np.sort(others)[::-1] >= row[i]).sum() < k
    return hits / len(scores)


def by_ranks(scores, k):
    return np.mean((scores >= np.diag(scores)[:, None]).sum(1) <= k)


def with_torch(scores, k):
    import torch
    scores = torch.from_numpy(scores)
    return ((scores >= scores.diag()[:, None]).sum(1) <= k).double().mean()


def wrong(**mistake):
    return lambda scores, k: exercises._recall(scores, k, **mistake)


def test_recall_at():
    attacks.function(exercises.recall_at, [by_sorting, by_ranks, with_torch], {
        "A tie counts": wrong(tie=True), "always 1": wrong(fixed=1), "one more than k": wrong(more=1), "lowest": wrong(sign=-1),
        "not the share": wrong(count=True), "is there a `return`": lambda *_: None, "as high or higher": lambda scores, k: 0.25,
        "score as high or higher": lambda scores, k: np.mean([i in np.argsort(row)[-k:] for i, row in enumerate(scores)])})


@pytest.mark.parametrize("which, answers", [("25b.1", {"answer_1": 46 / 90}), ("25b.2", {"recall": by_ranks})])
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **answers).right is True


def test_counting_neighbours_knows_a_text_of_two_letters():
    codes = np.tile(np.array([97, 98]), 100)            # abab...
    tokens, labels = codes[None, :8].copy(), np.full((1, 8), IGNORED)
    tokens[0, 3], labels[0, 3] = letters.MASK, 98
    found = letters.by_counting(codes, [(tokens, labels)])
    assert found["the commonest between its neighbours"].tolist() == [True] and len(found["the commonest letter"]) == 1


def test_lessons_of_letters_come_again_and_ask_something_in_each_row():
    codes = np.random.default_rng(0).integers(32, 120, 1000)
    first, again = (letters.batches(codes, 2, seed=3) for _ in range(2))
    assert all(np.array_equal(a, b) for one, other in zip(first, again) for a, b in zip(one, other))
    assert all((labels != IGNORED).any(1).all() for _, labels in first)


def test_reviews_are_halves_and_no_text_stands_twice():
    from labs import data
    parts = reviews.load(data)
    texts = [text for part in parts.values() for text in part.texts]
    assert len(set(texts)) == len(texts) == reviews.POOL + reviews.TEST and all(part.labels.mean() == 0.5 for part in parts.values())
    one, other = (reviews.drawn(parts["pool"].labels, seed) for seed in (0, 1))
    assert len(set(one)) == reviews.TRAIN and parts["pool"].labels[one].mean() == 0.5 and not np.array_equal(one, other)
    assert all(len(row) <= 7 and row[0] == 101 and row[-1] == 102 for row in reviews.encoded(data.folder("minilm_l6_v2"), texts[:9], 7))


def test_the_checkpoints_are_of_these_reviews_and_this_config():
    from labs import checkpoints, data
    from labs.tasks import bert
    from labs.tasks.bert.config import Config
    config = Config.of(data.load("minilm_l6_v2").config, **training.FINE)
    rows = checkpoints.load(bert, "features", config).weights
    assert {name: w.shape for name, w in rows.items()} == {
        f"{kind}_{part}": (size, 384) for kind in ("trained", "untrained") for part, size in (("pool", reviews.POOL), ("test", reviews.TEST))}
    assert all(np.allclose(np.linalg.norm(w, axis=1), 1, atol=2e-3) for w in rows.values())
    for side, seeds in training.SEEDS.items():
        kept = checkpoints.load(bert, side, config).weights
        assert all(kept[f"logits_{seed}"].shape == (reviews.TEST, 2) for seed in seeds) and len(kept) == 2 * len(seeds)


def test_batches_in_order_of_length_come_back_in_their_own_order():
    class Side:
        @staticmethod
        def logits(model, batch):
            import torch
            return torch.from_numpy(batch[0][:, :1].astype("float32"))
    rows = [[i] * (1 + (7 * i) % 5) for i in range(1, 12)]
    assert training.answers(Side, None, rows, size=4)[:, 0].tolist() == [row[0] for row in rows]


def test_words_in_common_find_what_shares_them():
    scores = paragraphs.by_words(["red house", "blue sea"], ["a blue sea", "the red house by the sea"])
    assert paragraphs.ranks(scores[:, ::-1]).tolist() == [1, 1] and paragraphs.ranks(np.ones((3, 3))).tolist() == [3, 3, 3]
    shelf = paragraphs.load()
    assert len(shelf["paragraphs"]) > 100 and len(shelf["terms"]) > 90 and all(len(one) == 3 for one in shelf["terms"])
