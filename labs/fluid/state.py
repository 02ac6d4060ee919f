"""Whether Fluid cells run here or show their recordings, and what that means for who reads the page."""
import difflib
import os
from dataclasses import dataclass
from html import escape

from labs import outputs
from labs.fluid import environment, processor
from labs.fluid.errors import FluidError

MODES = {"auto": "run where the runtime is installed, else show recordings (the default)",
         "runtime": "run", "recordings": "show recordings", "check": "run, and compare with the recordings",
         "record": "run, and write recordings"}


def mode():
    """What Fluid cells do here, by LABS_FLUID: "runtime", "recordings", "check" or "record".

    Raises
    ------
    FluidError
        LABS_FLUID holds something else.
    """
    chosen = os.environ.get("LABS_FLUID", "").strip() or "auto"
    if chosen not in MODES:
        near = difflib.get_close_matches(chosen, MODES, 1)
        raise FluidError(f"LABS_FLUID: expected one of {', '.join(MODES)}, got {chosen!r}."
                         + (f" Did you mean {near[0]!r}?" if near else ""))
    return chosen if chosen != "auto" else "runtime" if environment.installed() else "recordings"


@dataclass(frozen=True, repr=False)
class Status(outputs.Shown):
    """What a notebook shows about its Fluid cells."""

    state: str
    versions: str
    date: str = ""
    processor: str = ""

    @property
    def text(self):
        """In a sentence or two."""
        if self.date:
            return f"Recorded on {self.date} with {self.versions}, on {self.processor}; not run here."
        if self.state == "recordings":
            return ("The Fluid cells of this page show recordings: the real Fluid is not run here. "
                    "To run them: python -m labs fluid install (Linux on x86-64, 900 MB), then restart the kernel.")
        return f"The Fluid cells of this page run here, in {self.versions}, on {self.processor}."

    @property
    def html(self):
        """The same for a page."""
        return f'<p class="labs-fluid"><em>{escape(self.text)}</em></p>'

    @property
    def data(self):
        """The same for the status page."""
        return {"kind": "fluid", "state": self.state, "versions": self.versions, "date": self.date,
                "processor": self.processor}


def status():
    """Say whether the Fluid cells of a notebook run here or show recordings.

    Returns
    -------
    Status
        A notebook shows it by itself.

    Raises
    ------
    FluidError
        LABS_FLUID asks for the runtime, and it is not here.
    """
    chosen, found = mode(), environment.installed()
    if chosen == "recordings":
        return Status("recordings", "")
    if not found:
        raise FluidError(f"LABS_FLUID={chosen}: the Fluid cells are to run here, and the runtime is not installed. "
                         "python -m labs fluid install brings it (Linux on x86-64, 900 MB); LABS_FLUID=auto shows recordings")
    known = f"paddlepaddle {found['paddlepaddle']}, Python {found['python']}" if "paddlepaddle" in found else found.get("executable", "")
    return Status("runtime", known, processor=str(processor.here()))
