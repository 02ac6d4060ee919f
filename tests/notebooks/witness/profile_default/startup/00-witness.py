"""In the kernel: write down every cell that ran to its end without an error, and where labs came from.

Read by `sealed.proof`. Without LABS_WITNESS in the environment it does nothing.
"""
import hashlib
import os
import sys


def witness(result):
    if result.success and not result.info.silent:
        labs = getattr(sys.modules.get("labs"), "__file__", None) or "-"
        with open(os.path.join(os.environ["LABS_WITNESS"], f"{os.getpid()}.txt"), "a", encoding="utf-8") as log:
            log.write(hashlib.sha256(result.info.raw_cell.strip().encode()).hexdigest() + " " + labs + "\n")


if "LABS_WITNESS" in os.environ:
    get_ipython().events.register("post_run_cell", witness)     # noqa: F821
