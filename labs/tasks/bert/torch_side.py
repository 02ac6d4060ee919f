"""BERT, PyTorch side.

tokens (B, T) -> hidden states (B, T, C); the paper is Devlin
et al. 2019 (arXiv:1810.04805). Names of the encoder and its
weights are those of transformers, so that a published file
fits. With MiniLM's weights: 22,713,216 parameters, and the
same hidden states as transformers after every layer.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from labs.tasks.bert.config import rotary_tables


class Embeddings(nn.Module):
    """Word, sentence and position, added; then LayerNorm."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        self.word_embeddings = nn.Embedding(
            config.vocab_size, width)
        self.token_type_embeddings = nn.Embedding(
            config.type_vocab_size, width)
        self.position_embeddings = None
        if not config.rotary:
            self.position_embeddings = nn.Embedding(
                config.max_position_embeddings, width)
        self.LayerNorm = nn.LayerNorm(
            width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, tokens, types, positions):  # (B, T)
        x = self.word_embeddings(tokens)        # (B, T, C)
        x = x + self.token_type_embeddings(types)
        if self.position_embeddings is not None:
            x = x + self.position_embeddings(positions)
        return self.dropout(self.LayerNorm(x))


class Heads(nn.Module):
    """Three matrices, and how a row is cut into heads."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.scale = 1 / math.sqrt(config.head_dim)
        self.fused = config.fused
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dropout = nn.Dropout(
            config.attention_probs_dropout_prob)

    def split(self, x):                         # (B, T, H D)
        shape = [x.shape[0], x.shape[1], self.heads, -1]
        return x.reshape(shape).transpose(1, 2)

    def turn(self, x, turns):                   # (B, H, T, D)
        cos, sin = turns
        first, second = x.chunk(2, -1)          # halves of D
        turned = torch.cat([-second, first], -1)
        return x * cos + turned * sin


class SelfAttention(Heads):
    """Every token weighs every token."""

    def weights(self, q, k, hide):              # (B, H, T, D)
        scores = q @ k.transpose(2, 3)          # (B, H, T, T)
        scores = scores * self.scale
        lowest = torch.finfo(scores.dtype).min
        scores = scores.masked_fill(hide, lowest)
        return F.softmax(scores, -1)

    def attend(self, q, k, v, hide):
        if not self.fused:
            return self.dropout(self.weights(q, k, hide)) @ v
        rate = self.dropout.p if self.training else 0.0
        return F.scaled_dot_product_attention(
            q, k, v, attn_mask=~hide, dropout_p=rate)

    def forward(self, x, hide, turns=None):     # (B, T, C)
        q, k, v = (self.split(part(x)) for part in (
            self.query, self.key, self.value))  # (B, H, T, D)
        if turns is not None:
            q, k = self.turn(q, turns), self.turn(k, turns)
        y = self.attend(q, k, v, hide)          # (B, H, T, D)
        return y.transpose(1, 2).flatten(2)     # (B, T, C)


class Output(nn.Module):
    """Back to the width, add to the stream, and the norm."""

    def __init__(self, config, inner):
        super().__init__()
        self.dense = nn.Linear(inner, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(
            config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.norm_first = config.norm_first

    def before(self, x):                        # pre-norm
        return self.LayerNorm(x) if self.norm_first else x

    def forward(self, y, x):                    # post-norm
        x = x + self.dropout(self.dense(y))
        return x if self.norm_first else self.LayerNorm(x)


class Attention(nn.Module):
    """Self-attention, and what it adds."""

    def __init__(self, config):
        super().__init__()
        self.self = SelfAttention(config)
        self.output = Output(config, config.hidden_size)

    def forward(self, x, hide, turns=None):
        seen = self.output.before(x)
        return self.output(self.self(seen, hide, turns), x)


class Intermediate(nn.Module):
    """Four times the width, and GELU."""

    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(
            config.hidden_size, config.intermediate_size)

    def forward(self, x):
        return F.gelu(self.dense(x))            # x Phi(x)


class Layer(nn.Module):
    """Look around, then think."""

    def __init__(self, config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Intermediate(config)
        self.output = Output(config, config.intermediate_size)

    def forward(self, x, hide, turns=None):
        x = self.attention(x, hide, turns)
        y = self.intermediate(self.output.before(x))
        return self.output(y, x)


class Encoder(nn.Module):
    """The layers; with pre-norm a last norm behind them."""

    def __init__(self, config):
        super().__init__()
        self.layer = nn.ModuleList(
            [Layer(config)
             for _ in range(config.num_hidden_layers)])
        self.LayerNorm = None
        if config.norm_first:
            self.LayerNorm = nn.LayerNorm(
                config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x, hide, turns=None):
        for layer in self.layer:
            x = layer(x, hide, turns)
        last = self.LayerNorm
        return x if last is None else last(x)


class Pooler(nn.Module):
    """The first token, [CLS], speaks for the text."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        self.dense = nn.Linear(width, width)

    def forward(self, x):                       # (B, T, C)
        return torch.tanh(self.dense(x[:, 0]))  # (B, C)


