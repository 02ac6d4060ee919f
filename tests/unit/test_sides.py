"""The sides: what a reader of a notebook can count on in %%paddle and %%torch cells."""
import inspect
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import textwrap

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

import labs.sides


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A notebook's shell without a notebook, which has loaded the extension."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.run_line_magic("colors", "nocolor")
    made.run_cell("%load_ext labs.sides")
    yield made
    made.run_cell("%unload_ext labs.sides")
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


def good(shell, cell):
    """Run a cell that must end well; return the shell's result."""
    result = shell.run_cell(textwrap.dedent(cell), store_history=True)
    assert result.success, result.error_in_exec or result.error_before_exec
    return result


def bad(shell, capsys, cell):
    """Run a cell that must fail; return the error and what the reader sees."""
    capsys.readouterr()
    result = shell.run_cell(textwrap.dedent(cell), store_history=True)
    assert not result.success, "the cell should have failed"
    return result.error_in_exec or result.error_before_exec, capsys.readouterr().out


def test_each_side_has_names_of_its_own(shell):
    good(shell, "F = 'notebook'")
    good(shell, "%%paddle\nF = 'paddle'\ndef which(): return F")
    good(shell, "%%torch\nF = 'torch'\ndef which(): return F")
    assert good(shell, "F, paddle_side.which(), torch_side.which()").result == ("notebook", "paddle", "torch")


def test_a_side_keeps_its_names_from_cell_to_cell(shell):
    good(shell, "%%torch\nx = 1")
    good(shell, "%%torch\ny = x + 1")
    assert shell.user_ns["torch_side"].y == 2


def test_names_of_the_notebook_stay_outside_and_the_error_says_how_to_lend_them(shell, capsys):
    good(shell, "batches = [1, 2]")
    error, seen = bad(shell, capsys, "%%torch\nlen(batches)")
    assert isinstance(error, NameError)
    assert "lend it with %%torch -i batches" in seen


def test_an_unknown_name_of_the_side_gets_no_hint(shell, capsys):
    _, seen = bad(shell, capsys, "%%torch\nnowhere")
    assert "NameError: name 'nowhere' is not defined" in seen and "lend" not in seen


@pytest.mark.parametrize("line", ["-i batches,config", "-i batches, config", "-i batches -i config", "--input batches,config"])
def test_lent_names_go_in_for_one_cell(shell, line):
    good(shell, "batches, config = [1, 2], {'rate': 3}")
    good(shell, f"%%torch {line}\ntotal = sum(batches) * config['rate']")
    assert shell.user_ns["torch_side"].total == 9
    assert not {"batches", "config"} & vars(shell.user_ns["torch_side"]).keys()


def test_a_lent_name_that_the_cell_binds_anew_stays(shell):
    good(shell, "x = 1")
    good(shell, "%%torch -i x\nx = 'mine'")
    assert shell.user_ns["torch_side"].x == "mine" and shell.user_ns["x"] == 1


def test_a_lent_name_covers_the_sides_own_for_that_cell_only(shell):
    good(shell, "config = 'lent'")
    good(shell, "%%torch\nconfig = 'own'")
    good(shell, "%%torch -i config\nseen = config")
    assert (shell.user_ns["torch_side"].seen, shell.user_ns["torch_side"].config) == ("lent", "own")


def test_lent_names_come_out_after_an_error_too(shell, capsys):
    good(shell, "x = 1")
    bad(shell, capsys, "%%torch -i x\n1 / 0")
    assert "x" not in vars(shell.user_ns["torch_side"])


def test_asking_for_a_name_that_is_not_there_names_the_nearest(shell, capsys):
    good(shell, "batches = 1")
    error, seen = bad(shell, capsys, "%%torch -i batchs\nran = True")
    assert isinstance(error, NameError) and "did you mean `batches`?" in seen
    assert "sides.py" not in seen
    assert "ran" not in vars(shell.user_ns["torch_side"])


def test_an_option_that_is_not_in_the_grammar_is_a_usage_error(shell, capsys):
    result = shell.run_cell("%%torch -x batches\npass")
    assert type(result.error_in_exec).__name__ == "UsageError"
    assert "-x" in str(result.error_in_exec)


