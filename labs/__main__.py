"""The command line: python -m labs doctor | fetch [NAME ...] | parity TASK | port | ported | mistakes [TASK] | train TASK NAME | fluid ACTION | lab ACTION | course ACTION."""
import argparse
import sys


def doctor(options):
    """Say whether a chapter can run here."""
    from labs import doctor as clinic
    return clinic.report(clinic.examine())


def fetch(options):
    """Bring sets into the cache; without names all that the book uses. One that fails does not stop the others."""
    from labs import data
    chosen = options.names or [name for name in data.names() if data.card(name).book]
    failed = []
    for name in chosen:
        try:
            folder = data.fetch(name)
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            print(f"{name}: {size / 1e6:.1f} MB in {folder}", flush=True)
        except data.DataError as error:
            print(error, file=sys.stderr, flush=True)
            failed.append(name)
    if failed:
        print(f"not fetched: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def parity(options):
    """Climb the ladders of a task; status 0 if all are green."""
    from labs import device, tasks
    device.prepare()
    from labs.parity import climb_cases
    cases = {f"{options.task}: {title}": case for title, case in tasks.cases(options.task).items()}
    return 0 if climb_cases(cases) else 1


def port(options):
    """Climb with two files of one's own; status 0 if they are proven equal, 1 if not."""
    from pathlib import Path

    from labs import device
    device.prepare()
    from labs.parity import port as porting
    if options.init:
        for path in porting.write_templates(options.folder):
            print(path)
        return 0
    folder = Path(options.folder)
    files = options.files or [folder / "paddle_side.py", folder / "torch_side.py"]
    if len(files) != 2:
        print(f"expected two files or modules, PADDLE_SIDE and TORCH_SIDE, got {len(files)}", file=sys.stderr)
        return 2
    report = porting.port(*files, zero_gradients=tuple(options.zero_gradient))
    print(report.text)
    if options.report:
        print("written:", *report.save(Path(options.report)))
    return 0 if report.green else 1


def mistakes(options):
    """Plant every mistake in the tasks' ladders and write which are caught: labs/tasks/TASK/caught.json."""
    from labs import device, tasks
    device.prepare()
    from labs.parity import climb
    from labs.parity.mistakes import score
    for task in [options.task] if options.task else tasks.names("proof"):
        ladders = {title: climb(torch_side, paddle_side, batches, config, title=title, further=further).check()
                   for title, (paddle_side, torch_side, config, batches, further) in tasks.cases(task).items()}
        rows = score.of_task(task, ladders, tasks.part(task, "mistakes").MISTAKES)
        for row in rows:
            if not row["survives"] and not row["blind in float32"] and set(row["broke"].values()) != {row["should break"]}:
                print(f"{task}: {row['name']} should break {row['should break']!r}, it broke {row['broke']}", flush=True)
            if row["survives"] and any(row["broke"].values()):
                print(f"{task}: {row['name']} should survive, it broke {row['broke']}", flush=True)
        print(f"{task}: {sum(not row['survives'] for row in rows)} of {len(rows)} caught; {score.save(task, rows)}", flush=True)
    return 0


def ported(options):
    """Climb with the stock layers and models of both frameworks and write their verdicts: labs/tasks/stock/ported.json."""
    from labs import device
    device.prepare()
    from labs.tasks.stock import ported as stock
    print(stock.save(stock.tables(lambda line: print(line, flush=True))))
    return 0


def train(options):
    """Train a small checkpoint of a task again."""
    from labs import checkpoints, device, tasks
    device.prepare()
    training = tasks.part(options.task, "training")
    checkpoints.train(sys.modules[training.__package__], training, options.name, options.out, lambda line: print(line, flush=True))
    return 0


def fluid(options):
    """The runtime of the past: install it, say whether it is here, record notebooks, write its locks."""
    from labs.fluid import environment, record_notebooks, state
    if options.action == "install":
        environment.install(lambda line: print(line, flush=True), options.again)
    elif options.action == "status":
        print(state.status().text)
        return 0 if environment.installed() else 1
    elif options.action == "record":
        record_notebooks.record(options.paths or record_notebooks.notebooks(), lambda line: print(line, flush=True))
    elif options.action == "lock":
        for version in environment.VERSIONS:
            environment.write_lock(version)
    return 0


def parser():
    """Make the parser of `python -m labs`."""
    made = argparse.ArgumentParser(prog="python -m labs", description="The course's own commands.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("doctor", help="say whether a chapter can run on this machine, and what fixes it")
    one.set_defaults(do=doctor)
    one = commands.add_parser("fetch", help="bring data into the cache and check it")
    one.add_argument("names", nargs="*", metavar="NAME", help="sets to fetch (default: all that the book uses)")
    one.set_defaults(do=fetch)
    one = commands.add_parser("parity", help="climb the ladder of a pair of twins in the terminal")
    one.add_argument("task", metavar="TASK", help="a folder of labs/tasks, such as mnist")
    one.set_defaults(do=parity)
    one = commands.add_parser("port", help="prove a port of your own: two files, paddle_side.py and torch_side.py")
    one.add_argument("files", nargs="*", metavar="SIDE", help="the two files or modules (default: those of --folder)")
    one.add_argument("--folder", default=".", metavar="FOLDER", help="where the two files are, or are to be (default: here)")
    one.add_argument("--init", action="store_true", help="write both files from a template")
    one.add_argument("--report", metavar="PATH", help="also write PATH.html and PATH.json")
    one.add_argument("--zero-gradient", action="append", default=[], metavar="NAME",
                     help="a parameter, or pattern, whose true gradient is zero, such as conv.bias before a BatchNorm")
    one.set_defaults(do=port)
    one = commands.add_parser("ported", help="climb with the stock layers and models of both frameworks and write their verdicts")
    one.set_defaults(do=ported)
    one = commands.add_parser("mistakes", help="plant every mistake in the ladders and write which are caught")
    one.add_argument("task", metavar="TASK", nargs="?", help="a folder of labs/tasks (default: all that have a proof)")
    one.set_defaults(do=mistakes)
    one = commands.add_parser("train", help="train a small checkpoint of a task again")
    one.add_argument("task", metavar="TASK", help="a folder of labs/tasks that has a training.py, such as rnn_lm")
    one.add_argument("name", metavar="NAME", help="which of its checkpoints, such as shakespeare")
    one.add_argument("--out", metavar="FOLDER", help="where to write it (default: the task's own checkpoints)")
    one.set_defaults(do=train)
    one = commands.add_parser("fluid", help="the real Fluid (1.8.5) for %%%%fluid cells: install it, see whether it is here, record")
    one.add_argument("action", choices=("install", "status", "record", "lock"), help="status exits with 0 where the runtime is here")
    one.add_argument("paths", nargs="*", metavar="NOTEBOOK", help="notebooks to record (default: all chapters with Fluid cells)")
    one.add_argument("--again", action="store_true", help="install anew")
    one.set_defaults(do=fluid)
    from labs.course import commands as course_commands
    from labs.grading import commands as lab_commands
    lab_commands.add(commands)
    course_commands.add(commands)
    return made


def main(arguments=None):
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        return options.do(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        if error.name not in ("paddle", "torch"):
            raise
        print(f"{options.command}: {error.name} is not installed here; python -m labs doctor says how to get it", file=sys.stderr)
        return 1
    except OSError as error:
        if options.command not in ("lab", "course") or error.filename is None:
            raise
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except Exception as error:
        if not type(error).__module__.startswith("labs."):
            raise
        print(error, file=sys.stderr)       # errors of ours say what to do; a traceback would hide it
        return 1


if __name__ == "__main__":
    sys.exit(main())
