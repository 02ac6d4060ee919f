"""Mistakes that people make with a BERT."""
import numpy as np

from labs.parity.climbing import changed
from labs.parity.mistakes import Mistake, with_batch, with_config, with_layers, with_model


def of_kind(kind):
    """Layers of a class, by its name."""
    return lambda path, layer: type(layer).__name__ == kind


def in_attention(alter):
    """A mistake inside attention: `alter(attention)` changes every layer's."""
    return with_layers(of_kind("SelfAttention"), lambda layer, driver: alter(layer))


def of_classes(model):
    """A classifier, which has a pooler."""
    return hasattr(model, "classifier")


def of_words(model):
    """A model that guesses masked words."""
    return not of_classes(model)


def with_table(model):
    """Its positions are a learned table."""
    return not model.config.rotary


def in_steps(model):
    """Attention is written out; one call hides its parts."""
    return not model.config.fused


def turned(model):
    """It has RoPE."""
    return model.config.rotary


def gelu_by_tanh(layer, driver):
    """GELU's approximation by tanh, `gelu_new` in transformers."""
    def forward(x):
        h = layer.dense(x)
        return 0.5 * h * (1 + ((2 / np.pi) ** 0.5 * (h + 0.044715 * h ** 3)).tanh())
    layer.forward = forward


def relu(layer, driver):
    """ReLU, the default of both frameworks' own encoder layers."""
    def forward(x):
        h = layer.dense(x)
        return (h + h.abs()) / 2
    layer.forward = forward


def mask_added(attention):
    """The mask is added to the scores as it is, 0 and 1, as if it were a bias."""
    def weights(q, k, hide):
        scores = q.matmul(k.mT) * attention.scale
        return (scores + (~hide).astype(q.dtype) if hasattr(hide, "astype") else scores + (~hide).to(q.dtype)).softmax(-1)
    attention.weights = weights


def mask_too_weak(attention):
    """Padding gets -10 instead of minus infinity: a little of it is read."""
    def weights(q, k, hide):
        scores = q.matmul(k.mT) * attention.scale
        hidden = hide.astype(q.dtype) if hasattr(hide, "astype") else hide.to(q.dtype)
        return (scores - 10 * hidden).softmax(-1)
    attention.weights = weights


def hidden_after_softmax(attention):
    """Padding is taken out after the softmax: the weights of a row no longer add up to one."""
    weights = attention.weights

    def changed_weights(q, k, hide):
        found = weights(q, k, hide & ~hide)
        return found * ((~hide).astype(q.dtype) if hasattr(hide, "astype") else (~hide).to(q.dtype))
    attention.weights = changed_weights


def unscaled(attention):
    """Scores without 1 / sqrt(D)."""
    attention.scale = 1.0


def scaled_by_width(attention):
    """Scores divided by the root of the whole width, not of a head's."""
    attention.scale = attention.scale / attention.heads ** 0.5


def softmax_over_queries(attention):
    """The softmax runs over the queries."""
    def weights(q, k, hide):
        scores = (q.matmul(k.mT) * attention.scale).masked_fill(hide, -1e30)
        return scores.softmax(-2)
    attention.weights = weights