def test_the_last_expression_is_the_cells_output(shell):
    good(shell, "first = 1")
    good(shell, "%%torch\n6 * 7")
    assert good(shell, "_").result == 42
    assert shell.user_ns["Out"][3] == 42 or shell.user_ns["Out"][2] == 42
    assert not [name for name in vars(shell.user_ns["torch_side"]) if name in ("_", "_oh", "_2", "_3")]


@pytest.mark.parametrize("ending", [";", ";  # quiet", "\nx = 1"])
def test_a_semicolon_or_a_statement_at_the_end_shows_nothing(shell, capsys, ending):
    capsys.readouterr()
    good(shell, f"%%torch\n6 * 7{ending}")
    assert "42" not in capsys.readouterr().out


def test_a_semicolon_inside_the_last_string_hides_nothing(shell, capsys):
    good(shell, "%%torch\n'a;'")
    assert "'a;'" in capsys.readouterr().out


def test_a_traceback_shows_the_readers_lines_and_none_of_ours(shell, capsys):
    good(shell, "%%torch\ndef model(x):\n    y = x + 1\n    return y / 0")
    error, seen = bad(shell, capsys, "%%torch \nweights = 3\nmodel(weights)  # the call")
    assert isinstance(error, ZeroDivisionError)
    assert "model(weights)  # the call" in seen and "return y / 0" in seen
    assert "sides.py" not in seen and "run_cell_magic" not in seen and "exec(" not in seen
    assert "----> 3 model(weights)" in seen, "the line number counts from the magic line, as the notebook does"


def test_a_traceback_is_word_for_word_that_of_a_plain_cell(shell, capsys):
    body = "def model(x):\n    return x / 0\n\ntry:\n    model(1)\nexcept ZeroDivisionError:\n    [][3]"
    plain = bad(shell, capsys, f"# %%torch\n{body}")[1]
    side = bad(shell, capsys, f"%%torch\n{body}")[1]
    changes = re.compile(r"(?<=Cell In\[)\d+|<ipython-input-[^>]*>|<module>|<cell line: \d+>\(\)")     # count, and IPython's name for a cell
    assert "model(1)" in plain and changes.sub("", side) == changes.sub("", plain)


def test_a_cause_is_shown_with_its_error(shell, capsys):
    _, seen = bad(shell, capsys, """\
        %%torch
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("no such key") from error
        """)
    assert "KeyError: 'key'" in seen and "direct cause" in seen and "ValueError: no such key" in seen
    assert "sides.py" not in seen


def test_an_error_raised_again_in_a_plain_cell_shows_that_cell(shell, capsys):
    good(shell, "%%torch\ndef fail(): raise kept\nkept = ValueError('again')")
    bad(shell, capsys, "%%torch\nfail()")
    _, seen = bad(shell, capsys, "torch_side.fail()  # plain")
    assert "torch_side.fail()  # plain" in seen


def test_a_syntax_error_looks_as_in_a_cell(shell, capsys):
    error, seen = bad(shell, capsys, "%%torch\nx = 1\ny = = 2")
    assert isinstance(error, SyntaxError) and error.lineno == 3
    assert "y = = 2" in seen and "SyntaxError: invalid syntax" in seen
    assert "sides.py" not in seen and "interactiveshell.py" not in seen


def test_a_syntax_error_of_a_plain_cell_is_still_shown(shell, capsys):
    _, seen = bad(shell, capsys, "z = = 2")
    assert "z = = 2" in seen and "SyntaxError" in seen


def test_functions_give_their_source(shell):
    good(shell, "%%torch\ndef step(batch):\n    return batch + 1  # here")
    assert inspect.getsource(shell.user_ns["torch_side"].step) == "def step(batch):\n    return batch + 1  # here\n"


