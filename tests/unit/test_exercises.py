"""The frame of the checks: verdicts, numbers, arrays, the reader's errors; and that page and checks name the same exercises."""

import importlib
import re

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import exercises
from labs.exercises import NotRight

CHAPTERS = sorted(path.name for path in (attacks.ROOT / "chapters").glob("*.md"))


@exercises.exercise("1.1", "Do something.")
def check(answer, lent=None):
    exercises.number(answer, 12, {6: "both layers <count>"}, "count")
    return "twelve."


@exercises.exercise("1.2", "Do two things.", answers=2)
def check_two(first, second):
    return f"{first + second}."


def test_a_verdict_has_three_states_and_one_number():
    assert (
        [check(x).right for x in (None, 12, 6)] == [None, True, False]
        and check.number == "1.1"
        and check().right is None
    )
    assert (
        check(None).text == "Exercise 1.1: not answered yet. Do something."
        and check(12).text == "Exercise 1.1: right. twelve."
    )
    assert (
        check_two(1, None).right is None
        and check_two(None, 1).right is None
        and check_two(1, 2).right is True
    )
    data = check(6)._repr_mimebundle_()["application/vnd.parity+json"]
    assert data == {"kind": "exercise", "exercise": "1.1", "right": False}


def test_html_is_escaped():
    shown = check(6)._repr_mimebundle_()
    assert "both layers &lt;count&gt;" in shown["text/html"] and "<count>" in shown["text/plain"]
    attacks.refused(check_two(int, 3), "<class 'int'>")


def test_numbers_of_any_kind():
    attacks.number(check, 12, {6: "both layers <count>", 7: "count"})


def boom(x):
    y = x + 1
    return y / 0


def test_the_readers_error_is_told_with_its_line():
    with pytest.raises(
        NotRight,
        match=re.escape("your function raised ZeroDivisionError: division by zero (line ")
        + r"\d+: return y / 0\)",
    ):
        exercises.call(boom, x=1)
    with pytest.raises(
        NotRight, match=r"your function raised ValueError: .*line \d+: return np.ones"
    ):
        exercises.call(lambda x: refuse(x), x=1)
    with pytest.raises(NotRight, match="raised TypeError.*positional argument"):
        exercises.call(boom, x=1, y=2)
    with pytest.raises(NotRight, match="raised SystemExit"):
        exercises.call(attacks.leaves, x=1)
    with pytest.raises(NotRight, match="raised RecursionError"):
        exercises.call(forever, x=1)
    with pytest.raises(KeyboardInterrupt):
        exercises.call(interrupted, x=1)


def refuse(x):
    return np.ones(3) @ np.ones(4)


def forever(x):
    return forever(x)


def interrupted(x):
    raise KeyboardInterrupt


def test_arguments_are_copies_and_a_change_is_told():
    x = np.zeros(3)

    def change(x):
        x += 1
        return x

    with pytest.raises(NotRight, match="changes its argument `x`"):
        exercises.call(change, x=x)
    assert exercises.call(change, may_change=("x",), x=x).tolist() == [1, 1, 1] and not x.any()
    assert np.isnan(exercises.call(lambda x: x, x=np.array([np.nan]))), "what is not a number is no change"


def told(found, right=None, misses=None, **options):
    with pytest.raises(NotRight) as error:
        exercises.arrays(
            {"w": found},
            {"w": np.array([1.0, 2e6]) if right is None else right},
            misses or {},
            "Look again",
            **options,
        )
    return str(error.value)


@pytest.mark.parametrize(
    "found, says",
    [
        ([1.0, np.nan], "1 of 2 entries are NaN"),
        ([np.inf, 1.0], "infinite"),
        (None, "got None"),
        ("text", "got str"),
        ([1, [2, 3]], "different lengths"),
        ([1j, 2], "real numbers"),
        ([True, False], "got list"),
        ([[1.0, 2e6]], "expected shape (2,), got (1, 2)"),
        ([1.0, 2.1e6], "off by 0.05 of its largest"),
        ([1e3, 2e6], "Look again"),
        (object(), "got object"),
        ({}, "got dict"),
        ([], "expected shape"),
    ],
)
def test_arrays_that_are_not_right(found, says):
    assert says in told(found)


def test_arrays():
    exercises.arrays({"w": np.float32([1, 2e6])}, {"w": np.array([1.0, 2e6])}, {}, "")
    exercises.arrays({"w": [0, 0]}, {"w": np.zeros(2)}, {}, "")
    assert "off by" in told([0.0, 1e-9], np.zeros(2)), "zeros have no scale to be relative to"
    assert "Negative" in told(
        [-1.0, -2e6],
        misses={
            "Other": lambda: {"w": np.ones(2)},
            "Negative": lambda: {"w": np.array([-1.0, -2e6])},
        },
    )
    with pytest.raises(ValueError, match="nothing to compare"):
        exercises.arrays({}, {}, {}, "")


def checks_of(cells):
    """The exercises module that a chapter's cells import, and its checks by number."""
    [name] = {
        f"{task}.{module}"
        for cell in cells
        for task, module in re.findall(r"^from (labs\.tasks\.\w+) import (exercises$|exercises_\w+ (?=as exercises$))", cell, re.M)
    }
    module = importlib.import_module(name.strip())
    found = [
        (each.number, attribute)
        for attribute, each in vars(module).items()
        if hasattr(each, "number") and callable(each)
    ]
    assert len(found) == len(dict(found)), f"{name}: a number stands twice among {found}"
    return dict(found)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_page_and_checks_name_the_same_exercises(chapter):
    stated = attacks.exercises_of(chapter)
    if not stated:          # a chapter that has just been begun
        text = (attacks.ROOT / "chapters" / chapter).read_text("utf-8")
        assert "import exercises" not in text, "its checks have paragraphs with their numbers"
        return
    checks = checks_of([cell for _, cells in stated.values() for cell in cells])
    assert list(stated) == list(checks), (
        "the numbers in the prose and in the decorators, in this order"
    )
    page = re.match(r"0*(\d+[a-z]?)_", chapter)[1]  # 6, or 6b for a second page
    assert list(stated) == [f"{page}.{n}" for n in range(1, len(stated) + 1)]
    for which, (_, cells) in stated.items():
        assert len(cells) == 1, f"{which}: one cell"
        assert re.findall(r"^exercises\.(\w+)\(", cells[0], re.M) == [checks[which]], (
            f"{which}: its cell calls its check"
        )


def test_a_chapter_of_twins_has_a_port():
    twins = 0
    for chapter in CHAPTERS:
        stated = attacks.exercises_of(chapter)
        text = (attacks.ROOT / "chapters" / chapter).read_text("utf-8")
        if stated and "skeleton: twins" in text:
            twins += 1
            assert any("(a port" in body for body, _ in stated.values()), chapter
    assert twins >= 4
