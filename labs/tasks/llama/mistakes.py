"""Mistakes that people make with a Llama: (name, rung, what, what to replace in a side, which models it suits)."""
from dataclasses import replace

from labs.parity.mistakes import of_task


def in_each_layer(alter):
    """A mistake inside attention: `alter(attention)` changes every layer's."""
    def plant(side):
        def build(config):
            model = side.build(config)
            for layer in model.model.layers:
                alter(layer.self_attn)
            return model
        return {"build": build}
    return plant


def neighbours_turned(side):
    """RoPE turns numbers 2i and 2i + 1 together, as the paper and GGUF files have it, not i and i + D/2."""
    def build(config):
        model = side.build(config)
        turn, half = model.model.rotary.forward, config.head_dim // 2

        def forward(x, start):
            head = list(x.shape[:3])
            apart = x.reshape([*head, half, 2]).mT.reshape([*head, -1])         # even numbers first, then the odd ones
            return turn(apart, start).reshape([*head, 2, half]).mT.reshape([*head, -1])
        model.model.rotary.forward = forward
        return model
    return {"build": build}


def unscaled(attention):
    """Scores without 1 / sqrt(D)."""
    attention.scale = 1.0


def sees_the_next(attention):
    """The mask is off by one: each query sees one token of its future."""
    hidden = attention.hidden

    def shifted(T, S, *device):
        hide = hidden(T + 1, S + 1, *device)                # (T + 1, S + 1)
        return hide[1:, :-1]
    attention.hidden = shifted


def heads_in_turn(attention):
    """Keys and values repeated 0 1 2 0 1 2 ..., not 0 0 0 1 1 1 ..."""
    order = [head % attention.kv_heads for head in range(attention.heads)]
    attention.share = lambda x: x.contiguous()[:, order]


def smaller_epsilon(side):
    """RMSNorm's epsilon is 1e-6, the default of older Llamas, not the 1e-5 of the config."""
    return {"build": lambda config: side.build(replace(config, rms_norm_eps=config.rms_norm_eps / 10))}


def not_shifted(side):
    """Each token is asked to predict itself: the labels arrive one place too late."""
    def late(batch):
        x, labels = batch
        moved = labels.copy()
        moved[:, 1:] = labels[:, :-1]
        return x, moved
    return {"step": lambda model, optimizer, batch: side.step(model, optimizer, late(batch))}


def always(model) -> bool:
    """Every model."""
    return True


MISTAKES = of_task([
    ("rope_interleaved", "forward", "RoPE turns neighbours, not halves", neighbours_turned, always),
    ("scores_not_scaled", "forward", "attention without 1/sqrt(D)", in_each_layer(unscaled), always),
    ("mask_off_by_one", "forward", "each token sees the next one", in_each_layer(sees_the_next), always),
    ("heads_in_turn", "forward", "KV heads repeated in the wrong order", in_each_layer(heads_in_turn), always),
    ("norm_epsilon_moved", "forward", "RMSNorm's epsilon is 1e-6 instead of 1e-5", smaller_epsilon, always),
    ("loss_not_shifted", "loss", "each token predicts itself, not the next", not_shifted, always),
])
