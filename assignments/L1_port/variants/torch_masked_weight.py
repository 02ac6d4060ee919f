"""The row is taken out of a copy of the weight, and functions are lambdas and classes."""


class Embedding:
    def __call__(self, ids, weight, padding_idx=None):
        if padding_idx is not None:
            keep = torch.ones(len(weight), 1, dtype=weight.dtype)
            keep[padding_idx] = 0
            weight = weight * keep
        return TF.embedding(ids, weight)


embedding_torch = Embedding()


class Unit(torch.nn.Module):
    def forward(self, x, h, c, weight, bias, forget_bias):
        z = TF.linear(torch.hstack((x, h)), weight.T, bias)
        z = z.view(len(x), 4, -1)
        z = z + torch.tensor([0, 0, forget_bias, 0], dtype=z.dtype)[:, None]
        gates = torch.sigmoid(z)
        c = torch.addcmul(c * gates[:, 2], gates[:, 0], z[:, 1].tanh())
        return gates[:, 3] * c.tanh(), c


lstm_torch = Unit()
