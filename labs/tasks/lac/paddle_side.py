"""Baidu's LAC (arXiv:1807.01882), a fast CRF, Paddle side.

characters (B, T), lengths (B,) -> emissions (B, T, 57); two
bidirectional GRU layers, with the cell of Fluid. The weights
are those that jieba ships; the paper's F1 is of other data.
The CRF: emissions (B, T, K), its weight (K + 2, K) -> (B,).
"""
import paddle
from paddle import nn
from paddle.autograd import PyLayer

# exp of minus this is still far above the smallest number
SAFE = {paddle.float32: 80.0, paddle.float64: 690.0}


class Direction(nn.Layer):
    """One direction of Fluid's dynamic_gru, (B, T, I) in."""

    def __init__(self, inputs, hidden, backwards):
        super().__init__()
        self.backwards, rows = backwards, 3 * hidden
        for name, shape in (("w_x", (inputs, rows)),
                            ("b_x", (rows,)),
                            ("w_h", (hidden, rows)),
                            ("b_h", (rows,))):
            value = self.create_parameter(shape)
            self.add_parameter(name, value)

    def forward(self, x, lengths):
        hidden = self.w_h.shape[0]
        x = x @ self.w_x + self.b_x + self.b_h  # (B, T, 3 H)
        h = paddle.zeros([len(x), hidden], x.dtype)
        outputs = []
        w_gates = self.w_h[:, :2 * hidden]
        w_candidate = self.w_h[:, 2 * hidden:]
        times = range(x.shape[1])
        for t in reversed(times) if self.backwards else times:
            gates = x[:, t, :2 * hidden] + h @ w_gates
            u, r = nn.functional.sigmoid(gates).chunk(2, 1)
            # differs from nn.GRU: r meets h first
            c = x[:, t, 2 * hidden:] + (r * h) @ w_candidate
            new = (1 - u) * h + u * c.tanh()
            inside = (t < lengths).unsqueeze(1)
            h = paddle.where(inside, new, h)
            outputs.append(h)
        if self.backwards:
            outputs.reverse()
        return paddle.stack(outputs, 1)         # (B, T, H)


class Layer(nn.Layer):
    """Both directions, side by side."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.forwards = Direction(inputs, hidden, False)
        self.backwards = Direction(inputs, hidden, True)

    def forward(self, x, lengths):
        both = [self.forwards(x, lengths),
                self.backwards(x, lengths)]
        return paddle.concat(both, 2)           # (B, T, 2 H)


class Lac(nn.Layer):
    """Embedding, two layers, linear; the CRF's weight."""

    def __init__(self, characters, width, hidden, tags):
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.layers = nn.LayerList([
            Layer(width, hidden), Layer(2 * hidden, hidden)])
        self.fc = nn.Linear(2 * hidden, tags)
        self.crf = self.create_parameter([tags + 2, tags])

    def forward(self, characters, lengths):
        x = self.embedding(characters)          # (B, T, E)
        for layer in self.layers:
            x = layer(x, lengths)
        return self.fc(x)                       # (B, T, K)


