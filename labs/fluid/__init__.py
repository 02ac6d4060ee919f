"""The past, running: Fluid (paddlepaddle 1.8.5 of 2020) in a process of its own, or its recordings.

    %load_ext labs.fluid        gives the cell magic %%fluid

`python -m labs fluid install` builds the runtime; without it cells show what was recorded.
"""
from labs.fluid.errors import FluidError
from labs.fluid.state import status

__all__ = ["FluidError", "load_ipython_extension", "status", "unload_ipython_extension", "used"]


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
