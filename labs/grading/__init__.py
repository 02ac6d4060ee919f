"""Labs: assignments that a machine grades, in the notebook and for a whole course by the same
rungs.

In a student's notebook:

>>> from labs import grading
>>> lab = grading.lab("L6")
>>> lab.check()

In a lab's own `checks.py`:

>>> from labs.grading import call, rung
"""

from labs.grading.call import Call, call, rung

__all__ = ["Call", "call", "rung", "lab"]


def lab(which: str):
    """The student's side of a lab: `check` and `submit`.

    Parameters
    ----------
    which : str
        "L6", or the path of a kit.

    Returns
    -------
    labs.grading.student.StudentLab
    """
    from labs.grading import student

    return student.lab(which)
