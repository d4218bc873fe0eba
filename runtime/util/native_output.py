"""Holds back what C++ libraries print: they greet on standard error, and offer no option to be silent."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2  # file descriptors


def discard_native_output() -> None:
    """From now on only Python's own streams reach standard output and standard error, until the process ends.

    What native code, or a process started from here, writes to the file descriptors goes nowhere.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for name, descriptor in (("stdout", STANDARD_OUTPUT), ("stderr", STANDARD_ERROR)):
        if (stream := getattr(sys, name)) is None:  # closed by whoever started the process
            continue
        stream.flush()
        kept = io.TextIOWrapper(
            open(os.dup(descriptor), "wb"),  # noqa: SIM115 (kept open to the end)
            stream.encoding,
            stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, kept)
        setattr(sys, f"__{name}__", kept)  # where libraries look for the terminal's width
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


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
