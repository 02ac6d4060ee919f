"""Pads all sides alike by the larger padding, and crops."""


def conv_torch(x, weight, bias, stride, padding, dilation, groups):
    if padding == "VALID":
        padding = [0, 0, 0, 0]
    elif padding == "SAME":
        dilation = (1, 1)
        padding = []
        for axis in (0, 1):
            n, s, k = x.shape[2 + axis], stride[axis], weight.shape[2 + axis]
            need = max(k - s, 0) if n % s == 0 else max(k - n % s, 0)
            padding += [need // 2, need - need // 2]
    elif isinstance(padding, int):
        padding = 4 * [padding]
    elif len(padding) == 2:
        padding = [padding[0], padding[0], padding[1], padding[1]]
    most = max(padding)
    wide = TF.pad(x, (most,) * 4)
    top, bottom, left, right = (most - each for each in padding)
    wide = wide[:, :, top : wide.shape[2] - bottom, left : wide.shape[3] - right]
    return TF.conv2d(wide, weight, bias, stride=stride, dilation=dilation, groups=groups)
