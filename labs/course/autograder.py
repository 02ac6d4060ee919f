"""The zip of an autograder for Gradescope: setup.sh, run_autograder, and all that grading needs.

Gradescope unpacks it in /autograder/source, starts setup.sh once, as root, and for each submission
run_autograder in a new container, with the student's files in /autograder/submission; it reads
/autograder/results/results.json.
"""

import io
import json
import stat
import zipfile

from labs import install_lines
from labs.course.folder import LAB, Course, CourseError
from labs.grading import assignment as assigned
from labs.grading import sandbox

LONG_AGO = (1980, 1, 1, 0, 0, 0)
KEPT = (".py", ".toml", ".md")
SETUP = """#!/usr/bin/env bash
# Started once, when the autograder is built.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y python3 python3-venv bubblewrap
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Python 3.11 or newer is needed: choose Ubuntu 24.04 as the base image" >&2
  exit 1
fi
python3 -m venv /opt/labs
{installs}
chmod go= /autograder/source
"""
RUN = """#!/usr/bin/env bash
# Started for each submission. Where no sandbox can be made, it runs as another user; see
# labs/grading/apart.py. Without a result Gradescope says that the autograder failed: no zero.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/results"
chmod go= "$here/source" "$here/results"
cd "$here/source" || exit 1
export LABS_ASSIGNMENTS="$here/source/assignments"
exec "${{LABS_PYTHON:-/opt/labs/bin/python}}" -B -m labs course judge course {lab} \\
  "$here/submission" gradescope --out "$here/results/results.json" --thrown-away
"""
NEEDS = ("numpy>=2,<3", "tqdm>=4.66", "filelock>=3.13")
FRAMEWORKS = {
    # a plain `pip install torch` brings several GB for GPUs
    "torch": f"'torch>=2.11' --index-url {install_lines.index('torch', 'CPU')}",
    "paddle": "'paddlepaddle>=3.3.1,<3.4'",
}


def gradescope(course: Course, which: str) -> bytes:
    """The zip for one lab of a course. It holds the course's seed: hand it to Gradescope alone.

    Raises
    ------
    CourseError
        The lab is not in the course.
    """
    lab = assigned.read(which)
    if lab.id not in course.due:
        raise CourseError(
            f"{lab.id} is not in course.toml: expected one of {', '.join(course.due)}"
        )
    wanted = [
        " ".join(f"'{each}'" for each in NEEDS),
        *(FRAMEWORKS[name] for name in lab.frameworks),
    ]
    installs = "\n".join(f"/opt/labs/bin/pip install {each}" for each in wanted)
    due = course.due[lab.id].isoformat(timespec="seconds")
    made = {
        "setup.sh": SETUP.format(installs=installs),
        "run_autograder": RUN.format(lab=lab.id),
        "course/course.toml": f"name = {json.dumps(course.name, ensure_ascii=False)}\n\n"
        + LAB.format(id=lab.id, due=due),
        "course/roster.csv": "id,name,email\n",
        "course/seed": course.seed + "\n",
    }
    package = sandbox.PACKAGE
    for path in (*package.glob("*.py"), *package.glob("grading/*.py"), *package.glob("course/*.py")):
        made[f"labs/{path.relative_to(package).as_posix()}"] = path.read_text("utf-8")
    for path in sorted(lab.folder.rglob("*")):
        if path.suffix in KEPT and "__pycache__" not in path.parts:
            name = path.relative_to(lab.folder.parent).as_posix()
            made[f"assignments/{name}"] = path.read_text("utf-8")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(made.items()):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.create_system = 3  # Unix, so that the file's rights are read
            rights = 0o755 if name in ("setup.sh", "run_autograder") else 0o644
            info.external_attr = (stat.S_IFREG | rights) << 16
            archive.writestr(info, text)
    return file.getvalue()
