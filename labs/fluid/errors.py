"""What goes wrong with Fluid cells. A notebook shows these without the frames of our own code."""


class FluidError(RuntimeError):
    """Something about the runtime or a recording; the message says what to do."""

    def _render_traceback_(self):
        return [f"{type(self).__name__}: {self}"]


class NoRuntime(FluidError):
    """The real Fluid is not here, or cannot be."""


class NoRecording(FluidError):
    """The runtime is not here and nothing was recorded for this cell as it stands."""


class Drift(FluidError):
    """A cell gave something else than its recording."""


class ProcessDied(FluidError):
    """The Fluid process ended while it ran a cell."""


class CellError(FluidError):
    """A cell failed over there: shown with the traceback from over there.

    Parameters
    ----------
    name, value : str
        Type and text of the error.
    lines : list of str
        Its traceback, as IPython rendered it there.
    """

    def __init__(self, name, value, lines):
        super().__init__(f"{name}: {value}")
        self.lines = lines

    def _render_traceback_(self):
        return list(self.lines)
