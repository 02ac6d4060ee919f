"""LSTM language models (arXiv:1409.2329), Paddle side.

tokens (T, B) -> logits (T, B, V); state: two arrays
(layers, B, H), which the model carries from batch to batch.
The small config reaches a perplexity of 114.5 on the test
part of PTB (Zaremba et al., 2014, Table 1).
"""
import paddle
import paddle.nn.functional as F
from paddle import nn


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


class LSTMByHand(nn.Layer):
    """nn.LSTM as a Python loop; same weights, same names."""

    names = "weight_ih", "weight_hh", "bias_ih", "bias_hh"

    def __init__(self, inputs, hidden, layers):
        super().__init__()
        self.layers, self.tanh = layers, paddle.tanh
        bound = hidden ** -0.5          # nn.LSTM's own
        for n in range(layers):
            size, rows = hidden if n else inputs, 4 * hidden
            shapes = [[rows, size], [rows, hidden],
                      [rows], [rows]]
            for name, shape in zip(self.names, shapes):
                w = self.create_parameter(shape)
                nn.initializer.Uniform(-bound, bound)(w)
                self.add_parameter(f"{name}_l{n}", w)

    def forward(self, x, state):        # (T, B, E)
        last = []
        for n, h, c in zip(range(self.layers), *state):
            weights = [getattr(self, f"{name}_l{n}")
                       for name in self.names]
            outputs = []
            for t in range(x.shape[0]):
                h, c = cell(x[t], h, c, weights, self.tanh)
                outputs.append(h)
            x = paddle.stack(outputs)   # (T, B, H)
            last.append((h, c))
        return x, tuple(paddle.stack(s) for s in zip(*last))


class LanguageModel(nn.Layer):
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
            # differs: Paddle's takes (B, T, E) unless told
            self.lstm = nn.LSTM(inputs, hidden, layers,
                                dropout=config.dropout,
                                time_major=True)
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
        zeros = paddle.zeros(shape, model.fc.weight.dtype)
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
        return paddle.optimizer.SGD(
            parameters=model.parameters(),
            learning_rate=config.learning_rate)
    return paddle.optimizer.Adam(
        parameters=model.parameters(),
        learning_rate=config.learning_rate,
        beta1=config.beta1, beta2=config.beta2,
        epsilon=config.epsilon)


@paddle.no_grad()
def clip_gradients(model):
    """Scale all gradients so that their joint norm fits."""
    grads = [p.grad for p in model.parameters()
             if p.grad is not None]
    limit = model.config.clip
    norm = sum((g * g).sum() for g in grads).sqrt()
    for g in grads:
        g.multiply_(limit / norm.clip(min=limit))


def step(model, optimizer, batch):
    """One step: the state is carried on, the gradient cut."""
    # differs: to_tensor uses the device set for all of Paddle
    x, y = (paddle.to_tensor(a) for a in batch)
    logits, state = model(x, model.state)
    model.state = tuple(s.detach() for s in state)
    loss = model.loss(logits, y)
    loss.backward()
    clip_gradients(model)
    optimizer.step()
    optimizer.clear_grad()
    return loss


@paddle.no_grad()
def logits(model, batch):
    """Logits of a batch that begins a text; no training."""
    return model(paddle.to_tensor(batch[0]))[0]


@paddle.no_grad()
def score(model, batches):
    """Nats per token of each stream, read through: (B,)."""
    total = 0
    model.eval()
    state, tokens = None, 0
    for batch in batches:
        x, y = (paddle.to_tensor(a) for a in batch)
        logits, state = model(x, state)         # (T, B, V)
        nats = F.cross_entropy(logits.flatten(0, 1),
                               y.flatten(), reduction="none")
        total = total + nats.reshape(y.shape).sum(0)    # (B,)
        tokens += y.shape[0]
    model.train()
    return (total / tokens).cpu().numpy()


@paddle.no_grad()
def advance(model, tokens, state=None):
    """Read tokens (T, B); logits (B, V) of what follows."""
    model.eval()
    logits, state = model(paddle.to_tensor(tokens), state)
    return logits[-1].cpu().numpy(), state
