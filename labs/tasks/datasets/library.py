"""The library as the chapter calls it: without a word on the screen, one file or several, one split."""


def quiet():
    """No progress bars, and no log lines: an error is shown by whoever catches it."""
    import datasets
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)


def load(names, **options):
    """The dataset of JSON files, prepared in the cache that is set, or streamed.

    Parameters
    ----------
    names : str or list of str
    **options
        Of `datasets.load_dataset`.
    """
    from datasets import load_dataset
    return load_dataset("json", data_files=names, split="train", **options)
