"""PyTorch's SGD and its clip_grad_norm_, streams first inside, a module that holds the weights."""


class Model(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.own = torch.nn.ParameterDict(
            {name: torch.nn.Parameter(each.detach().clone()) for name, each in weights.items()}
        )


def clip(gradients, limit):
    holders = [torch.nn.Parameter(torch.zeros_like(each)) for each in gradients.values()]
    for holder, each in zip(holders, gradients.values()):
        holder.grad = each.clone()
    torch.nn.utils.clip_grad_norm_(holders, limit)
    return {name: holder.grad for name, holder in zip(gradients, holders)}


def read(x, starts, weights, state=None):
    x, starts = x.t(), starts.t()
    B, T = x.shape
    H = weights["w_h"].shape[1]
    h, c = state or (torch.zeros(B, H, dtype=weights["out"].dtype),) * 2
    seen = []
    for t in range(T):
        again = starts[:, t : t + 1]
        h, c = torch.where(again, 0.0, h).to(h.dtype), torch.where(again, 0.0, c).to(c.dtype)
        h, c = cell(weights["embedding"][x[:, t]], h, c, weights)
        seen.append(h @ weights["out"].T + weights["out_bias"])
    return torch.stack(seen, 1).transpose(0, 1), (h, c)


def step(x, y, starts, weights, state, k1, k2, learning_rate, limit):
    model = Model(weights)
    sgd = torch.optim.SGD(model.parameters(), lr=learning_rate)
    value, state = loss(x, y, starts, dict(model.own.items()), state, k1, k2)
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), limit)
    sgd.step()
    return {name: each.data for name, each in model.own.items()}, state
