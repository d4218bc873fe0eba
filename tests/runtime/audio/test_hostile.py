"""Audio from strangers: what headers claim costs nothing, tags of 100 MB are passed over, what cannot be is refused."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from genrekit.runtime.audio import open_file, open_pcm
from genrekit.runtime.errors import AudioError, ParameterError

RATE = 22050
SAMPLES = 3 * RATE
TAG = 100 << 20
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(SAMPLES) / RATE)
MOST_BYTES = 160 << 20  # more than without the file: a tag that must be skipped may be read once

READ = """
import json, resource, sys
import numpy, soundfile, soxr
from genrekit.runtime.audio import open_file
from genrekit.runtime.errors import GenrekitError
for path in sys.argv[1:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    samples, problem, cut = 0, None, None
    try:
        source = open_file(path, 22050)
        samples = sum(map(len, source))
        cut = source.faults.cut_short
    except GenrekitError as error:
        problem = str(error)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps([samples, problem, cut, 1024 * more]))
"""


def encoded(file_format, subtype=None, samples=TONE, rate=RATE):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=file_format, subtype=subtype)
    return file.getvalue()


def patched(data, at, value):
    """`data` with `value` behind the sign `at` (and an offset), or at an offset."""
    sign, offset = at if isinstance(at, tuple) else (b"", at)
    begin = (data.rindex(sign) if sign else 0) + offset
    return data[:begin] + value + data[begin + len(value) :]


def sparse(path, before, size, after):
    """A file with `size` zeros in its middle, which take no room."""
    with path.open("wb") as file:
        file.write(before)
        file.seek(size, io.SEEK_CUR)
        file.write(after)


def synchsafe(size):
    return bytes(size >> shift & 127 for shift in (21, 14, 7, 0))


def flac_with_comments(data):
    """`data` with 16 MB of comments before its audio."""
    size = 0xFFFFF0
    comment = struct.pack("<I", 4) + b"test" + struct.pack("<II", 1, size - 16) + bytes(size - 16)
    end = 4 + 38  # of the one block that must be there
    return data[:4] + bytes([data[4] & 127]) + data[5:end] + b"\x04" + size.to_bytes(3, "big") + comment + data[end:]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile-audio")
    wav, aiff, flac, ogg, mp3 = map(encoded, ("WAV", "AIFF", "FLAC", "OGG", "MP3"))
    most = b"\xff\xff\xff\x7f"
    claims = {
        "claims.wav": patched(patched(wav, 4, most), (b"data", 4), most),
        "claims.aiff": patched(patched(aiff, (b"COMM", 10), most[::-1]), (b"SSND", 4), most[::-1]),
        "claims.flac": patched(flac, 18, bytes([*flac[18:21], flac[21] | 15, 255, 255, 255, 255])),
        "claims.mp3": patched(mp3, (b"Xing" if b"Xing" in mp3 else b"Info", 8), most[::-1]),
        "claims.ogg": patched(ogg, (b"OggS", 6), (1 << 40).to_bytes(8, "little")),
        "claims.opus": patched(
            encoded("OGG", "OPUS", TONE[:48_000], 48_000), (b"OggS", 6), (1 << 40).to_bytes(8, "little")
        ),
    }
    cut = {f"cut.{name}": data[: len(data) * 6 // 10] for name, data in (("wav", wav), ("flac", flac), ("mp3", mp3))}
    for name, data in (claims | cut | {"comments.flac": flac_with_comments(flac)}).items():
        (folder / name).write_bytes(data)
    sparse(folder / "tag.mp3", b"ID3\4\0\0" + synchsafe(TAG), TAG, mp3)
    sparse(folder / "behind.mp3", mp3, TAG, b"")
    chunk = b"LIST" + struct.pack("<I", TAG)
    sparse(folder / "tag.wav", b"RIFF" + struct.pack("<I", len(wav) + TAG) + wav[8:36] + chunk, TAG, wav[36:])
    return folder


@pytest.fixture(scope="module")
def read(files):
    """Name of a file -> samples, the error, whether it is cut short, and bytes of memory that reading it took."""
    paths = sorted(files.iterdir())
    command = [sys.executable, "-c", READ, *map(str, paths)]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()
    return dict(zip([path.name for path in paths], map(json.loads, lines), strict=True))


@pytest.mark.parametrize("kind", ["wav", "aiff", "flac", "mp3", "ogg", "opus"])
def test_what_a_header_claims_is_not_believed(read, kind):
    samples, problem, _, more = read[f"claims.{kind}"]
    assert problem or 0 < samples < 2 * SAMPLES
    assert more < MOST_BYTES


@pytest.mark.parametrize("name", ["tag.mp3", "behind.mp3", "tag.wav", "comments.flac"])
def test_tags_of_a_hundred_megabytes_are_passed_over(read, name):
    samples, problem, _, more = read[name]
    assert problem is None
    assert samples == pytest.approx(SAMPLES, rel=0.05)
    assert more < MOST_BYTES


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
def test_a_file_that_ends_in_the_middle_is_read_so_far(read, kind):
    samples, problem, cut, _ = read[f"cut.{kind}"]
    assert problem is None
    assert cut
    assert 0 < samples < SAMPLES


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encoded("WAV", rate=999), "1000 to 768000 Hz, received channels=1, rate=999"),
        (encoded("WAV", rate=1), "received channels=1, rate=1"),
        (encoded("WAV", samples=np.zeros((100, 65))), "expected 1 to 64 channels .* received channels=65"),
        (encoded("WAV", samples=np.zeros((100, 255))), "channels=255"),
        (patched(encoded("WAV"), 24, bytes(4)), "damaged"),
        (patched(encoded("WAV"), 22, bytes(2)), "damaged"),
        (patched(encoded("AIFF"), (b"COMM", 16), bytes(10)), "damaged|rate="),
    ],
)
def test_rates_and_channels_that_no_audio_has_are_refused(tmp_path, data, words):
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(AudioError, match=words):
        open_file(tmp_path / "x.wav", RATE)
    if data.startswith(b"RIFF"):
        with pytest.raises(AudioError, match="channels at 1000 to 768000 Hz"):
            open_pcm(io.BytesIO(data), None, None, None, RATE)


def test_many_channels_at_a_high_rate_come_in_small_blocks(tmp_path):
    path = tmp_path / "wide.wav"
    soundfile.write(path, np.zeros((100_000, 64), np.float32), 768_000, subtype="PCM_U8")
    assert max(block.size for block in open_file(path, RATE).frames()) <= 1 << 22
    assert sum(map(len, open_file(path, RATE).frames())) == 100_000


@pytest.mark.parametrize("rate", [999, 1, 0, -1])
def test_raw_pcm_at_a_rate_below_a_kilohertz_is_refused(rate):
    with pytest.raises(ParameterError, match=f"source_rate={rate}: expected 1000 to 768000 Hz"):
        open_pcm(io.BytesIO(bytes(100)), rate, 1, None, RATE)


def test_the_wave_of_one_hertz_that_was_found(shared_data):
    with pytest.raises(AudioError, match="rate=1"):
        open_file(shared_data / "hostile" / "rate1.wav", RATE)