def test_what_a_side_defines_can_be_pickled(shell):
    good(shell, "%%torch\nclass Point:\n    def __init__(self, x): self.x = x\npoint = Point(3)")
    side = shell.user_ns["torch_side"]
    again = pickle.loads(pickle.dumps(side.point))
    assert type(again) is side.Point and again.x == 3
    assert sys.modules["torch_side"] is side


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_forked_workers_find_what_a_side_defines(shell):
    good(shell, "%%torch\ndef double(x): return 2 * x")
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(shell.user_ns["torch_side"].double, [1, 2]) == [2, 4]


def test_magics_and_commands_in_a_body_work_in_the_side(shell, capsys):
    good(shell, "%%torch\n%time timed = sum(range(10))\nlines = !echo hello")
    side = shell.user_ns["torch_side"]
    assert side.timed == 45 and list(side.lines) == ["hello"]
    assert "timed" not in shell.user_ns


def test_a_cell_magic_in_a_body_works_in_the_side(shell):
    good(shell, "%%torch\n%%capture said\nprint('quiet')\nx = 5")
    assert shell.user_ns["torch_side"].x == 5 and "quiet" in str(shell.user_ns["torch_side"].said)
    assert "x" not in shell.user_ns


def test_display_and_get_ipython_are_there(shell, capsys):
    good(shell, "%%torch\ndisplay('shown')\nassert get_ipython() is not None")
    assert "shown" in capsys.readouterr().out


def test_static_graphs_of_paddle_work_in_a_side(shell):
    pytest.importorskip("paddle")
    good(shell, """\
        %%paddle
        import paddle
        from paddle import nn
        class Double(nn.Layer):
            def forward(self, x):
                if x.sum() > 0:
                    x = x * factor
                return x
        factor = 2
        static = paddle.jit.to_static(Double(), full_graph=True)
        value = static(paddle.ones([2])).numpy().tolist()
        """)
    assert shell.user_ns["paddle_side"].value == [2.0, 2.0]


def test_compile_export_and_workers_of_torch_work_in_a_side(shell):
    pytest.importorskip("torch")
    good(shell, """\
        %%torch
        import torch
        from torch import nn
        class Double(nn.Module):
            def forward(self, x): return x * factor
        class Squares(torch.utils.data.Dataset):
            def __len__(self): return 4
            def __getitem__(self, i): return i * i
        factor = 2
        compiled = torch.compile(Double(), backend="eager", fullgraph=True)(torch.ones(2)).tolist()
        exported = torch.export.export(Double(), (torch.ones(2),)).module()(torch.ones(2)).tolist()
        loaded = [batch.tolist() for batch in torch.utils.data.DataLoader(Squares(), 2, num_workers=1, multiprocessing_context=WORKERS)]
        """.replace("WORKERS", repr("fork" if "fork" in multiprocessing.get_all_start_methods() else None)))
    side = shell.user_ns["torch_side"]
    assert side.compiled == side.exported == [2.0, 2.0] and side.loaded == [[0, 1], [4, 9]]


def test_coroutines_can_be_defined_and_run(shell):
    good(shell, "%%torch\nimport asyncio\nasync def answer(): return 42\n")
    assert inspect.iscoroutinefunction(shell.user_ns["torch_side"].answer)


def test_future_imports_stay_in_their_cell(shell):
    good(shell, "%%torch\nfrom __future__ import annotations\ndef f(x: Undefined): pass")
    good(shell, "def g(x: int): pass")
    assert shell.user_ns["g"].__annotations__ == {"x": int}


def test_the_shell_is_the_notebooks_again_after_a_cell(shell, capsys):
    before = shell.user_ns, shell.user_module
    good(shell, "%%torch\nx = 1")
    bad(shell, capsys, "%%torch\n1 / 0")
    assert shell.user_ns is before[0] and shell.user_module is before[1]


def test_a_side_lists_its_names(shell):
    assert repr(shell.user_ns["torch_side"]) == "<torch_side: nothing yet>"
    good(shell, "%%torch\nmodel = 1\n_hidden = 2\nloss = 3")
    assert repr(shell.user_ns["torch_side"]) == "<torch_side: model, loss>"


