"""Audio files that are made of chunks: WAV in its kinds, AIFF, CAF."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal, Protocol

MAX_CHUNKS = 1000  # before the audio; more have no file that means well


class Source(Protocol):
    """Bytes that are read from front to back, such as a file opened for reading."""

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes; fewer where there are no more."""

    def seek(self, offset: int, /) -> int:
        """Go on to a byte that was not read yet."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a kind of file is cut into chunks, each an id, a size and a body.

    Attributes:
        byteorder: of its numbers.
        form: offset and bytes of the size of the whole; None where there is none.
        form_excess: by how much the file is larger than that size.
        start: where the first chunk begins, in bytes.
        id_bytes, size_bytes: of each chunk's header.
        includes_header: whether a chunk's size counts that header.
        alignment: bytes of which each chunk fills a multiple.
        audio: how the id of the chunk with the audio begins.
        preamble: bytes in that chunk before the audio.
    """

    byteorder: Literal["little", "big"]
    form: tuple[int, int] | None = (4, 4)
    form_excess: int = 8
    start: int = 12
    id_bytes: int = 4
    size_bytes: int = 4
    includes_header: bool = False
    alignment: int = 2
    audio: bytes = b"data"
    preamble: int = 0

    @property
    def header_bytes(self) -> int:
        """Of a chunk, before its body."""
        return self.id_bytes + self.size_bytes


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A chunk whose body begins at byte `begin` and has `size` bytes, as its header says."""

    id: bytes
    begin: int
    size: int


_RIFF = Layout("little")
_AIFF = Layout("big", audio=b"SSND", preamble=8)


def layout_of(head: bytes) -> Layout | None:
    """The layout of a file that begins with `head`, 16 bytes; None where it is not made of chunks that are known."""
    if head[8:12] == b"WAVE":
        return {b"RIFF": _RIFF, b"RF64": _RIFF, b"RIFX": Layout("big")}.get(head[:4])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _AIFF
    if head.startswith(b"riff\x2e\x91\xcf\x11"):  # W64
        return Layout("little", (16, 8), 0, start=40, id_bytes=16, size_bytes=8, includes_header=True, alignment=8)
    if head.startswith(b"caff"):
        return Layout("big", None, start=8, size_bytes=8, alignment=1, preamble=4)
    return None


def chunks(source: Source, layout: Layout) -> Iterator[Chunk]:
    """The chunks up to the one with the audio; `source` is at the beginning of its body while a chunk is looked at."""
    position = layout.start
    for _ in range(MAX_CHUNKS):
        source.seek(position)
        header = source.read(layout.header_bytes)
        if len(header) < layout.header_bytes:
            return
        begin = position + layout.header_bytes
        size = int.from_bytes(header[layout.id_bytes :], layout.byteorder)
        chunk = Chunk(header[: layout.id_bytes], begin, max(0, size - layout.header_bytes * layout.includes_header))
        yield chunk
        if chunk.id.startswith(layout.audio):
            return
        position = begin + -(-chunk.size // layout.alignment) * layout.alignment
