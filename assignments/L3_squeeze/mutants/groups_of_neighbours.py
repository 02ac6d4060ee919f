"""The chapter's groups: blocks of neighbours."""

POINTS = 45


def grouped_conv(x, weight, groups, stride=1):
    return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
