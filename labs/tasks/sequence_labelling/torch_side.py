"""A BiLSTM-CRF (arXiv:1508.01991), PyTorch side.

words (B, T), lengths (B,) -> emissions (B, T, K); the CRF's
weight (K + 2, K): row 0 starts, row 1 ends, row 2 + i leads
from tag i. It is Fluid's layout, kept in all three eras.
Huang et al. reach F1 90.10 on CoNLL-2003 with more inputs.
"""
import torch
from torch import nn
from torch.nn.utils import rnn


def no_word(tags, lengths):
    """True where a sentence has ended: (B, T)."""
    steps = torch.arange(tags.shape[1], device=tags.device)
    return steps >= lengths.to(tags.device).unsqueeze(1)


def log_partition(emissions, crf, lengths):
    """log of the sum over all paths, (B,); (B, T, K) in."""
    start, end, transitions = crf[0], crf[1], crf[2:]
    lengths = lengths.to(emissions.device)
    alpha = start + emissions[:, 0]                 # (B, K)
    for t in range(1, emissions.shape[1]):
        paths = alpha.unsqueeze(2) + transitions   # (B, K, K)
        after = paths.logsumexp(1) + emissions[:, t]
        inside = (t < lengths).unsqueeze(1)
        alpha = torch.where(inside, after, alpha)
    return (alpha + end).logsumexp(1)


def path_score(emissions, crf, tags, lengths):
    """The score of one path for each sentence: (B,)."""
    start, end, transitions = crf[0], crf[1], crf[2:]
    lengths = lengths.to(tags.device)
    inside = (~no_word(tags, lengths)).to(emissions)
    word = emissions.gather(2, tags.unsqueeze(2)).squeeze(2)
    move = transitions[tags[:, :-1], tags[:, 1:]]
    last = tags.gather(1, lengths.unsqueeze(1) - 1)
    return (start[tags[:, 0]] + (word * inside).sum(1)
            + (move * inside[:, 1:]).sum(1)
            + end[last].squeeze(1))


@torch.no_grad()
def viterbi(emissions, crf, lengths):
    """The best path (B, T) and its score (B,)."""
    start, end, transitions = crf[0], crf[1], crf[2:]
    lengths = lengths.to(emissions.device)
    best, pointers = start + emissions[:, 0], []
    for t in range(1, emissions.shape[1]):
        paths = best.unsqueeze(2) + transitions   # (B, K, K)
        after, pointer = paths.max(1)
        inside = (t < lengths).unsqueeze(1)
        best = torch.where(
            inside, after + emissions[:, t], best)
        stay = torch.arange(best.shape[1], device=best.device)
        # over padding each tag points to itself
        pointers.append(torch.where(inside, pointer, stay))
    score, tag = (best + end).max(1)
    path = [tag]
    for pointer in reversed(pointers):
        tag = pointer.gather(1, tag.unsqueeze(1)).squeeze(1)
        path.insert(0, tag)
    return torch.stack(path, 1), score


class Tagger(nn.Module):
    """Embedding, LSTM in both directions, linear, CRF."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width, hidden = config.embedding, config.hidden
        self.embedding = nn.Embedding(
            config.vocabulary, width)
        if config.lstm:
            self.lstm = nn.LSTM(
                width, hidden, batch_first=True,
                bidirectional=True)
        self.fc = nn.Linear(
            2 * hidden if config.lstm else width, config.tags)
        if config.crf:
            self.crf = nn.Parameter(
                torch.zeros(config.tags + 2, config.tags))

    def forward(self, words, lengths):      # (B, T), (B,)
        x = self.embedding(words)           # (B, T, E)
        if not self.config.lstm:
            return self.fc(x)
        # differs: packed, the longest first
        order = lengths.argsort(descending=True)
        packed = rnn.pack_padded_sequence(
            x[order], lengths[order], True)
        x, _ = rnn.pad_packed_sequence(
            self.lstm(packed)[0], True,
            total_length=words.shape[1])    # (B, T, 2 H)
        return self.fc(x[order.argsort()])  # (B, T, K)

    def loss(self, emissions, tags, lengths):
        """Nats per sentence: -log of the right path."""
        if not self.config.crf:
            return softmax_loss(emissions, tags, lengths)
        right = path_score(emissions, self.crf, tags, lengths)
        every = log_partition(emissions, self.crf, lengths)
        return (every - right).mean()


def softmax_loss(emissions, tags, lengths):
    """The same without a CRF: each word's tag by itself."""
    log_p = emissions.log_softmax(2)
    inside = (~no_word(tags, lengths)).to(emissions)
    right = log_p.gather(2, tags.unsqueeze(2)).squeeze(2)
    return -(right * inside).sum(1).mean()


def build(config):
    """The model that the config describes."""
    return Tagger(config)


def make_optimizer(model, config):
    """Adam, with every number spelled out."""
    return torch.optim.Adam(
        model.parameters(), lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon)


def tensors(model, batch):
    """Words and tags where the model is; lengths stay."""
    device = next(model.parameters()).device
    words, tags, lengths = map(torch.from_numpy, batch)
    return words.to(device), tags.to(device), lengths


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    words, tags, lengths = tensors(model, batch)
    loss = model.loss(model(words, lengths), tags, lengths)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss


@torch.no_grad()
def logits(model, batch):
    """The emissions, zero after a sentence; no training."""
    words, _, lengths = tensors(model, batch)
    outside = no_word(words, lengths).unsqueeze(2)
    return model(words, lengths).masked_fill(outside, 0)


@torch.no_grad()
def decode(model, batch):
    """The best tags (B, T), -1 where there is no word."""
    words, _, lengths = tensors(model, batch)
    emissions = model(words, lengths)
    if model.config.crf:
        path = viterbi(emissions, model.crf, lengths)[0]
    else:
        path = emissions.argmax(2)
    path = path.masked_fill(no_word(words, lengths), -1)
    return path.cpu().numpy()
