"""LSTM language models (arXiv:1409.2329), PyTorch side.

tokens (T, B) -> logits (T, B, V); state: two arrays
(layers, B, H), which the model carries from batch to batch.
The small config reaches a perplexity of 114.5 on the test
part of PTB (Zaremba et al., 2014, Table 1).
"""
import torch
import torch.nn.functional as F
from torch import nn


def cell(x, h, c, weights, tanh, peepholes=None):
    """One step of an LSTM: x (B, E); h and c (B, H)."""
    w_x, w_h, b_x, b_h = weights
    gates = x @ w_x.T + b_x + h @ w_h.T + b_h       # (B, 4 H)
    i, f, g, o = gates.chunk(4, -1)                 # (B, H)
    if peepholes:               # Fluid's default: (H,) each
        i, f = i + peepholes[0] * c, f + peepholes[1] * c
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    if peepholes:               # o sees the new cell
        o = o + peepholes[2] * c
    return o.sigmoid() * tanh(c), c


class LSTMByHand(nn.Module):
    """nn.LSTM as a Python loop; same weights, same names."""

    names = "weight_ih", "weight_hh", "bias_ih", "bias_hh"

    def __init__(self, inputs, hidden, layers):
        super().__init__()
        self.layers, self.tanh = layers, torch.tanh
        bound = hidden ** -0.5          # nn.LSTM's own
        for n in range(layers):
            size, rows = hidden if n else inputs, 4 * hidden
            shapes = [[rows, size], [rows, hidden],
                      [rows], [rows]]
            for name, shape in zip(self.names, shapes):
                w = nn.Parameter(torch.empty(shape))
                nn.init.uniform_(w, -bound, bound)
                self.register_parameter(f"{name}_l{n}", w)

    def forward(self, x, state):        # (T, B, E)
        last = []
        for n, h, c in zip(range(self.layers), *state):
            weights = [getattr(self, f"{name}_l{n}")
                       for name in self.names]
            outputs = []
            for t in range(x.shape[0]):
                h, c = cell(x[t], h, c, weights, self.tanh)
                outputs.append(h)
            x = torch.stack(outputs)    # (T, B, H)
            last.append((h, c))
        return x, tuple(torch.stack(s) for s in zip(*last))


class LanguageModel(nn.Module):
    """Embedding, LSTM, linear layer over the vocabulary."""

    def __init__(self, config):
        super().__init__()
        self.config, self.state = config, None
        inputs, hidden = config.embedding, config.hidden
        layers, words = config.layers, config.vocabulary
        self.embedding = nn.Embedding(words, inputs)
        if config.by_hand:
            self.lstm = LSTMByHand(inputs, hidden, layers)
        else:
            self.lstm = nn.LSTM(inputs, hidden, layers,
                                dropout=config.dropout)
        self.fc = nn.Linear(hidden, words)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, state=None):           # (T, B)
        state = begin(self, x, state)
        x = self.dropout(self.embedding(x))     # (T, B, E)
        x, state = self.lstm(x, state)          # (T, B, H)
        return self.fc(self.dropout(x)), state  # (T, B, V)

    def loss(self, logits, y):
        """Sum over steps, mean over streams: Zaremba's."""
        nats = F.cross_entropy(logits.flatten(0, 1),
                               y.flatten(), reduction="sum")
        return nats / y.shape[1]


def begin(model, x, state):
    """The state; None is zeros: two arrays (layers, B, H)."""
    config, streams = model.config, x.shape[1]
    if state is None:
        shape = config.layers, streams, config.hidden
        zeros = model.fc.weight.new_zeros(shape)
        return zeros, zeros
    if state[0].shape[1] != streams:
        raise ValueError(
            f"the state has {state[0].shape[1]} streams, "
            f"the batch {streams}: begin with the state None")
    return state


def build(config):
    """The model that the config describes."""
    return LanguageModel(config)


def make_optimizer(model, config):
    """SGD or Adam, with every number spelled out."""
    if config.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(),
                               lr=config.learning_rate)
    return torch.optim.Adam(
        model.parameters(), lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon)


@torch.no_grad()
def clip_gradients(model):
    """Scale all gradients so that their joint norm fits."""
    grads = [p.grad for p in model.parameters()
             if p.grad is not None]
    limit = model.config.clip
    norm = sum((g * g).sum() for g in grads).sqrt()
    for g in grads:
        g.mul_(limit / norm.clamp(min=limit))


def step(model, optimizer, batch):
    """One step: the state is carried on, the gradient cut."""
    device = next(model.parameters()).device
    x, y = (torch.from_numpy(a).to(device) for a in batch)
    logits, state = model(x, model.state)
    model.state = tuple(s.detach() for s in state)
    loss = model.loss(logits, y)
    loss.backward()
    clip_gradients(model)
    optimizer.step()
    optimizer.zero_grad()
    return loss


@torch.no_grad()
def logits(model, batch):
    """Logits of a batch that begins a text; no training."""
    device = next(model.parameters()).device
    return model(torch.from_numpy(batch[0]).to(device))[0]


@torch.no_grad()
def score(model, batches):
    """Nats per token of each stream, read through: (B,)."""
    device, total = next(model.parameters()).device, 0
    model.eval()
    state, tokens = None, 0
    for batch in batches:
        x, y = (torch.from_numpy(a).to(device) for a in batch)
        logits, state = model(x, state)         # (T, B, V)
        nats = F.cross_entropy(logits.flatten(0, 1),
                               y.flatten(), reduction="none")
        total = total + nats.reshape(y.shape).sum(0)    # (B,)
        tokens += y.shape[0]
    model.train()
    return (total / tokens).cpu().numpy()


@torch.no_grad()
def advance(model, tokens, state=None):
    """Read tokens (T, B); logits (B, V) of what follows."""
    device = next(model.parameters()).device
    model.eval()
    x = torch.from_numpy(tokens).to(device)
    logits, state = model(x, state)
    return logits[-1].cpu().numpy(), state
