"""What the first bytes of audio say of it, and libsndfile of a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

# Lines of libsndfile's account of a file. The first kind is of the sizes of WAV, AIFF and their kin: promised, found.
_SIZES = re.compile(r"\s*(?:RIFF|riff|Riff size|FORM|data|SSND|BODY|Data Size)\s*: (\d+) \(should be (\d+)\)")
_ENDS_EARLY = re.compile(
    r"Ogg ?: (?:Last page lacks an end-of-stream bit|Junk after the last page)\."
    r"|Seems to be a truncated file|\*\*\* File seems to be truncated"
)
_SIGNS = (
    (0, b"RIFF", "WAV"), (0, b"RIFX", "WAV"), (0, b"RF64", "WAV"), (0, b"riff\x2e\x91\xcf\x11", "W64"),
    (0, b"FORM", "AIFF"), (0, b".snd", "AU"), (0, b"caff", "CAF"), (0, b"fLaC", "FLAC"), (0, b"OggS", "Ogg"),
    (0, b"ID3", "MP3"), (4, b"ftyp", "MP4"), (0, b"\x1a\x45\xdf\xa3", "Matroska"), (0, b"\x30\x26\xb2\x75", "WMA"),
    (0, b"wvpk", "WavPack"), (0, b"MAC ", "Monkey's Audio"), (0, b"#!AMR", "AMR"), (0, b"ADIF", "AAC"),
)  # fmt: skip
SIGN_BYTES = 12  # that suffice for each of them
_MPEG_RATES = (44100, 48000, 32000)  # Hz, of version 1
_MPEG_KBITS = {  # (of version 1, layer) -> kbit/s
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def container(head: bytes) -> str | None:
    """The name of the format that begins with `head`, its first `SIGN_BYTES`; None for raw PCM and what is not known.

    What begins at once with frames, `begins_with_frames` knows.
    """
    return next((name for offset, sign, name in _SIGNS if head.startswith(sign, offset)), None)


def begins_with_frames(peek: Callable[[int], bytes]) -> str | None:
    """MP3 or AAC where two of its frames follow each other: the sync word alone may as well be a sample of PCM.

    Args:
        peek: gives the first bytes, as many as are asked for.
    """
    head = peek(7)
    kinds = (("MP3", _mpeg_frame_bytes, b"\xff\xfe\x0c"), ("AAC", _adts_frame_bytes, b"\xff\xff\xfc"))
    for name, frame_bytes, fixed in kinds:
        size = frame_bytes(head)
        following = peek(size + 7)[size:] if size else b""
        if frame_bytes(following) and not any((head[i] ^ following[i]) & fixed[i] for i in range(3)):
            return name
    return None


def _mpeg_frame_bytes(header: bytes) -> int:
    """The length of the MPEG audio frame that begins with `header`; 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] < 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)  # versions: 3 is 1, 2 is 2, 0 is 2.5
    kbits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or kbits in (0, 15) or rate == 3:
        return 0
    bits = 1000 * _MPEG_KBITS[version == 3, layer][kbits - 1]
    hz = _MPEG_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    padding = header[2] >> 1 & 1
    if layer == 1:
        return (12 * bits // hz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hz + padding


def _adts_frame_bytes(header: bytes) -> int:
    """The same of AAC."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0


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
            head = file.read(SIGN_BYTES)
    except OSError as error:
        return f"one that cannot be opened ({error.strerror}); check who may read it"
    name = container(head) or ("MP3" if head.startswith(b"\xff") else None)
    if name:
        return (
            f"one that begins as {name} but is damaged, cut short or in an encoding that it does not know; copy it "
            "again, or convert it, e.g. with ffmpeg"
        )
    return "something else; convert it, e.g. with ffmpeg"
