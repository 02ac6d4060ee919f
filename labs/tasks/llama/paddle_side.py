"""Llama, Paddle side.

tokens (B, T) -> logits (B, T, V); the paper is Touvron et al.
2023 (arXiv:2302.13971). Names of modules and weights are
those of transformers, so that a published file fits. With
SmolLM2-135M's weights: 134,515,008 parameters, and the same
greedy text as transformers.
"""
import math

import paddle
import paddle.nn.functional as F
from paddle import nn

from labs.tasks.llama.config import rotary_tables


class RMSNorm(nn.Layer):
    """Divide by the root mean square, then scale."""

    def __init__(self, config):
        super().__init__()
        ones = nn.initializer.Constant(1.0)
        self.weight = self.create_parameter(
            [config.hidden_size], default_initializer=ones)
        self.epsilon = config.rms_norm_eps

    def forward(self, x):                       # (B, T, C)
        square = (x * x).mean(-1, keepdim=True)
        x = x * (square + self.epsilon).rsqrt()
        return self.weight * x                  # (B, T, C)


class Rotary(nn.Layer):
    """Turn pairs of a head by angles that grow."""

    def __init__(self, config):
        super().__init__()
        tables = rotary_tables(config)
        cos, sin = map(paddle.to_tensor, tables)
        self.register_buffer("cos", cos, persistable=False)
        self.register_buffer("sin", sin, persistable=False)

    def forward(self, x, start):                # (B, H, T, D)
        end = start + x.shape[2]
        cos = self.cos[start:end].astype(x.dtype)  # (T, D)
        sin = self.sin[start:end].astype(x.dtype)
        first, second = x.chunk(2, -1)          # halves of D
        turned = paddle.concat([-second, first], -1)
        return x * cos + turned * sin


class Cache:
    """Keys and values of one layer, for the next token."""

    def __init__(self):
        self.k = self.v = None

    def __len__(self):
        return 0 if self.k is None else self.k.shape[2]

    def extend(self, k, v):                     # (B, K, T, D)
        if self.k is not None:
            k = paddle.concat([self.k, k], 2)
            v = paddle.concat([self.v, v], 2)
        self.k, self.v = k, v
        return k, v


class Heads(nn.Layer):
    """Four matrices, and how a row is cut into heads."""

    def __init__(self, config):
        super().__init__()
        width, size = config.hidden_size, config.head_dim
        self.heads = config.num_attention_heads
        self.kv_heads = config.num_key_value_heads
        self.scale = 1 / math.sqrt(size)
        kv_width = self.kv_heads * size
        # differs: Paddle stores a Linear weight as (in, out)
        bias = {"bias_attr": False}
        self.q_proj = nn.Linear(width, width, **bias)
        self.k_proj = nn.Linear(width, kv_width, **bias)
        self.v_proj = nn.Linear(width, kv_width, **bias)
        self.o_proj = nn.Linear(width, width, **bias)

    def split(self, x, heads):                  # (B, T, H D)
        shape = [x.shape[0], x.shape[1], heads, -1]
        # differs: Paddle's transpose names every axis
        return x.reshape(shape).transpose([0, 2, 1, 3])

    def share(self, x):                         # (B, K, S, D)
        groups = self.heads // self.kv_heads
        return x.repeat_interleave(groups, 1)   # (B, H, S, D)


class Attention(Heads):
    """Grouped-query attention: queries share a key."""

    def hidden(self, T, S):
        """True where a query may not look: at later keys."""
        query = paddle.arange(S - T, S)
        key = paddle.arange(S)
        return key[None] > query[:, None]       # (T, S)

    def weights(self, q, k):                    # (B, H, ., D)
        scores = paddle.matmul(q, k, transpose_y=True)
        scores = scores * self.scale
        hide = self.hidden(q.shape[2], k.shape[2])
        scores = scores.masked_fill(hide, -math.inf)
        return F.softmax(scores, -1)            # (B, H, T, S)

    def forward(self, x, rotary, cache=None):   # (B, T, C)
        start = 0 if cache is None else len(cache)
        q = self.split(self.q_proj(x), self.heads)
        k = self.split(self.k_proj(x), self.kv_heads)
        v = self.split(self.v_proj(x), self.kv_heads)
        q, k = rotary(q, start), rotary(k, start)
        if cache is not None:
            k, v = cache.extend(k, v)
        y = self.weights(q, self.share(k)) @ self.share(v)
        y = y.transpose([0, 2, 1, 3]).flatten(2)
        return self.o_proj(y)


