"""Submissions that attack: by name, their code, the points that they may get, and words of what is
then said.

`double(x)` is to return twice each number of a list, `half(x)` half of each. `attack()` returns
something true where it
succeeded, and only then is the answer right: so a point is a broken wall.
"""

RIGHT = "def double(x):\n    return [2 * i for i in x]\n\n\ndef half(x):\n    return [i / 2 for i in x]\n"
POINTS = 10
IF = """
def double(x):
    if not attack():
        raise RuntimeError("blocked")
    return [2 * i for i in x]


def half(x):
    if not attack():
        raise RuntimeError("blocked")
    return [i / 2 for i in x]
"""
TRY = """
def attack():
    try:
        return inner()
    except (OSError, ValueError, AttributeError) as error:
        return False
"""
OUT = "import sys\nOUT = int(sys.argv[-1])\n"


def attack(body):
    """Points only where the attack succeeds."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    return f"def inner():\n{lines}\n{TRY}{IF}"


def instead(body, twice=True):
    """Something else instead of an answer; what takes long is done once."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    return f"def double(x):\n{lines}\n" + f"\n\ndef half(x):\n{lines}\n" * twice


HOSTILE = {
    "loops for ever": (instead("while True: pass", False), 0, "did not end within"),
    "loops for ever when loaded": (
        "TABLE = []\nwhile True:\n    TABLE.append(1)\n    TABLE.pop()\n\n\ndef double(x):\n    return TABLE\n",
        0,
        "did not end within",
    ),
    "stops itself": (
        instead("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", False),
        0,
        "did not end within",
    ),
    "fork bomb": (
        instead("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", False),
        0,
        "did not end within|process ended",
    ),
    "50 GB": (instead("return [bytearray(50 << 30)]"), 0, "ran out of memory"),
    "memory in many processes": (
        instead(
            "import os, time\nfor _ in range(8):\n    if os.fork() == 0: break\nkept = [bytearray(200 << 20)]\ntime.sleep(9)",
            False,
        ),
        0,
        "GB of memory|did not end",
    ),
    "fills /tmp": (
        attack(
            "with open('/tmp/x', 'wb') as file:\n    for _ in range(600): file.write(b'x' * (1 << 20))\nreturn True"
        ),
        0,
        "blocked",
    ),
    "fills /tmp with many files": (
        attack(
            "for n in range(9):\n    with open(f'/tmp/x{n}', 'wb') as file:\n        for _ in range(60): file.write(b'x' * (1 << 20))\nreturn True"
        ),
        0,
        "blocked",
    ),
    "fills /dev/shm": (
        attack(
            "for n in range(9):\n    with open(f'/dev/shm/x{n}', 'wb') as file:\n        for _ in range(60): file.write(b'x' * (1 << 20))\nreturn True"
        ),
        0,
        "blocked",
    ),
    "uses up inodes": (
        attack(
            "import os\nfor n in range(20_000): os.close(os.open(f'/tmp/{n}', os.O_CREAT))\nreturn True"
        ),
        0,
        "blocked",
    ),
    "memory without a file": (
        attack("import os\nos.write(os.memfd_create('x'), b'x' * (64 << 20))\nreturn True"),
        0,
        "blocked",
    ),
    "memory that stays when it is let go of": (
        attack("import ctypes\nreturn ctypes.CDLL(None).shmget(0, 64 << 20, 0o1600) >= 0"),
        0,
        "blocked",
    ),
    "keys that outlive it": (
        attack("import ctypes\nreturn ctypes.CDLL(None).syscall(248, b'user', b'a', b'b', 1, -5) > 0"),
        0,
        "blocked",
    ),
    "os._exit": (instead("import os\nos._exit(0)"), 0, "process ended .exit status 0"),
    "os._exit with our own status": (instead("import os\nos._exit(97)"), 0, "process ended"),
    "sys.exit": (instead("raise SystemExit(0)"), 0, "SystemExit"),
    "an exception of its own kind": (
        instead("class Odd(BaseException):\n    def __str__(self): raise self\nraise Odd"),
        0,
        "raised Odd",
    ),
    "kills its parent": (
        attack(
            "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)\nreturn True"
        ),
        0,
        "blocked",
    ),
    "kills all that it can": (
        instead(
            "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGKILL)"
        ),
        0,
        "process ended|ProcessLookupError",
    ),
    "ptrace": (
        attack("import ctypes\nreturn ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0"),
        0,
        "blocked",
    ),
    "reads another process's memory": (
        attack(
            "import ctypes\nlib = ctypes.CDLL(None, use_errno=True)\nlib.process_vm_readv(1, None, 0, None, 0, 0)\nreturn ctypes.get_errno() != 1"
        ),
        0,
        "blocked",
    ),
    "inotify": (
        attack("import ctypes\nreturn ctypes.CDLL(None).inotify_init() >= 0"),
        0,
        "blocked",
    ),
    "a second user namespace": (
        attack("import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000) == 0"),
        0,
        "blocked",
    ),
    "a second user namespace by clone": (
        attack(
            "import ctypes\nreturn ctypes.CDLL(None).syscall(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0"
        ),
        0,
        "blocked",
    ),
    "mounts": (
        attack(
            "import ctypes\nreturn ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0"
        ),
        0,
        "blocked",
    ),
    "TIOCSTI": (
        attack("import os, fcntl\nfcntl.ioctl(os.openpty()[1], 0x5412, b'x')\nreturn True"),
        0,
        "blocked",
    ),
    "the terminal": (attack("return open('/dev/tty', 'w')"), 0, "blocked"),
    "a FIFO": (attack("import os\nos.mkfifo('/tmp/fifo')\nreturn True"), 0, "blocked"),
    "a device": (
        attack(
            "import os, stat\nos.mknod('/tmp/disk', stat.S_IFBLK | 0o600, os.makedev(254, 0))\nreturn open('/tmp/disk', 'rb').read(1)"
        ),
        0,
        "blocked",
    ),
    "a symlink to what is hidden": (
        attack(
            "import os\nos.symlink('/etc/shadow', '/tmp/link')\nreturn open('/tmp/link').read()"
        ),
        0,
        "blocked",
    ),
    "becomes root": (attack("import os\nos.setuid(0)\nreturn True"), 0, "blocked"),
    "lifts its limits": (
        attack("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nreturn True"),
        0,
        "blocked",
    ),
    "changes the worker": (
        attack("import labs.grading.worker as w\nopen(w.__file__, 'a').write('x')\nreturn True"),
        0,
        "blocked",
    ),
    "the network": (
        attack("import socket\nreturn socket.create_connection(('127.0.0.1', PORT), 1)"),
        0,
        "blocked",
    ),
    "sockets of other kinds": (
        attack(
            "import socket\nfor family in (16, 17, 38, 40):\n    try: return socket.socket(family, socket.SOCK_DGRAM)\n    except OSError: pass"
        ),
        0,
        "blocked",
    ),
    "/proc/1": (
        attack(
            "found = b''\nfor pid in (1, 2, 'self'):\n    for name in ('environ', 'cmdline'):\n        try: found += open(f'/proc/{pid}/{name}', 'rb').read()\n        except OSError: pass\nreturn b'CANARY' in found"
        ),
        0,
        "blocked",
    ),
    "/etc and the home": (
        attack(
            "import os\nfor path in ('/etc/shadow', '/root/.bashrc', '/root/.ssh', '/home', '/var', '/work'):\n    if os.path.exists(path): return True"
        ),
        0,
        "blocked",
    ),
    "looks for the checks and for others": (
        attack(
            "import os\nfor place, folders, files in os.walk('/'):\n    if place.startswith(('/usr', '/proc', '/sys', '/course/python', '/root/.pyenv')):\n        folders[:] = []\n        continue\n    if {'reference.py', 'CANARY', 'L6.npz', 'journal.jsonl'} & set(files): return True"
        ),
        0,
        "blocked",
    ),
    "walks through the garbage collector": (
        attack(
            "import gc\nfor each in gc.get_objects():\n    if type(each).__name__ == 'Case' or isinstance(each, dict) and 'right' in each and 'mistakes' in each: return True"
        ),
        0,
        "blocked",
    ),
    "looks up the stack": (
        attack(
            "import sys\nframe = sys._getframe()\nwhile frame:\n    if {'right', 'cases', 'expected', 'seed'} & set(frame.f_locals): return True\n    frame = frame.f_back"
        ),
        0,
        "blocked",
    ),
    "an npz bomb": (
        OUT
        + instead(
            "import io, os, zipfile\nfile = io.BytesIO()\nwith zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('tree.json', b' ' * (200 << 20))\ndata = file.getvalue()\nos.write(OUT, len(data).to_bytes(8, 'little') + data)\nimport time; time.sleep(9)",
            False,
        ),
        0,
        "cannot be read|did not end",
    ),
    "a pickle": (
        OUT
        + instead(
            "import os, pickle\ndata = pickle.dumps({'value': [0]})\nos.write(OUT, len(data).to_bytes(8, 'little') + data)\nimport time; time.sleep(9)",
            False,
        ),
        0,
        "cannot be read",
    ),
    "an endless answer": (
        OUT
        + instead(
            "import os\nos.write(OUT, (1 << 62).to_bytes(8, 'little'))\nwhile True: os.write(OUT, b'x' * 65536)",
            False,
        ),
        0,
        "larger than",
    ),
    "two answers": (
        OUT
        + instead(
            "import os\nfrom labs.grading import values\ndata = values.to_bytes({'value': [0]})\nos.write(OUT, (len(data).to_bytes(8, 'little') + data) * 2)\nreturn [0]"
        ),
        0,
        "more came than one|expected",
    ),
    "forged results": (
        OUT
        + instead(
            "import os\nfrom labs.grading import values\ndata = values.to_bytes({'earned': 10, 'points': 10, 'rungs': [], 'state': 'passed'})\nos.write(OUT, len(data).to_bytes(8, 'little') + data)\nimport time; time.sleep(1)",
            False,
        ),
        0,
        "expected|no answer",
    ),
    "forged from the child of a fork": (
        OUT
        + instead(
            "import os\nif os.fork() == 0:\n    os.write(OUT, b'x' * 100)\n    os._exit(0)\nos.wait()\nreturn [0]"
        ),
        0,
        "larger|cannot be read|more came",
    ),
    "an answer of 100 MB": (instead("return 'x' * (100 << 20)", False), 0, "handed over|larger"),
    "an answer that contains itself": (instead("x.append(x)\nreturn x"), 0, "nested|changes"),
    "changes its arguments": (
        instead("x[:] = [2 * i for i in x]\nreturn x"),
        0,
        "changes its arguments",
    ),
    "NaN": (instead("return [float('nan')] * len(x)"), 0, "expected"),
    "equal to everything": (
        instead(
            "class Liar(int):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    __hash__ = None\nreturn [Liar(7) for _ in x]"
        ),
        0,
        "expected",
    ),
    "an object of its own": (
        instead(
            "class Liar:\n    def __eq__(self, other): return True\n    def __len__(self): return 9\nreturn Liar()"
        ),
        0,
        "handed over",
    ),
    "lists that double themselves": (
        instead("y = x\nfor _ in range(40): y = [y, y]\nreturn y", False),
        0,
        "memory|did not end within|larger|handed over",
    ),
    "a tensor that is none": (
        "class T:\n    def detach(self): return self\n    cpu = detach\n"
        "    def numpy(self): return self\n    def __eq__(self, o): return True\n"
        "    __hash__ = None\n    ndim, shape, size = 1, (3,), 3\n\n\n"
        + instead("return T()"),
        0,
        "handed over",
    ),
    "numbers with too many digits": (instead("return [10 ** 5000] * len(x)"), 0, "handed over|expected"),
    "an array with no end of nothing": (
        instead("import numpy\nreturn numpy.zeros((2**30, 0), 'int64')"),
        0,
        "cannot be read",
    ),
    "words that are markup": (
        instead("raise ValueError('</td><script>alert(1)</script>')"),
        0,
        "script",
    ),
    "patched comparisons": (
        "import builtins\nimport numpy\nimport numpy.testing\nimport operator\n\nnumpy.testing.assert_allclose = numpy.allclose = operator.eq = lambda *a, **b: True\nbuiltins.abs = lambda x: 0\n"
        + instead("numpy, operator, builtins\nreturn [0 for _ in x]"),
        0,
        "expected",
    ),
    "modules replaced": (
        instead(
            "import sys, types\nfor name in [each for each in sys.modules if each.startswith('labs')]:\n    sys.modules[name] = types.ModuleType(name)\nreturn [0 for _ in x]"
        ),
        0,
        "expected|handed over",
    ),
    "the worker's own writer replaced": (
        instead(
            "from labs.grading import values\nvalues.to_bytes = lambda value, limit=0: b'all right'\nreturn [0]"
        ),
        0,
        "cannot be read|changes",
    ),
    "plays the worker while it is loaded": (
        "import os, sys\nsys.path.insert(0, '/course')\nfrom labs.grading import values, worker\n"
        "for said in ({'imports': ['x']}, {'broken': 'x'}):\n"
        "    worker.write(int(sys.argv[-1]), values.to_bytes(said))\n"
        "def double(x): return x\nhalf = double\n",
        0,
        "more came|there is no|expected|no answer|cannot be read",
    ),
    "fake scores printed": (
        instead("print('L0 probe: 10 of 10 points', '##' * 9, flush=True)\nreturn [0]"),
        0,
        "expected",
    ),
    "100 MB of output": (
        "import os\n"
        + RIGHT.replace(
            "    return [2", "    for _ in range(1600): os.write(1, b'x' * 65536)\n    return [2"
        ),
        10,
        "",
    ),
    "invalid UTF-8": (
        "import os\n"
        + RIGHT.replace("    return [2", "    os.write(2, b'\\xff\\xfe\\x80' * 99)\n    return [2"),
        10,
        "",
    ),
    "segfault": (instead("import ctypes\nctypes.string_at(0)"), 0, "segmentation fault"),
    "closes all descriptors": (
        instead("import os\nos.closerange(0, 250)\nreturn [0]"),
        0,
        "process ended|did not end",
    ),
    "code nested beyond all depth": (
        "def double(x):\n    return " + "(" * 5000 + "x" + ")" * 5000 + "\n",
        0,
        "there is no|process ended",
    ),
    "a million nested lists": (
        instead("y = []\nfor _ in range(10**5): y = [y]\nreturn y"),
        0,
        "nested",
    ),
    "threads that never end": (
        "import threading\nimport time\n\n\ndef forever():\n    while True: time.sleep(1)\n\n\n"
        + RIGHT.replace(
            "    return [2", "    threading.Thread(target=forever).start()\n    return [2"
        ),
        10,
        "",
    ),
}
