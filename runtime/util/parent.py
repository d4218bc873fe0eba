"""Processes that do not outlive the one that they work for."""

from __future__ import annotations

import functools
import os
import threading
import time

INTERVAL_S = 0.5


@functools.cache
def end_with(parent: int) -> None:
    """Have this process end soon after process `parent`, however that ends; nothing where it is not its child.

    A thread watches: the kernel's own way (PR_SET_PDEATHSIG) means the parent's thread, which may end long before.
    Windows keeps the number of a parent that has ended, so that there nothing is noticed.
    """
    if os.getppid() == parent:
        threading.Thread(target=_watch, args=(parent,), name="genrekit-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL_S)
    os._exit(1)
