"""Llama, PyTorch side.

tokens (B, T) -> logits (B, T, V); the paper is Touvron et al.
2023 (arXiv:2302.13971). Names of modules and weights are
those of transformers, so that a published file fits. With
SmolLM2-135M's weights: 134,515,008 parameters, and the same
greedy text as transformers.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from labs.tasks.llama.config import (
    left_padded,
    rotary_tables,
    unpadded,
)


def upcast(x):
    """Half precision as float32; the rest as it is."""
    half = x.dtype in (torch.float16, torch.bfloat16)
    return x.float() if half else x


class RMSNorm(nn.Module):
    """Divide by the root mean square, then scale."""

    def __init__(self, config):
        super().__init__()
        ones = torch.ones(config.hidden_size)
        self.weight = nn.Parameter(ones)
        self.epsilon = config.rms_norm_eps

    def forward(self, x):                       # (B, T, C)
        wide = upcast(x)
        square = (wide * wide).mean(-1, keepdim=True)
        wide = wide * (square + self.epsilon).rsqrt()
        return self.weight * wide.to(x.dtype)


class Rotary(nn.Module):
    """Cosines and sines of the angles at each position."""

    def __init__(self, config):
        super().__init__()
        tables = rotary_tables(config)
        cos, sin = map(torch.from_numpy, tables)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, positions, dtype):        # (B, T)
        cos = self.cos[positions].to(dtype)     # (B, T, D)
        sin = self.sin[positions].to(dtype)
        return cos[:, None], sin[:, None]       # (B, 1, T, D)


class Cache:
    """Keys and values of one layer, for the next token."""

    def __init__(self):
        self.k = self.v = None

    def __len__(self):
        return 0 if self.k is None else self.k.shape[2]

    def extend(self, k, v):                     # (B, K, T, D)
        if self.k is not None:
            k = torch.cat([self.k, k], 2)
            v = torch.cat([self.v, v], 2)
        self.k, self.v = k, v
        return k, v


class Heads(nn.Module):
    """Four matrices, and how a row is cut into heads."""

    def __init__(self, config):
        super().__init__()
        width, size = config.hidden_size, config.head_dim
        self.heads = config.num_attention_heads
        self.kv_heads = config.num_key_value_heads
        self.scale = 1 / math.sqrt(size)
        kv_width = self.kv_heads * size
        bias = {"bias": False}
        self.q_proj = nn.Linear(width, width, **bias)
        self.k_proj = nn.Linear(width, kv_width, **bias)
        self.v_proj = nn.Linear(width, kv_width, **bias)
        self.o_proj = nn.Linear(width, width, **bias)

    def split(self, x, heads):                  # (B, T, H D)
        shape = [x.shape[0], x.shape[1], heads, -1]
        return x.reshape(shape).transpose(1, 2)

    def turn(self, x, turns):                   # (B, H, T, D)
        cos, sin = turns
        first, second = x.chunk(2, -1)          # halves of D
        turned = torch.cat([-second, first], -1)
        return x * cos + turned * sin

    def share(self, x):                         # (B, K, S, D)
        groups = self.heads // self.kv_heads
        return x.repeat_interleave(groups, 1)   # (B, H, S, D)


class Attention(Heads):
    """Grouped-query attention: queries share a key."""

    def weights(self, q, k, hide):              # (B, H, ., D)
        scores = q @ k.transpose(2, 3)
        scores = upcast(scores * self.scale)
        # not -inf: a row of padding alone would be NaN
        lowest = torch.finfo(scores.dtype).min
        scores = scores.masked_fill(hide, lowest)
        return F.softmax(scores, -1).to(q.dtype)

    def forward(self, x, turns, hide, cache=None):
        q = self.split(self.q_proj(x), self.heads)
        k = self.split(self.k_proj(x), self.kv_heads)
        v = self.split(self.v_proj(x), self.kv_heads)
        q, k = self.turn(q, turns), self.turn(k, turns)
        if cache is not None:
            k, v = cache.extend(k, v)
        weights = self.weights(q, self.share(k), hide)
        y = weights @ self.share(v)             # (B, H, T, D)
        y = y.transpose(1, 2).flatten(2)
        return self.o_proj(y)


class MLP(nn.Module):
    """SwiGLU: a gate decides what passes."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        inner = config.intermediate_size
        bias = {"bias": False}
        self.gate_proj = nn.Linear(width, inner, **bias)
        self.up_proj = nn.Linear(width, inner, **bias)
        self.down_proj = nn.Linear(inner, width, **bias)

    def forward(self, x):                       # (B, T, C)
        x = F.silu(self.gate_proj(x)) * self.up_proj(x)
        return self.down_proj(x)                # (B, T, C)


