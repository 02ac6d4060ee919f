"""Tables of the status page that no page computes: the tests hold them. Planted mistakes, and what an honest port meets."""
import json
from collections import Counter
from pathlib import Path

from labs.tables import Verdict, table
from labs.tasks.stock.config import LEFT_OUT

VERDICTS = {"green": Verdict(True, "green"), "float32 numbers": Verdict(None, "but for float32 numbers"), "red": Verdict(False, "red")}


def read(root: Path, name: str) -> list:
    """The tables of that name, in the folders of tasks."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((root / "labs/tasks").glob(f"*/{name}.json"))]


def mistakes(root: Path) -> str:
    """The mutation score: by task and by class, and every survivor with its reason."""
    tasks = read(root, "caught")
    if not tasks:
        return "None was planted."
    kinds = Counter(row["kind"] for task in tasks for row in task["rows"])
    lost = Counter(row["kind"] for task in tasks for row in task["rows"] if row["survives"])
    by_task = [{"task": task["task"], "planted": task["planted"], "caught": Verdict(task["caught"] == task["planted"], f"{task['caught']}"),
                "seen by float64 alone": sum(bool(row["blind in float32"]) for row in task["rows"])} for task in tasks]
    by_kind = [{"class": kind, "planted": count, "caught": Verdict(not lost[kind], f"{count - lost[kind]}")} for kind, count in kinds.items()]
    left = [{"task": task["task"], "mistake": row["what"], "why no rung shows it": row["survives"] or f"float64 does; float32: {row['blind in float32']}"}
            for task in tasks for row in task["rows"] if row["survives"] or row["blind in float32"]]
    shown = [table(by_task, "Planted mistakes by task; each on either side, in either precision").html,
             table(by_kind, "Planted mistakes by class").html]
    return "\n\n".join([*shown, table(left, "Survivors, and what float32 alone does not show").html] if left else shown)


def ports(root: Path) -> str:
    """Stock layers, optimizers and models of both frameworks: an honest port must not be red."""
    found = read(root, "ported")
    if not found:
        return "None was tried."
    pairs = [{"stock pair": row["pair"], "verdict": VERDICTS[row["verdict"]], "worst float64 error": row["worst float64 error"],
              "numbers in float32": "; ".join(row["numbers"]) or None} for one in found for row in one["pairs"]]
    models = [{"model": row["model"], "Paddle": row["Paddle"], "PyTorch": row["PyTorch"], "parameters": row["parameters"],
               "verdict": VERDICTS[row["verdict"]], "worst float64 error": row["worst float64 error"],
               "numbers in float32": "; ".join(row["numbers"]) or None, "said beside building it": row["said"] or None}
              for one in found for row in one["models"]]
    errors = {"worst float64 error": ".1e"}
    left_out = ", ".join(f"{name} (by over {least:.0e})" for name, least in LEFT_OUT.items())
    return "\n\n".join([table(models, "Stock models, ported", formats=errors).html,
                        "Not in the table, for float64 does not decide: over two images, one ulp of the weights moves a gradient of "
                        f"PyTorch alone by a large share of what a ladder allows, 1e-12 of its size, or by more: {left_out}.",
                        table(pairs, "Stock layers and optimizers with default settings", formats=errors).html])
