"""What a notebook or a file defines, and of it what the names of a lab need.

Names are the contract, not cells: a student may copy, split and reorder cells, and leave plots and
long experiments in
between. From the names that the lab asks for, the statements that they need are followed through
the code; nothing else
is executed. Parsed and executed where the student's code runs, never in the grader's own process.
"""

import ast
import json
import linecache
import re
import symtable

from labs.grading.serving import told

KEPT_MAGICS = {
    "time",
    "timeit",
    "capture",
    "torch",
    "paddle",
}  # %%time and the like: the cell's body is code
IMPORT_STAR = "*"


class NotCode(ValueError):
    """A file that holds no code that can be read; says why."""


def code_of(content: bytes, suffix: str) -> list:
    """The pieces of code in a file: one of a .py, one for each code cell of an .ipynb."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotCode(f"it is not UTF-8 text (byte {error.start})") from None
    if suffix == ".py":
        return [text]
    try:
        cells = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotCode("it is no notebook: expected JSON with cells") from None
    return [
        without_magics("".join(source) if isinstance(source, list) else str(source))
        for source in sources
    ]


def without_magics(source: str) -> str:
    """A cell as plain Python: lines of the shell and of IPython become `pass`, so that line numbers
    stay.
    """
    lines = source.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].startswith("%%"):
        if re.match(r"%%(\w*)", lines[first])[1] not in KEPT_MAGICS:
            return ""
        lines[first] = ""
    return "\n".join(re.sub(r"^(\s*)[%!?].*", r"\1pass", line) for line in lines)


def parsed(pieces: list) -> tuple:
    """All statements in order, each with its `file`, "<cell 2>"; and what could not be parsed, in
    words.
    """
    statements, broken = [], []
    for number, piece in enumerate(pieces, 1):
        file = f"<cell {number}>" if len(pieces) > 1 else "<submission>"
        try:
            found = ast.parse(piece).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            broken.append(
                f"{file.strip('<>')}, line {getattr(error, 'lineno', '?')}: {getattr(error, 'msg', error)}"
            )
            continue
        linecache.cache[file] = (len(piece), None, piece.splitlines(True), file)
        for statement in found:
            statement.file = file
        statements += found
    return statements, broken


def defined(pieces: list) -> set:
    """All names that some code defines at its top level."""
    return {name for statement in parsed(pieces)[0] for name in binds(statement)}


def binds(node) -> set:
    """The names that a statement defines or changes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    found = set()
    for each in ast.walk(node):
        if isinstance(each, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in each.names}
        elif isinstance(each, (ast.FunctionDef, ast.ClassDef)):
            found.add(each.name)
        elif isinstance(each, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(
            each.ctx, (ast.Store, ast.Del)
        ):
            found |= _root(each)
        elif (
            isinstance(each, ast.Expr)
            and isinstance(each.value, ast.Call)
            and isinstance(each.value.func, ast.Attribute)
        ):
            found |= _root(each.value.func)  # table.update(...): it changes `table`
    return found


def _root(node):
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def reads(node) -> set:
    """The names of the module that a statement looks up; a function's own names are left out."""
    found, waiting = set(), [symtable.symtable(ast.unparse(node), "<reads>", "exec")]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        top = table.get_type() == "module"
        found |= {symbol.get_name() for symbol in table.get_symbols() if top or symbol.is_global()}
    return found


def needed(statements: list, names) -> list:
    """The statements that `names` need, in their order: definitions, and what they look up in turn."""
    binding = [binds(statement) for statement in statements]
    functions = {
        name
        for statement, bound in zip(statements, binding)
        for name in bound
        if isinstance(
            statement,
            (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom),
        )
    }
    wanted, chosen = set(names), set()
    while True:
        more = {
            i
            for i, bound in enumerate(binding)
            if i not in chosen
            and (bound & wanted or IMPORT_STAR in bound)
            and not _only_calls(statements[i], bound & wanted, functions)
        }
        if not more:
            return [statements[i] for i in sorted(chosen)]
        chosen |= more
        wanted |= {name for i in more for name in reads(statements[i])}


def imports(statements: list) -> list:
    """The packages that statements import, inside of functions too, in their order."""
    found = {}
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0]: None for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module.partition(".")[0]] = None
    return list(found)


def _only_calls(statement, bound, functions):
    """Is a statement a call such as `plt.plot(x)` or `lab.check()`, which changes no data that is
    needed?
    """
    return isinstance(statement, ast.Expr) and bound <= functions


def execute(statements: list, names: dict) -> list:
    """Execute statements one by one; those that fail for want of a name once more after the others.
    Return what failed.
    """
    waiting, failed = statements, []
    while waiting:
        later, failed = [], []
        for statement in waiting:
            try:
                exec(compile(ast.Module([statement], []), statement.file, "exec"), names)
            except NameError as error:
                later.append(statement)
                failed.append(f"{_at(statement)}: NameError: {error}")
            except (KeyboardInterrupt, MemoryError):
                raise
            except BaseException as error:
                failed.append(f"{_at(statement)}: {told(error)}")
        if len(later) == len(waiting):
            return failed
        waiting = later
    return failed


def _at(statement):
    return f"{statement.file.strip('<>')}, line {statement.lineno}"
