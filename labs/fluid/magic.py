"""The cell magic %%fluid: a cell runs in the real Fluid, or shows what was recorded.

    %load_ext labs.fluid

    %%fluid -i weights,batch -o losses      # lends two names to the cell, takes one back
"""
import datetime
import os
from pathlib import Path

import numpy as np
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import publish_display_data

from labs.fluid import environment, processor, recordings
from labs.fluid.comparison import DOUBLE, SINGLE, by_path, drift, twinned
from labs.fluid.errors import CellError, Drift, FluidError, NoRecording, ProcessDied
from labs.fluid.runtime import Runtime, replay
from labs.fluid.state import Status, mode
from labs.sides import INPUT, lent, names

OUTPUT = argument("-o", "--output", metavar="NAMES", nargs="+", action="append", default=[],
                  help="names that the Fluid cells have made, brought into the notebook: -o losses,records")
PRECISION = argument("-p", "--precision", choices=(DOUBLE, SINGLE), default=DOUBLE,
                     help="in which the cell computed what it prints, and what it gives in one precision alone")
UNIT = argument("-u", "--unit", choices=tuple(processor.UNITS), metavar="UNIT",
                help="a vector unit that what the cell finds depends on: without it, a run is not compared with the recording")
DRAWS, ULPS = 3, 4      # runs from moved inputs that measure what float32 rounding does, as the ladder measures its floor


class Session:
    """What the Fluid cells of one notebook share: the process, the cells so far, who computed the last."""

    def __init__(self):
        self.runtime, self.cells, self.processor = None, [], None

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
    @PRECISION
    @UNIT
    @cell_magic
    def fluid(self, line, cell):
        """Run the cell in Fluid 1.8.5 (paddlepaddle of 2020, Python 3.8), in a process of its own."""
        asked = parse_argstring(self.fluid, line)
        wrong = []
        try:
            inputs, wanted, chosen = lent(self.shell, asked.input), names(asked.output), mode()
            head = f"%%fluid {' '.join(line.split())}".rstrip()
            source = f"{head}\n{cell.strip()}"
            if chosen == "recordings":
                values = self._recorded(source, inputs)
            else:
                self.session.processor = processor.here()
                code = f"# {head}\n{cell}"                      # keeps the reader's line numbers
                values, wrong = self._live(source, code, inputs, wanted, chosen, asked)
        except (NameError, TypeError, KeyboardInterrupt) as error:
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            error._render_traceback_ = lambda: [said]           # without our frames
            raise
        self.session.done(source)
        self.shell.user_ns.update(values)
        if wrong:                   # said at the end, so that the cells after this one are compared too
            raise Drift("the recording of this Fluid cell does not hold; `make recordings` makes it anew.\n  " + "\n  ".join(wrong))

    def _recorded(self, source, inputs):
        found, why = recordings.find(self.session.upto(source), inputs, folder())
        if found is None:
            raise NoRecording(f"the real Fluid is not here, and there is no recording of this cell: {why}.\n"
                              "To run it: python -m labs fluid install, then restart the kernel and run the cells from the top.")
        recordings.use(found)
        self.session.processor = processor.named(found.processor)
        if found.outputs or found.values:               # a cell that only defines something has nothing to label
            publish_display_data(Status("recordings", found.versions, found.date, found.processor)._repr_mimebundle_())
        for output in found.outputs:
            replay(output)
        return found.values

    def _live(self, source, cell, inputs, wanted, chosen, asked):
        """Run a cell; return what comes out, and where it drifted from its recording."""
        session = self.session
        try:
            outputs, values = session.run(cell, inputs, wanted, replay)
        except CellError:
            if chosen == "check":       # the key of later cells follows from the cells, not from how they ended
                session.done(source)
            raise
        story, wrong = session.upto(source), []
        if chosen == "record":
            draws = self._moved(cell, inputs, wanted, values)
            made = {"date": str(datetime.date.today()), "versions": session.runtime.versions,
                    "processor": str(session.processor)}
            recordings.write(folder(needed=True), story, inputs, tidy(outputs), values, made, draws, asked.precision)
        if chosen == "check":
            found, why = recordings.find(story, inputs, folder())
            if found:
                recordings.use(found)
                there = processor.named(found.processor)
                if asked.unit and there.has(asked.unit) != session.processor.has(asked.unit):
                    print(f"Not compared with its recording, made on {there}: it depends on {asked.unit}; "
                          f"this is {session.processor}.")
                else:
                    wrong = drift(found, tidy(outputs), recordings.reduced(values), asked.precision)
                wrong += [f"recorded on {there}; run on {session.processor}"] if wrong else []
            else:
                wrong = [f"there is none for this cell: {why}"]
        return values, wrong

    def _moved(self, cell, inputs, wanted, values):
        """Run a cell that gives float32 beside float64 from inputs moved by a few ulp, and once more as it was."""
        before = by_path(recordings.reduced(values))
        if not twinned(before):
            return []
        draws = [self.session.run(cell, moved(inputs, draw), wanted, None)[1] for draw in range(1, DRAWS + 1)]
        again = by_path(self.session.run(cell, inputs, wanted, None)[1])        # what it has made is what stays
        whole = by_path(values)
        differ = [path for path in whole if path not in again or not np.array_equal(whole[path], again[path], equal_nan=True)]
        if differ:
            raise FluidError(f"two runs of this cell gave different values of {', '.join(differ[:3])}: "
                             "what is recorded must be the same each time")
        return draws


def moved(values, seed):
    """Each entry of each array of floats moved up or down by ULPS units of float32's last place, of its own size."""
    rng = np.random.default_rng(seed)

    def one(value):
        if isinstance(value, dict):
            return {name: one(inside) for name, inside in value.items()}
        if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind == "f":
            step = ULPS * float(np.finfo("float32").eps) * rng.choice([-1, 1], value.shape)
            return (value * (1 + step)).astype(value.dtype)
        return value
    return one(values)


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
