"""Ignores the stride."""

POINTS = 65


def grouped_conv(x, weight, groups, stride=1):
    inside = torch.arange(x.shape[1]).reshape(-1, groups).T.flatten()
    outside = torch.arange(weight.shape[0]).reshape(-1, groups).T.flatten()
    found = F.conv2d(
        x[:, inside], weight[outside], stride=1, padding=weight.shape[-1] // 2, groups=groups
    )
    return found[:, outside.argsort()]
