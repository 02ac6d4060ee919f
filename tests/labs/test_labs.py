"""Every lab: fit to grade with, its kit as its checks draw it, and whole in a notebook that a
student has turned over.
"""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from labs.__main__ import main
from labs.grading import assignment, beginning, climbing, inspecting, sources, student
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.call import Call
from labs.grading.climbing import climb
from labs.grading.comparing import compare

ROOT = Path(__file__).parents[2]
LABS = assignment.names()


@pytest.mark.parametrize("name", LABS)
def test_a_lab_is_fit_to_grade_with(name):
    examined = inspecting.examine(assignment.read(name))
    assert examined.findings == ()
    page = (ROOT / "book/pages/teaching.md").read_text("utf-8")
    assert examined.row in page, f"book/pages/teaching.md: expected the line {examined.row}"


@pytest.mark.parametrize("name", LABS)
def test_a_kit_is_what_the_checks_draw(name):
    made = assignment.read(name)
    its, cases = drawn.from_bytes((student.KITS / f"{made.id}.npz").read_bytes())
    told = f"python -m labs lab kit {name}"
    assert dataclasses.replace(made, folder=None) == its, told
    fresh = drawn.make(made, drawn.PUBLIC_SEED)
    assert {rung: len(some) for rung, some in cases.items()} == {
        rung: len(some) for rung, some in fresh.items()
    }, told
    for rung, some in fresh.items():
        for new, old in zip(some, cases[rung]):
            assert compare(new.right, old.right, new.call) is None, f"{rung}: {told}"
            assert compare(new.call.arguments, old.call.arguments) is None, f"{rung}: {told}"
            assert set(new.mistakes) == set(old.mistakes), f"{rung}: {told}"


@pytest.mark.parametrize("name", LABS)
def test_a_solution_gets_all_points_from_the_kit_and_the_handout_none(name):
    made = assignment.read(name)
    own = student.lab(str(student.KITS / f"{made.id}.npz"))
    text = made.text("lab.md")
    assert (
        own.check(names=assignment.run_source(sources.solution(text), "solution")).earned
        == made.points
    )
    assert own.check(names=assignment.run_source(sources.stub(text), "stub")).earned == 0


def test_a_new_lab_is_fit_as_it_stands(tmp_path):
    assert (
        inspecting.examine(assignment.read(beginning.begin("L99_two_words", tmp_path))).findings
        == ()
    )
    for wrong, says in (("crf", "a lab's name is L"), ("L99_other", "L99 is L99_two_words's")):
        with pytest.raises(assignment.LabError, match=says):
            beginning.begin(wrong, tmp_path)


@pytest.fixture
def broken(tmp_path):
    """The findings of the doctor after a change of files: {file: (old, new)}, or a file removed
    with None.
    """
    folder = beginning.begin("L98_broken", tmp_path)

    def examine(changes):
        for name, change in changes.items():
            if change is None:
                (folder / name).unlink() if (folder / name).is_file() else shutil.rmtree(
                    folder / name
                )
                continue
            old, new = change
            text = (folder / name).read_text("utf-8")
            assert old in text
            (folder / name).write_text(text.replace(old, new), "utf-8")
        return "\n".join(inspecting.examine(assignment.read(folder), kits=tmp_path).findings)

    return examine


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"mutants": None}, "0 mutants: expected at least 12"),
        ({"variants": None}, "0 variants: expected at least 6"),
        ({"checks.py": ("about=dtype,", "about=dtype, tolerance=0.2,")}, "distorted: 1.1 times"),
        (
            {"checks.py": ("draw.normal(size=(rows, columns))", "np.zeros((1, 1))")},
            "distorted: transposed",
        ),
        (
            {"checks.py": ("draw.normal(size=7)", "np.random.normal(size=7)")},
            "draws other inputs from the same seed",
        ),
        (
            {
                "lab.md": (
                    "`softmax(x)` is",
                    "return shifted / shifted.sum(axis=-1, keepdims=True)\n\n`softmax(x)` is",
                )
            },
            "holds a line of the solution",
        ),
        (
            {"mutants/log_softmax.py": ("POINTS = 40", "POINTS = 55")},
            "mutant log_softmax: expected 55 points, got 40",
        ),
        (
            {"mutants/log_softmax.py": ("POINTS = 40", "POINTS = 100")},
            "which is not less than all 100",
        ),
        ({"variants/einsum.py": ("y * (dy", "y * (1 + dy")}, "variant einsum: expected 100 points"),
        (
            {
                "lab.md": ("    ### BEGIN SOLUTION\n    shifted", "    shifted"),
            },
            "without its partner",
        ),
        ({"hints.toml": ("axis_first", "axis_frist")}, "there is no mutant axis_frist"),
        (
            {
                "lab.md": (
                    "def softmax(x):\n",
                    "class Kept:\n    ### BEGIN SOLUTION\n    def f(self):\n        return 1\n"
                    "    ### END SOLUTION\n\n\ndef softmax(x):\n",
                )
            },
            "stands in the class Kept but in none of its methods",
        ),
        (
            {
                "hints.toml": ("sum_of_all", "axis_first2"),
                "mutants/axis_first.py": ("POINTS = 40", "POINTS = 39"),
            },
            "expected 39 points",
        ),
        ({"reference.py": ("return np.exp", "return object() or np.exp")}, "the reference"),
    ],
)
def test_the_doctor_refuses(broken, changes, says):
    try:
        said = broken(changes)
    except assignment.LabError as error:
        said = str(error)
    assert says in said


