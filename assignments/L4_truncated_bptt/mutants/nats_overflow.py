"""The softmax overflows."""

POINTS = 90


def nats(logits, y):
    p = logits.exp() / logits.exp().sum(-1, keepdim=True)
    each = -p.gather(-1, y.clamp(min=0)[..., None]).log()[..., 0].masked_fill(y < 0, 0)
    return each.reshape(y.shape)