class DecoderLayer(nn.Module):
    """Attention adds to the stream, then the MLP does."""

    def __init__(self, config):
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config)
        self.post_attention_layernorm = RMSNorm(config)

    def forward(self, x, turns, hide, cache=None):
        seen = self.input_layernorm(x)
        x = x + self.self_attn(seen, turns, hide, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Embedding, layers, and a last norm."""

    def __init__(self, config):
        super().__init__()
        self.embed_tokens = nn.Embedding(
            config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            [DecoderLayer(config)
             for _ in range(config.num_hidden_layers)])
        self.norm = RMSNorm(config)
        self.rotary = Rotary(config)

    def later(self, T, S, device):
        """True where a key stands after the query."""
        query = torch.arange(S - T, S, device=device)
        key = torch.arange(S, device=device)
        return key[None] > query[:, None]       # (T, S)

    def places(self, mask, T):                  # (B, S)
        """Positions, and what each query may not see."""
        # padding is not counted: a text begins with 0
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        padding = (mask == 0)[:, None, None]    # (B, 1, 1, S)
        later = self.later(T, mask.shape[1], mask.device)
        return positions[:, -T:], later | padding

    def forward(self, tokens, caches=None, mask=None):
        x = self.embed_tokens(tokens)           # (B, T, C)
        caches = caches or [None] * len(self.layers)
        past = 0 if caches[0] is None else len(caches[0])
        if mask is None:                        # no padding
            mask = torch.ones(
                tokens.shape[0], past + tokens.shape[1],
                dtype=torch.int64, device=tokens.device)
        positions, hide = self.places(mask, tokens.shape[1])
        turns = self.rotary(positions, x.dtype)
        for layer, cache in zip(self.layers, caches):
            x = layer(x, turns, hide, cache)
        return self.norm(x)


class CausalLM(nn.Module):
    """The decoder; its embedding is the head as well."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = Decoder(config)

    def forward(self, tokens, caches=None, mask=None):
        x = self.model(tokens, caches, mask)    # (B, T, C)
        # tied: logits are products with the embeddings
        embedding = self.model.embed_tokens.weight
        return F.linear(x, embedding)           # (B, T, V)


def build(config):
    """The model, with weights of PyTorch's own drawing."""
    return CausalLM(config)


def make_optimizer(model, config):
    """AdamW with every number spelled out."""
    return torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon,
        weight_decay=config.weight_decay)


def causal_loss(logits, labels):
    """Cross entropy of each next token; -100 is left out."""
    logits = upcast(logits[:, :-1].flatten(0, 1))
    labels = labels[:, 1:].flatten()            # the shift
    found = F.cross_entropy(
        logits, labels, reduction="sum", ignore_index=-100)
    count = (labels != -100).sum()
    return found / count


def tensors(model, batch):
    """A batch's arrays as tensors, where the model is."""
    device = next(model.parameters()).device
    return [torch.from_numpy(a).to(device) for a in batch]


def loss(model, batch):
    """Loss of (tokens, labels) or (tokens, labels, mask)."""
    tokens, labels, *mask = batch
    model.config.check(tokens, 0, *mask, labels=labels)
    x, y, *mask = tensors(model, batch)
    return causal_loss(model(x, None, *mask), y)


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    found = loss(model, batch)
    found.backward()
    optimizer.step()
    optimizer.zero_grad()
    return found


@torch.no_grad()
def logits(model, batch):
    """Logits of a batch, or of (tokens,); no training."""
    batch = [batch[0], *batch[2:]]              # no labels
    model.config.check(batch[0], 0, *batch[1:])
    x, *mask = tensors(model, batch)
    return model(x, None, *mask)


@torch.no_grad()
def greedy(model, prompts, count, stop=None, cached=True):
    """Lists of ids, each with up to `count` tokens more."""
    tokens, mask = left_padded(prompts)         # (B, T)
    given, new = tokens.shape[1], tokens
    caches = [Cache() for _ in model.model.layers]
    for _ in range(count):
        model.config.check(tokens, 0, mask)
        x, seen = tensors(model, (new, mask))
        z = model(x, caches if cached else None, seen)
        # argmax of equals: the first, on both sides
        best = z[:, -1].argmax(-1).cpu().numpy()[:, None]
        tokens = np.concatenate([tokens, best], 1)
        mask = np.concatenate([mask, 0 * best + 1], 1)
        new = best if cached else tokens
        if (tokens[:, given:] == stop).any(1).all():
            break
    return unpadded(tokens, mask, given, stop)
