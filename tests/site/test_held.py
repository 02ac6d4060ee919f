"""Tables of the status page that the tests hold: planted mistakes and ports."""
import json
from pathlib import Path

from book.make import held

ROOT = Path(__file__).parents[2]


def test_every_survivor_stands_there_with_its_reason_and_every_port_with_its_verdict():
    shown, tasks = held.mistakes(ROOT).replace("<wbr>", ""), held.read(ROOT, "caught")       # where a long name may break
    assert len(tasks) >= 4 and all(f">{task['task']}<" in shown for task in tasks)
    assert all(row["survives"].split(":")[0] in shown for task in tasks for row in task["rows"] if row["survives"])
    ports = held.ports(ROOT)
    assert ports.count("but for float32 numbers") > 10 and "ResNet-18" in ports and "label smoothing 0.1" in ports


def test_a_mistake_that_is_not_caught_is_not_shown_as_caught(tmp_path):
    row = {"name": "a", "kind": "loss", "what": "a thing", "survives": "known gap: nobody looks", "blind in float32": ""}
    place = tmp_path / "labs/tasks/some/caught.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"task": "some", "planted": 1, "caught": 0, "rows": [row]}))
    shown = held.mistakes(tmp_path)
    assert "known gap: nobody looks" in shown and "✔" not in shown and "✘" in shown


def test_nothing_is_said_where_nothing_was_tried(tmp_path):
    assert held.mistakes(tmp_path) == "None was planted." and held.ports(tmp_path) == "None was tried."
