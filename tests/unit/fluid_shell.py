"""A notebook's shell without a notebook, for the tests of %%fluid."""
import contextlib

from IPython.core.interactiveshell import InteractiveShell


@contextlib.contextmanager
def opened(home):
    """A shell that has loaded labs.fluid; at the end the extension is unloaded, which ends the Fluid process."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("colors", "nocolor")
    shell.run_cell("%load_ext labs.fluid")
    try:
        yield shell
    finally:
        shell.run_cell("%unload_ext labs.fluid")
        shell.history_manager.end_session()
        InteractiveShell.clear_instance()


def good(shell, capsys, cell):
    """Run a cell that must end well; return what the reader sees."""
    capsys.readouterr()
    result = shell.run_cell(cell)
    assert result.success, result.error_in_exec or result.error_before_exec
    return capsys.readouterr().out


def bad(shell, capsys, cell):
    """Run a cell that must fail; return the error and what the reader sees."""
    capsys.readouterr()
    result = shell.run_cell(cell)
    assert not result.success, "the cell should have failed"
    return result.error_in_exec or result.error_before_exec, capsys.readouterr().out
