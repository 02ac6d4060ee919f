"""PyTorch: tensors in the cache, scaled_dot_product_attention with a mask."""

import torch
import torch.nn.functional as F


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    x = torch.as_tensor(x)
    at = torch.as_tensor(positions, dtype=torch.float64) / factor
    each = theta ** (-torch.arange(0, rotary, 2, dtype=torch.float64) / rotary)
    angles = at[:, None] * each
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    head, rest = x[..., :rotary], x[..., rotary:]
    first, second = head.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([first * cos - second * sin, first * sin + second * cos], -1)
    return torch.cat([turned.flatten(-2), rest], -1)


def attend(q, k, v, q_positions, k_positions, window=None):
    q, k, v = map(torch.as_tensor, (q, k, v))
    q_at, k_at = torch.as_tensor(q_positions), torch.as_tensor(k_positions)
    far = q_at[:, None] - k_at[None]
    mask = far >= 0
    if window is not None:
        mask &= far < window
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class Cache:
    def __init__(self, window=None):
        self.window, self.seen = window, 0
        self.k = self.v = self.at = None


def layer(x, weights, settings, cache=None):
    x = torch.as_tensor(x)
    weights = {name: torch.as_tensor(each) for name, each in weights.items()}
    begin = 0 if cache is None else cache.seen
    at = torch.arange(begin, begin + x.shape[1])

    def cut(name, count):
        return F.linear(x, weights[name]).unflatten(-1, (count, -1)).transpose(1, 2)

    q = cut("q_proj", settings["heads"])
    k, v = cut("k_proj", settings["kv_heads"]), cut("v_proj", settings["kv_heads"])
    turn = settings["rotary"], settings["theta"], settings["factor"]
    q, k, all_at = rotate(q, at, *turn), rotate(k, at, *turn), at
    if cache is not None:
        if cache.seen:
            k, v = torch.cat([cache.k, k], 2), torch.cat([cache.v, v], 2)
            all_at = torch.cat([cache.at, at])
        keep = slice(-cache.window if cache.window else None, None)
        cache.k, cache.v, cache.at = k[:, :, keep], v[:, :, keep], all_at[keep]
        cache.seen += x.shape[1]
    y = attend(q, k, v, at, all_at, settings["window"])
    return F.linear(y.transpose(1, 2).flatten(2), weights["o_proj"])
