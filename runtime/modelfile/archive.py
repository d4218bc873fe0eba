"""Zip archives from outside: opened only where they are modest, so that none fills the memory or names a path."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

MAX_DIRECTORY = 256 * 2**10  # bytes; zipfile would make an object of some hundred bytes for every 46 of them
MAX_ENTRIES = 1000
MAX_ENTRY = 512 * 2**20  # bytes, unpacked, of one entry and of all
MAX_RATIO = 200  # unpacked bytes for each packed one
END, LOCATOR_64 = b"PK\5\6", b"PK\6\7"  # signatures
END_BYTES, LOCATOR_64_BYTES, LONGEST_COMMENT = 22, 20, 2**16
ENCRYPTED = 1


class UnsafeArchiveError(ValueError):
    """An archive that is not opened; the message says why."""


def opened(file: BinaryIO) -> zipfile.ZipFile:
    """The archive in `file`, read to its directory; raises BadZipFile where there is none, or UnsafeArchiveError."""
    _require_small_directory(file)
    archive = zipfile.ZipFile(file)
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise UnsafeArchiveError(f"{len(entries)} entries in its zip")
    if len({entry.filename for entry in entries}) < len(entries):
        raise UnsafeArchiveError("two entries of one name in its zip")
    if sum(entry.file_size for entry in entries) > MAX_ENTRY:
        raise UnsafeArchiveError(f"a zip of more than {MAX_ENTRY} bytes unpacked")
    for entry in entries:
        _require_modest(entry)
    return archive


def require_sound(path: Path) -> None:
    """Raise UnsafeArchiveError where `path` is no archive, or one that is not to be unpacked."""
    try:
        with path.open("rb") as file, opened(file):
            pass
    except UnsafeArchiveError:
        raise
    except Exception as error:  # of a damaged archive zipfile raises whatever its parts raise
        raise UnsafeArchiveError("a damaged or another file") from error


def _require_small_directory(file: BinaryIO) -> None:
    """Before zipfile reads it whole; the record at the end is looked for as zipfile does."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - LOCATOR_64_BYTES - END_BYTES - LONGEST_COMMENT))
    tail = file.read()
    without_comment = len(tail) - END_BYTES
    position = without_comment if tail.startswith(END, max(0, without_comment)) else tail.rfind(END)
    if position < 0 or position > without_comment:
        raise zipfile.BadZipFile("no end record")
    if tail.startswith(LOCATOR_64, max(0, position - LOCATOR_64_BYTES)):
        raise UnsafeArchiveError("a zip of the 64-bit form")
    if struct.unpack_from("<I", tail, position + 12)[0] > MAX_DIRECTORY:
        raise UnsafeArchiveError(f"a zip directory of more than {MAX_DIRECTORY} bytes")


def _require_modest(entry: zipfile.ZipInfo) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise UnsafeArchiveError(f"a zip entry with a path of its own, {entry.filename[:80]!r}")
    # Other ways to pack may ask for any memory to unpack.
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsafeArchiveError("a zip entry that is encrypted or packed in an unusual way")
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise UnsafeArchiveError(f"a zip entry that unpacks to over {MAX_RATIO} times its size")
