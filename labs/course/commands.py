"""python -m labs course new | release | collect | grade | feedback | export | judge | autograder | report | doctor."""

import argparse
import datetime
from pathlib import Path

from labs.course import doing

UNPROTECTED = "--i-accept-that-submissions-can-do-anything-to-this-machine"


def moment(text):
    """A time of the command line."""
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-12-24T23:59, got {text!r}"
        ) from None


def add(commands):
    """Add `course` to the parser of `python -m labs`."""
    one = commands.add_parser(
        "course", help="for instructors: release, collect, grade, report labs, in a folder of files"
    )
    actions = one.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name, do, says, lab=True):
        each = actions.add_parser(name, help=says)
        each.add_argument("course", metavar="COURSE", type=Path, help="the course's folder")
        if lab:
            each.add_argument("lab", metavar="LAB", help="such as L6")
        each.set_defaults(do=doing.of_the_course(do) if lab else do)
        return each

    each = action("new", doing.new, "begin a course's folder", lab=False)
    each.add_argument("--labs", nargs="+", required=True, metavar="LAB")
    each.add_argument(
        "--due",
        required=True,
        type=moment,
        metavar="TIME",
        help="such as 2026-12-24T23:59",
    )
    each.add_argument("--roster", type=Path, metavar="CSV", help="with a first line id,name,email")
    each.add_argument(
        "--zone",
        type=int,
        default=0,
        metavar="HOURS",
        help="of the due dates, from UTC (default: 0)",
    )
    action("release", doing.release, "write what students get: notebook, kit, zip")
    each = action(
        "collect", doing.collect, "take in a folder or a zip, as a learning platform names the files"
    )
    each.add_argument("files", metavar="FOLDER_OR_ZIP", type=Path)
    each = action("grade", doing.grade, "grade what was collected; goes on where it was stopped")
    each.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="sandboxes at the same time (default: one for each core)",
    )
    each.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="of a Dask scheduler, whose workers grade in place of this machine: tcp://10.0.0.1:8786",
    )
    each.add_argument(
        UNPROTECTED, dest="unprotected", action="store_true", help="grade without a sandbox"
    )
    action("feedback", doing.feedback, "write a page for each student")
    each = action("export", doing.export, "write grades for a learning platform or another grader")
    each.add_argument(
        "format",
        choices=(
            "canvas",
            "moodle",
            "blackboard",
            "nbgrader",
            "junit",
            "gradescope",
            "prairielearn",
        ),
    )
    each.add_argument(
        "--template",
        type=Path,
        metavar="CSV",
        help="what Canvas, Moodle or Blackboard exported; it is filled",
    )
    each.add_argument(
        "--column",
        default="",
        metavar="NAME",
        help="the assignment's column in it (default: the one that names the lab)",
    )
    each.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="a file, or a folder for formats of one file a student",
    )
    each = action(
        "judge", doing.judge, "grade one submission now, for a grader that starts this command for each"
    )
    each.add_argument(
        "submission", metavar="FILE_OR_FOLDER", type=Path, help="what one student handed in"
    )
    each.add_argument("format", choices=("gradescope", "prairielearn", "classroom50"))
    each.add_argument("--out", type=Path, required=True, metavar="FILE", help="the result")
    each.add_argument(
        "--thrown-away",
        action="store_true",
        help="this machine is thrown away after one submission and allows no sandbox: "
        "another user, limits and a filter of system calls in its place",
    )
    each = action("autograder", doing.autograder, "make the zip of an autograder for Gradescope")
    each.add_argument("--out", type=Path, metavar="ZIP")
    each = action(
        "report",
        doing.report,
        "how the points fall, which rungs are hard, which mistakes are common, who is alike",
    )
    each.add_argument(
        "--dolos", type=Path, metavar="FOLDER", help="write the folder that Dolos compares"
    )
    action("doctor", doing.doctor, "can this machine grade this course?", lab=False)
