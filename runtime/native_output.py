"""Holds back what C++ libraries print on standard error: they greet there, and offer no option to be silent."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

STANDARD_ERROR = 2  # the file descriptor


@contextlib.contextmanager
def held_back() -> Iterator[Callable[[], str]]:
    """Swallow what is written to standard error while the block runs; print it after all when the block raises.

    Yields a function that returns what was written so far. It acts on the file descriptor, so also on Python and on
    other threads: keep the block short.
    """
    original = os.dup(STANDARD_ERROR)
    try:
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), STANDARD_ERROR)
            try:
                yield lambda: _content(held)
            except BaseException:
                os.write(original, _content(held).encode())
                raise
            finally:
                os.dup2(original, STANDARD_ERROR)
    finally:
        os.close(original)


def _content(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
