"""python -m labs course new | release | collect | grade | feedback | export | judge | autograder | report | doctor."""

import datetime
import sys
from pathlib import Path

UNPROTECTED = "--i-accept-that-submissions-can-do-anything-to-this-machine"


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
        each.set_defaults(do=do)
        return each

    each = action("new", new, "begin a course's folder", lab=False)
    each.add_argument("--labs", nargs="+", required=True, metavar="LAB")
    each.add_argument(
        "--due",
        required=True,
        type=datetime.datetime.fromisoformat,
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
    action("release", release, "write what students get: notebook, kit, zip")
    each = action(
        "collect", collect, "take in a folder or a zip, as a learning platform names the files"
    )
    each.add_argument("files", metavar="FOLDER_OR_ZIP", type=Path)
    each = action("grade", grade, "grade what was collected; goes on where it was stopped")
    each.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="sandboxes at the same time (default: one for each core)",
    )
    each.add_argument(
        UNPROTECTED, dest="unprotected", action="store_true", help="grade without a sandbox"
    )
    action("feedback", feedback, "write a page for each student")
    each = action("export", export, "write grades for a learning platform or another grader")
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
        "judge", judge, "grade one submission now, for a grader that starts this command for each"
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
    each = action("autograder", autograder, "make the zip of an autograder for Gradescope")
    each.add_argument("--out", type=Path, metavar="ZIP")
    each = action(
        "report",
        report,
        "how the points fall, which rungs are hard, which mistakes are common, who is alike",
    )
    each.add_argument(
        "--dolos", type=Path, metavar="FOLDER", help="write the folder that Dolos compares"
    )
    action("doctor", doctor, "can this machine grade this course?", lab=False)


def new(options):
    """Begin a course."""
    from labs.course import folder

    made = folder.make(
        options.course, options.course.name, options.labs, options.due, options.roster, options.zone
    )
    print(
        f"wrote {made}. Look at course.toml and roster.csv, then: python -m labs course release {made} {options.labs[0]}"
    )
    return 0


def release(options):
    """Write what students get."""
    from labs.course import folder
    from labs.course import release as releasing

    made = releasing.release(folder.read(options.course), options.lab)
    for path in made:
        print(path)
    return 0


def collect(options):
    """Take in files."""
    from labs.course import collect as collecting
    from labs.course import folder, journal

    course = folder.read(options.course)
    with journal.writing(options.course) as open_journal:
        new = collecting.collect(
            course,
            open_journal,
            options.lab,
            options.files,
            lambda line: print(line, file=sys.stderr),
        )
        there = {student for lab, student in open_journal.latest() if lab == options.lab}
    missing = [who for who in course.students if who not in there]
    print(
        f"{new} new submissions; {len(there)} of {len(course.students)} students have handed in"
        + (
            f"; not yet: {', '.join(missing[:20])}" + (" ..." if len(missing) > 20 else "")
            if missing
            else ""
        )
    )
    return 0


def grade(options):
    """Grade; status 1 where something could not be graded."""
    from tqdm import tqdm

    from labs.course import folder, journal
    from labs.course import grade as grading

    course = folder.read(options.course)
    if options.unprotected:
        print(
            "WITHOUT A SANDBOX: what is graded now can read, change and send away everything that you can.",
            file=sys.stderr,
        )
    with (
        journal.writing(options.course) as open_journal,
        tqdm(unit="submission", disable=None) as bar,
    ):

        def progress(done, all_of_them):
            bar.total = all_of_them
            bar.update(done - bar.n)

        new = grading.grade(
            course, open_journal, options.lab, options.workers, not options.unprotected, progress
        )
    counts = {
        state: sum(line["state"] == state for line in new)
        for state in ("graded", "refused", "not gradable")
    }
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    for line in new:
        if line["state"] != "graded":
            print(f"  {line['sha256'][:12]}: {line['state']}: {line['why']}")
    changed = grading.changes(journal.read(options.course), options.lab)
    for student, before, now, why in changed if new else []:
        print(f"  {student}: {before} -> {now} ({', '.join(why)})")
    return 1 if counts["not gradable"] else 0


