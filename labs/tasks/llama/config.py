"""The numbers of the Llama twins, each with its reason, and what both sides ask of their input."""
import json
import math
from dataclasses import dataclass, fields
from numbers import Integral, Real

import numpy as np

IGNORED = -100          # a label that is not asked for: the convention of both frameworks and of transformers
# What of a published config.json decides nothing that the twins compute.
SILENT = ("bos_token_id", "eos_token_id", "pad_token_id", "dtype", "torch_dtype", "transformers_version", "use_cache",
          "initializer_range", "_name_or_path", "transformers.js_config", "is_llama_config")
# What decides, and the only value that the twins compute; None: what a missing line means.
FIXED = {"model_type": ("llama", None), "architectures": (["LlamaForCausalLM"], None), "hidden_act": ("silu", None),
         "attention_bias": (False, None), "mlp_bias": (False, None),
         "tie_word_embeddings": (True,), "attention_dropout": (0, None), "pretraining_tp": (1, None), "rope_interleaved": (False, None)}


@dataclass(frozen=True)
class Llama3Scaling:
    """How Llama 3.1 and later stretch RoPE to a longer context; the names are those of config.json."""
    factor: float                           # slow pairs turn so many times slower
    low_freq_factor: float                  # fewer full turns than this in the old context: slow
    high_freq_factor: float                 # more: fast, left as it was; between the two, a mixture
    original_max_position_embeddings: int   # the old context

    def __post_init__(self):
        _positive(self, [f.name for f in fields(self)])
        if self.factor < 1 or not self.low_freq_factor < self.high_freq_factor:
            raise ValueError(f"llama3 scaling: expected factor >= 1 and low_freq_factor < high_freq_factor, got {self}")


