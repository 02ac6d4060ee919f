"""Sums, and does not divide."""

POINTS = 75


def pool_torch(x, kernel, stride, padding, exclusive):
    top, bottom, left, right = padding
    around = (left, right, top, bottom)
    found = TF.avg_pool2d(TF.pad(x, around), kernel, stride)
    if exclusive:
        inside = TF.avg_pool2d(TF.pad(x.new_ones(1, 1, *x.shape[2:]), around), kernel, stride)
        found = found * kernel[0] * kernel[1]
    return found
