"""In place, on tensors that it made itself; other names everywhere."""


def hard_sigmoid(a):
    line = a * 0.25
    line += 0.5
    low, high = torch.zeros_like(line), torch.ones_like(line)
    return torch.minimum(torch.maximum(line, low), high)


def excite(maps, p, q, r, t):
    factor = gates(squeeze(maps), p, q, r, t)
    result = maps.clone()
    result *= factor.reshape(*factor.shape, 1, 1)
    return result


def block(maps, kernels, parts, p, q, r, t):
    total = excite(grouped_conv(maps, kernels, parts), p, q, r, t)
    total += maps
    return total.relu_()
