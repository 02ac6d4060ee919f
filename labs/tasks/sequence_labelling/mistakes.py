"""Mistakes that people make with a CRF, those of 2018 among them."""
from labs.parity.climbing import changed
from labs.parity.mistakes import Mistake, with_batch
from labs.tasks.sequence_labelling import corpus, entities


def has_crf(model) -> bool:
    """Has the model transitions?"""
    return model.config.crf


def has_lstm(model) -> bool:
    """Does the model see a word's neighbours?"""
    return model.config.lstm


class Rows:
    """The three parts of a CRF's weight, some of them changed; taken apart as the weight itself is."""

    def __init__(self, crf, start=None, end=None, transitions=None):
        self.parts = [crf[0] if start is None else start, crf[1] if end is None else end,
                      crf[2:] if transitions is None else transitions]

    def __getitem__(self, which):
        return self.parts[2 if isinstance(which, slice) else which]


def with_loss(alter):
    """A model with another loss: `alter(side, loss, model, emissions, tags, lengths)`, where `loss` is the right one."""
    def plant(side):
        def build(config):
            model = side.build(config)
            right = model.loss
            model.loss = lambda emissions, tags, lengths: alter(side, right, model, emissions, tags, lengths)
            return model
        return changed(side, build=build)
    return plant


def with_rows(make, every=True, right=True):
    """The CRF's weight is read otherwise: by the sum over all paths, by the score of the right one, or by both."""
    def alter(side, loss, model, emissions, tags, lengths):
        wrong = make(model.crf)
        total = side.log_partition(emissions, wrong if every else model.crf, lengths)
        return (total - side.path_score(emissions, wrong if right else model.crf, tags, lengths)).mean()
    return with_loss(alter)


def full(lengths, tags):
    """Every sentence as long as the longest."""
    return lengths * 0 + tags.shape[1]


def padding_scored(side, loss, model, emissions, tags, lengths):
    """2018, TensorFlow: `max_sequence_in_batch` stands for each length."""
    return loss(emissions, tags, full(lengths, tags))


def padding_in_the_sum(side, loss, model, emissions, tags, lengths):
    """The right path stops with its sentence, the sum over all paths does not."""
    total = side.log_partition(emissions, model.crf, full(lengths, tags))
    return (total - side.path_score(emissions, model.crf, tags, lengths)).mean()


def last_word_left_out(side, loss, model, emissions, tags, lengths):
    """A length that counts from zero."""
    return loss(emissions, tags, (lengths - 1).clip(min=1))


def first_word_left_out(side, loss, model, emissions, tags, lengths):
    """The right path's first word is not scored."""
    total = side.log_partition(emissions, model.crf, lengths)
    silent = emissions * 1
    silent[:, 0] = silent[:, 0] * 0
    return (total - side.path_score(silent, model.crf, tags, lengths)).mean()


def mean_over_words(side, loss, model, emissions, tags, lengths):
    """Nats per word, where nats per sentence are asked for."""
    return loss(emissions, tags, lengths) * (len(lengths) / float(lengths.sum()))


def best_for_sum(side, loss, model, emissions, tags, lengths):
    """The best path's score stands for the sum over all paths: a perceptron, no probability."""
    path, _ = side.viterbi(emissions, model.crf, lengths)
    return (side.path_score(emissions, model.crf, path, lengths) - side.path_score(emissions, model.crf, tags, lengths)).mean()


def local_normaliser(side, loss, model, emissions, tags, lengths):
    """A softmax at each word, the transitions not asked."""
    return side.softmax_loss(emissions, tags, lengths) + 0 * loss(emissions, tags, lengths)


def lengths_ignored(side):
    """The LSTM from the right begins in the padding."""
    def build(config):
        model = side.build(config)
        forward = model.forward
        model.forward = lambda words, lengths: forward(words, full(lengths, words))
        return model
    return changed(side, build=build)


def with_viterbi(alter):
    """The search for the best path is another: `alter(side, batch arguments)`; the loss stays right."""
    def plant(side):
        def decode(model, batch):
            return alter(side, model, batch)
        return changed(side, decode=decode)
    return plant


def tensor_emissions(side, model, batch):
    """Words, lengths and emissions as tensors of the side."""
    words, _, lengths = side.tensors(model, batch)
    return words, lengths, model(words, lengths)


def ends(side, path, words, lengths):
    """A path as an array, -1 after each sentence."""
    return path.masked_fill(side.no_word(words, lengths), -1).cpu().numpy()


def greedy(side, model, batch):
    """Each word's best tag by itself."""
    words, lengths, emissions = tensor_emissions(side, model, batch)
    return ends(side, emissions.argmax(2), words, lengths)


