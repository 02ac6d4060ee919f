"""What goes wrong, made to happen safely: errors as words, a full disk and a forbidden write in a process of their own."""
import os
import subprocess
import sys

FULL = """
import resource, sys, datasets
from datasets import load_dataset
datasets.disable_progress_bars()
datasets.logging.set_verbosity(datasets.logging.CRITICAL)
def load(where):
    return load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2] + where)
mapped = load("/map")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)     # no file of this process grows beyond
for call in (lambda: load("/load"), lambda: mapped.map(lambda row: {"twice": row["i"] * 2}, writer_batch_size=100)):
    try:
        print("done", len(call()))
    except Exception as error:
        print(type(error.__cause__ or error).__name__, error.__cause__ or error)
"""
WRITE = """
import pyarrow as pa, torch
with pa.OSFile({path!r}, "wb") as sink, pa.ipc.new_stream(sink, pa.schema([("i", pa.int64())])) as writer:
    writer.write(pa.record_batch({{"i": pa.array([1, 2, 3])}}))
column = pa.ipc.open_stream(pa.memory_map({path!r})).read_next_batch().column("i")
tensor = torch.from_dlpack(column)
print(int(tensor[0]), flush=True)
tensor[0] = 5
print("written", flush=True)
"""


def says(call):
    """What a call gives, as text; or its error: of several, the one that began it."""
    try:
        return str(call())
    except Exception as error:
        while type(error).__name__.startswith("DatasetGeneration") and error.__cause__ is not None:
            error = error.__cause__
        return f"{type(error).__name__}: {' '.join(str(error).split())}"


def child(code, *arguments):
    """Run code in a new process: (how it ended, the lines that it printed)."""
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=os.environ | {"OMP_NUM_THREADS": "1"},
                          capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout.splitlines()


def left_over(folder):
    """Files of a cache that are neither data nor locks: (name, bytes)."""
    return sorted((path.name, path.stat().st_size) for path in folder.rglob("*")
                  if path.is_file() and path.suffix not in (".lock", ".json", ".arrow"))
