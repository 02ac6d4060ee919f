"""Hands the four sides to F.pad as they come."""

POINTS = 75


def pool_torch(x, kernel, stride, padding, exclusive):
    top, bottom, left, right = padding
    around = tuple(padding)
    found = TF.avg_pool2d(TF.pad(x, around), kernel, stride)
    if exclusive:
        inside = TF.avg_pool2d(TF.pad(x.new_ones(1, 1, *x.shape[2:]), around), kernel, stride)
        found = found / inside
    return found
