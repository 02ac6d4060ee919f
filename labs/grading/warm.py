"""A worker that has imported the frameworks once and forks a child for each submission, inside of
the outer sandbox.

usage: python -I warm.py CONTROL FRAMEWORK ...

CONTROL is a socket. A message on it brings the facts of a submission and four descriptors: both
ends of its pipe, where its
output goes, and a lifeline. For each, a supervisor makes namespaces of its own and starts the
submission's process as the
first one in them; when the grader lets go of the lifeline, the supervisor kills that process, and
with it all the others.
"""

import array
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

NAMESPACES = (
    0x20000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
)  # mount, pid, net, ipc, uts, cgroup
LARGEST = 1 << 16
KEPT = 200  # descriptors of the pipe in the child: this one and the next
SLOTS = range(61_000, 61_064)


def imported(frameworks: list):
    """Import and compute once: what a framework sets up at its first product is then there for
    every child.
    """
    import numpy

    numpy.ones((4, 4)) @ numpy.ones((4, 4))
    if "torch" in frameworks:
        import torch

        torch.set_num_threads(
            1
        )  # threads do not survive a fork: a child would wait for them for ever
        x = torch.ones(2, 2, requires_grad=True)
        torch.nn.functional.linear(x, torch.ones(2, 2)).sum().backward()
        torch.optim.SGD([x], lr=0.1).step()  # the first optimizer imports the compiler: seconds
    if "paddle" in frameworks:
        import paddle

        x = paddle.ones([2, 2])
        x.stop_gradient = False
        paddle.matmul(x, x).sum().backward()


def receive(control: socket.socket) -> tuple:
    """One order: (facts, descriptors); (None, []) when the grader has gone."""
    descriptors = array.array("i")
    data, ancillary, _, _ = control.recvmsg(LARGEST, socket.CMSG_LEN(4 * descriptors.itemsize))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return (json.loads(data), list(descriptors)) if data else (None, [])


def supervise(facts: dict, into: int, out: int, said: int, lifeline: int):
    """Start the submission in namespaces of its own, and end it when the lifeline is let go of."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NAMESPACES):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    child = os.fork()
    if child == 0:
        os.close(lifeline)
        first_process(facts, into, out, said)
    for fd in (into, out, said):
        os.close(fd)
    life = socket.socket(fileno=lifeline)
    life.send(b"here")  # with it the kernel tells the grader our number on its side
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([life, ended], [], [])
    if ended not in ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    try:
        life.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())
    except OSError:
        pass


def first_process(facts: dict, into: int, out: int, said: int):
    """The first process of the new namespaces, still root's: it starts the submission's own and
    ends as that ends.
    """
    worker = os.fork()
    if worker == 0:
        try:
            submission(facts, into, out, said)
        finally:
            os._exit(1)
    os.closerange(0, 4096)
    while True:
        pid, status = os.wait()  # also of what the submission left behind
        if pid == worker:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def submission(facts: dict, into: int, out: int, said: int):
    """In the child: only what it may have, then the worker."""
    from labs.grading import jail, worker

    os.setsid()
    nothing = os.open("/dev/null", os.O_RDONLY)
    for fd, place in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(fd, place)
    into, out = os.dup2(into, KEPT), os.dup2(out, KEPT + 1)
    os.closerange(3, KEPT)
    os.closerange(KEPT + 2, 4096)
    try:
        jail.enter_again(facts)
    except Exception as error:
        os.write(2, f"the sandbox could not be entered: {type(error).__name__}: {error}\n".encode())
        os._exit(jail.ENTER_FAILED)
    sys.argv[1:] = [str(into), str(out)]
    worker.serve(into, out)
    os._exit(0)


def main():
    """Import, then fork for each order until the grader goes."""
    from labs.grading import jail, serving, slicing, values, worker  # noqa: F401 (imported before the fork)

    control = socket.socket(fileno=int(sys.argv[1]))
    jail.disks(0, 64)  # the frameworks want a /tmp; each child gets another one
    jail.read_only(SLOTS)
    imported(sys.argv[2:])
    control.send(b"ready")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are not waited for
    while True:
        facts, descriptors = receive(control)
        if facts is None:
            return
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                supervise(facts, *descriptors)
            finally:
                os._exit(0)
        for fd in descriptors:
            os.close(fd)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
