"""TASK_TITLE: green ladders, caught mistakes, and checks of exercises that withstand every answer."""
import exercise_attacks as attacks
import pytest
from labs.tasks.TASK_NAME import exercises
from proven import MistakePromises, TwinPromises

CHAPTER = "CHAPTER_FILE.md"


class TestTwins(TwinPromises):
    task = "TASK_NAME"


class TestMistakes(MistakePromises):
    task = "TASK_NAME"


def test_parameter_count():
    attacks.number(exercises.parameter_count, 12,
                   {9: "a point in space", 8: "three logits", 6: "count the weights"})


def bent_line(bend, hidden=exercises.HIDDEN):
    """A port to Paddle, right with `paddle.nn.functional.relu`."""
    from paddle import nn

    class BentLine(nn.Layer):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(2, hidden)
            self.fc2 = nn.Linear(hidden, 2)

        def forward(self, x):
            return self.fc2(bend(self.fc1(x)))
    return BentLine


def test_the_port_of_the_bent_line():
    import paddle
    import paddle.nn.functional as F
    assert exercises.bent_line(bent_line(F.relu)).right is True
    for says, theirs in {"ReLU is missing": bent_line(lambda x: x), "a tanh": bent_line(paddle.tanh),
                         "fc1.weight": bent_line(F.relu, 5), "forward": bent_line(F.sigmoid),
                         "derived from paddle.nn.Layer": exercises.given()}.items():
        attacks.refused(exercises.bent_line(theirs), says)
    attacks.withstands_junk(exercises.bent_line)


@pytest.mark.parametrize("which, answers", [
    ("CHAPTER_NUMBER.1", {"answer_1": lambda: 12}),
    ("CHAPTER_NUMBER.2", {"BentLine": lambda: bent_line(__import__("paddle").nn.functional.relu)})])
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **{name: make() for name, make in answers.items()}).right is True
