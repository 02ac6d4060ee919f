"""The numbers of the BERT twins, each with its reason, and what both sides ask of their input."""
import json
import math
from dataclasses import dataclass, fields
from numbers import Integral, Real

import numpy as np

IGNORED = -100          # a label that is not asked for: the convention of both frameworks and of transformers
# What of a published config.json decides nothing that the twins compute.
SILENT = ("pad_token_id", "dtype", "torch_dtype", "transformers_version", "use_cache", "initializer_range", "_name_or_path",
          "gradient_checkpointing", "architectures", "classifier_dropout", "bos_token_id", "eos_token_id", "model_type")
# What decides, and the only values that the twins compute; None: what a missing line means.
FIXED = {"hidden_act": ("gelu", None), "position_embedding_type": ("absolute", None), "is_decoder": (False, None),
         "add_cross_attention": (False, None), "tie_word_embeddings": (True, None)}


@dataclass(frozen=True)
class Config:
    """The shape of a BERT and the recipe that trains it; the defaults are MiniLM's."""
    vocab_size: int = 30522             # WordPiece, English, all in lower case
    hidden_size: int = 384              # half of BERT-base: MiniLM is its small pupil (arXiv:2002.10957)
    intermediate_size: int = 1536       # four times the width, as in the first Transformer
    num_hidden_layers: int = 6
    num_attention_heads: int = 12       # 32 numbers a head
    max_position_embeddings: int = 512  # rows of the table of positions: no text can be longer
    type_vocab_size: int = 2            # first and second sentence of a pair
    layer_norm_eps: float = 1e-12       # smaller than float32 sees beside a variance near one
    hidden_dropout_prob: float = 0.1    # of embeddings and of what a sublayer adds; off in evaluation
    attention_probs_dropout_prob: float = 0.1
    num_labels: int = 0                 # 0: the head guesses masked words; else it tells so many classes apart
    norm_first: bool = False            # True: pre-norm, which came after BERT (Xiong et al. 2020, arXiv:2002.04745)
    rotary: bool = False                # True: RoPE in place of the table of positions (arXiv:2104.09864)
    fused: bool = False                 # True: attention by one call of the framework
    learning_rate: float = 2.0**-14     # 6.1e-5; BERT's authors tried 2e-5 to 5e-5
    beta1: float = 0.875                # near Adam's 0.9, and exact in float32
    beta2: float = 1 - 2.0**-6          # 0.984: few steps, so a short memory; exact likewise
    epsilon: float = 2.0**-20           # 9.5e-7, near BERT's 1e-6, and exact
    weight_decay: float = 2.0**-7       # 0.0078, near BERT's 0.01, and exact

    def __post_init__(self):
        names = [f.name for f in fields(self)]
        _numbers(self, names[:7], whole=True)
        _numbers(self, ["layer_norm_eps"])
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            rate = getattr(self, name)
            if not (isinstance(rate, Real) and 0 <= rate < 1):
                raise ValueError(f"{name}: expected a share from 0 to less than 1, got {rate!r}")
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(f"hidden_size: expected a multiple of num_attention_heads = {self.num_attention_heads}, got {self.hidden_size}")
        if self.rotary and self.head_dim % 2:
            raise ValueError(f"a head has {self.head_dim} numbers; RoPE turns them in pairs and needs an even count")

    @property
    def head_dim(self):
        """Numbers a head."""
        return self.hidden_size // self.num_attention_heads

    @classmethod
    def of(cls, published, **changes):
        """The config of a published model: `published` is its config.json as a dict, or that file's text.

        Raises
        ------
        ValueError
            The file is of no BERT, lacks a number, or sets anything that the twins do not compute or do not know.
        """
        published = json.loads(published) if isinstance(published, str) else published
        if not isinstance(published, dict):
            raise ValueError(f"expected a config.json, as a dict or as text, got {published!r}")
        if published.get("model_type") != "bert":
            raise ValueError(f"expected model_type = bert, got {published.get('model_type')!r}: RoBERTa, DistilBERT and others "
                             "count positions, name weights or pool in other ways")
        names = [f.name for f in fields(cls)][:10]
        unknown = {name: value for name, value in published.items() if value is not None and name not in {*names, *SILENT, *FIXED}}
        if unknown:
            raise ValueError("the config sets " + ", ".join(f"{k} = {v!r}" for k, v in unknown.items())
                             + ": the twins do not know it, so what they compute may not be this model")
        other = {name: published.get(name) for name, able in FIXED.items() if published.get(name) not in able}
        if other:
            raise ValueError("the twins have " + ", ".join(f"{k} = {FIXED[k][0]}" for k in other)
                             + "; the config has " + ", ".join(f"{k} = {v}" for k, v in other.items()))
        missing = [name for name in names if published.get(name) is None]
        if missing:
            raise ValueError(f"the config lacks {', '.join(missing)}")
        return cls(**{name: published[name] for name in names} | changes)

    def check(self, tokens, labels=None, mask=None, types=None):
        """Refuse what the model cannot read.

        Parameters
        ----------
        tokens : array of int64, shape (B, T)
        labels : array of int64, optional
            Shape (B, T) for masked words, with -100 where nothing is asked; shape (B,) for classes.
        mask : array of 0 and 1, int64, shape (B, T), optional
            1 for a token, 0 for padding.
        types : array of int64, shape (B, T), optional
            0 for the first sentence, 1 for the second.

        Raises
        ------
        ValueError
            Another type or shape, an id out of range, a text longer than the table of positions, a row of padding
            alone, labels that ask for nothing.
        """
        given = {"tokens": tokens, "labels": labels, "mask": mask, "types": types}
        for name, found in given.items():
            if not (isinstance(found, np.ndarray) and found.dtype == np.int64 or found is None and name != "tokens"):
                raise ValueError(f"{name}: expected a NumPy array of int64, got {getattr(found, 'dtype', type(found).__name__)}")
        if tokens.ndim != 2 or not tokens.size:
            raise ValueError(f"tokens: expected shape (batch, length), got {tokens.shape}")
        for name, size in (("tokens", self.vocab_size), ("types", self.type_vocab_size)):
            ids = given[name]
            if ids is not None and (ids.min() < 0 or ids.max() >= size):
                raise ValueError(f"{name}: expected ids from 0 to {size - 1}, got {ids[(ids < 0) | (ids >= size)][0]}")
        if tokens.shape[1] > self.max_position_embeddings:
            raise ValueError(f"tokens: there are {self.max_position_embeddings} positions, the text has {tokens.shape[1]} tokens: cut it")
        for name in ("mask", "types"):
            if given[name] is not None and given[name].shape != tokens.shape:
                raise ValueError(f"{name}: expected the shape of the tokens, {tokens.shape}, got {given[name].shape}")
        if mask is not None and not (np.isin(mask, (0, 1)).all() and mask.any(1).all()):
            raise ValueError(f"mask: expected 1 for a token and 0 for padding, a token in each row; got {np.unique(mask)[:5]}")
        if labels is not None:
            self._check_labels(tokens, labels)

    def _check_labels(self, tokens, labels):
        shape, size = (tokens.shape[:1], self.num_labels) if self.num_labels else (tokens.shape, self.vocab_size)
        if labels.shape != shape:
            raise ValueError(f"labels: expected shape {shape}, got {labels.shape}")
        asked = labels != IGNORED
        odd = labels[asked & ((labels < 0) | (labels >= size))]
        if odd.size:
            raise ValueError(f"labels: expected ids from 0 to {size - 1}, or {IGNORED}, got {odd[0]}")
        if not asked.any():
            raise ValueError(f"labels: nothing is asked for: all are {IGNORED}; the mean would be 0 / 0")


