"""The Fluid process: a Jupyter kernel of Python 3.8, started at the first cell, asked to leave at the end."""
import atexit
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import labs
from labs.fluid.errors import CellError, ProcessDied
from labs.fluid.kernel import fluid_crossing

THERE = Path(fluid_crossing.__file__).resolve().parent
READY_S = 120               # a first start from a slow disk
SKETCHES = Path(labs.__file__).resolve().parent / "parity/sketches.py"
ASK = """
import importlib.util, sys
_spec = importlib.util.spec_from_file_location("fluid_sketch", %r)
sys.modules["fluid_sketch"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["fluid_sketch"])
del _spec
try:
    from importlib.metadata import version
except ImportError:
    from importlib_metadata import version
import fluid_crossing
fluid_crossing.leave_with(%d)
print("paddlepaddle %%s, Python %%s" %% (version("paddlepaddle"), sys.version.split()[0]))
"""
PARTS = ("name", "text", "data", "metadata", "transient", "wait")
SHOWN = ("stream", "display_data", "execute_result", "update_display_data", "clear_output")


class Runtime:
    """A running Fluid process.

    Parameters
    ----------
    python : str
        An interpreter with paddlepaddle 1.8.5 and ipykernel.

    Attributes
    ----------
    versions : str
        For example "paddlepaddle 1.8.5, Python 3.8.18".
    """

    def __init__(self, python):
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import KernelManager
        self.box = Path(tempfile.mkdtemp(prefix="fluid-"))
        self.closed = False
        self.manager = KernelManager(connection_file=str(self.box / "kernel.json"))
        self.manager._kernel_spec = KernelSpec(argv=[str(python), "-W", "ignore", "-m", "ipykernel_launcher",
                                                     "-f", "{connection_file}"], display_name="Fluid", language="python")
        self.log = open(self.box / "process.log", "wb")         # the process's own noise stays out of the notebook
        apart = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "VIRTUAL_ENV", "PYTHONSTARTUP")}
        self.manager.start_kernel(stdout=self.log, stderr=self.log, env={
            **apart, "OMP_NUM_THREADS": "1",            # Paddle 1.8 warns of any other number
            "PYTHONPATH": str(THERE), "PYTHONNOUSERSITE": "1", "IPYTHONDIR": str(self.box / "ipython"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline"})
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        atexit.register(self.close)
        try:
            self.client.wait_for_ready(timeout=READY_S)
            self.versions = "".join(output["text"] for output in self.run(ASK % (str(SKETCHES), os.getpid())) if output["output_type"] == "stream").strip()
        except RuntimeError as error:
            raise self.died(f"did not start ({error})") from None
        except BaseException:
            self.close()
            raise

    def run(self, code, show=None, history=False):
        """Run code over there.

        Parameters
        ----------
        code : str
        show : callable, optional
            Gets each output as it comes.
        history : bool
            Does it count as a cell over there?

        Returns
        -------
        list of dict
            The outputs, in nbformat's terms.

        Raises
        ------
        CellError
            The code raised an error.
        ProcessDied
            The process ended.
        KeyboardInterrupt
            The reader interrupted, and the code over there was too. A second interrupt ends the process.
        """
        request, outputs, interrupted = self.client.execute(code, allow_stdin=False, store_history=history), [], False
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                if not self.manager.is_alive():
                    raise self.died() from None
                continue
            except KeyboardInterrupt:
                if interrupted:
                    self.manager.provisioner.process.kill()
                    raise self.died("was ended, because it did not heed an interrupt") from None
                interrupted = True
                self.manager.interrupt_kernel()
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                self.client.get_shell_msg(timeout=10)
                if interrupted:
                    raise KeyboardInterrupt
                return outputs
            if kind == "error":
                self._until_idle(request)
                if content["ename"] == "KeyboardInterrupt":
                    raise KeyboardInterrupt
                raise CellError(content["ename"], content["evalue"], content["traceback"])
            if kind in SHOWN:
                outputs.append({"output_type": kind, **{part: content[part] for part in PARTS if content.get(part)}})
                if show:
                    show(outputs[-1])

    def _until_idle(self, request):
        """Read on to the end of a failed request, so that the next begins afresh."""
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=5)
            except queue.Empty:
                return
            if message["parent_header"].get("msg_id") == request and message["content"].get("execution_state") == "idle":
                self.client.get_shell_msg(timeout=10)
                return

    def lend(self, values):
        """Put values into the names over there."""
        if values:
            fluid_crossing.pack(self.box / "in.npz", values)
            self._cross(f"lend({str(self.box / 'in.npz')!r})")

    def take_back(self):
        """What was lent comes out again."""
        if not self.closed:
            self._cross("take_back()")

    def give(self, names):
        """Return the values of some names over there."""
        if not names:
            return {}
        self._cross(f"give({str(self.box / 'out.npz')!r}, {list(names)!r})")
        return fluid_crossing.unpack(self.box / "out.npz")

    def _cross(self, call):
        """Let `fluid_crossing` do something over there; of an error its words alone are of use."""
        try:
            self.run(f"import fluid_crossing; fluid_crossing.{call}")
        except CellError as error:
            error.lines = [str(error)]
            raise

    def died(self, how=None):
        """What to raise now that the process is gone."""
        process = self.manager.provisioner.process if self.manager.provisioner else None
        code = process.poll() if process else None
        tail = (self.box / "process.log").read_text(errors="replace").strip()[-800:]
        self.close()
        if how is None:
            how = "ended" + (f" by {signal.Signals(-code).name}" if code and code < 0 else f" with exit status {code}")
        return ProcessDied(f"the Fluid process {how}. Its variables are gone; the next Fluid cell starts a new one: "
                           "run the Fluid cells again from the top." + (f"\nIts last words:\n{tail}" if tail else ""))

    def close(self):
        """End the process, and what was kept for it."""
        if self.closed:
            return
        self.closed = True
        atexit.unregister(self.close)
        process = self.manager.provisioner.process if self.manager.provisioner else None
        if process is not None and process.poll() is None:
            # neither SIGTERM (Paddle 1.8 prints a stack trace) nor a shutdown request (with Paddle 1.8 loaded it never ends)
            self.client.execute("import os; os._exit(0)", silent=True)
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.client.stop_channels()
        self.manager.cleanup_resources()
        self.log.close()
        shutil.rmtree(self.box, ignore_errors=True)


def replay(output):
    """Show one output in the notebook, as if its cell had made it."""
    from IPython.display import clear_output, publish_display_data
    kind = output["output_type"]
    if kind == "stream":
        stream = getattr(sys, output["name"])
        stream.write(output["text"])
        stream.flush()
    elif kind == "clear_output":
        clear_output(output.get("wait", False))
    else:
        publish_display_data(output["data"], output.get("metadata", {}), transient=output.get("transient", {}),
                             update=kind == "update_display_data")
