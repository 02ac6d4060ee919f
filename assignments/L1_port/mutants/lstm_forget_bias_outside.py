"""Adds the forget bias behind the sigmoid."""

POINTS = 75


def lstm_torch(x, h, c, weight, bias, forget_bias):
    i, j, f, o = (torch.cat([x, h], 1) @ weight + bias).chunk(4, 1)
    new_c = c * (torch.sigmoid(f) + forget_bias) + torch.sigmoid(i) * torch.tanh(j)
    return torch.sigmoid(o) * torch.tanh(new_c), new_c