def rotary_tables(config):
    """Cosines and sines of RoPE's angles, float32 (positions, D): the halves of a head turn together, base 10,000.

    float32 on both sides, in float64 too: what is shared must not depend on who computes it.
    """
    half = np.arange(config.head_dim // 2)
    angle = np.arange(config.max_position_embeddings)[:, None] * 1e4 ** (-2 * half / config.head_dim)
    angle = np.concatenate([angle, angle], 1)
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def padded(rows, side="right", pad=0, types=None):
    """Lists of ids as one batch.

    Parameters
    ----------
    rows : list of lists of int
    side : {"right", "left"}
        Where padding stands.
    pad : int
    types : list of lists of int, optional

    Returns
    -------
    tokens, mask, types : arrays of int64, shape (B, T)
    """
    if not rows or not all(len(row) for row in rows):
        raise ValueError("rows: expected at least one text, and a token in each")
    if side not in ("right", "left"):
        raise ValueError(f"side: expected right or left, got {side!r}")
    length = max(map(len, rows))
    made = np.full((3, len(rows), length), 0, np.int64)
    made[0] = pad
    for i, row in enumerate(rows):
        at = slice(0, len(row)) if side == "right" else slice(length - len(row), length)
        made[0, i, at], made[1, i, at] = row, 1
        made[2, i, at] = 0 if types is None else types[i]
    return made[0], made[1], made[2]


def masked(tokens, mask, rng, mask_id, vocab_size, special=(), share=0.15):
    """BERT's game: of the words that are no special token a share is asked for.

    Eight in ten of these become [MASK], one in ten another word, one in ten stays; so the model cannot tell which
    words it will be asked for (Devlin et al. 2019, section 3.1).

    Returns
    -------
    tokens, labels : arrays of int64, shape (B, T)
        Labels are -100 where nothing is asked; each row is asked for at least one word.
    """
    able = (mask == 1) & ~np.isin(tokens, special)
    if not able.any(1).all():
        raise ValueError("tokens: a row has no word that may be masked")
    draw = np.where(able, rng.random(tokens.shape), 2.0)
    asked = (draw < share) | (draw == draw.min(1, keepdims=True))
    how = rng.random(tokens.shape)
    seen = np.where(asked & (how < 0.8), mask_id, tokens)
    seen = np.where(asked & (how >= 0.9), rng.integers(0, vocab_size, tokens.shape), seen)
    return seen, np.where(asked, tokens, IGNORED)


def _numbers(made, names, whole=False):
    """Refuse what is no positive finite number."""
    kind = Integral if whole else Real
    wrong = {name: getattr(made, name) for name in names}
    wrong = {name: value for name, value in wrong.items()
             if isinstance(value, bool) or not isinstance(value, kind) or not 0 < value < math.inf}
    if wrong:
        raise ValueError(f"expected positive {'whole ' * whole}numbers, got " + ", ".join(f"{k} = {v!r}" for k, v in wrong.items()))