def test_a_message_says_what_where_how_much_and_which_mistake(tmp_path):
    made = assignment.read(beginning.begin("L97_told", tmp_path))
    cases = drawn.make(made, "any")

    def told(name):
        source = sources.solution(made.text("lab.md")) + "\n" + name
        return climb(made, cases, Here(made, assignment.run_source(source, "x")))

    said = told(
        "inner = softmax\ndef softmax(x):\n    y = inner(x).copy()\n    if y.ndim == 2 and y.size: y[-1, -1] += 0.25\n    return y"
    )
    first = said.rungs[0]
    assert (
        first.says.startswith("`softmax` (4 rows of 3): row 3, column 2: expected 0.")
        and "off by 0.25" in first.says
    )
    assert "(1 of 12 entries differ)" in first.says
    doubled = told("inner = softmax\ndef softmax(x):\n    return 2 * inner(x)").rungs[0]
    assert doubled.cause == "double" and doubled.says.endswith("This is twice the right answer.")
    axis = told(
        "def softmax(x):\n    e = np.exp(x - x.max(axis=0)) if x.size else x\n    return e / e.sum(axis=0)"
    ).rungs[0]
    assert axis.cause == "axis_first" and axis.says.endswith("it should run over the last one.")
    assert "row 0, column 0" in axis.says


def test_calls_py_is_called_on_top_of_the_students_names_and_of_the_references(tmp_path):
    folder = beginning.begin("L95_calls", tmp_path)
    (folder / "calls.py").write_text(
        "import torch\n\n\ndef gradient(student, x):\n    t = torch.tensor(x, requires_grad=True)\n"
        "    (t * torch.tensor(student.softmax(x))).sum().backward()\n    return {'dx': t.grad}\n"
    )
    checks = (folder / "checks.py").read_text("utf-8")
    (folder / "checks.py").write_text(
        checks.replace(
            '    yield call("softmax", draw.normal(size=7)',
            '    yield call("gradient", draw.normal(size=(3, 5)))\n    yield call("softmax", draw.normal(size=7)',
        ),
        "utf-8",
    )
    made = assignment.read(folder)
    kit = student.write_kit(made, tmp_path)
    own = sources.solution(made.text("lab.md"))
    assert student.lab(str(kit)).check(names=assignment.run_source(own, "x")).earned == 100
    doubled = (
        own
        + "\n\n\ninner = softmax\n\n\ndef softmax(x):\n    return 2 * inner(x) if x.shape == (3, 5) else inner(x)\n"
    )
    file = tmp_path / "doubled.py"
    file.write_text(doubled, "utf-8")
    result = student.lab(str(kit)).check_file(file)
    assert [rung.state for rung in result.rungs] == ["passed", "passed", "failed", "passed"], (
        result.text
    )
    says = result.rungs[2].says
    assert (
        says.startswith("`gradient`: `dx`, entry 0, entry 0: ") and "twice the right answer" in says
    )


