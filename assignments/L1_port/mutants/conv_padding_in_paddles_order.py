"""Hands the four sides to F.pad as they come."""

POINTS = 70


def conv_torch(x, weight, bias, stride, padding, dilation, groups):
    sides = [0, 0, 0, 0]
    if padding == "SAME":
        dilation, sides = (1, 1), []
        for size, step, kernel in zip(x.shape[2:], stride, weight.shape[2:]):
            zeros = max((-(-size // step) - 1) * step + kernel - size, 0)
            sides += [zeros // 2, zeros - zeros // 2]
    elif isinstance(padding, int):
        sides = [padding] * 4
    elif padding != "VALID":
        sides = padding if len(padding) == 4 else [padding[0], padding[0], padding[1], padding[1]]
    top, bottom, left, right = sides
    x = TF.pad(x, tuple(sides))
    return TF.conv2d(x, weight, bias, stride, 0, dilation, groups)
