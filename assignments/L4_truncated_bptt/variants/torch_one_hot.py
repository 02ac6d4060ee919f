"""PyTorch: the embedding as a product with one-hot rows, gates by slices, a mask that multiplies."""


def cell(x, h, c, weights):
    H = h.shape[1]
    rows = torch.cat([x, h], 1) @ torch.cat([weights["w_x"], weights["w_h"]], 1).T
    rows = rows + weights["bias"]
    forget = 1 / (1 + torch.exp(-rows[:, :H]))
    c = c + (1 - forget) * (torch.tanh(rows[:, H : 2 * H]) - c)
    return torch.sigmoid(rows[:, 2 * H :]) * torch.tanh(c), c


def read(x, starts, weights, state=None):
    dtype = weights["embedding"].dtype
    one_hot = torch.eye(len(weights["embedding"]), dtype=dtype)[x]
    h = c = torch.zeros(x.shape[1], weights["w_h"].shape[1], dtype=dtype)
    if state is not None:
        h, c = state
    logits = torch.empty(0, x.shape[1], len(weights["out"]), dtype=dtype)
    for t in range(len(x)):
        old = (~starts[t]).to(dtype)[:, None]
        h, c = cell(one_hot[t] @ weights["embedding"], old * h, old * c, weights)
        logits = torch.cat([logits, (h @ weights["out"].T + weights["out_bias"])[None]])
    return logits, (h, c)


def clip(gradients, limit):
    norm = torch.cat([each.flatten() for each in gradients.values()]).norm()
    if norm <= limit:
        return gradients
    return {name: each / norm * limit for name, each in gradients.items()}