class Bert(nn.Module):
    """Embeddings, layers and, if asked for, the pooler."""

    def __init__(self, config, pooler=True):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Pooler(config) if pooler else None
        self.tables = None
        if config.rotary:
            self.tables = rotary_tables(config)

    def turns(self, positions, x):
        if self.tables is None:
            return None
        cos, sin = (torch.from_numpy(table).to(x)[positions]
                    for table in self.tables)   # (B, T, D)
        return cos[:, None], sin[:, None]       # (B, 1, T, D)

    def forward(self, tokens, mask=None, types=None,
                positions=None):                # (B, T)
        if mask is None:
            mask = torch.ones_like(tokens)
        if types is None:
            types = torch.zeros_like(tokens)
        if positions is None:                   # 0, 1, 2, ...
            positions = torch.ones_like(tokens).cumsum(1) - 1
        x = self.embeddings(tokens, types, positions)
        hide = (mask == 0)[:, None, None]       # (B, 1, 1, T)
        return self.encoder(x, hide, self.turns(positions, x))


class MaskedLM(nn.Module):
    """Guesses words; the embedding is the last matrix."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.bert = Bert(config, pooler=False)
        width = config.hidden_size
        self.dense = nn.Linear(width, width)
        self.LayerNorm = nn.LayerNorm(
            width, eps=config.layer_norm_eps)
        zeros = torch.zeros(config.vocab_size)
        self.bias = nn.Parameter(zeros)

    def forward(self, tokens, mask=None, types=None):
        x = self.bert(tokens, mask, types)
        x = self.LayerNorm(F.gelu(self.dense(x)))
        words = self.bert.embeddings.word_embeddings
        # tied: logits are products with the embeddings
        return F.linear(x, words.weight, self.bias)


class Classifier(nn.Module):
    """Tells classes apart, by what the pooler says."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.bert = Bert(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(
            config.hidden_size, config.num_labels)

    def forward(self, tokens, mask=None, types=None):
        x = self.bert.pooler(self.bert(tokens, mask, types))
        return self.classifier(self.dropout(x))  # (B, K)


def build(config):
    """The model that the config asks for."""
    return (Classifier if config.num_labels else MaskedLM)(
        config)


def make_optimizer(model, config):
    """AdamW with every number spelled out."""
    trained = [p for p in model.parameters()
               if p.requires_grad]
    return torch.optim.AdamW(
        trained, lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon,
        weight_decay=config.weight_decay)


def mean_loss(logits, labels):
    """Cross entropy of what is asked; -100 is not."""
    logits = logits.flatten(0, -2)              # (N, V)
    labels = labels.flatten()                   # (N,)
    found = F.cross_entropy(
        logits, labels, reduction="sum", ignore_index=-100)
    count = (labels != -100).sum()
    return found / count


def tensors(model, batch):
    """A batch's arrays as tensors, where the model is."""
    device = next(model.parameters()).device
    return [torch.from_numpy(a).to(device) for a in batch]


def loss(model, batch):
    """Loss of (tokens, labels), or with mask, with types."""
    model.config.check(*batch)
    tokens, labels, *rest = tensors(model, batch)
    return mean_loss(model(tokens, *rest), labels)


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
    model.config.check(batch[0], None, *batch[2:])
    tokens, *rest = tensors(model, [batch[0], *batch[2:]])
    return model(tokens, *rest)


@torch.no_grad()
def sentences(bert, tokens, mask):
    """One row of length 1 a text: the mean of its tokens."""
    bert.config.check(tokens, None, mask)
    tokens, mask = tensors(bert, (tokens, mask))
    x = bert(tokens, mask)                      # (B, T, C)
    weight = mask[:, :, None].to(x.dtype)       # (B, T, 1)
    x = (x * weight).sum(1) / weight.sum(1)     # (B, C)
    return x / (x * x).sum(1, keepdim=True).sqrt()
