"""A filter of system calls (seccomp) for a submission's process: what no lab needs and some attacks
do.

Watching and debugging other processes, new namespaces and mounts, keys of the kernel, memory that no
process seems to hold (it counts as nobody's until it is mapped), faked terminal input, sockets but of
the local machine. The filter is a small program of the kernel's own (man 2 seccomp), put together
here for x86-64 and arm64.
"""

import ctypes
import errno
import os
import platform
import struct

CALLS = {  # by machine: the kernel's number of the architecture, and of each call
    "x86_64": (
        0xC000003E,
        {
            "ptrace": 101,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "inotify_init": 253,
            "inotify_init1": 294,
            "fanotify_init": 300,
            "mount": 165,
            "umount2": 166,
            "pivot_root": 155,
            "chroot": 161,
            "unshare": 272,
            "setns": 308,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "memfd_create": 319,
            "memfd_secret": 447,
            "shmget": 29,
            "msgget": 68,
            "bpf": 321,
            "perf_event_open": 298,
            "userfaultfd": 323,
            "io_uring_setup": 425,
            "io_uring_enter": 426,
            "kexec_load": 246,
            "init_module": 175,
            "finit_module": 313,
            "open_by_handle_at": 304,
            "name_to_handle_at": 303,
            "quotactl": 179,
            "fsopen": 430,
            "open_tree": 428,
            "move_mount": 429,
            "fsmount": 432,
            "mount_setattr": 442,
            "pidfd_getfd": 438,
            "mknod": 133,
            "mknodat": 259,
            "personality": 135,
            "ioctl": 16,
            "socket": 41,
            "clone": 56,
            "clone3": 435,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "ptrace": 117,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "inotify_init1": 26,
            "fanotify_init": 262,
            "mount": 40,
            "umount2": 39,
            "pivot_root": 41,
            "chroot": 51,
            "unshare": 97,
            "setns": 268,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "memfd_create": 279,
            "memfd_secret": 447,
            "shmget": 194,
            "msgget": 186,
            "bpf": 280,
            "perf_event_open": 241,
            "userfaultfd": 282,
            "io_uring_setup": 425,
            "io_uring_enter": 426,
            "kexec_load": 104,
            "init_module": 105,
            "finit_module": 273,
            "open_by_handle_at": 265,
            "name_to_handle_at": 264,
            "quotactl": 60,
            "fsopen": 430,
            "open_tree": 428,
            "move_mount": 429,
            "fsmount": 432,
            "mount_setattr": 442,
            "pidfd_getfd": 438,
            "mknodat": 33,
            "personality": 92,
            "ioctl": 29,
            "socket": 198,
            "clone": 220,
            "clone3": 435,
        },
    ),
}
LOOKED_INTO = ("ioctl", "socket", "clone", "clone3")  # their arguments decide
FAKED_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: all within the sandbox's own network
NAMESPACES = 0x7E020080  # CLONE_NEW...: user, pid, net, ipc, uts, mount, cgroup, time
LOAD, JUMP_EQUAL, JUMP_ANY, JUMP_ABOVE, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, DENY, KILL = 0x7FFF0000, 0x00050000, 0x80000000
SET_NO_NEW_PRIVS, SET_SECCOMP, MODE_FILTER = 38, 22, 2
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24  # offsets in what the kernel shows the filter


class NoFilter(RuntimeError):
    """The filter cannot be set here."""


def program(machine: str = "") -> bytes:
    """The filter for a machine."""
    machine = machine or platform.machine()
    if machine not in CALLS:
        raise NoFilter(
            f"no filter of system calls for a processor of type {machine}: expected {', '.join(CALLS)}"
        )
    architecture, numbers = CALLS[machine]

    def deny(code=errno.EPERM):
        return (RETURN, 0, 0, DENY | code)

    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    lines += [(JUMP_ABOVE, 0, 1, 0x40000000), deny()]  # the x32 form of every call
    for name, number in numbers.items():
        if name not in LOOKED_INTO:
            lines += [(JUMP_EQUAL, 0, 1, number), deny()]
    lines += [
        (JUMP_EQUAL, 0, 1, numbers["clone3"]),
        deny(errno.ENOSYS),
    ]  # the C library then takes clone
    lines += [
        (JUMP_EQUAL, 0, 3, numbers["clone"]),
        (LOAD, 0, 0, FIRST),
        (JUMP_ANY, 0, 1, NAMESPACES),
        deny(),
    ]
    lines += [
        (LOAD, 0, 0, NUMBER),
        (JUMP_EQUAL, 0, 4, numbers["ioctl"]),
        (LOAD, 0, 0, SECOND),
        (JUMP_EQUAL, 1, 0, FAKED_INPUT[0]),
        (JUMP_EQUAL, 0, 1, FAKED_INPUT[1]),
        deny(),
    ]
    lines += [
        (LOAD, 0, 0, NUMBER),
        (JUMP_EQUAL, 0, 5, numbers["socket"]),
        (LOAD, 0, 0, FIRST),
        *((JUMP_EQUAL, len(FAMILIES) - i, 0, family) for i, family in enumerate(FAMILIES)),
        deny(),
    ]
    lines += [(RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def apply():
    """Set the filter for this process and all that it starts; it cannot be taken off.

    Raises
    ------
    NoFilter
    """
    code = program()
    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(code)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    whole = Program(len(code) // 8, ctypes.addressof(buffer))
    if library.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) or library.prctl(
        SET_SECCOMP, MODE_FILTER, ctypes.byref(whole), 0, 0
    ):
        raise NoFilter(f"the filter of system calls was refused: {os.strerror(ctypes.get_errno())}")