class MLP(nn.Layer):
    """SwiGLU: a gate decides what passes."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        inner = config.intermediate_size
        bias = {"bias_attr": False}
        self.gate_proj = nn.Linear(width, inner, **bias)
        self.up_proj = nn.Linear(width, inner, **bias)
        self.down_proj = nn.Linear(inner, width, **bias)

    def forward(self, x):                       # (B, T, C)
        x = F.silu(self.gate_proj(x)) * self.up_proj(x)
        return self.down_proj(x)                # (B, T, C)


class DecoderLayer(nn.Layer):
    """Attention adds to the stream, then the MLP does."""

    def __init__(self, config):
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config)
        self.post_attention_layernorm = RMSNorm(config)

    def forward(self, x, rotary, cache=None):   # (B, T, C)
        seen = self.input_layernorm(x)
        x = x + self.self_attn(seen, rotary, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Layer):
    """Embedding, layers, and a last norm."""

    def __init__(self, config):
        super().__init__()
        self.embed_tokens = nn.Embedding(
            config.vocab_size, config.hidden_size)
        self.layers = nn.LayerList(
            [DecoderLayer(config)
             for _ in range(config.num_hidden_layers)])
        self.norm = RMSNorm(config)
        self.rotary = Rotary(config)

    def forward(self, tokens, caches=None):     # (B, T)
        x = self.embed_tokens(tokens)           # (B, T, C)
        for i, layer in enumerate(self.layers):
            cache = None if caches is None else caches[i]
            x = layer(x, self.rotary, cache)
        return self.norm(x)


class CausalLM(nn.Layer):
    """The decoder; its embedding is the head as well."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = Decoder(config)

    def forward(self, tokens, caches=None):     # (B, T)
        x = self.model(tokens, caches)
        # tied: logits are products with the embeddings
        embedding = self.model.embed_tokens.weight
        return paddle.matmul(x, embedding, transpose_y=True)


def build(config):
    """The model, with weights of Paddle's own drawing."""
    return CausalLM(config)


def make_optimizer(model, config):
    """AdamW with every number spelled out."""
    return paddle.optimizer.AdamW(
        parameters=model.parameters(),
        learning_rate=config.learning_rate,
        beta1=config.beta1, beta2=config.beta2,
        epsilon=config.epsilon,
        weight_decay=config.weight_decay)


def causal_loss(logits, labels):
    """Cross entropy of each next token; -100 is left out."""
    logits = logits[:, :-1].flatten(0, 1)       # (B (T-1), V)
    labels = labels[:, 1:].flatten()            # the shift
    # differs: Paddle's own mean would count -100 as well
    found = F.cross_entropy(
        logits, labels, reduction="sum", ignore_index=-100)
    count = (labels != -100).sum().astype(found.dtype)
    return found / count


def loss(model, batch):
    """Loss of a batch (tokens, labels), before backward."""
    model.config.check(batch[0])
    # differs: to_tensor uses the device set for all of Paddle
    x, y = (paddle.to_tensor(a) for a in batch)
    return causal_loss(model(x), y)


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    found = loss(model, batch)
    found.backward()
    optimizer.step()
    optimizer.clear_grad()
    return found


@paddle.no_grad()
def logits(model, batch):
    """Logits of a batch, or of tokens alone; no training."""
    model.config.check(batch[0])
    return model(paddle.to_tensor(batch[0]))


@paddle.no_grad()
def greedy(model, tokens, count, stop=None, cached=True):
    """Tokens (T,), then up to `count` of the likeliest."""
    tokens = [int(token) for token in tokens]
    caches = [Cache() for _ in model.model.layers]
    caches = caches if cached else None
    given = tokens
    for _ in range(count):
        past = len(tokens) - len(given)
        model.config.check([given], past)
        x = paddle.to_tensor([given])
        # argmax of equals: the first, on both sides
        tokens.append(model(x, caches)[0, -1].argmax().item())
        given = tokens[-1:] if cached else tokens
        if tokens[-1] == stop:
            break
    return tokens


@paddle.no_grad()
def parts(model, x, tokens):
    """What each part makes of the same input, as NumPy."""
    x = paddle.to_tensor(x)
    tokens = paddle.to_tensor(tokens)
    layer, rotary = model.model.layers[0], model.model.rotary
    attention = layer.self_attn
    heads = attention.q_proj(x)
    heads = attention.split(heads, attention.heads)
    found = {"RMSNorm": model.model.norm(x),
             "RoPE": rotary(heads, 0),
             "attention": attention(x, rotary),
             "SwiGLU": layer.mlp(x),
             "decoder layer": layer(x, rotary),
             "logits": model(tokens)}
    found["loss"] = causal_loss(found["logits"], tokens)
    return {n: y.cpu().numpy() for n, y in found.items()}


@paddle.no_grad()
def stream(model, tokens):
    """The stream after each layer, then the logits."""
    tokens = paddle.to_tensor(tokens)
    decoder = model.model
    found = {"embedding": decoder.embed_tokens(tokens)}
    for i, layer in enumerate(decoder.layers, 1):
        x = list(found.values())[-1]            # (B, T, C)
        found[f"after layer {i}"] = layer(x, decoder.rotary)
    found["logits"] = model(tokens)             # (B, T, V)
    return {n: y.cpu().numpy() for n, y in found.items()}
