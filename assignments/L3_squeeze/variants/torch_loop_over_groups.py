"""One convolution for each group, put together by a slice assignment."""


def grouped_conv(x, weight, groups, stride=1):
    made = None
    for g in range(groups):
        part = F.conv2d(x[:, g::groups], weight[g::groups], None, stride, weight.shape[3] // 2)
        if made is None:
            made = part.new_zeros(x.shape[0], weight.shape[0], *part.shape[2:])
        made[:, g::groups] = part
    return made


def squeeze(x):
    rows = []
    for image in x:
        rows.append(torch.stack([c.mean() for c in image] + [c.max() for c in image]))
    return torch.stack(rows) if rows else x.new_zeros(0, 2 * x.shape[1])