def test_a_message_names_the_students_function_and_not_that_of_calls_py(tmp_path):
    folder = beginning.begin("L94_named", tmp_path)
    (folder / "calls.py").write_text(
        "def twice(student, x):\n    return student.softmax(student.softmax(x))\n", "utf-8"
    )
    made = assignment.read(folder)

    def told(source, function="twice"):
        names = assignment.run_source(source, "submission")
        return Here(made, names).answer(Call(function, (np.ones((2, 3)),)))

    answers = {
        "def softmax(x):\n    def inner():\n        return 1 / 0\n    return inner()": (
            "`softmax` raised ZeroDivisionError: division by zero (line 3"
        ),
        "def softmax(x):\n    raise NotImplementedError": "`softmax` is not written yet",
        "def softmax(x):\n    return softmax(x)": "`softmax` calls itself without end",
        "class softmax:\n    def __init__(self, x):\n        int('a')": "`softmax` raised ValueError",
        "softmax = len": "`twice` raised TypeError",
        "class Hidden(Exception):\n    __traceback__ = property(lambda self: 1 / 0)\n"
        "def softmax(x):\n    raise Hidden": "`softmax` raised Hidden",
        "softmax_backward = len": "there is no `softmax` yet",
    }
    assert {each: told(each).error[: len(says)] for each, says in answers.items()} == answers
    assert told("softmax_backward = len").kind == "missing"


def test_the_doctor_draws_with_as_many_seeds_as_asked(monkeypatch, capsys):
    seeds = []
    fit = inspecting.Examined("L6", (), {}, 0)
    monkeypatch.setattr(inspecting, "examine", lambda lab, seed: seeds.append(seed) or fit)
    assert main(["lab", "doctor", "L6", "--seeds", "3"]) == 0
    assert len(set(seeds)) == len(seeds) == 3 and inspecting.SEED in seeds
    assert "L6: of 0 times" in capsys.readouterr().out


def test_the_doctor_counts_how_often_a_rung_that_is_reached_is_reached_again():
    some = [
        inspecting.Examined("L6", (), {}, 0, reached={"a": frozenset(a), "b": frozenset(b)})
        for a, b in (("xy", "z"), ("xy", "z"), ("y", "z"))
    ]
    assert inspecting.lasting(some) == (14, 16)


def test_a_message_as_html_holds_no_markup_of_a_students():
    said = climbing.marked('`<b>` <script>alert(1)</script> `a` & "x" `unclosed')
    assert (
        said
        == "<code>&lt;b&gt;</code> &lt;script&gt;alert(1)&lt;/script&gt; <code>a</code> &amp; &quot;x&quot; `unclosed"
    )


def test_a_rung_that_cannot_be_run_here_is_not_zero(tmp_path):
    folder = beginning.begin("L96_gpu", tmp_path)
    facts = (
        (folder / "lab.toml")
        .read_text("utf-8")
        .replace('title = "The gradient"', 'title = "The gradient"\nneeds = ["gpu"]')
    )
    (folder / "lab.toml").write_text(facts, "utf-8")
    made = assignment.read(folder)
    result = climb(
        made,
        drawn.make(made, "any"),
        Here(made, assignment.run_source(sources.solution(made.text("lab.md")), "x")),
    )
    assert (
        (result.earned, result.points) == (60, 60)
        and "not run here" in result.text
        and "not run here" in result.html
    )


@pytest.mark.parametrize(
    "there, says",
    [
        ("countWords", ", but a `countWords`: is that it? The names are the contract"),
        ("count_word", ", but a `count_word`: is that it? The names are the contract"),
        ("words", ""),
        ("_count_words", ""),
    ],
)
def test_a_name_that_is_missing_is_told_with_the_nearest_that_is_there(there, says):
    made = assignment.read("L6")
    answer = Here(made, {there: len}).answer(Call("count_words", (["a"],)))
    assert (answer.kind, answer.error) == ("missing", f"there is no `count_words` yet{says}")
