"""What was said of one submission, in the form that another grader reads.

    gradescope    results/results.json: the score of the submission, tests, who sees them
    prairielearn  results/results.json: a score from 0 to 1, or not gradable and why
    classroom50   result.json of an autograder.py, version 1: whole points, its runner's variables

A submission that could not be read gets 0 there, and the student reads why at once. What is not
gradable gets no result: a grader that finds none says so, and nobody has a silent zero.
"""

import datetime
import json
import os

from labs.course.folder import CourseError

LONGEST = 20_000  # characters of one text: PrairieLearn takes 1 MB of results
RUNNER = {  # of Classroom 50: a field of result.json, the variable that its runner sets
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "assignment_type": "ASSIGNMENT_TYPE",
    "owner": "OWNER",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


class NoResult(CourseError):
    """The machine or the lab failed: there is nothing to hand to a grader."""


def gradescope(said: dict) -> str:
    """Gradescope's results.json.

    Raises
    ------
    NoResult
    """
    _judged(said)
    return _json(
        {
            "score": said["earned"],  # of all; without it Gradescope adds up the tests
            "execution_time": round(said.get("seconds", 0)),
            "output": _text(said["why"] or "Graded."),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": [
                {
                    "name": rung["title"],
                    "score": rung["earned"],
                    "max_score": rung["points"],
                    "status": "passed" if rung["state"] == "passed" else "failed",
                    "output": _text(rung["says"]),
                    "visibility": "visible",
                }
                for rung in _run(said)
            ],
        }
    )


def prairielearn(said: dict) -> str:
    """PrairieLearn's results.json. What could not be read or graded costs no attempt there."""
    if said["state"] != "graded":
        return _json({"gradable": False, "format_errors": [_text(said["why"])]})
    return _json(
        {
            "gradable": True,
            "score": said["earned"] / said["points"] if said["points"] else 0.0,
            "tests": [
                {
                    "name": rung["title"],
                    "points": rung["earned"],
                    "max_points": rung["points"],
                    "message": _text(rung["says"]),
                }
                for rung in _run(said)
            ],
        }
    )


def classroom50(said: dict, runner=None) -> str:
    """The result.json of Classroom 50, of which its runner's variables say whose and where.

    Raises
    ------
    NoResult, CourseError
        A variable is missing.
    """
    _judged(said)
    runner = dict(os.environ if runner is None else runner)
    runner["ASSIGNMENT_TYPE"] = runner.get("ASSIGNMENT_TYPE") or "individual"
    runner["OWNER"] = runner.get("OWNER") or runner.get("USERNAME", "")
    runner["REVIEW_URL"] = runner.get("REVIEW_URL") or runner.get("COMMIT_URL", "")
    missing = [name for name in RUNNER.values() if not runner.get(name)]
    if missing:
        raise CourseError(
            f"classroom50: {', '.join(missing)} is not set: call it from autograder.py, "
            "which the runner of Classroom 50 starts with these variables"
        )
    now = datetime.datetime.now(datetime.timezone.utc)
    tests = [
        {
            "test-name": rung["title"],
            "passed": rung["state"] == "passed",
            "score": rung["earned"],
            "max-score": rung["points"],
            "message": _text(rung["says"]),
        }
        for rung in _run(said)
    ]
    if not tests:
        tests = [
            {
                "test-name": "submission",
                "passed": False,
                "score": 0,
                "max-score": said["points"],
                "message": _text(said["why"]),
            }
        ]
    return _json(
        {
            "schema": "classroom50/result/v1",
            **{field: runner[name] for field, name in RUNNER.items()},
            "datetime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "score": said["earned"],
            "max-score": said["points"],
            "tests": tests,
        }
    )


def _judged(said):
    if said["state"] == "not gradable":
        raise NoResult(f"not gradable: {said['why']}")


def _run(said):
    return [rung for rung in said["rungs"] if rung["state"] != "not run"]


def _text(text):
    """Not longer than a grader takes; characters that JSON's readers refuse are replaced."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return whole if len(whole) <= LONGEST else whole[:LONGEST] + " [cut]"


def _json(made):
    return json.dumps(made, indent=1)


ONE = {"gradescope": gradescope, "prairielearn": prairielearn, "classroom50": classroom50}
