"""Carries h, and lets c begin anew."""

POINTS = 40


def read(x, starts, weights, state=None):
    rows = F.embedding(x, weights["embedding"])
    if state is None:
        zeros = rows.new_zeros(x.shape[1], weights["w_h"].shape[1])
        state = zeros, zeros
    h, c = state[0], torch.zeros_like(state[1])
    seen = []
    for row, start in zip(rows, starts):
        h, c = h.masked_fill(start[:, None], 0), c.masked_fill(start[:, None], 0)
        h, c = cell(row, h, c, weights)
        seen.append(h)
    return F.linear(torch.stack(seen), weights["out"], weights["out_bias"]), (h, c)
