"""Both frameworks' loaders of a table and of a stream, in the same order."""


def loaders(table, stream, workers=0):
    """PyTorch's and Paddle's, of a table and of a stream."""
    import paddle
    import torch

    class Stream(paddle.io.IterableDataset):
        """A stream of rows, as Paddle's DataLoader wants it."""

        def __init__(self, rows):
            self.rows = rows

        def __iter__(self):
            return iter(self.rows)

    theirs, ours = torch.utils.data.DataLoader, paddle.io.DataLoader
    options = {"batch_size": 32, "num_workers": workers}
    return {
        ("PyTorch", "table"): theirs(table.with_format("torch"), **options),
        ("Paddle", "table"): ours(table.with_format("numpy"), **options),
        ("PyTorch", "stream"): theirs(stream.with_format("torch"), **options),
        ("Paddle", "stream"): ours(Stream(stream.with_format("numpy")), **options)}


def orders(folder, counts):
    """Read a table through every loader, with each count of workers.

    Returns
    -------
    list of [str, str, int, int, bool]
        Framework, table or stream, workers, rows that came, and whether they came in the table's order.
    """
    from datasets import load_from_disk
    table, found = load_from_disk(folder), []
    order = table["letters"][:]
    for workers in counts:
        for (who, what), loader in loaders(table, table.to_iterable_dataset(num_shards=2), workers).items():
            seen = [int(v) for batch in loader for v in batch["letters"].tolist()]
            found.append([who, what, workers, len(seen), seen == order])
    return found