def feedback(options):
    """Write pages."""
    from labs.course import feedback as pages
    from labs.course import folder, journal

    made = pages.write(folder.read(options.course), journal.read(options.course), options.lab)
    print(f"{len(made)} pages in {options.course / 'feedback' / options.lab}")
    return 0


def export(options):
    """Write grades."""
    from labs.course import export as exporting
    from labs.course import folder, journal, platforms, results

    course, lines, coded = folder.read(options.course), journal.read(options.course), "utf-8"
    if options.format in platforms.WHO:
        if options.template is None:
            raise folder.CourseError(
                f"{options.format}: --template FILE, what {options.format} exported: a new table would create a new assignment there"
            )
        data = options.template.read_bytes()
        coded = platforms.encoding(data)
        text = platforms.filled(
            course, lines, options.lab, options.format, data.decode(coded), options.column
        )
        path = options.out or options.template.with_name(
            f"{options.template.stem}-{options.lab}{options.template.suffix}"
        )
    elif options.format in exporting.ALL:
        text = exporting.ALL[options.format](course, lines, options.lab)
        path = (
            options.out
            or options.course
            / f"{options.lab}-{options.format}.{'xml' if options.format == 'junit' else 'csv'}"
        )
    else:
        folder_out = options.out or options.course / options.format / options.lab
        folder_out.mkdir(parents=True, exist_ok=True)
        from labs.course.feedback import safe

        written = 0
        for (lab, who), (_, said) in lines.grades().items():
            if lab == options.lab and said:
                try:
                    made = results.ONE[options.format](said)
                except results.NoResult as error:
                    print(f"{who}: {error}", file=sys.stderr)
                    continue
                (folder_out / f"{safe(who)}.json").write_text(made, encoding="utf-8")
                written += 1
        print(f"{written} files in {folder_out}")
        return 0
    path.write_text(text, encoding=coded, newline="")
    print(path)
    return 0


def judge(options):
    """Grade one submission; status 1 and no file where the machine or the lab failed."""
    from labs.course import folder, one, results

    said = one.judged(
        folder.read(options.course), options.lab, options.submission, options.thrown_away
    )
    made = results.ONE[options.format](said)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(made, encoding="utf-8")
    print(f"{said['state']}: {said['why'] or said['earned']}; in {said['inside']}")
    return 0


def autograder(options):
    """Make the zip."""
    from labs.course import autograder as making
    from labs.course import folder

    path = options.out or options.course / f"{options.lab}-gradescope.zip"
    path.write_bytes(making.gradescope(folder.read(options.course), options.lab))
    print(path)
    return 0


def report(options):
    """Print the report, and write what Dolos reads."""
    from labs.course import folder, journal, similarity
    from labs.course import report as reporting

    course, lines = folder.read(options.course), journal.read(options.course)
    print(reporting.report(course, lines, options.lab).text)
    if options.dolos:
        count = similarity.dolos(course, lines, options.lab, options.dolos)
        print(
            f"\n{count} submissions in {options.dolos}. "
            "There: dolos run -l python -i template.py info.csv"
        )
    return 0


def doctor(options):
    """Say whether this machine can grade; status 0 if it can."""
    import importlib.util

    from labs.course import folder
    from labs.grading import assignment as assigned
    from labs.grading import sandbox

    course, bad = folder.read(options.course), []
    why = sandbox.lacking()
    print(
        f"sandbox: {why or 'works'}"
        + ("" if why or sandbox.as_root() else "; as root, each slot would have a user of its own")
    )
    bad += [why] * bool(why)
    print(f"roster: {len(course.students)} students")
    for which in course.due:
        found = assigned.read(which)
        missing = [name for name in found.frameworks if importlib.util.find_spec(name) is None]
        print(
            f"{which} {found.title}: due {course.due[which]:%Y-%m-%d %H:%M %Z}"
            + (f"; {', '.join(missing)} is not installed" if missing else "")
        )
        bad += missing
    return 1 if bad else 0
