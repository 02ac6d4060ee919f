"""Mistakes that people make with a Llama."""
from dataclasses import replace

import numpy as np

from labs.parity.climbing import changed
from labs.parity.mistakes import Mistake, with_batch, with_config, with_layers, with_model, with_weights
from labs.parity.mistakes.forward import through_half


def in_attention(alter):
    """A mistake inside attention: `alter(attention)` changes every layer's."""
    return with_layers(lambda path, layer: path.endswith("self_attn"), lambda layer, driver: alter(layer))


def neighbours_turned(attention):
    """RoPE turns numbers 2i and 2i + 1 together, as the paper and GGUF files have it, not i and i + D/2."""
    turn = attention.turn

    def other(x, turns):
        head, half = list(x.shape[:3]), x.shape[3] // 2
        apart = x.reshape([*head, half, 2]).mT.reshape([*head, -1])         # even numbers first, then the odd ones
        return turn(apart, turns).reshape([*head, 2, half]).mT.reshape([*head, -1])
    attention.turn = other


def keys_not_turned(attention):
    """Queries are turned, keys are not: every second turn is left out."""
    turn, calls = attention.turn, []

    def once(x, turns):
        calls.append(1)
        return turn(x, turns) if len(calls) % 2 else x
    attention.turn = once


def unscaled(attention):
    """Scores without 1 / sqrt(D)."""
    attention.scale = 1.0


def scaled_by_width(attention):
    """Scores divided by the root of the whole width, not of a head's."""
    attention.scale = attention.scale / attention.heads ** 0.5


def sees_the_next(model, driver):
    """The mask is off by one: each query sees one token of its future."""
    later = model.model.later

    def shifted(T, S, *device):
        hide = later(T + 1, S + 1, *device)                # (T + 1, S + 1)
        return hide[1:, :-1]
    model.model.later = shifted


def sees_all(model, driver):
    """No mask: each query sees its whole future."""
    later = model.model.later

    def nothing(T, S, *device):
        hide = later(T, S, *device)
        return hide != hide
    model.model.later = nothing


def padding_read(model, driver):
    """The mask of padding is not handed on: padding is read, and counted, as text."""
    places = model.model.places
    model.model.places = lambda mask, T: places(mask * 0 + 1, T)


def padding_read_later(model, driver):
    """With a cache the mask is left out: padding is hidden in the first piece alone."""
    places = model.model.places
    model.model.places = lambda mask, T: (places(mask, T)[0], places(mask if mask.shape[1] == T else mask * 0 + 1, T)[1])


def heads_in_turn(attention):
    """Keys and values repeated 0 1 2 0 1 2 ..., not 0 0 0 1 1 1 ..."""
    order = [head % attention.kv_heads for head in range(attention.heads)]
    attention.share = lambda x: x.contiguous()[:, order]


def norms_of_layer(layer, driver):
    """LayerNorm's mean is taken off first."""
    driver.before(layer, lambda x: x - x.mean(-1, keepdim=True))


def one_plus(layer, driver):
    """Gemma's norm: scaled by 1 + weight."""
    driver.after(layer, lambda out: out * ((1 + layer.weight) / layer.weight))


def gate_and_up(model, weights):
    """gate_proj and up_proj exchanged."""
    other = {"gate_proj": "up_proj", "up_proj": "gate_proj"}
    return {name: weights[".".join(other.get(part, part) for part in name.split("."))] for name in weights}


def embeddings_scaled(model, driver):
    """Embeddings times the root of the width, as in the first Transformer."""
    driver.after(model.model.embed_tokens, lambda out: out * model.config.hidden_size ** 0.5)


def not_shifted(number, batch):
    """Each token is asked to predict itself: the labels arrive one place too late."""
    moved = batch[1].copy()
    moved[:, 1:] = batch[1][:, :-1]
    return batch[0], moved


def prompt_counted(number, batch):
    """Ignored labels are counted: the prompt is learned too."""
    return batch[0], batch[0].copy()


def padding_as_zero(number, batch):
    """Ignored labels arrive as token 0."""
    return batch[0], np.where(batch[1] == -100, 0, batch[1])


def counted_over_all(side):
    """The mean is taken over all tokens, ignored ones among them."""
    def step(model, optimizer, batch):
        y = batch[1][:, 1:]
        loss = side.step(model, optimizer, batch)
        return loss * (float((y != -100).sum()) / y.size)
    return changed(side, step=step)


