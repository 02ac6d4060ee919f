"""Computes in PyTorch, and brings the numbers over."""

POINTS = 90


def linear_paddle(x, weight, bias=None):
    arrays = [
        each if each is None else torch.from_numpy(each.numpy()) for each in (x, weight, bias)
    ]
    return paddle.to_tensor(TF.linear(*arrays).numpy())
