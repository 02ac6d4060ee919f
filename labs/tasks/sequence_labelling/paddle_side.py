"""A BiLSTM-CRF (arXiv:1508.01991), Paddle side.

words (B, T), lengths (B,) -> emissions (B, T, K); the CRF's
weight (K + 2, K): row 0 starts, row 1 ends, row 2 + i leads
from tag i. It is Fluid's layout, kept in all three eras.
Huang et al. reach F1 90.10 on CoNLL-2003 with more inputs.
"""
import paddle
import paddle.nn.functional as F
from paddle import nn


def no_word(tags, lengths):
    """True where a sentence has ended: (B, T)."""
    steps = paddle.arange(tags.shape[1])
    return steps >= lengths.unsqueeze(1)


def log_partition(emissions, crf, lengths):
    """log of the sum over all paths, (B,); (B, T, K) in."""
    start, end, transitions = crf[0], crf[1], crf[2:]
    alpha = start + emissions[:, 0]                 # (B, K)
    for t in range(1, emissions.shape[1]):
        paths = alpha.unsqueeze(2) + transitions   # (B, K, K)
        after = paths.logsumexp(1) + emissions[:, t]
        inside = (t < lengths).unsqueeze(1)
        alpha = paddle.where(inside, after, alpha)
    return (alpha + end).logsumexp(1)


def path_score(emissions, crf, tags, lengths):
    """The score of one path for each sentence: (B,)."""
    start, end, transitions = crf[0], crf[1], crf[2:]
    inside = ~no_word(tags, lengths)
    inside = inside.astype(emissions.dtype)
    # differs: gather takes whole rows, this takes numbers
    word = emissions.take_along_axis(
        tags.unsqueeze(2), 2).squeeze(2)
    # differs: in Paddle transitions[a, b] does this, too
    move = transitions.gather_nd(
        paddle.stack([tags[:, :-1], tags[:, 1:]], 2))
    last = tags.take_along_axis(lengths.unsqueeze(1) - 1, 1)
    return (start[tags[:, 0]] + (word * inside).sum(1)
            + (move * inside[:, 1:]).sum(1)
            + end[last.squeeze(1)])


@paddle.no_grad()
def viterbi(emissions, crf, lengths):
    """The best path (B, T) and its score (B,)."""
    start, end, transitions = crf[0], crf[1], crf[2:]
    best, pointers = start + emissions[:, 0], []
    for t in range(1, emissions.shape[1]):
        paths = best.unsqueeze(2) + transitions   # (B, K, K)
        # differs: max gives no place
        after, pointer = paths.max(1), paths.argmax(1)
        inside = (t < lengths).unsqueeze(1)
        best = paddle.where(
            inside, after + emissions[:, t], best)
        stay = paddle.arange(best.shape[1])
        # over padding each tag points to itself
        pointers.append(paddle.where(
            inside, pointer, stay.expand_as(pointer)))
    best = best + end
    score, tag = best.max(1), best.argmax(1)
    path = [tag]
    for pointer in reversed(pointers):
        tag = pointer.take_along_axis(
            tag.unsqueeze(1), 1).squeeze(1)
        path.insert(0, tag)
    return paddle.stack(path, 1), score


class Tagger(nn.Layer):
    """Embedding, LSTM in both directions, linear, CRF."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width, hidden = config.embedding, config.hidden
        self.embedding = nn.Embedding(
            config.vocabulary, width)
        if config.lstm:
            self.lstm = nn.LSTM(width, hidden,
                                direction="bidirectional")
        self.fc = nn.Linear(
            2 * hidden if config.lstm else width, config.tags)
        if config.crf:
            self.crf = self.create_parameter(
                [config.tags + 2, config.tags],
                default_initializer=nn.initializer.Constant())

    def forward(self, words, lengths):      # (B, T), (B,)
        x = self.embedding(words)           # (B, T, E)
        if not self.config.lstm:
            return self.fc(x)
        # differs: the LSTM takes the lengths itself
        x, _ = self.lstm(
            x, sequence_length=lengths)     # (B, T, 2 H)
        return self.fc(x)                   # (B, T, K)

    def loss(self, emissions, tags, lengths):
        """Nats per sentence: -log of the right path."""
        if not self.config.crf:
            return softmax_loss(emissions, tags, lengths)
        right = path_score(emissions, self.crf, tags, lengths)
        every = log_partition(emissions, self.crf, lengths)
        return (every - right).mean()


def softmax_loss(emissions, tags, lengths):
    """The same without a CRF: each word's tag by itself."""
    log_p = F.log_softmax(emissions, 2)
    inside = ~no_word(tags, lengths)
    inside = inside.astype(emissions.dtype)
    right = log_p.take_along_axis(
        tags.unsqueeze(2), 2).squeeze(2)
    return -(right * inside).sum(1).mean()


def build(config):
    """The model that the config describes."""
    return Tagger(config)


def make_optimizer(model, config):
    """Adam, with every number spelled out."""
    return paddle.optimizer.Adam(
        parameters=model.parameters(),
        learning_rate=config.learning_rate,
        beta1=config.beta1, beta2=config.beta2,
        epsilon=config.epsilon)


def tensors(model, batch):
    """The arrays of a batch; the device is set for all."""
    return [paddle.to_tensor(a) for a in batch]


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    words, tags, lengths = tensors(model, batch)
    loss = model.loss(model(words, lengths), tags, lengths)
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    return loss


@paddle.no_grad()
def logits(model, batch):
    """The emissions, zero after a sentence; no training."""
    words, _, lengths = tensors(model, batch)
    outside = no_word(words, lengths).unsqueeze(2)
    return model(words, lengths).masked_fill(outside, 0)


@paddle.no_grad()
def decode(model, batch):
    """The best tags (B, T), -1 where there is no word."""
    words, _, lengths = tensors(model, batch)
    emissions = model(words, lengths)
    if model.config.crf:
        path = viterbi(emissions, model.crf, lengths)[0]
    else:
        path = emissions.argmax(2)
    path = path.masked_fill(no_word(words, lengths), -1)
    return path.numpy()
