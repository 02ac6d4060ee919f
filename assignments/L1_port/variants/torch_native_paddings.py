"""PyTorch's own padding where it is symmetric, slices of a larger canvas elsewhere."""


def conv_torch(x, weight, bias, stride, padding, dilation, groups):
    if padding == "VALID":
        return torch.conv2d(x, weight, bias, tuple(stride), "valid", tuple(dilation), groups)
    if isinstance(padding, int) or padding != "SAME" and len(padding) == 2:
        return TF.conv2d(x, weight, bias, stride, padding, dilation, groups)
    h, w = x.shape[2:]
    if padding == "SAME":
        dilation = 1
        ends = []
        for n, k, s in ((h, weight.shape[2], stride[0]), (w, weight.shape[3], stride[1])):
            out = (n + s - 1) // s
            total = max(0, (out - 1) * s + k - n)
            ends.extend((total // 2, (total + 1) // 2))
        padding = ends
    t, b, le, r = padding
    canvas = x.new_zeros(*x.shape[:2], t + h + b, le + w + r)
    canvas[:, :, t : t + h, le : le + w] = x
    return TF.conv2d(canvas, weight, bias, stride, 0, dilation, groups)


def pool_torch(x, kernel, stride, padding, exclusive):
    if not exclusive:
        if all(2 * pad <= size for pad, size in zip((padding[0], padding[2]), kernel)):
            return TF.avg_pool2d(x, kernel, stride, (padding[0], padding[2]))
        around = TF.pad(x, (padding[2], padding[3], padding[0], padding[1]))
        return TF.avg_pool2d(around, kernel, stride)
    t, b, le, r = padding
    canvas = TF.pad(torch.stack([x, torch.ones_like(x)]), (le, r, t, b))
    total, inside = (
        canvas.unfold(3, kernel[0], stride[0]).unfold(4, kernel[1], stride[1]).sum((-1, -2))
    )
    return total / inside
