"""The cell magic %%fluid: a cell runs in the real Fluid, or shows what was recorded.

    %load_ext labs.fluid

    %%fluid -i weights,batch -o losses      # lends two names to the cell, takes one back
"""
import datetime
import os
from pathlib import Path

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import publish_display_data

from labs.fluid import environment, recordings
from labs.fluid.errors import Drift, FluidError, NoRecording, ProcessDied
from labs.fluid.runtime import Runtime, replay
from labs.fluid.state import Status, mode
from labs.sides import INPUT, lent, names

OUTPUT = argument("-o", "--output", metavar="NAMES", nargs="+", action="append", default=[],
                  help="names that the Fluid cells have made, brought into the notebook: -o losses,records")


class Session:
    """What the Fluid cells of one notebook share: the process, and the story of the cells so far."""

    def __init__(self):
        self.runtime, self.cells = None, []

    def upto(self, cell):
        """The distinct cells so far, and this one as the last."""
        return [*(self.cells[:self.cells.index(cell)] if cell in self.cells else self.cells), cell]

    def done(self, cell):
        """The cell came to its end; one that failed is no part of the story."""
        if cell not in self.cells:
            self.cells.append(cell)

    def start(self):
        """The process, started if need be."""
        if self.runtime is None or self.runtime.closed:
            found = environment.installed()
            if found is None:
                raise FluidError("LABS_FLUID asks for the runtime, and it is not here: python -m labs fluid install")
            self.runtime = Runtime(found["executable"])
            self.cells.clear()                          # a new process knows nothing of earlier cells
        return self.runtime

    def run(self, source, inputs, wanted, show):
        """Run a cell over there; return its outputs and the values that come out."""
        runtime = self.start()
        try:
            runtime.lend(inputs)
            try:
                outputs = runtime.run(source, show, history=True)
                return outputs, runtime.give(wanted)
            finally:
                runtime.take_back()
        except ProcessDied:
            self.cells.clear()
            raise

    def close(self):
        """End the process."""
        if self.runtime is not None:
            self.runtime.close()
        self.cells.clear()


def tidy(outputs):
    """Outputs as a recording keeps them: what was cleared is gone, pieces of one stream are joined."""
    kept = []
    for output in outputs:
        if output["output_type"] == "clear_output":
            kept.clear()
        elif output["output_type"] == "stream" and kept and kept[-1].get("name") == output["name"]:
            kept[-1] = dict(kept[-1], text=kept[-1]["text"] + output["text"])
        elif output["output_type"] != "update_display_data":
            kept.append({name: part for name, part in output.items() if name != "transient"})
    return kept


@magics_class
class FluidMagics(Magics):
    """%%fluid."""

    def __init__(self, shell):
        super().__init__(shell)
        self.session = Session()

    @magic_arguments()
    @INPUT
    @OUTPUT
    @cell_magic
    def fluid(self, line, cell):
        """Run the cell in Fluid 1.8.5 (paddlepaddle of 2020, Python 3.8), in a process of its own."""
        asked = parse_argstring(self.fluid, line)
        try:
            inputs, wanted, chosen = lent(self.shell, asked.input), names(asked.output), mode()
            head = f"%%fluid {' '.join(line.split())}".rstrip()
            source = f"{head}\n{cell.strip()}"
            if chosen == "recordings":
                values = self._recorded(source, inputs)
            else:
                values = self._live(source, f"# {head}\n{cell}", inputs, wanted, chosen)   # keeps the reader's line numbers
        except (NameError, TypeError, KeyboardInterrupt) as error:
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            error._render_traceback_ = lambda: [said]           # without our frames
            raise
        self.session.done(source)
        self.shell.user_ns.update(values)

    def _recorded(self, source, inputs):
        found, why = recordings.find(self.session.upto(source), inputs, folder())
        if found is None:
            raise NoRecording(f"the real Fluid is not here, and there is no recording of this cell: {why}.\n"
                              "To run it: python -m labs fluid install, then restart the kernel and run the cells from the top.")
        recordings.use(found)
        if found.outputs or found.values:               # a cell that only defines something has nothing to label
            publish_display_data(Status("recordings", found.versions, found.date)._repr_mimebundle_())
        for output in found.outputs:
            replay(output)
        return found.values

    def _live(self, source, cell, inputs, wanted, chosen):
        outputs, values = self.session.run(cell, inputs, wanted, replay)
        story = self.session.upto(source)
        if chosen == "record":
            recordings.write(folder(needed=True), story, inputs, tidy(outputs), values, str(datetime.date.today()),
                             self.session.runtime.versions)
        if chosen == "check":
            found, why = recordings.find(story, inputs, folder())
            wrong = recordings.drift(found, tidy(outputs), values) if found else [f"there is none for this cell: {why}"]
            if wrong:
                raise Drift("the recording of this Fluid cell does not hold; `make recordings` makes it anew.\n  " + "\n  ".join(wrong))
            recordings.use(found)
        return values


def folder(needed=False):
    """Where recordings lie: LABS_FLUID_RECORDINGS, or in the package."""
    named = os.environ.get("LABS_FLUID_RECORDINGS", "").strip()
    if needed and not named:
        raise FluidError("LABS_FLUID=record needs LABS_FLUID_RECORDINGS, the folder to write to; python -m labs fluid record sets both")
    return Path(named) if named else recordings.TASKS


def load_ipython_extension(shell):
    """%load_ext labs.fluid. %reload_ext labs.fluid begins with a new process."""
    shell.register_magics(FluidMagics(shell))


def unload_ipython_extension(shell):
    """%unload_ext labs.fluid: the magic goes, and the process ends."""
    magic = shell.magics_manager.magics["cell"].pop("fluid", None)
    if magic is not None:
        magic.__self__.session.close()
