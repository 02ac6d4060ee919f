"""Windows of whole pieces."""

POINTS = 80


def loss(x, y, starts, weights, state, k1, k2):
    T, B = x.shape
    before = [state]
    with torch.no_grad():
        for t in range(T):
            before.append(read(x[t:t + 1], starts[t:t + 1], weights, before[t])[1])
    total = 0
    for first in range(0, T, k1):
        last = min(first + k1, T)
        begin = max(0, first - (k2 // k1 - 1) * k1)
        logits, _ = read(x[begin:last], starts[begin:last], weights, before[begin])
        total = total + nats(logits[first - begin:], y[first:last]).sum()
    return total / B, before[T]
