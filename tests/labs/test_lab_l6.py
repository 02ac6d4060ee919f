"""Lab 6: its reference against Hugging Face's tokenizers, and the chapter's own code, which must
not pass.
"""

import random

import pytest

from labs.grading import assignment
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb

MARK = "\u2581"


@pytest.fixture(scope="module")
def made():
    return assignment.read("L6")


def words(draw, letters):
    return {
        MARK + "".join(draw.choices(letters, k=draw.randint(1, 7))): draw.randint(1, 9)
        for _ in range(draw.randint(1, 12))
    }


@pytest.mark.parametrize("letters", ["ab", "abcdefgh", "aé🙂\u0301ñ床"])
def test_the_reference_learns_and_encodes_as_the_library(made, letters):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    reference, draw = made.reference, random.Random(letters)
    for _ in range(100):
        counts, size = words(draw, letters), draw.randint(2, 40)
        least, longest = draw.choice([1, 1, 2, 5]), draw.choice([None, 2, 3, 5])
        vocabulary, merges = reference["train"](counts, size, least, longest)
        # the library's max_token_length=4 makes tokens of at most 3 characters: it asks for fewer, not for at most
        trainer = trainers.BpeTrainer(
            vocab_size=max(size, 1),
            min_frequency=least,
            max_token_length=longest and longest + 1,
            special_tokens=["<unk>"],
            show_progress=False,
        )
        theirs = Tokenizer(models.BPE(unk_token="<unk>"))
        theirs.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        theirs.train_from_iterator(
            [word for word, count in counts.items() for _ in range(count)], trainer
        )
        alphabet = 1 + len(set("".join(counts)))
        assert theirs.get_vocab() == {token: i for i, token in enumerate(vocabulary)}, (
            counts,
            size,
            least,
            longest,
        )
        assert len(merges) == len(vocabulary) - alphabet
        text = " ".join(
            "".join(draw.choices(letters + "?", k=draw.randint(1, 9))) for _ in range(6)
        )
        marked = " ".join(MARK + word for word in text.split())
        assert reference["encode"](text, vocabulary, merges) == theirs.encode(marked).ids


def test_chapter_22s_own_code_does_not_pass(made):
    from labs.tasks.tokenizers import byte_bpe

    def train(words, size, min_count=1, longest=None):
        vocab, merges = byte_bpe.train_bpe(
            [" ".join([word] * count) for word, count in words.items()], size, specials=["<unk>"]
        )
        return list(vocab), merges

    def encode(text, vocabulary, merges, specials=()):
        from labs.tasks.tokenizers import special

        model = byte_bpe.ByteBPE({token: i for i, token in enumerate(vocabulary)}, merges)
        return [
            i
            for i, *_ in special.encode_all(
                model, text, {one: len(vocabulary) + i for i, one in enumerate(specials)}
            )
        ]

    def decode(ids, vocabulary, specials=()):
        return byte_bpe.ByteBPE({token: i for i, token in enumerate(vocabulary)}, []).decode(ids)

    result = climb(
        made,
        drawn.make(made, "chapter", mistakes=False),
        Here(made, {"train": train, "encode": encode, "decode": decode}),
    )
    assert result.earned == 0, result.text