def next_position(alter):
    """A mistake in the cache: `alter(positions)` is where later tokens are said to stand."""
    def change(model, driver):
        places = model.model.places

        def other(mask, T):
            positions, hide = places(mask, T)
            return (alter(positions) if mask.shape[1] > T else positions), hide
        model.model.places = other
    return with_model(change)


def other_scaling(**wrong):
    """Llama 3's scaling of RoPE with another number."""
    return with_config("build", rope_scaling=lambda right: replace(right, **wrong))


def cache_in_half(side):
    """Keys and values are kept in float16."""
    class Cache(side.Cache):
        def extend(self, k, v):
            return super().extend(through_half(k), through_half(v))
    return changed(side, Cache=Cache)


PADDED = ("rope_scaling",)     # the case of the proof whose batches have padding is the one with scaling

MISTAKES = [
    Mistake("rope_interleaved", "forward", "forward", "RoPE turns neighbours, not halves", in_attention(neighbours_turned)),
    Mistake("rope_base", "forward", "forward", "RoPE's base is 10,000, the older default",
            with_config("build", rope_theta=1e4)),
    Mistake("keys_not_turned", "forward", "forward", "queries are turned, keys are not", in_attention(keys_not_turned)),
    Mistake("scores_not_scaled", "forward", "forward", "attention without 1/sqrt(D)", in_attention(unscaled)),
    Mistake("scaled_by_width", "forward", "forward", "scores divided by the root of the whole width", in_attention(scaled_by_width)),
    Mistake("mask_off_by_one", "forward", "forward", "each token sees the next one", with_model(sees_the_next)),
    Mistake("no_mask", "forward", "forward", "each token sees its whole future", with_model(sees_all)),
    Mistake("padding_read", "forward", "forward", "the mask is left out: padding is read as text",
            with_model(padding_read), fields=PADDED),
    Mistake("scaling_ignored", "forward", "forward", "Llama 3's scaling of RoPE is ignored",
            with_config("build", rope_scaling=None), fields=("rope_scaling",)),
    Mistake("scaling_of_new_context", "forward", "forward", "RoPE's scaling takes the new context for the old one",
            other_scaling(original_max_position_embeddings=64), fields=("rope_scaling",)),
    Mistake("scaling_by_another", "forward", "forward", "RoPE's slow pairs are slowed by another factor",
            other_scaling(factor=4.0), fields=("rope_scaling",)),
    Mistake("heads_in_turn", "forward", "forward", "KV heads repeated in the wrong order", in_attention(heads_in_turn)),
    Mistake("norm_epsilon_moved", "forward", "forward", "RMSNorm's epsilon is 1e-6 instead of 1e-5",
            with_config("build", rms_norm_eps=lambda right: right / 10)),
    Mistake("layer_norm", "forward", "forward", "the mean is taken off, as LayerNorm does",
            with_layers(lambda path, layer: type(layer).__name__ == "RMSNorm", norms_of_layer)),
    Mistake("one_plus_weight", "forward", "forward", "norms scale by 1 + weight, as Gemma's do",
            with_layers(lambda path, layer: type(layer).__name__ == "RMSNorm", one_plus)),
    Mistake("embeddings_scaled", "forward", "forward", "embeddings times the root of the width", with_model(embeddings_scaled)),
    Mistake("loss_not_shifted", "loss", "loss", "each token predicts itself, not the next", with_batch(not_shifted)),
    Mistake("prompt_counted", "loss", "loss", "ignored labels are counted", with_batch(prompt_counted)),
    Mistake("padding_as_zero", "loss", "loss", "ignored labels arrive as token 0", with_batch(padding_as_zero)),
    Mistake("mean_over_all", "loss", "loss", "the loss is a mean over ignored tokens too", counted_over_all),
    Mistake("gate_and_up", "weights", "forward", "the MLP's gate and its other matrix exchanged", with_weights(gate_and_up)),
    Mistake("detached_values", "gradients", "gradients", "values take no gradient",
            with_layers(lambda path, layer: path.endswith("v_proj"), lambda layer, driver: driver.after(layer, lambda out: out.detach()))),
    Mistake("cache_off_by_one", "cache", "also: cache", "with a cache, positions are one too small", next_position(lambda at: at - 1)),
    Mistake("cache_from_zero", "cache", "also: cache", "with a cache, positions begin at zero again", next_position(lambda at: at - at.min())),
    Mistake("padding_read_later", "cache", "also: cache", "with a cache, padding is hidden in the first piece alone",
            with_model(padding_read_later), fields=PADDED),
    Mistake("cache_in_half", "cache", "also: cache", "keys and values are kept in float16", cache_in_half),
]
