"""The cell magics %%paddle and %%torch: each side of a comparison lives in a module of its own.

    %load_ext labs.sides

    %%torch -i batches               # a cell of the PyTorch side, lent one name of the notebook
    class LeNet(nn.Module): ...

    torch_side.LeNet()               # any plain cell reads what the side has made

So both sides may say `LeNet`, `nn`, `F`, `model` and `step`. Inside a cell of a side stand the
side's own names, Python's builtins, `display` and `get_ipython`; of the notebook's names only
those that `-i` lends, for that cell alone: no cell depends on a value that has gone stale.
"""
import ast
import difflib
import io
import sys
import tokenize
import traceback
import types

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

SIDES = {"paddle": "paddle_side", "torch": "torch_side"}     # magic -> module

#: The grammar that every side has in common; `lent` reads it.
INPUT = argument("-i", "--input", metavar="NAMES", nargs="+", action="append", default=[],
                 help="names of the notebook, with commas between, lent to this cell: -i batches,config")


def names(lists):
    """Turn what `-i` (or `-o`) collected into a list of names: [["a,b", "c"]] -> ["a", "b", "c"]."""
    return [name for words in lists for word in words for name in word.split(",") if name]


def lent(shell, lists):
    """Look up what a cell asks for with `-i`.

    Returns
    -------
    dict of str to object

    Raises
    ------
    NameError
        A name that the notebook does not have; the message names the nearest.
    """
    found = {}
    for name in names(lists):
        if name not in shell.user_ns:
            near = difflib.get_close_matches(name, _own_names(shell), 1)
            raise NameError(f"-i asks for `{name}`, but the notebook has no name `{name}`"
                            + (f": did you mean `{near[0]}`?" if near else ": run the cell that defines it first"), name=name)
        found[name] = shell.user_ns[name]
    return found


def _own_names(shell):
    return [name for name in shell.user_ns if not name.startswith("_") and name not in shell.user_ns_hidden]


class Side(types.ModuleType):
    """A real module, in `sys.modules`: pickle, DataLoader workers and inspect find what is defined in it."""

    def __init__(self, magic):
        super().__init__(SIDES[magic], f"What the %%{magic} cells of the notebook have defined.")

    def __repr__(self):
        return f"<{self.__name__}: {', '.join(name for name in vars(self) if not name.startswith('_')) or 'nothing yet'}>"


def run(shell, side, magic, line, cell, borrowed):
    """Run the body of a cell in a side; show its last expression and its errors as any cell does."""
    space, before, file = vars(side), {}, None
    for name, value in borrowed.items():
        if name in space:
            before[name] = space[name]
        space[name] = value
    home = shell.user_ns, shell.user_module
    outputs = "_oh" not in space and shell.user_ns.get("_oh")   # cells nested in magics, such as %%capture, want it
    try:
        shell.user_ns, shell.user_module = space, side          # so that %time and !ls in the body work here too
        if outputs is not False:
            space["_oh"] = outputs
        head = f"%%{magic} {line}".rstrip()
        code = f"# {head}\n" + shell.transform_cell(cell)       # keeps the reader's line numbers
        file = shell.compile.cache(code, shell.execution_count, raw_code=f"{head}\n{cell}")
        tree = shell.transform_ast(shell.compile.ast_parse(code, filename=file))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, file, "exec", dont_inherit=True), space)
        shown = None
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), file, "eval", dont_inherit=True), space)
    except BaseException as error:
        _explain(shell, home[0], side, magic, error, file)
        raise
    finally:
        shell.user_ns, shell.user_module = home
        for name, value in borrowed.items():                    # what was lent comes out, what was rebound stays
            if name in space and space[name] is value:
                del space[name]
                if name in before:
                    space[name] = before[name]
        for name in [name for name in space if name == "_oh" or name.strip("_0123456789") == ""]:
            del space[name]
    if last is not None and not _ends_in_semicolon(code):
        sys.displayhook(shown)


def _ends_in_semicolon(code):
    idle = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT)
    words = [token.string for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type not in idle]
    return words[-1:] == [";"]


