"""What lies in memory: how much of a mapped file this process holds, and which file is behind an address (Linux)."""
import os
import re
from pathlib import Path

MAPS, SMAPS, STATUS = Path("/proc/self/maps"), Path("/proc/self/smaps"), Path("/proc/self/status")


def known():
    """Does this system tell what stands behind an address?"""
    return MAPS.exists() and SMAPS.exists()


def file_behind(address):
    """The file that is mapped at an address of this process, or None: what was copied is in no file."""
    for line in MAPS.read_text().splitlines() if MAPS.exists() else ():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)", line)
        if found and int(found[1], 16) <= address < int(found[2], 16):
            return found[3] if found[3].startswith("/") else None
    return None


def is_behind(path, address):
    """Do the bytes at an address belong to this file?"""
    return file_behind(address) == str(Path(path).resolve())


def held(path):
    """Bytes of a mapped file that this process holds in memory at present, and bytes that it has mapped."""
    resident = mapped = 0
    inside = False
    for line in SMAPS.read_text().splitlines() if SMAPS.exists() else ():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.endswith(str(Path(path).resolve()))
        elif inside and line.startswith("Size:"):
            mapped += 1024 * int(line.split()[1])
        elif inside and line.startswith("Rss:"):
            resident += 1024 * int(line.split()[1])
    return resident, mapped


def own():
    """Bytes of memory that belong to no file: what Python and its libraries have allocated."""
    for line in STATUS.read_text().splitlines() if STATUS.exists() else ():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    return 0


def drop(path):
    """Ask the system to forget a file's pages, so that the next use reads it again."""
    if hasattr(os, "posix_fadvise"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
