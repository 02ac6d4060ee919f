"""The last step into the sandbox, taken inside of it: a small memory disk, limits, another user,
the filter.

usage: python -I jail.py FACTS IN OUT

bubblewrap has made the namespaces and mounts (labs/grading/sandbox.py). Started as root, this
process is still root in them:
it does what bubblewrap has no option for, gives up every right, and then becomes the worker.
"""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path

MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_RDONLY, MS_BIND, MS_PRIVATE, MS_REC = (
    2,
    4,
    32,
    1,
    4096,
    1 << 18,
    1 << 14,
)
SET_DUMPABLE, CAPBSET_DROP = 4, 24
PASSWORDS = "student:x:{uid}:{uid}:student:/tmp:/bin/sh\n"
PROCESSES, FILES = 48, 256


def mount(what: str, where: str, kind: str, flags: int, facts: str):
    """man 2 mount; raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(
        what.encode(), where.encode(), kind.encode(), flags, facts.encode() if facts else None
    ):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), where)


def disks(uid: int, disk_mb: float):
    """/tmp and /dev/shm of a stated size, with a stated number of files, owned by the user of this
    slot.
    """
    for where, megabytes, files in (("/tmp", disk_mb, 4096), ("/dev/shm", disk_mb / 2, 256)):
        mount(
            "tmpfs",
            where,
            "tmpfs",
            MS_NOSUID | MS_NODEV,
            f"size={int(megabytes * 2**20)},nr_inodes={files},mode=700,uid={uid},gid={uid}",
        )


def limit(facts: dict):
    """Limits of the kernel on this process and on what it starts."""
    memory, seconds = int(facts["memory_gb"] * 2**30), int(facts["total_s"]) + 5
    for which, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_FSIZE, int(facts["disk_mb"] * 2**20)),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(which, (most, most))
    try:
        Path("/proc/self/oom_score_adj").write_text(
            "1000", encoding="ascii"
        )  # before any other process of the machine
    except OSError:
        pass
    os.nice(5)


def become(uid: int):
    """Another user for good: no groups, no capabilities, none to be had."""
    library = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        library.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if os.getuid() != uid or os.geteuid() != uid:
        raise OSError("the user could not be changed")
    library.prctl(SET_DUMPABLE, 1, 0, 0, 0)  # its own /proc/self stays readable, as without us


def enter(facts: dict):
    """All of it, in the order in which the rights for it go away."""
    from labs.grading import seccomp

    uid = facts.get("uid")
    if uid and not facts.get("apart"):
        read_only([uid])
        disks(uid, facts["disk_mb"])
    limit(facts)
    if uid:
        become(uid)
    os.chdir("/tmp")
    seccomp.apply()


def read_only(uids):
    """Name the users, and close the system to writing."""
    lines = "".join(PASSWORDS.format(uid=uid) for uid in uids)
    Path("/etc/passwd").write_text(lines, encoding="ascii")
    mount("", "/", "", MS_REMOUNT | MS_BIND | MS_RDONLY, "")


def enter_again(facts: dict):
    """The same for a child of the warm worker, which has new namespaces inside of the outer
    sandbox.
    """
    from labs.grading import seccomp

    mount("none", "/", "", MS_REC | MS_PRIVATE, "")
    disks(facts["uid"], facts["disk_mb"])
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV, "")
    limit(facts)
    become(facts["uid"])
    os.chdir("/tmp")
    seccomp.apply()


def main():
    """Enter, then be the worker."""
    facts, into, out = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    from labs.grading import worker

    if facts.get("apart"):  # the user that it becomes may not read our folder
        import encodings.cp437  # noqa: F401 (zipfile and what reads a submission ask for them)
        import encodings.utf_8_sig  # noqa: F401

        from labs.grading import serving, slicing, values  # noqa: F401
    try:
        enter(facts)
    except Exception as error:
        os.write(2, f"the sandbox could not be entered: {type(error).__name__}: {error}\n".encode())
        os._exit(ENTER_FAILED)
    worker.serve(into, out)
    os._exit(0)


ENTER_FAILED = 97  # exit status: our fault, not the submission's

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
