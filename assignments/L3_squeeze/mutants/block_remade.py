"""Takes x out of the chain and makes a tensor anew."""

POINTS = 90


def block(x, weight, groups, w1, b1, w2, b2):
    x = torch.tensor(x.detach().numpy())
    found = grouped_conv(x, weight, groups)
    return F.relu(x + excite(found, w1, b1, w2, b2))