def _explain(shell, notebook, side, magic, error, file):
    """Let the traceback begin with the reader's own line, and say which name could be lent."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename != file:
        tb = tb.tb_next
    name = getattr(error, "name", None)
    if type(error) is NameError and name in notebook and tb is not None:
        at = tb
        while at.tb_next is not None:
            at = at.tb_next
        if at.tb_frame.f_globals is vars(side):
            error.add_note(f"`{name}` is a name of the notebook: lend it with %%{magic} -i {name}")

    def render():
        del error._render_traceback_                            # once: raised again elsewhere, it is an error like any other
        lines = list(shell.InteractiveTB.structured_traceback(type(error), error, tb, 0))
        notes = [note for note in getattr(error, "__notes__", []) if not any(note in line for line in lines)]
        return lines + notes                                    # IPython 7 does not know of notes

    try:
        error._render_traceback_, error._side_traceback = render, tb
    except AttributeError:
        pass                                                    # an error without attributes shows our frames, no harm


def _syntax_errors_of_sides(shell, original):
    def showsyntaxerror(filename=None, running_compiled_code=False):
        error = sys.exc_info()[1]
        if not hasattr(error, "_side_traceback"):
            return original(filename, running_compiled_code)
        places = traceback.extract_tb(error._side_traceback) if error._side_traceback else []
        shell._showtraceback(type(error), error, shell.SyntaxTB.structured_traceback(type(error), error, places))
    return showsyntaxerror


def _completions_of_sides(shell, modules, original):
    """Complete the body of a side's cell from the side's names and those that its first line lends."""
    def completions(text, offset):
        head, newline, body = text.partition("\n")
        start = len(head) + 1
        magic, _, line = head.strip().removeprefix("%%").partition(" ")
        if not newline or not head.lstrip().startswith("%%") or magic not in modules or offset < start:
            yield from original(text, offset)
            return
        asked = names([line.partition("-i")[2].split()])
        space = {name: shell.user_ns[name] for name in asked if name in shell.user_ns} | vars(modules[magic])
        completer = shell.Completer
        home = completer.namespace, completer.global_namespace
        try:
            completer.namespace = completer.global_namespace = space
            found = list(original(body, offset - start))
        finally:
            completer.namespace, completer.global_namespace = home
        for each in found:
            each.start, each.end = each.start + start, each.end + start
            yield each
    return completions


@magics_class
class SideMagics(Magics):
    """%%paddle and %%torch."""

    def __init__(self, shell):
        super().__init__(shell)
        self.modules = {magic: Side(magic) for magic in SIDES}
        for side in self.modules.values():
            sys.modules[side.__name__] = shell.user_ns[side.__name__] = side

    def _run(self, magic, line, cell):
        asked = parse_argstring(getattr(self, magic), line).input
        side = self.modules[magic]
        self.shell.user_ns.setdefault(side.__name__, side)      # %reset takes it away
        try:
            borrowed = lent(self.shell, asked)
        except NameError as error:
            _explain(self.shell, {}, side, magic, error, None)
            raise
        run(self.shell, side, magic, line, cell, borrowed)

    @magic_arguments()
    @INPUT
    @cell_magic
    def paddle(self, line, cell):
        """Run the cell on the Paddle side: its names live in the module `paddle_side`."""
        self._run("paddle", line, cell)

    @magic_arguments()
    @INPUT
    @cell_magic
    def torch(self, line, cell):
        """Run the cell on the PyTorch side: its names live in the module `torch_side`."""
        self._run("torch", line, cell)


def load_ipython_extension(shell):
    """%load_ext labs.sides. Once more changes nothing; %reload_ext labs.sides begins with empty sides."""
    magics = SideMagics(shell)
    shell.register_magics(magics)
    shell.showsyntaxerror = _syntax_errors_of_sides(shell, shell.showsyntaxerror)
    shell.Completer.completions = _completions_of_sides(shell, magics.modules, shell.Completer.completions)


def unload_ipython_extension(shell):
    """%unload_ext labs.sides: magics and modules go, and the shell is as it was."""
    for magic, module in SIDES.items():
        shell.magics_manager.magics["cell"].pop(magic, None)
        shell.user_ns.pop(module, None)
        sys.modules.pop(module, None)
    del shell.showsyntaxerror, shell.Completer.completions
