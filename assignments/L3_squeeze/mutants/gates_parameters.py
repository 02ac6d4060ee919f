"""The weights are copied into layers, which cuts the gradient."""

POINTS = 90


def gates(s, w1, b1, w2, b2):
    first, second = torch.nn.Linear(s.shape[1], len(w1)), torch.nn.Linear(len(w1), len(w2))
    for layer, weight, bias in ((first, w1, b1), (second, w2, b2)):
        layer.weight, layer.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)
    return hard_sigmoid(second(F.relu(first(s))))
