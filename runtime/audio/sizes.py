"""Sizes in the headers of files that are wrong: a recorder was killed before it wrote them, or the end is missing."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .chunks import Chunk, Layout, chunks, layout_of

PLACEHOLDER_SPREAD = (
    4096  # from 2^31 and 2^32: what stands for an unknown size is rounded to blocks, or leaves headers out
)
LONG_TAIL = 65536  # bytes behind the audio that are no chunk, nor anything else that is put there
_TAILS = (b"TAG", b"ID3", b"APETAGEX", b"LIST", b"id3 ", b"bext", b"cue ", b"fact")


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Where the sizes of a file are wrong.

    Attributes:
        corrections: the bytes that are to stand at an offset instead.
        cut_short: whether the end of the audio is missing, or may be.
        length_unknown: whether that is because the header does not say how long the audio is.
    """

    corrections: Mapping[int, bytes] = dataclasses.field(default_factory=dict)
    cut_short: bool = False
    length_unknown: bool = False


def is_placeholder(size: int) -> bool:
    """Whether a size is one that is written where it is not known: nothing, or the most that the field can hold."""
    return size == 0 or size >= 2**62 or any(abs(size - 2**bits) <= PLACEHOLDER_SPREAD for bits in (31, 32))


def check_sizes(file: BinaryIO) -> Sizes:
    """Of a file of any kind, compare what its header says with what it holds; of most kinds nothing is known here."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    layout = layout_of(file.read(16))
    if not layout:
        return Sizes()
    found = {chunk.id[:4]: chunk for chunk in chunks(file, layout)}
    audio, wide = found.get(layout.audio), found.get(b"ds64")
    if not audio:
        return Sizes()
    size = audio.size
    if wide and size == 0xFFFFFFFF:
        file.seek(wide.begin + 8)
        size = int.from_bytes(file.read(8), "little")
    held = length - audio.begin
    if size > held + 1:  # + 1: some leave out the byte that makes a size even
        return Sizes(_corrections(layout, audio, wide, held, length), True, is_placeholder(size))
    if _goes_on(file, layout, audio.begin + size, length, size):
        return Sizes(_corrections(layout, audio, wide, held, length), True, True)
    if layout.form and not audio.begin + size <= _form_end(file, layout) <= length:
        return Sizes(_of_form(layout, length))  # only the size of the whole is wrong
    return Sizes()


def _goes_on(file: BinaryIO, layout: Layout, end: int, length: int, size: int) -> bool:
    """Whether behind the `end` of the audio comes neither a chunk nor another file or tag, but more audio."""
    if length - end <= min(size, LONG_TAIL):
        return False
    for begin in (end, end + end % 2):
        file.seek(begin)
        head = file.read(layout.header_bytes)
        following = int.from_bytes(head[layout.id_bytes :], layout.byteorder)
        is_chunk = head[:4].isascii() and head[:4].decode("ascii").isprintable()
        if head.startswith(_TAILS) or (is_chunk and begin + following <= length):
            return False
    return True


def _form_end(file: BinaryIO, layout: Layout) -> int:
    assert layout.form
    offset, width = layout.form
    file.seek(offset)
    return int.from_bytes(file.read(width), layout.byteorder) + layout.form_excess


def _of_form(layout: Layout, length: int) -> dict[int, bytes]:
    if not layout.form:
        return {}
    offset, width = layout.form
    return {offset: _number(length - layout.form_excess, width, layout)}


def _corrections(layout: Layout, audio: Chunk, wide: Chunk | None, held: int, length: int) -> dict[int, bytes]:
    """So that the audio reaches to the end of the file."""
    if wide:
        return {
            audio.begin - 4: b"\xff\xff\xff\xff",
            wide.begin: (length - 8).to_bytes(8, "little") + held.to_bytes(8, "little"),
        }
    size = held + layout.header_bytes * layout.includes_header
    own = {audio.begin - layout.size_bytes: _number(size, layout.size_bytes, layout)}
    return own | _of_form(layout, length)


def _number(value: int, width: int, layout: Layout) -> bytes:
    limit: int = 2 ** (8 * width) - 1
    return min(value, limit).to_bytes(width, layout.byteorder)


class CorrectedFile(io.FileIO):
    """A file that reads as if other bytes stood at some offsets."""

    def __init__(self, path: str | Path, corrections: Mapping[int, bytes]) -> None:
        super().__init__(path)
        self._corrections = corrections

    def readinto(self, buffer: Any) -> int:
        """As of every file."""
        begin = self.tell()
        view = memoryview(buffer).cast("B")
        count = super().readinto(view)
        for offset, correction in self._corrections.items():
            for place, value in enumerate(correction, offset - begin):
                if 0 <= place < count:
                    view[place] = value
        return count