def build(weights):
    """A model of the shapes that the weights have."""
    characters, width = weights["embedding.weight"].shape
    inputs, tags = weights["fc.weight"].shape
    model = Lac(characters, width, inputs // 2, tags)
    with paddle.no_grad():
        for name, value in model.named_parameters():
            # as Fluid's: fc stores (in, out)
            value.set_value(weights[name])
    return model


@paddle.no_grad()
def emissions(model, batch):
    """(B, T, K) as a tensor, and the lengths."""
    rows, lengths = (paddle.to_tensor(a) for a in batch)
    return model(rows, lengths), lengths


def fits(emissions, transitions):
    """Is no path lost that could count?

    A word's best tag may cost two transitions more than
    another tag does: that much, and the emissions' spread.
    """
    spread = (emissions.amax(2) - emissions.amin(2)).max()
    steep = transitions.max() - transitions.min()
    return bool(spread + 2 * steep < SAFE[emissions.dtype])


def from_the_end(x, lengths):
    """Each sentence from its last word on: (B, T, K)."""
    steps = paddle.arange(x.shape[1])
    place = (lengths.unsqueeze(1) - 1 - steps).clamp(min=0)
    # differs: an index along an axis, of any width
    return x.take_along_axis(place.unsqueeze(2), 1)


def sweep(e, m, before):
    """From the first word on, and from the last.

    What arrives at each word, what leaves it divided by its
    largest entry (2, B, T, K), and those entries.
    """
    arriving, leaving, scales = [], [], []
    for t in range(e.shape[2]):
        if t:
            before = paddle.bmm(leaving[-1], m)
        after = before * e[:, :, t]
        scale = after.amax(2, keepdim=True)
        arriving.append(before)
        leaving.append(after / scale)
        scales.append(scale)
    return [paddle.stack(a, 2)
            for a in (arriving, leaving, scales)]


def both_ways(emissions, crf, lengths):
    """Sums over the paths of both directions, and log Z."""
    edges, most = crf[:2], crf[2:].max()
    m = (crf[2:] - most).exp()                      # (K, K)
    m = paddle.stack([m, m.T])               # there, back
    e = paddle.stack([
        emissions, from_the_end(emissions, lengths)])
    peak = e.amax(3, keepdim=True)              # (2, B, T, 1)
    e, first = (e - peak).exp(), edges.amax(1)
    before = (edges - first.unsqueeze(1)).exp().unsqueeze(1)
    arriving, leaving, scales = sweep(
        e, m, before.expand_as(e[:, :, 0]))
    # what was divided out, added up to each word: (B, T)
    logs = (scales.log() + peak)[0, :, :, 0].cumsum(1)
    rows = paddle.arange(len(lengths))
    last = leaving[0][rows, lengths - 1]            # (B, K)
    log_z = (last @ (edges[1] - first[1]).exp()).log()
    log_z = log_z + first.sum() + (lengths - 1).astype(
        most.dtype) * most
    log_z = log_z + logs[rows, lengths - 1]
    return arriving, leaving, m, log_z


def marginals(arriving, leaving, lengths, grad):
    """Shares of words and moves, each times grad."""
    rest = from_the_end(arriving[1], lengths)   # (B, T, K)
    behind = from_the_end(leaving[1], lengths)
    both = leaving[0] * rest
    steps = paddle.arange(both.shape[1])
    inside, goes_on = (
        (s < lengths.unsqueeze(1)).astype(grad.dtype)
        for s in (steps, steps + 1))
    weight = grad.unsqueeze(1) / both.sum(2)        # (B, T)
    left = leaving[0] * (weight * goes_on).unsqueeze(2)
    moves = (left[:, :-1].flatten(0, 1).T
             @ behind[:, 1:].flatten(0, 1))         # (K, K)
    return both * (weight * inside).unsqueeze(2), moves


class LogPartition(PyLayer):
    """log Z; its gradient is the marginals."""

    @staticmethod
    def forward(ctx, emissions, crf, lengths):
        *kept, log_z = both_ways(emissions, crf, lengths)
        ctx.save_for_backward(*kept, lengths)
        ctx.fixed = emissions.stop_gradient, crf.stop_gradient
        return log_z

    @staticmethod
    def backward(ctx, grad):
        arriving, leaving, m, lengths = ctx.saved_tensor()
        words, moves = marginals(
            arriving, leaving, lengths, grad)
        last = from_the_end(words, lengths)[:, 0]
        edges = paddle.stack(
            [words[:, 0].sum(0), last.sum(0)])
        crf = paddle.concat([edges, moves * m[0]])
        # differs: None for what takes no gradient
        words, crf = (None if still else a for still, a
                      in zip(ctx.fixed, (words, crf)))
        return words, crf, None


def log_partition(emissions, crf, lengths, plain):
    """As `plain`, and `plain` itself where none fits."""
    if not fits(emissions.detach(), crf[2:].detach()):
        return plain(emissions, crf, lengths)
    return LogPartition.apply(emissions, crf, lengths)


@paddle.no_grad()
def viterbi(emissions, crf, lengths):
    """The best path (B, T) and its score (B,).

    No pointer is kept: on the way back one asks once more
    which tag led here, for the tags of the path alone.
    """
    start, end, arriving = crf[0], crf[1], crf[2:].T
    best = [start + emissions[:, 0]]                # (B, K)
    for t in range(1, emissions.shape[1]):
        paths = best[-1].unsqueeze(1) + arriving  # (B, K, K)
        best.append(paths.amax(2) + emissions[:, t])
    rows = paddle.arange(len(lengths))
    last = paddle.stack(best, 1)[rows, lengths - 1] + end
    score, tag = last.max(1), last.argmax(1)
    path = [tag]
    for t in range(len(best) - 1, 0, -1):
        before = (best[t - 1] + arriving[tag]).argmax(1)
        # over padding the last tag stays
        tag = paddle.where(t < lengths, before, tag)
        path.append(tag)
    return paddle.stack(path[::-1], 1), score
