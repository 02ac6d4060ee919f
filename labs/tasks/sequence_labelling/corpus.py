"""From the files of MSRA to sentences, vocabularies and batches."""
from collections import Counter
from dataclasses import dataclass

import numpy as np

OTHER, LONGEST = "<other>", 400         # what stands for every word that is not in the vocabulary; the longest sentence that is read


class CorpusError(ValueError):
    """A line of a corpus, or a sentence, that is not as expected; the message names file and line."""


def msra(path, limit=None):
    """Sentences of a file of MSRA, at most `limit`: lists of (character, tag), the tags rewritten as IOBES."""
    sentences, sentence = [], []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            parts = line.split()
            if not parts:
                if sentence:
                    sentences.append(sentence)
                sentence = []
                if limit is not None and len(sentences) >= limit:
                    return sentences
                continue
            if len(parts) != 2:
                raise CorpusError(f"{path.name}, line {number}: expected a character and a tag, got {line.strip()!r}")
            character, tag = parts
            sentence.append((character, iobes(tag, path, number)))
    return sentences + ([sentence] if sentence else [])


def iobes(tag, path, number):
    """MSRA's `B_PER` or `M-PER` -> `B-PER`, `I-PER`."""
    prefix, kind = tag[:1], tag[2:]
    if tag == "O":
        return tag
    if prefix not in "BMES" or tag[1:2] not in "-_" or not kind:
        raise CorpusError(f"{path.name}, line {number}: expected O, or B, M, E, S with a type, got {tag!r}")
    return f"{'I' if prefix == 'M' else prefix}-{kind.upper()}"


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and their numbers; 0 stands for all others."""

    tokens: tuple

    @classmethod
    def of(cls, tokens, least=1, size=None):
        """Of the tokens that come at least `least` times, the `size` most frequent ones."""
        counted = sorted(((count, token) for token, count in Counter(tokens).items() if count >= least), key=lambda one: (-one[0], one[1]))
        return cls((OTHER, *(token for _, token in counted[:size and size - 1])))

    def __len__(self):
        return len(self.tokens)

    def encode(self, tokens):
        """Tokens -> numbers."""
        numbers = {token: number for number, token in enumerate(self.tokens)}
        return [numbers.get(token, 0) for token in tokens]


def batches(sentences, words, tags, size, longest=LONGEST, seed=None):
    """Sentences as arrays: words and tags (B, T), padded with zeros, and lengths (B,).

    Parameters
    ----------
    sentences : list of list of (str, str)
    words : Vocabulary
    tags : sequence of str
        Every tag that occurs.
    size : int
        B; the last batch may be smaller.
    longest : int
        Words that a sentence may have.
    seed : int, optional
        Order of the batches; without it sentences stay in their order. With it, sentences of like length come
        together, so that little is padded.

    Raises
    ------
    CorpusError
        No sentence, an empty or a too long one, an unknown tag.
    """
    if not sentences:
        raise CorpusError("expected at least one sentence, got none")
    number_of = {tag: number for number, tag in enumerate(tags)}
    for at, sentence in enumerate(sentences):
        if not 0 < len(sentence) <= longest:
            raise CorpusError(f"sentence {at}: expected 1 to {longest} words, got {len(sentence)}")
        unknown = next((tag for _, tag in sentence if tag not in number_of), None)
        if unknown is not None:
            raise CorpusError(f"sentence {at}: unknown tag {unknown!r}; known are {', '.join(tags)}")
    order = np.arange(len(sentences))
    if seed is not None:
        rng = np.random.default_rng(seed)
        order = rng.permutation(order)
        order = order[np.argsort([len(sentences[i]) for i in order], kind="stable")]
    made = []
    for start in range(0, len(order), size):
        chosen = [sentences[i] for i in order[start:start + size]]
        lengths = np.array([len(s) for s in chosen], np.int64)
        x, y = (np.zeros((len(chosen), lengths.max()), np.int64) for _ in range(2))
        for row, sentence in enumerate(chosen):
            x[row, :len(sentence)] = words.encode(word for word, _ in sentence)
            y[row, :len(sentence)] = [number_of[tag] for _, tag in sentence]
        made.append((x, y, lengths))
    return [made[i] for i in rng.permutation(len(made))] if seed is not None else made


def unpadded(rows, lengths):
    """Padded rows (B, T) -> a list of lists."""
    return [list(row[:length]) for row, length in zip(np.asarray(rows).tolist(), np.asarray(lengths).tolist())]
