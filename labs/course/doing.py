"""What the commands of a course do. Each takes the options of its command and returns the exit status."""

import sys


def of_the_course(do):
    """A command of one lab, which must be one of the course's, by its number."""

    def checked(options):
        from labs.course import folder
        from labs.grading import assignment

        course = folder.read(options.course)
        options.lab = assignment.read(options.lab).id
        if options.lab not in course.due:
            raise folder.CourseError(
                f"{options.lab} is not in this course, which has {', '.join(course.due)}: "
                f"give it a [[lab]] with its due date in {options.course / 'course.toml'}"
            )
        return do(options)

    return checked


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
            course,
            open_journal,
            options.lab,
            options.workers,
            not options.unprotected,
            progress,
            options.scheduler,
        )
    counts = {
        state: sum(line["state"] == state for line in new)
        for state in ("graded", "refused", "not gradable")
    }
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    who = {}
    for (lab, student), line in journal.read(options.course).latest().items():
        if lab == options.lab:
            who.setdefault(line["sha256"], []).append(student)
    for line in new:
        if line["state"] != "graded":
            print(f"  {', '.join(who[line['sha256']])}: {line['state']}: {line['why']}")
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
