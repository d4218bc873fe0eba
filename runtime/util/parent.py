"""Processes that do not outlive the one that they work for."""

from __future__ import annotations

import os
import threading
import time

INTERVAL_S = 0.5


def end_with(parent: int) -> None:
    """Have this process, a child of process `parent`, end soon after it, however that ends: at once where it has.

    A thread watches: the kernel's own way (PR_SET_PDEATHSIG) means the parent's thread, which may end long before.
    Windows keeps the number of a parent that has ended, so that there nothing is noticed.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL_S)
    os._exit(1)
