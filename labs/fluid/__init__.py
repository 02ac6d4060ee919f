"""The past, running: Fluid (paddlepaddle 1.8.5 of 2020) in a process of its own, or its recordings.

    %load_ext labs.fluid        gives the cell magic %%fluid

`python -m labs fluid install` builds the runtime; without it cells show what was recorded.
"""
from labs.fluid.errors import FluidError
from labs.fluid.state import status

__all__ = ["FluidError", "load_ipython_extension", "computed_on", "status", "unload_ipython_extension", "used"]


def computed_on():
    """The processor that computed the last Fluid cell: this one, or the one it was recorded on.

    Returns
    -------
    labs.fluid.processor.Processor
        `.has("AVX")` says whether it has that vector unit; what Fluid finds can depend on it.

    Raises
    ------
    FluidError
        No Fluid cell has been run or shown.
    """
    from IPython import get_ipython
    shell = get_ipython()
    magic = shell and shell.magics_manager.magics["cell"].get("fluid")
    found = magic and magic.__self__.session.processor
    if not found:
        raise FluidError("no Fluid cell has been run yet: run the %%fluid cells from the top")
    return found


def used():
    """Files of the recordings that this process has shown or compared with, for the executor."""
    from labs.fluid import recordings
    return sorted(recordings.USED)


def load_ipython_extension(shell):
    """%load_ext labs.fluid."""
    from labs.fluid import magic
    magic.load_ipython_extension(shell)


def unload_ipython_extension(shell):
    """%unload_ext labs.fluid."""
    from labs.fluid import magic
    magic.unload_ipython_extension(shell)