@dataclass(frozen=True)
class Config:
    """The shape of a Llama and the recipe that trains it; the defaults are SmolLM2-135M's."""
    vocab_size: int = 49152         # tokens of its byte-level BPE
    hidden_size: int = 576          # width of the residual stream
    intermediate_size: int = 1536   # 8/3 of the width: three matrices for the two of an older MLP
    num_hidden_layers: int = 30     # deep and narrow: better than wide at this size (MobileLLM, arXiv:2402.14905)
    num_attention_heads: int = 9    # 64 numbers a head
    num_key_value_heads: int = 3    # three queries share a key: the cache is a third
    max_position_embeddings: int = 8192
    rope_theta: float = 1e5         # slowest wave: 2 pi 70,000 positions, far more than the context
    rms_norm_eps: float = 1e-5      # of the mean square, so that an empty row does not divide by zero
    rope_scaling: Llama3Scaling | None = None       # SmolLM2 has none; Llama 3.1 and later do
    learning_rate: float = 2.0**-14  # 6.1e-5: fine-tuning moves weights little
    beta1: float = 0.875            # near Adam's 0.9, and exact in float32
    beta2: float = 1 - 2.0**-6      # 0.984: few steps, so a short memory; exact likewise
    epsilon: float = 2.0**-27       # 7.5e-9, near Adam's 1e-8, and exact
    weight_decay: float = 0.125     # Llama's 0.1 (arXiv:2302.13971), exact

    def __post_init__(self):
        names = [f.name for f in fields(self)]
        _positive(self, names[:7], whole=True)
        _positive(self, names[7:9])
        for whole, part in (("hidden_size", "num_attention_heads"), ("num_attention_heads", "num_key_value_heads")):
            if getattr(self, whole) % getattr(self, part):
                raise ValueError(f"{whole}: expected a multiple of {part} = {getattr(self, part)}, got {getattr(self, whole)}")
        if self.head_dim % 2:
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
            The file lacks a number, or sets anything that the twins do not compute or do not know.
        """
        published = json.loads(published) if isinstance(published, str) else published
        if not isinstance(published, dict):
            raise ValueError(f"expected a config.json, as a dict or as text, got {published!r}")
        names = [f.name for f in fields(cls)][:9]
        rope = _rope_of(published)
        unknown = {name: value for name, value in published.items() if value is not None and name not in
                   {*names, *SILENT, *FIXED, "head_dim", "rope_theta", "rope_scaling", "rope_parameters"}}
        if unknown:
            raise ValueError("the config sets " + ", ".join(f"{k} = {v!r}" for k, v in unknown.items())
                             + ": the twins do not know it, so what they compute may not be this model; they know "
                             + ", ".join([*names, *FIXED, "rope_scaling"]))
        other = {name: published.get(name) for name, able in FIXED.items() if published.get(name) not in able}
        if other:
            raise ValueError("the twins have " + ", ".join(f"{k} = {FIXED[k][0]}" for k in other)
                             + "; the config has " + ", ".join(f"{k} = {v}" for k, v in other.items()))
        known = published | {"rope_theta": rope.pop("rope_theta", None)}
        missing = [name for name in names if known.get(name) is None]
        if missing:
            raise ValueError(f"the config lacks {', '.join(missing)}")
        made = cls(**{name: known[name] for name in names}, rope_scaling=_scaling_of(rope))
        if published.get("head_dim") not in (None, made.head_dim):
            raise ValueError(f"the twins have head_dim = hidden_size / num_attention_heads = {made.head_dim}; "
                             f"the config has head_dim = {published['head_dim']}")
        return cls(**{f.name: getattr(made, f.name) for f in fields(cls)} | changes)

    def check(self, tokens, past=0, mask=None, labels=None):
        """Refuse what the model cannot read.

        Parameters
        ----------
        tokens : array of int, shape (B, T)
        past : int
            Tokens already in the cache.
        mask : array of 0 and 1, shape (B, past + T), optional
            1 for a token, 0 for padding.
        labels : array of int, shape (B, T), optional

        Raises
        ------
        ValueError
            Not int64, not two-dimensional, empty, an id out of range, longer than the context, a mask of another shape or with
            a row of padding alone, labels that ask padding for a token, or labels that ask for nothing: their mean is 0 / 0,
            which the frameworks return as NaN.
        """
        for name, found in (("tokens", tokens), ("mask", mask), ("labels", labels)):
            if not (isinstance(found, np.ndarray) and found.dtype == np.int64 or found is None and name != "tokens"):
                raise ValueError(f"{name}: expected a NumPy array of int64, got {getattr(found, 'dtype', type(found).__name__)}")
        if tokens.ndim != 2 or not tokens.size:
            raise ValueError(f"tokens: expected shape (batch, length), got {tokens.shape}")
        if tokens.min() < 0 or tokens.max() >= self.vocab_size:
            wrong = tokens[(tokens < 0) | (tokens >= self.vocab_size)][0]
            raise ValueError(f"tokens: expected ids from 0 to {self.vocab_size - 1}, got {wrong}: were they made by this model's tokenizer?")
        if past + tokens.shape[1] > self.max_position_embeddings:
            raise ValueError(f"tokens: the context holds {self.max_position_embeddings}, got {past + tokens.shape[1]}: "
                             "shorten the prompt, or ask for fewer new tokens")
        if mask is not None:
            whole = (tokens.shape[0], past + tokens.shape[1])
            if mask.shape != whole or not np.isin(mask, (0, 1)).all() or not mask.any(1).all():
                raise ValueError(f"mask: expected 1 for a token and 0 for padding, shape {whole}, a token in each row; "
                                 f"got shape {mask.shape} with {np.unique(mask)[:5]}")
        if labels is not None:
            if labels.shape != tokens.shape:
                raise ValueError(f"labels: expected the shape of the tokens, {tokens.shape}, got {labels.shape}")
            odd = labels[(labels != IGNORED) & ((labels < 0) | (labels >= self.vocab_size))]
            if odd.size:
                raise ValueError(f"labels: expected ids from 0 to {self.vocab_size - 1}, or {IGNORED}, got {odd[0]}")
            if not (labels[:, 1:] != IGNORED).any():
                raise ValueError(f"labels: nothing is asked for: behind the first token of each row all are {IGNORED}, "
                                 f"of shape {labels.shape}; the mean would be 0 / 0")
            asked = False if mask is None else (labels[:, 1:] != IGNORED) & (mask[:, :-1] == 0)
            if np.any(asked):
                raise ValueError(f"labels: row {int(asked.any(1).argmax())} asks a place of padding for the next token: a padded "
                                 f"token and the first one behind it need the label {IGNORED}")


def _positive(made, names, whole=False):
    """Refuse what is no positive finite number."""
    kind = Integral if whole else Real
    wrong = {name: getattr(made, name) for name in names}
    wrong = {name: value for name, value in wrong.items()
             if isinstance(value, bool) or not isinstance(value, kind) or not 0 < value < math.inf}
    if wrong:
        raise ValueError(f"expected positive {'whole ' * whole}numbers, got " + ", ".join(f"{k} = {v!r}" for k, v in wrong.items()))


def _rope_of(published):
    """What a config says of RoPE, under its old and its new names, as one dict with `rope_type`."""
    said = {}
    for place in ("rope_scaling", "rope_parameters"):
        found = published.get(place) or {}
        if not isinstance(found, dict):
            raise ValueError(f"{place}: expected a dict, got {found!r}")
        found = dict(found)
        older = found.pop("type", None)     # the name before 2024
        if older is not None and found.setdefault("rope_type", older) != older:
            raise ValueError(f"{place}: type and rope_type differ: {older} and {found['rope_type']}")
        for key, value in found.items():
            if said.setdefault(key, value) != value:
                raise ValueError(f"rope_scaling and rope_parameters differ: {key} = {said[key]} and {value}")
    theta = published.get("rope_theta")
    if theta is not None and said.setdefault("rope_theta", theta) != theta:
        raise ValueError(f"rope_theta stands twice, as {theta} and {said['rope_theta']}")
    return said


def _scaling_of(rope):
    """The scaling that `rope`, without its theta, asks for; None for none."""
    kind = rope.get("rope_type", "default")
    rest = {key: value for key, value in rope.items() if key != "rope_type" and value is not None}
    if kind not in ("default", "llama3"):
        raise ValueError(f"the twins have rope_type = default and llama3; the config has rope_type = {kind}")
    wanted = [f.name for f in fields(Llama3Scaling)] if kind == "llama3" else []
    if set(rest) != set(wanted):
        raise ValueError(f"rope_type = {kind}: expected {', '.join(wanted) or 'nothing more'}; got {', '.join(rest) or 'nothing'}")
    return Llama3Scaling(**rest) if wanted else None


def rotary_frequencies(config):
    """By how much each pair of a head turns from one position to the next, in radians: float64, shape (head_dim / 2,).

    Source
    ------
    Su et al., 2021 (arXiv:2104.09864); the scaling is Llama 3.1's, as transformers' `_compute_llama3_parameters` has it.
    """
    plain = config.rope_theta ** -(np.arange(0, config.head_dim, 2) / config.head_dim)
    scaling = config.rope_scaling
    if scaling is None:
        return plain
    turns = scaling.original_max_position_embeddings * plain / (2 * np.pi)      # full turns in the old context
    fast = np.clip((turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor), 0, 1)
    return fast * plain + (1 - fast) * plain / scaling.factor


def rotary_tables(config):
    """Cosines and sines by which RoPE turns, made once in NumPy for both sides.

    Returns
    -------
    cos, sin : float64 array, shape (positions, head_dim)
        Row p, column i: p times the frequency of pair i, for i below half a head; then the same once more.
    """
    angles = np.outer(np.arange(config.max_position_embeddings), rotary_frequencies(config))
    angles = np.concatenate([angles, angles], axis=1)
    return np.cos(angles), np.sin(angles)


def left_padded(prompts, pad=0):
    """Prompts of different lengths as one batch, padding in front, so that the last column is everybody's last token.

    Returns
    -------
    tokens, mask : int64 array, shape (B, T)

    Raises
    ------
    ValueError
        A prompt is empty or no list of whole numbers.
    """
    for prompt in prompts:
        ids = np.asarray(prompt)
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise ValueError(f"prompts: expected each to be a list of ids, at least one, got {prompt!r}")
    longest = max(map(len, prompts), default=0)
    tokens, mask = np.full((2, len(prompts), longest), [[[pad]], [[0]]], np.int64)
    for row, prompt in enumerate(prompts):
        tokens[row, longest - len(prompt):] = prompt
        mask[row, longest - len(prompt):] = 1
    return tokens, mask


def unpadded(tokens, mask, given, stop=None):
    """Rows as lists without their padding, each cut behind its first `stop` after the `given` columns."""
    rows = []
    for row, counts in zip(tokens, mask):
        made = row[given:].tolist()
        made = made[:made.index(stop) + 1] if stop in made else made
        rows.append(row[:given][counts[:given] == 1].tolist() + made)
    return rows