def searched_with(make, cut=True):
    """Viterbi with a changed weight, or over the padding as well."""
    def alter(side, model, batch):
        words, lengths, emissions = tensor_emissions(side, model, batch)
        path, _ = side.viterbi(emissions.detach(), make(model.crf), lengths if cut else full(lengths, words))
        return ends(side, path, words, lengths)
    return alter


def last_sentences(side):
    """2018, Fluid: the last batch's F1 is printed as that of the pass."""
    return changed(side, scored=lambda model, batches: f1(side, model, batches[-1:]))


def merged(side):
    """2018: neighbours of one type are one entity, for each tag keeps its type alone."""
    def scored(model, batches):
        return f1(side, model, batches, lambda tags: [tag if tag == "O" else f"I-{tag[2:]}" for tag in tags])
    return changed(side, scored=scored)


def f1(side, model, batches, read=lambda tags: tags):
    """F1 over batches of made sentences, whose tags are O and B and I of two kinds."""
    rows = []
    for batch in batches:
        each = [corpus.unpadded(a, batch[2]) for a in (batch[1], side.decode(model, batch))]
        each = [[read([MADE_TAGS[i] for i in tags]) for tags in sentences] for sentences in each]
        rows += entities.counts(*each).tolist()
    return entities.f1(rows)


MADE_TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def tags_shifted(number, batch):
    """Each word gets its neighbour's tag."""
    words, tags, lengths = batch
    return words, (tags + 1) % (tags.max() + 1), lengths


MISTAKES = [
    Mistake("padding_scored", "loss", "loss", "2018: the longest sentence's length stands for each", with_loss(padding_scored)),
    Mistake("padding_in_the_sum", "loss", "loss", "the sum over all paths runs on into the padding", with_loss(padding_in_the_sum), has_crf),
    Mistake("last_word_left_out", "loss", "loss", "lengths count from zero", with_loss(last_word_left_out)),
    Mistake("first_word_left_out", "loss", "loss", "the right path's first word is not scored", with_loss(first_word_left_out), has_crf),
    Mistake("mean_over_words", "loss", "loss", "nats per word, not per sentence", with_loss(mean_over_words)),
    Mistake("best_for_sum", "loss", "loss", "the best path stands for the sum of all", with_loss(best_for_sum), has_crf),
    Mistake("local_normaliser", "loss", "loss", "a softmax at each word, transitions not asked", with_loss(local_normaliser), has_crf),
    Mistake("transposed", "loss", "loss", "transitions lead from the column to the row", with_rows(lambda crf: Rows(crf, transitions=crf[2:].T)), has_crf),
    Mistake("transposed_in_the_sum", "loss", "loss", "the sum alone reads transitions transposed",
            with_rows(lambda crf: Rows(crf, transitions=crf[2:].T), right=False), has_crf),
    Mistake("start_forgotten", "loss", "loss", "no score for the first tag", with_rows(lambda crf: Rows(crf, start=crf[0] * 0)), has_crf),
    Mistake("end_forgotten", "loss", "loss", "no score for the last tag", with_rows(lambda crf: Rows(crf, end=crf[1] * 0)), has_crf),
    Mistake("end_forgotten_in_the_sum", "loss", "loss", "the sum has no score for the last tag",
            with_rows(lambda crf: Rows(crf, end=crf[1] * 0), right=False), has_crf),
    Mistake("start_and_end_exchanged", "loss", "loss", "rows 0 and 1 exchanged", with_rows(lambda crf: Rows(crf, crf[1], crf[0])), has_crf),
    Mistake("tags_shifted", "loss", "loss", "each word is held to the next tag's number", with_batch(tags_shifted)),
    Mistake("lengths_ignored", "forward", "forward", "the LSTM from the right begins in the padding", lengths_ignored, has_lstm),
    Mistake("greedy", "evaluation", "also: best path", "each word's best tag by itself", with_viterbi(greedy), has_crf),
    Mistake("searched_transposed", "evaluation", "also: best path", "the search reads transitions transposed",
            with_viterbi(searched_with(lambda crf: Rows(crf, transitions=crf[2:].T))), has_crf),
    Mistake("search_without_end", "evaluation", "also: best path", "the search has no score for the last tag",
            with_viterbi(searched_with(lambda crf: Rows(crf, end=crf[1] * 0))), has_crf),
    Mistake("search_in_the_padding", "evaluation", "also: best path", "backpointers run over the padding",
            with_viterbi(searched_with(lambda crf: crf, cut=False)), has_crf),
    Mistake("last_batch_scored", "evaluation", "also: F1", "2018: the last batch's F1 stands for the pass", last_sentences),
    Mistake("entities_merged", "evaluation", "also: F1", "2018: neighbours of one type become one entity", merged),
]
