"""With the runtime: a %%fluid cell behaves as any cell, in a process that lives, dies and ends as it should."""
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import fluid_shell
import numpy as np
import psutil
import pytest
from fluid_shell import bad, good

from labs.fluid import environment

pytestmark = pytest.mark.needs("fluid")


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """One shell, and so one Fluid process, for most tests."""
    home = tmp_path_factory.mktemp("ipython")
    before = {name: os.environ.get(name) for name in ("IPYTHONDIR", "LABS_FLUID")}
    os.environ.update(IPYTHONDIR=str(home), LABS_FLUID="runtime")
    with fluid_shell.opened(home) as made:
        yield made
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


def process(shell):
    """The Fluid process."""
    session = shell.magics_manager.magics["cell"]["fluid"].__self__.session
    return psutil.Process(session.runtime.manager.provisioner.process.pid)


def plain(shown):
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_it_is_the_real_fluid(shell, capsys):
    said = good(shell, capsys, "%%fluid\nimport sys, paddle\nprint(paddle.__version__, '%d.%d' % sys.version_info[:2])").split()
    assert said[0] == "1.8.5" and said[1] in environment.VERSIONS


def test_arrays_and_dicts_go_in_and_come_out(shell, capsys):
    shell.user_ns.update(w={"fc.weight": np.arange(6, dtype="float32").reshape(2, 3)}, rate=0.5)
    good(shell, capsys, "%%fluid -i w,rate -o out\nout = {'one step': {n: v * rate for n, v in w.items()}, 'loss': 2.0}")
    out = shell.user_ns["out"]
    assert out["loss"] == 2.0 and out["one step"]["fc.weight"].dtype == "float32" and out["one step"]["fc.weight"][1, 2] == 2.5


def test_names_stay_over_there_from_cell_to_cell_and_what_was_lent_comes_out(shell, capsys):
    shell.user_ns["lent_one"] = 3
    good(shell, capsys, "%%fluid -i lent_one\nkept = lent_one + 1")
    assert good(shell, capsys, "%%fluid\nkept").strip() == "4"
    error, shown = bad(shell, capsys, "%%fluid\nlent_one")
    assert "name 'lent_one' is not defined" in shown
    assert "kept" not in shell.user_ns


def test_streams_values_and_figures_appear(shell, capsys):
    said = good(shell, capsys, "%%fluid\nprint('out')\nimport sys; print('err', file=sys.stderr)\n'value'")
    assert said.splitlines() == ["out", "'value'"]
    published = []
    shell.display_pub.publish, kept = lambda data, *rest, **options: published.append(data), shell.display_pub.publish
    try:
        good(shell, capsys, "%%fluid\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()")
    finally:
        shell.display_pub.publish = kept
    assert any("image/png" in data for data in published)


def test_a_semicolon_keeps_a_value_back(shell, capsys):
    assert good(shell, capsys, "%%fluid\n'value';") == ""


def test_an_error_shows_the_readers_line_with_its_number_and_none_of_ours(shell, capsys):
    error, shown = bad(shell, capsys, "%%fluid\nx = 1\n1 / 0")
    assert "ZeroDivisionError: division by zero" in plain(shown) and "----> 3 1/0" in plain(shown).replace(" / ", "/")
    assert "magic.py" not in shown and "runtime.py" not in shown


@pytest.mark.parametrize("cell, says", [
    ("%%fluid -o nowhere\n1;", "NameError: -o asks for `nowhere`, but the Fluid cells have made no such name"),
    ("%%fluid -o things\nthings = [1, 2]", "TypeError: things: only arrays, numbers, text and dicts of them can cross"),
    ("%%fluid -i a_list\n1", "TypeError: a_list: only arrays, numbers, text and dicts of them can cross")])
def test_what_cannot_cross_is_said_in_one_line(shell, capsys, cell, says):
    shell.user_ns["a_list"] = [1, 2]
    error, shown = bad(shell, capsys, cell)
    assert len(shown.strip().splitlines()) == 1 and says in shown


def test_an_interrupt_reaches_the_cell_and_the_process_lives_on(shell, capsys):
    good(shell, capsys, "%%fluid\nimport time; survived = 1")
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    error, shown = bad(shell, capsys, "%%fluid\ntime.sleep(60)")
    assert isinstance(error, KeyboardInterrupt) and time.monotonic() - began < 30 and shown.strip() == "KeyboardInterrupt"
    assert good(shell, capsys, "%%fluid\nsurvived").strip() == "1"


def test_a_process_that_dies_is_said_and_started_again(shell, capsys):
    good(shell, capsys, "%%fluid\nlost = 1")
    error, shown = bad(shell, capsys, "%%fluid\nimport ctypes; ctypes.string_at(0)")
    assert "the Fluid process ended by SIGSEGV" in shown and "run the Fluid cells again from the top" in shown
    assert "name 'lost' is not defined" in bad(shell, capsys, "%%fluid\nlost")[1]


def test_reloading_the_extension_begins_with_a_new_process(shell, capsys):
    good(shell, capsys, "%%fluid\nlost = 1")
    first = process(shell)
    good(shell, capsys, "%reload_ext labs.fluid")
    assert not first.is_running()
    assert "name 'lost' is not defined" in bad(shell, capsys, "%%fluid\nlost")[1]


SCRIPT = """
    import sys, time
    from labs.fluid import environment
    from labs.fluid.runtime import Runtime
    runtime = Runtime(environment.installed()["executable"])
    runtime.run("import paddle.fluid")
    print(runtime.manager.provisioner.process.pid, runtime.box, flush=True)
"""


def started(more=""):
    """A notebook's process of its own, with a Fluid process; the Fluid process and its box."""
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(SCRIPT) + more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = parent.stdout.readline()
    assert line, parent.stderr.read()
    pid, box = line.split()
    return parent, psutil.Process(int(pid)), box


def test_at_the_end_the_process_leaves_without_a_word():
    parent, fluid, box = started()
    out, err = parent.communicate(timeout=60)
    assert (parent.returncode, out, err) == (0, "", "")
    assert not fluid.is_running() and not os.path.exists(box)


def test_a_notebook_that_is_killed_leaves_no_process_behind():
    parent, fluid, box = started("time.sleep(600)")
    parent.kill()
    parent.communicate()
    fluid.wait(timeout=30)
    assert not fluid.is_running()


def test_a_process_that_cannot_start_says_why(tmp_path):
    from labs.fluid.errors import ProcessDied
    from labs.fluid.runtime import Runtime
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho this is no python >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(ProcessDied, match="(?s)did not start.*this is no python"):
        Runtime(broken)
    assert environment.installed()
