"""Loops over windows, and over the ids."""


def conv_torch(x, weight, bias, stride, padding, dilation, groups):
    (h, w), (kh, kw) = x.shape[2:], weight.shape[2:]
    if padding == "SAME":
        dilation = (1, 1)
        rows, columns = -(-h // stride[0]), -(-w // stride[1])
        down = max(0, (rows - 1) * stride[0] + kh - h)
        across = max(0, (columns - 1) * stride[1] + kw - w)
        padding = [down // 2, down - down // 2, across // 2, across - across // 2]
    elif padding == "VALID":
        padding = 0
    if isinstance(padding, int):
        padding = [padding, padding]
    if len(padding) == 2:
        padding = [padding[0], padding[0], padding[1], padding[1]]
    t, b, le, r = padding
    padded = TF.pad(x, [le, r, t, b])
    rows = (h + t + b - (kh - 1) * dilation[0] - 1) // stride[0] + 1
    columns = (w + le + r - (kw - 1) * dilation[1] - 1) // stride[1] + 1
    out, inside = weight.shape[0] // groups, weight.shape[1]
    total = 0
    for i in range(kh):
        for j in range(kw):
            top, left = i * dilation[0], j * dilation[1]
            part = padded[:, :, top : top + (rows - 1) * stride[0] + 1 : stride[0]]
            part = part[..., left : left + (columns - 1) * stride[1] + 1 : stride[1]]
            part = part.unflatten(1, (groups, inside))
            own = weight[:, :, i, j].unflatten(0, (groups, out))
            total = total + torch.einsum("bgihw,goi->bgohw", part, own).flatten(1, 2)
    return total if bias is None else total + bias.view(1, -1, 1, 1)


def pool_torch(x, kernel, stride, padding, exclusive):
    h, w = x.shape[2:]
    t, b, le, r = padding
    made = []
    for top in range(-t, h + b - kernel[0] + 1, stride[0]):
        row = []
        for left in range(-le, w + r - kernel[1] + 1, stride[1]):
            seen = x[:, :, max(top, 0) : top + kernel[0], max(left, 0) : left + kernel[1]]
            many = seen.shape[2] * seen.shape[3] if exclusive else kernel[0] * kernel[1]
            row.append(seen.sum((2, 3)) / many)
        made.append(torch.stack(row, -1))
    return torch.stack(made, -2)


def embedding_torch(ids, weight, padding_idx=None):
    zero = torch.zeros_like(weight[0])
    skip = None if padding_idx is None else range(len(weight))[padding_idx]
    rows = [zero if each == skip else weight[each] for each in ids.flatten().tolist()]
    return (
        torch.stack(rows).reshape(*ids.shape, -1)
        if rows
        else weight.new_zeros(*ids.shape, weight.shape[1])
    )
