"""What the first bytes of audio say of it, and libsndfile of a file."""

from __future__ import annotations

import re
from pathlib import Path

# Lines of libsndfile's account of a file. The first kind is of the sizes of WAV, AIFF and their kin: promised, found.
_SIZES = re.compile(r"\s*(?:RIFF|riff|Riff size|FORM|data|SSND|BODY|Data Size)\s*: (\d+) \(should be (\d+)\)")
_ENDS_EARLY = re.compile(
    r"Ogg ?: (?:Last page lacks an end-of-stream bit|Junk after the last page)\."
    r"|Seems to be a truncated file|\*\*\* File seems to be truncated"
)
BEGINNINGS = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"FORM": "AIFF", b"ID3": "MP3", b"\xff": "MP3"}


def reports_a_cut(line: str) -> bool:
    """Whether a line of libsndfile's account says that a file ends before it should."""
    if not (sizes := _SIZES.fullmatch(line)):
        return bool(_ENDS_EARLY.match(line))
    promised, found = map(int, sizes.groups())
    # Whoever writes into a pipe does not know the size, and promises as much as the field, signed or not, holds.
    unknown = promised % 2**31 >= 2**31 - 4096
    return promised > found + 1 and not unknown  # + 1: some leave out the byte that makes a size even


def kind(path: Path) -> str:
    """What a file that libsndfile does not read looks like, and what to do."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
    except OSError as error:
        return f"one that cannot be opened ({error.strerror}); check who may read it"
    for sign, name in BEGINNINGS.items():
        if begin.startswith(sign):
            return (
                f"one that begins as {name} but is damaged, cut short or in an encoding that it does not know; copy it "
                "again, or convert it, e.g. with ffmpeg"
            )
    return "something else; convert it, e.g. with ffmpeg"
