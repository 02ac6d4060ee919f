"""Keeps windows that stick out."""

POINTS = 80


def pool_torch(x, kernel, stride, padding, exclusive):
    top, bottom, left, right = padding
    around = (left, right, top, bottom)
    found = TF.avg_pool2d(TF.pad(x, around), kernel, stride, ceil_mode=True)
    if exclusive:
        inside = TF.avg_pool2d(
            TF.pad(x.new_ones(1, 1, *x.shape[2:]), around), kernel, stride, ceil_mode=True
        )
        found = found / inside
    return found
