"""What lies in memory: which pages of a file, and which file is behind an address (Linux)."""
import ctypes
import mmap
import os
import re
from pathlib import Path

import numpy as np


def drop(path):
    """Ask the system to forget a file's pages, so that the next reading comes from the disk; say whether it did."""
    if not hasattr(os, "posix_fadvise"):
        return False
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return resident(path) < 0.02


def resident(path):
    """The share of a file's pages that lie in memory, asked of the system by mincore; nan where it does not tell."""
    size = os.path.getsize(path)
    if not size:
        return 0.0
    pages = -(-size // mmap.PAGESIZE)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        here, seen = np.frombuffer(mapped, np.uint8), np.empty(pages, np.uint8)
        address = here.ctypes.data
        del here
        try:
            failed = ctypes.CDLL(None, use_errno=True).mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), seen.ctypes.data_as(ctypes.c_void_p))
        except (AttributeError, OSError):
            return float("nan")
        return float("nan") if failed else float((seen & 1).mean())


def file_behind(address):
    """The file that is mapped at an address of this process, or None: what was copied is in no file."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return None
    for line in maps.read_text().splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)", line)
        if int(found[1], 16) <= address < int(found[2], 16):
            return found[3] if found[3].startswith("/") else None
    return None
