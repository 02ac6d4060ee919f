"""What every task with twins promises: green ladders, and planted mistakes that break their rung and none below.

A task's own test file derives from `TwinPromises` and `MistakePromises` with its name. Nothing is loaded before a test
runs: test ids come from names of folders and classes, and single mistakes are subtests.
"""
import ast
import functools
import inspect

import pytest

from labs import parity, tasks
from labs.parity.mistakes import score

cases = functools.cache(tasks.cases)        # {title: (paddle_side, torch_side, config, batches, further)} of one task


@functools.cache
def ladder(task: str, title: str):
    """The ladder of a case, PyTorch first, climbed once a session."""
    paddle_side, torch_side, config, batches, further = cases(task)[title]
    return parity.climb(torch_side, paddle_side, batches, config, title=f"{task}, {title}", further=further)


def outline(module) -> list:
    """Names that a twin defines, with the attributes that its classes set, in order."""
    found = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.append(node.name)
            inner = ast.walk(node) if isinstance(node, ast.ClassDef) else []
            found += [n.attr for n in inner if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    return found


class TwinPromises:
    """A task's ladders are green, and its sides are twins."""
    task = ""
    unreached = frozenset()                 # what no batch of the task can reach

    @pytest.fixture(scope="class")
    @classmethod
    def titles(cls):
        return list(cases(cls.task))

    def test_the_ladders_are_green_in_both_precisions_and_compare_every_rung(self, titles, subtests):
        assert titles
        for title in titles:
            with subtests.test(title):
                made = ladder(self.task, title).check()
                assert made.verdict == "green"
                assert [rung.name for rung in made.pairs[0].rungs][:len(parity.RUNGS)] == list(parity.RUNGS)
                assert all(rung.compared for rung in made.pairs[0].rungs)

    def test_the_batches_reach_what_they_can(self, titles, subtests):
        for title in titles:
            with subtests.test(title):
                found = ladder(self.task, title).coverage
                assert len(found.rows) >= 5 and set(found.missed) <= self.unreached

    def test_every_parameter_gets_a_gradient(self, titles, subtests):
        for title in titles:
            with subtests.test(title):
                rungs = ladder(self.task, title).records[0].rungs
                assert rungs["gradients"].keys() == rungs["parameters"].keys()
                assert all(abs(gradient).max() > 0 for gradient in rungs["gradients"].values())

    def test_a_training_step_runs_on_the_meta_device(self, titles, subtests):
        """A tensor made on the CPU inside the step would raise here, as it would on a GPU."""
        for title in titles:
            with subtests.test(title):
                _, torch_side, config, batches, _ = cases(self.task)[title]
                model = torch_side.build(config).to("meta")
                loss = torch_side.step(model, torch_side.make_optimizer(model, config), batches[0])
                assert loss.device.type == "meta" and loss.shape == ()
                assert torch_side.logits(model, batches[0]).device.type == "meta"

    def test_twins_define_the_same_names_in_the_same_order(self):
        assert outline(tasks.part(self.task, "paddle_side")) == outline(tasks.part(self.task, "torch_side"))


class MistakePromises:
    """Each planted mistake breaks its rung and none below, wherever it is planted; survivors are named, with the reason."""
    task = ""

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls):
        ladders = {title: ladder(cls.task, title).check() for title in cases(cls.task)}
        return score.of_task(cls.task, ladders, tasks.part(cls.task, "mistakes").MISTAKES)

    def test_each_mistake_breaks_its_rung_or_is_named_as_a_survivor(self, rows, subtests):
        rungs = list(parity.RUNGS)
        assert rows
        for row in rows:
            with subtests.test(f"{row['name']}, {row['case']}"):
                if row["survives"]:
                    assert not any(row["broke"].values()), f"it is caught now: {row['broke']}"
                elif row["blind in float32"]:
                    assert {row["broke"][place] for place in score.PLACES[:2]} == {row["should break"]}, row["broke"]
                    later = rungs[rungs.index(row["should break"]):]        # in float32 it shows late, in a further function, or not at all
                    seen = {row["broke"][place] for place in score.PLACES[2:]}
                    assert {rung for rung in seen if rung and not rung.startswith("also: ")} <= {*later}, row["broke"]
                else:
                    assert set(row["broke"].values()) == {row["should break"]}, row["broke"]

    def test_the_committed_score_is_what_is_found(self, rows):
        kept = score.load(self.task)
        assert [{k: v for k, v in row.items() if k != "broke"} for row in rows] == kept["rows"], score.AGAIN.format(self.task)
