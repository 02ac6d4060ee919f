"""python -m labs lab check | submit | doctor | kit | new | notebook."""

import sys
from pathlib import Path


def add(commands):
    """Add `lab` to the parser of `python -m labs`."""
    one = commands.add_parser(
        "lab",
        help="assigned labs: check what you wrote, make the file to hand in; for authors: doctor, kit, notebook",
    )
    actions = one.add_subparsers(dest="action", required=True, metavar="ACTION")
    each = actions.add_parser("check", help="climb the rungs of a lab with a notebook or a file")
    each.add_argument("lab", metavar="LAB", help="such as L6")
    each.add_argument("file", metavar="FILE", help="a notebook (.ipynb) or a Python file (.py)")
    each.add_argument("--rung", default="", metavar="NAME", help="this rung alone")
    each.set_defaults(do=check)
    each = actions.add_parser("submit", help="make the one file to hand in, and print its receipt")
    each.add_argument("lab", metavar="LAB")
    each.add_argument("file", metavar="FILE")
    each.add_argument("--out", default=".", metavar="FOLDER")
    each.set_defaults(do=submit)
    each = actions.add_parser(
        "doctor", help="is a lab fit to grade with? Its mutants, variants, distortions, leaks"
    )
    each.add_argument("labs", nargs="*", metavar="LAB", help="default: all")
    each.add_argument(
        "--draws", "--seeds", type=int, default=1, metavar="N", help="with N different seeds (default: 1)"
    )
    each.set_defaults(do=doctor)
    each = actions.add_parser(
        "kit", help="draw a lab's public cases anew: labs/grading/kits/LAB.npz"
    )
    each.add_argument("labs", nargs="*", metavar="LAB")
    each.set_defaults(do=kit)
    each = actions.add_parser(
        "new", help="begin a lab: assignments/NAME, a small one that is fit as it stands"
    )
    each.add_argument("name", metavar="NAME", help="such as L5_crf")
    each.set_defaults(do=new)
    each = actions.add_parser("notebook", help="write the student's notebook of a lab")
    each.add_argument("lab", metavar="LAB")
    each.add_argument("--out", default=".", metavar="FOLDER")
    each.set_defaults(do=notebook)


def check(options):
    """Climb with a file; status 0 if all points are reached."""
    from labs.grading import student

    result = student.lab(options.lab, folders=(Path(options.file).parent, ".")).check_file(
        options.file, options.rung
    )
    print(result.text)
    return 0 if result.earned == result.points else 1


def submit(options):
    """Make the file to hand in."""
    from labs.grading import student

    print(
        student.lab(options.lab, folders=(Path(options.file).parent, "."))
        .submit(options.file, options.out)
        .text
    )
    return 0


def doctor(options):
    """Examine labs; status 0 if all are fit."""
    from labs.grading import assignment, inspecting

    bad = 0
    for name in options.labs or assignment.names():
        draws = []
        for draw in range(options.draws):
            seed = f"{inspecting.SEED} {draw}" if draw else inspecting.SEED
            examined = inspecting.examine(assignment.read(name), seed)
            print(examined.text, flush=True)
            bad += bool(examined.findings)
            draws.append(examined)
        if options.draws > 1:
            again, of = inspecting.lasting(draws)
            print(
                f"{draws[0].lab}: of {of} times that a wrong solution reached a rung with one draw, "
                f"it reached it {again} times with another",
                flush=True,
            )
    return 1 if bad else 0


def kit(options):
    """Write kits."""
    from labs.grading import assignment, student

    for name in options.labs or assignment.names():
        path = student.write_kit(assignment.read(name))
        print(f"{path} ({path.stat().st_size / 1e3:.0f} kB)", file=sys.stdout)
    return 0


def new(options):
    """Begin a lab."""
    from labs.grading import assignment, beginning, student

    folder = beginning.begin(options.name)
    kit = student.write_kit(assignment.read(folder))
    print(
        f"wrote {folder} and {kit}. Edit it, then: python -m labs lab kit {options.name} && python -m labs lab doctor {options.name}"
    )
    return 0


def notebook(options):
    """Write a student's notebook."""
    from labs.grading import assignment, sources

    found = assignment.read(options.lab)
    path = Path(options.out) / f"{found.folder.name}.ipynb"
    path.write_text(sources.notebook(found.text("lab.md"), found.frameworks), encoding="utf-8")
    print(path)
    return 0
