"""The numbers of the Llama twins, each with its reason, and what both sides ask of their input."""
import json
from dataclasses import dataclass, fields

import numpy as np


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
    rope_theta: float = 1e5         # slowest wave: 2 pi 75,000 positions, far more than the context
    rms_norm_eps: float = 1e-5      # of the mean square, so that an empty row does not divide by zero
    learning_rate: float = 2.0**-14  # 6.1e-5: fine-tuning moves weights little
    beta1: float = 0.875            # near Adam's 0.9, and exact in float32
    beta2: float = 1 - 2.0**-6      # 0.984: few steps, so a short memory; exact likewise
    epsilon: float = 2.0**-27       # 7.5e-9, near Adam's 1e-8, and exact
    weight_decay: float = 0.125     # Llama's 0.1 (arXiv:2302.13971), exact

    def __post_init__(self):
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
            The file lacks a number, or asks for something that the twins do not have.
        """
        published = json.loads(published) if isinstance(published, str) else published
        rope = published.get("rope_parameters") or {"rope_type": "default"}
        asked = {"attention_bias": published.get("attention_bias", False), "mlp_bias": published.get("mlp_bias", False),
                 "tie_word_embeddings": published.get("tie_word_embeddings", False),
                 "hidden_act": published.get("hidden_act", "silu"), "rope_type": rope.get("rope_type", "default")}
        able = {"attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "hidden_act": "silu", "rope_type": "default"}
        if asked != able:
            raise ValueError("the twins have " + ", ".join(f"{k} = {v}" for k, v in able.items())
                             + "; the config has " + ", ".join(f"{k} = {asked[k]}" for k in able if asked[k] != able[k]))
        known = published | {"rope_theta": rope.get("rope_theta", published.get("rope_theta"))}
        names = [f.name for f in fields(cls)][:9]
        missing = [name for name in names if known.get(name) is None]
        if missing:
            raise ValueError(f"the config lacks {', '.join(missing)}")
        return cls(**{name: known[name] for name in names} | changes)

    def check(self, tokens, past=0):
        """Refuse tokens that the model cannot read.

        Parameters
        ----------
        tokens : array of int, shape (B, T)
        past : int
            Tokens already in the cache.

        Raises
        ------
        ValueError
            Not two-dimensional, empty, an id out of range, or longer than the context.
        """
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or tokens.dtype.kind not in "iu" or not tokens.size:
            raise ValueError(f"tokens: expected whole numbers of shape (batch, length), got {tokens.dtype} of shape {tokens.shape}")
        if tokens.min() < 0 or tokens.max() >= self.vocab_size:
            wrong = tokens[(tokens < 0) | (tokens >= self.vocab_size)][0]
            raise ValueError(f"tokens: expected ids from 0 to {self.vocab_size - 1}, got {wrong}: were they made by this model's tokenizer?")
        if past + tokens.shape[1] > self.max_position_embeddings:
            raise ValueError(f"tokens: the context holds {self.max_position_embeddings}, got {past + tokens.shape[1]}: "
                             "shorten the prompt, or ask for fewer new tokens")


def rotary_tables(config):
    """Cosines and sines by which RoPE turns, made once in NumPy for both sides.

    Returns
    -------
    cos, sin : float64 array, shape (positions, head_dim)
        Row p, column i: the angle p / theta^(2i / head_dim), for i below half a head; then the same once more.

    Source
    ------
    Su et al., 2021 (arXiv:2104.09864).
    """
    pairs = np.arange(0, config.head_dim, 2) / config.head_dim
    angles = np.outer(np.arange(config.max_position_embeddings), config.rope_theta**-pairs)
    angles = np.concatenate([angles, angles], axis=1)
    return np.cos(angles), np.sin(angles)
