"""The two tables of what an honest port meets: stock layers and optimizers, and stock models, with their verdicts.

`python -m labs ported` writes them to `ported.json` beside this file; the status page shows it and a test computes a part anew.
"""
import json
import time
from pathlib import Path
from types import SimpleNamespace

from labs.tasks.stock import config

HERE = Path(__file__).with_name("ported.json")


def pair(one) -> dict:
    """The verdict of an honest pair (`config.Pair`), and the numbers that Paddle keeps in float32."""
    from labs.parity import climb
    from labs.tasks.stock import paddle_side, torch_side
    ladder = climb(torch_side, paddle_side, config.batches(), one, zero_gradients=one.zero_gradients)
    return {"pair": one.model, **verdict(ladder)}


def model(one) -> dict:
    """The verdict of a stock model (`config.Model`)."""
    from labs.parity.port import port
    from labs.tasks.stock import paddle_models, torch_models
    start = time.perf_counter()
    sides = [SimpleNamespace(build=models.MODELS[one.name], inputs=lambda: config.inputs(one)) for models in (paddle_models, torch_models)]
    if one.name in paddle_models.NAMES:
        sides[0].names = paddle_models.NAMES[one.name]
    if one.name in paddle_models.TORCH_NAMES:
        sides[1].names = paddle_models.TORCH_NAMES[one.name]
    report = port(*sides, title=one.name, explain=False)
    return {"model": one.name, "kind": one.kind, "Paddle": one.paddle, "PyTorch": one.torch, "parameters": report.ladder.parameters,
            "names": report.names, "said": one.said, **verdict(report.ladder), "seconds": round(time.perf_counter() - start, 1)}


def verdict(ladder) -> dict:
    """What a ladder says, as plain data: the worst error stands for a green one, of the rest with the numbers rounded."""
    worst = ladder.rounding.left if ladder.verdict == "float32 numbers" else max(ladder.worst().values())
    return {"verdict": ladder.verdict, "red": ladder.red if ladder.verdict == "red" else None, "worst float64 error": float(f"{worst:.1e}"),
            "numbers": [number.name for number in ladder.rounding.numbers]}


def tables(report=print) -> dict:
    """Both tables, computed."""
    found = {"pairs": [], "models": []}
    for kind, function, all_of_it in (("pairs", pair, config.PAIRS), ("models", model, config.MODELS)):
        for one in all_of_it:
            found[kind].append(function(one))
            report(", ".join(f"{value}" for value in found[kind][-1].values()))
    return found


def save(found: dict) -> Path:
    """Write both tables where the status page reads them."""
    HERE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return HERE


def load() -> dict:
    """Both tables as they are kept."""
    return json.loads(HERE.read_text(encoding="utf-8"))