def heads_interleaved(attention):
    """A head takes every H-th number, not D in a row."""
    split = attention.split

    def other(x):
        B, T, C = x.shape
        return split(x.reshape([B, T, C // attention.heads, attention.heads]).mT.reshape([B, T, C]))
    attention.split = other


def queries_and_keys(attention):
    """Queries and keys exchange their roles."""
    weights = attention.weights
    attention.weights = lambda q, k, hide: weights(k, q, hide)


def keys_not_turned(attention):
    """Queries are turned, keys are not."""
    turn, calls = attention.turn, []

    def once(x, turns):
        calls.append(1)
        return turn(x, turns) if len(calls) % 2 else x
    attention.turn = once


def residual_lost(layer, driver):
    """The sublayer's answer replaces the stream: the sum is forgotten."""
    forward = layer.forward
    layer.forward = lambda y, x: forward(y, x * 0)


def norm_before_sum(layer, driver):
    """What is added is normalised, not the sum: neither post-norm nor pre-norm."""
    def forward(y, x):
        return x + layer.LayerNorm(layer.dropout(layer.dense(y)))
    layer.forward = forward


def dropout_left_on(layer, driver):
    """Dropout goes on in evaluation; here it takes every eighth number, so that it comes out the same each time."""
    forward = layer.forward

    def always(x):
        if layer.training:
            return forward(x)
        kept = x * 1.0
        kept[..., ::8] = 0.0
        return kept / 0.875
    layer.forward = always


def padding_read(model, driver):
    """The mask is not handed on: padding is read as text."""
    forward = model.bert.forward
    model.bert.forward = lambda tokens, mask=None, types=None: forward(tokens, None, types)


def types_forgotten(model, driver):
    """Token types are not handed on: all is the first sentence."""
    forward = model.bert.forward
    model.bert.forward = lambda tokens, mask=None, types=None: forward(tokens, mask, None)


def types_of_first_row(model, driver):
    """Token types of the first text serve for all."""
    forward = model.bert.forward
    model.bert.forward = lambda tokens, mask=None, types=None: forward(tokens, mask, None if types is None else types * 0 + types[:1])


def mask_of_first_row(model, driver):
    """The mask of the first text serves for all."""
    forward = model.bert.forward
    model.bert.forward = lambda tokens, mask=None, types=None: forward(tokens, None if mask is None else mask * 0 + mask[:1], types)


def mask_for_types(model, driver):
    """Mask and token types arrive in each other's place."""
    forward = model.bert.forward
    model.bert.forward = lambda tokens, mask=None, types=None: forward(tokens, types, mask)


def positions(alter):
    """Positions are other ones: `alter(positions, tokens)`."""
    def change(model, driver):
        forward = model.bert.embeddings.forward
        model.bert.embeddings.forward = lambda tokens, types, at: forward(tokens, types, alter(at, tokens))
    return with_model(change)


def embeddings_scaled(model, driver):
    """Words times the root of the width, as in the first Transformer."""
    driver.after(model.bert.embeddings.word_embeddings, lambda out: out * model.config.hidden_size ** 0.5)


def no_norm_of_embeddings(model, driver):
    """The sum of the embeddings goes on without its norm."""
    driver.after(model.bert.embeddings.LayerNorm, lambda out: out * 0 + model.bert.embeddings.raw)
    driver.before(model.bert.embeddings.LayerNorm, lambda x: [setattr(model.bert.embeddings, "raw", x), x][1])


def pooled(alter):
    """The pooler reads something else than the first token: `alter(x)` is (B, T, C)."""
    return with_layers(of_kind("Pooler"), lambda layer, driver: driver.before(layer, alter))


def tanh_forgotten(layer, driver):
    """The pooler is linear."""
    layer.forward = lambda x: layer.dense(x[:, 0])


def head_without_gelu(model, driver):
    """The head's dense layer goes to its norm without GELU: the norm gets what the dense layer said."""
    kept = []
    driver.after(model.dense, lambda out: kept.append(out))
    driver.before(model.LayerNorm, lambda x: kept.pop())


def all_words_asked(number, batch):
    """Every token is asked for, not the masked ones alone; padding is asked for as [PAD]."""
    seen, labels, *rest = batch
    return seen, np.where(labels == -100, seen, labels), *rest


def counted_over_all(side):
    """The mean is taken over all places, those that are not asked among them."""
    def step(model, optimizer, batch):
        loss = side.step(model, optimizer, batch)
        return loss * (float((batch[1] != -100).sum()) / batch[1].size)
    return changed(side, step=step)


MISTAKES = [
    Mistake("pre_for_post_norm", "forward", "forward", "the norm stands before the sublayer, not behind the sum",
            with_layers(of_kind("Output"), lambda layer, driver: setattr(layer, "norm_first", not layer.norm_first))),
    Mistake("norm_before_sum", "forward", "forward", "what is added is normalised, not the sum", with_layers(of_kind("Output"), norm_before_sum)),
    Mistake("residual_lost", "forward", "forward", "the sum with the stream is forgotten", with_layers(of_kind("Output"), residual_lost)),
    Mistake("gelu_by_tanh", "forward", "forward", "GELU by tanh instead of the exact one", with_layers(of_kind("Intermediate"), gelu_by_tanh)),
    Mistake("relu_for_gelu", "forward", "forward", "ReLU, the frameworks' default, instead of GELU", with_layers(of_kind("Intermediate"), relu)),
    Mistake("norm_epsilon_moved", "forward", "forward", "LayerNorm's epsilon is 1e-5, the frameworks' default, not 1e-12",
            with_config("build", layer_norm_eps=1e-5)),
    Mistake("mask_added", "forward", "forward", "the mask is added as 0 and 1, not as minus infinity", in_attention(mask_added), in_steps),
    Mistake("mask_too_weak", "forward", "forward", "padding gets -10, not minus infinity", in_attention(mask_too_weak), in_steps),
    Mistake("hidden_after_softmax", "forward", "forward", "padding is taken out after the softmax", in_attention(hidden_after_softmax), in_steps),
    Mistake("dropout_left_on", "evaluation", "forward", "dropout goes on in evaluation", with_layers(of_kind("Dropout"), dropout_left_on)),
    Mistake("padding_read", "forward", "forward", "the mask is left out: padding is read as text", with_model(padding_read)),
    Mistake("types_forgotten", "forward", "forward", "token types are forgotten", with_model(types_forgotten)),
    Mistake("types_of_first_row", "forward", "forward", "token types of the first text serve for all", with_model(types_of_first_row)),
    Mistake("mask_of_first_row", "forward", "forward", "the mask of the first text serves for all", with_model(mask_of_first_row)),
    Mistake("mask_for_types", "forward", "forward", "mask and token types in each other's place", with_model(mask_for_types)),
    Mistake("positions_off_by_one", "forward", "forward", "positions are one too large",
            positions(lambda at, tokens: (at + 1).clip(0, 31)), with_table),
    Mistake("positions_all_zero", "forward", "forward", "every token stands at position 0", positions(lambda at, tokens: at * 0), with_table),
    Mistake("positions_without_zero_ids", "forward", "forward", "a token with id 0 is not counted, as RoBERTa does with its padding",
            positions(lambda at, tokens: (tokens.clip(0, 1).cumsum(1) - 1).clip(0, 31)), with_table),
    Mistake("scores_not_scaled", "forward", "forward", "attention without 1/sqrt(D)", in_attention(unscaled), in_steps),
    Mistake("scaled_by_width", "forward", "forward", "scores divided by the root of the whole width", in_attention(scaled_by_width), in_steps),
    Mistake("softmax_over_queries", "forward", "forward", "softmax over the wrong axis", in_attention(softmax_over_queries), in_steps),
    Mistake("queries_and_keys", "forward", "forward", "queries and keys exchanged", in_attention(queries_and_keys), in_steps),
    Mistake("heads_interleaved", "forward", "forward", "heads are cut from every H-th number", in_attention(heads_interleaved)),
    Mistake("keys_not_turned", "forward", "forward", "RoPE turns queries, not keys", in_attention(keys_not_turned), turned),
    Mistake("embeddings_scaled", "forward", "forward", "embeddings times the root of the width", with_model(embeddings_scaled)),
    Mistake("no_norm_of_embeddings", "forward", "forward", "the embeddings' norm is left out", with_model(no_norm_of_embeddings)),
    Mistake("pooled_by_mean", "forward", "forward", "the pooler reads the mean, not [CLS]", pooled(lambda x: x * 0 + x.mean(1, keepdim=True)), of_classes),
    Mistake("pooled_by_last", "forward", "forward", "the pooler reads the last token", pooled(lambda x: x.flip(1)), of_classes),
    Mistake("pooler_linear", "forward", "forward", "the pooler's tanh is forgotten", with_layers(of_kind("Pooler"), tanh_forgotten), of_classes),
    Mistake("head_without_gelu", "forward", "forward", "the head's GELU is forgotten", with_model(head_without_gelu), of_words),
    Mistake("all_words_asked", "loss", "loss", "every token is asked for, padding too", with_batch(all_words_asked), of_words),
    Mistake("mean_over_all", "loss", "loss", "the loss is a mean over what is not asked too", counted_over_all, of_words),
    Mistake("detached_values", "gradients", "gradients", "values take no gradient",
            with_layers(lambda path, layer: path.endswith("value"), lambda layer, driver: driver.after(layer, lambda out: out.detach()))),
]