def test_loading_again_keeps_the_sides_and_reloading_empties_them(shell):
    good(shell, "%%torch\nmodel = 1")
    good(shell, "%load_ext labs.sides")
    assert shell.user_ns["torch_side"].model == 1
    good(shell, "%reload_ext labs.sides")
    assert not hasattr(shell.user_ns["torch_side"], "model")
    good(shell, "%%torch\nmodel = 2")
    assert sys.modules["torch_side"].model == 2


def test_a_side_survives_reset(shell):
    good(shell, "%%torch\nmodel = 1")
    good(shell, "%reset -f")
    good(shell, "%%torch\nmodel = 2")
    assert good(shell, "torch_side.model").result == 2


def completed(shell, text):
    from IPython.core.completer import provisionalcompleter
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return {text[:each.start] + each.text for each in found}


@pytest.mark.parametrize("jedi", [True, False])
def test_completion_knows_the_side_and_what_is_lent(shell, jedi):
    shell.Completer.use_jedi = jedi
    good(shell, "%%torch\nweight_of_torch = 1")
    good(shell, "%%paddle\nweight_of_paddle = 1")
    good(shell, "weight_of_notebook = weight_lent = 1")
    cell = "%%torch -i weight_lent\nx = 1\ny = weight_"
    found = completed(shell, cell)
    assert {cell + "of_torch", cell + "lent"} <= found
    assert not {cell + "of_paddle", cell + "of_notebook"} & found
    assert "weight_of_notebook" in completed(shell, "weight_"), "plain cells complete as ever"
    assert "weight_of_torch" not in completed(shell, "weight_")


def test_both_magics_have_one_grammar():
    helps = [getattr(labs.sides.SideMagics, magic).parser.format_help() for magic in labs.sides.SIDES]
    options = {text[text.index("options:"):] for text in helps}
    assert len(helps) == 2 and len(options) == 1, "a reader learns the options once"


@pytest.fixture(scope="module")
def executed():
    """A notebook run by a real kernel, its failing cells included."""
    cells = [
        "%load_ext labs.sides\n%matplotlib inline",
        "%%torch\nprint('printed')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "%%torch\n6 * 7",
        "value = 1",
        "%%torch\ndef inner():\n    return value\n",
        "%%torch\n\ninner()",
        "%%paddle\nx = = 1",
        "%%torch -i valve\npass",
        "torch_side.inner.__module__",
        "%%torch\n6 * 7;",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    root = os.path.dirname(os.path.dirname(labs.sides.__file__))
    os.environ["PYTHONPATH"], kept = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]), os.environ.get("PYTHONPATH")
    try:
        NotebookClient(book, timeout=120, allow_errors=True).execute()
    finally:
        os.environ.pop("PYTHONPATH") if kept is None else os.environ.update(PYTHONPATH=kept)
    return [cell.outputs for cell in book.cells], [cell.execution_count for cell in book.cells]


def test_a_kernel_shows_prints_and_figures(executed):
    printed, figure = executed[0][1]
    assert printed["text"] == "printed\n"
    assert "image/png" in figure["data"]


def test_a_kernel_shows_the_last_expression_with_the_cells_count(executed):
    outputs, counts = executed
    assert [each["output_type"] for each in outputs[2]] == ["execute_result"]
    assert outputs[2][0]["data"]["text/plain"] == "42" and outputs[2][0]["execution_count"] == counts[2]
    assert outputs[9] == []


def test_a_kernel_reports_errors_as_of_any_cell(executed):
    name_error, syntax_error, unknown = executed[0][5][0], executed[0][6][0], executed[0][7][0]
    assert (name_error["ename"], name_error["evalue"]) == ("NameError", "name 'value' is not defined")
    text = "\n".join(name_error["traceback"])
    assert "lend it with %%torch -i value" in text and "sides.py" not in text
    assert syntax_error["ename"] == "SyntaxError" and "sides.py" not in "\n".join(syntax_error["traceback"])
    assert unknown["ename"] == "NameError" and "did you mean `value`?" in unknown["evalue"]


def test_importing_the_extension_imports_no_framework():
    code = "import sys, labs.sides; print(sorted({'torch', 'paddle', 'numpy', 'matplotlib'} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
