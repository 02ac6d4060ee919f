"""The floors of the package: imports go down only.

Each function takes a file's path inside the repository and its text, and
returns the broken places in words; an empty list means that the rule is kept.
"""
import ast
import re
from pathlib import PurePosixPath

GROUND = {"run", "process", "device", "memory", "outputs", "tables", "plots", "pictures", "results", "sentences", "claims",
          "predictions", "progress", "sides", "install_lines"}
INSTRUMENTS = {"exercises", "parity", "timing", "limits", "fluid", "checkpoints"}
FLOORS = {**dict.fromkeys(GROUND, 0), "data": 1, **dict.fromkeys(INSTRUMENTS, 2), "tasks": 3, "grading": 3, "course": 4, "doctor": 4, "__main__": 5}
FRAMEWORKS = {"paddle", "torch", "transformers", "tensorflow", "jax", "onnxruntime", "parl", "diffusers", "accelerate"}
APART = ("config", "fluid_side", "paddle_side", "torch_side")      # of a task: they import their framework and the config alone
TWINS = {"fluid_side": "paddle", "paddle_side": "paddle", "torch_side": "torch"}
DEVICE = re.compile(r"^(cuda|gpu)(:\d+)?$")


def module(path):
    """`labs/data/door.py` -> ("labs", "data", "door"); a package's __init__ is the package."""
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(path, text):
    """Every import as (dotted name, line, at module level); a relative one is made absolute.

    `from labs import data` counts as labs.data, `importlib.import_module("labs.data")` too, and of a name that is put
    together, f"labs.tasks.{task}", the part that is written down. An import guarded by `if TYPE_CHECKING:` is left
    out: it never runs.
    """
    package = module(path) if path.endswith("__init__.py") else module(path)[:-1]
    found = []

    def walk(node, top):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, node.lineno, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[:len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            found.extend((".".join([*base, alias.name]), node.lineno, top) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__") and node.args:
            found.extend((name, node.lineno, top) for name in [by_name(node.args[0])] if name)
        inner = top and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            walk(child, inner)
    walk(ast.parse(text), True)
    return found


def by_name(argument):
    """What of a module's name, given as text to an import, is written down: "labs.tasks.*" of f"labs.tasks.{task}"."""
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts).lstrip("*")


def goes_down(path, text):
    """A floor imports only the floors below it and its own; no task another one; a twin and its config nothing of ours."""
    here, wrong = module(path), []
    if here == ("labs",):
        return [f"{path}:{line}: labs/__init__.py imports nothing, got {name}" for name, line, _ in imports(path, text)]
    if here[1] not in FLOORS:
        return [f"{path}: labs.{here[1]} stands on no floor; name its floor in book/make/floors.py"]
    apart = here[1] == "tasks" and here[-1] in APART
    for name, line, _ in imports(path, text):
        there = name.split(".")
        if there[0] == "book":
            wrong.append(f"{path}:{line}: labs never imports book, got {name}")
        if there[0] != "labs" or len(there) < 2 or there[1] == "__version__":
            continue
        if there[1] not in FLOORS:
            wrong.append(f"{path}:{line}: {name} stands on no floor; name its floor in book/make/floors.py")
        elif FLOORS[there[1]] > FLOORS[here[1]]:
            wrong.append(f"{path}:{line}: labs.{here[1]} imports upwards, got {name}")
        elif apart and there[:4] != ["labs", "tasks", here[2], "config"]:
            wrong.append(f"{path}:{line}: a {here[-1]}.py imports its framework and its task's config alone, got {name}")
        elif here[1] == there[1] == "tasks" and len(here) > 2 and there[2:3] != [here[2]]:
            wrong.append(f"{path}:{line}: no task imports another, got {name}")
    return wrong


def frameworks_inside_functions(path, text):
    """No framework at module level, but in a twin its own; and a twin never the other's."""
    here, wrong = module(path), []
    own = TWINS.get(here[-1]) if here[1:2] == ("tasks",) else None
    for name, line, top in imports(path, text):
        framework = name.split(".")[0]
        if framework not in FRAMEWORKS or framework == own:
            continue
        if own:
            wrong.append(f"{path}:{line}: a twin imports its own framework alone, expected {own}, got {name}")
        elif top:
            wrong.append(f"{path}:{line}: {name} imported at module level; import it in the function that needs it")
    return wrong


def devices_in_one_place(path, text):
    """Only labs/device.py names a GPU. (`getattr(torch, "cuda")` names a module, not a device.)"""
    if module(path) == ("labs", "device"):
        return []
    nodes = list(ast.walk(ast.parse(text)))
    attributes = {id(part) for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr")
                  for part in node.args[1:2]}
    return [f"{path}:{node.lineno}: names the device {node.value!r}; ask labs.device" for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and DEVICE.match(node.value) and id(node) not in attributes]


RULES = (goes_down, frameworks_inside_functions, devices_in_one_place)


def definitions(text):
    """A module's top-level statements, word for word, with the comments right above them; its docstring left out."""
    lines, found, end = text.splitlines(), [], 0
    body = ast.parse(text).body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        end, body = body[0].end_lineno, body[1:]
    for node in body:
        start = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) - 1
        while start > end and lines[start - 1].startswith("#"):
            start -= 1
        found.append("\n".join(lines[start:node.end_lineno]))
        end = node.end_lineno
    return found


def missing_from_cells(twin, cells):
    """Which definitions of a twin do not stand in the cells, word for word and in the file's order.

    Parameters
    ----------
    twin : str
        Text of labs/tasks/TASK/X_side.py.
    cells : list of str
        The chapter's cells of that side, in order, magic line included.
    """
    shown = "\n" + "\n\n".join(cell.split("\n", 1)[-1].rstrip() for cell in cells) + "\n"
    missing, at = [], 0
    for wanted in definitions(twin):
        found = shown.find(f"\n{wanted}\n", at)
        if found < 0:
            late = f"\n{wanted}\n" in shown
            missing.append(("shown, but before what the file has above it: " if late else "not shown word for word: ")
                           + next(line for line in wanted.splitlines() if not line.startswith("#")))
        else:
            at = found + len(wanted)
    return missing
