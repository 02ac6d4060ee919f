"""Computes in Paddle, and brings the numbers over."""

POINTS = 90


def lstm_torch(x, h, c, weight, bias, forget_bias):
    x, h, c, weight, bias = (
        paddle.to_tensor(each.detach().numpy()) for each in (x, h, c, weight, bias)
    )
    i, j, f, o = (paddle.concat([x, h], 1) @ weight + bias).chunk(4, 1)
    new_c = c * PF.sigmoid(f + forget_bias) + PF.sigmoid(i) * j.tanh()
    return torch.from_numpy((PF.sigmoid(o) * new_c.tanh()).numpy()), torch.from_numpy(new_c.numpy())
