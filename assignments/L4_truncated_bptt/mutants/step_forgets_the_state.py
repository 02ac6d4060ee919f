"""Returns the state that came in."""

POINTS = 95


def step(x, y, starts, weights, state, k1, k2, learning_rate, limit):
    leaves = {name: each.detach().clone().requires_grad_() for name, each in weights.items()}
    value, _ = loss(x, y, starts, leaves, state, k1, k2)
    found = torch.autograd.grad(value, list(leaves.values()))
    clipped = clip(dict(zip(leaves, found)), limit)
    return {name: weights[name] - learning_rate * clipped[name] for name in weights}, state or 2 * (torch.zeros(x.shape[1], weights["w_h"].shape[1], dtype=weights["out"].dtype),)
