"""A full disk and a file size limit: what was to be written where, how much is free, and what stood there stays."""

from __future__ import annotations

import csv
import os
import re
import resource
import subprocess

import numpy as np
import pytest
import soundfile

from genrekit.runtime.errors import NoRoomError, OutputError
from genrekit.runtime.util.atomic import replacing, write_bytes
from genrekit.runtime.util.room import lacks_room, lacks_room_in, new_mapped

ROOM = 2**20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def limited():
    """No file may be larger than a MiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def by_bytes(path):
    write_bytes(path, bytes(4 * ROOM))


def by_numpy(path):  # which says "requested and written", and no reason
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.zeros(ROOM))


def by_csv(path):
    with replacing(path) as temporary, temporary.open("w") as file:
        csv.writer(file).writerows([["x" * 100]] * 50_000)


def by_libsndfile(path):  # whose errors are no OSErrors
    with replacing(path) as temporary:
        soundfile.write(temporary, np.zeros(4 * ROOM), 22050, format="WAV")


@pytest.mark.parametrize("write", [by_bytes, by_numpy, by_csv, by_libsndfile])
def test_a_full_disk_is_reported_with_what_was_needed(small_disk, write):
    (small_disk / "file").write_text("earlier")
    with pytest.raises(NoRoomError) as error:
        write(small_disk / "file")
    needed = "4,194,304" if write is by_bytes else r"more than [\d,]{7,9}"
    expected = (
        rf"cannot write .*/file: .+: {needed} bytes were to be written, 1,0\d\d,\d{{3}} are free on its disk; make"
    )
    assert re.match(expected, str(error.value))
    assert error.value.exit_code == 1
    assert isinstance(error.value, OutputError)
    assert (small_disk / "file").read_text() == "earlier"
    assert os.listdir(small_disk) == ["file"]


@pytest.mark.parametrize("write", [by_bytes, by_numpy, by_csv, by_libsndfile])
def test_a_limit_of_files_is_reported(limited, tmp_path, write):
    (tmp_path / "file").write_text("earlier")
    with pytest.raises(NoRoomError, match=r"bytes were to be .*, and a file may have at most 1,048,576 \(ulimit -f\)"):
        write(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "earlier"
    assert os.listdir(tmp_path) == ["file"]


def test_a_disk_without_room_for_a_name(small_disk):
    (small_disk / "full").write_bytes(bytes(ROOM))
    with pytest.raises(NoRoomError, match=r"No space left on device: 1,000 bytes were to be written, 0 are free"):
        write_bytes(small_disk / "new" / "file", bytes(1000))
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["full"]


def test_room_for_a_mapped_file_is_taken_before_it_is_written(small_disk):
    """Written through memory, a full disk would end the process by SIGBUS."""
    path = small_disk / "samples.npy"
    with pytest.raises(NoRoomError, match=r"4,194,304 bytes were to be written, 1,0\d\d,\d{3} are free"):
        new_mapped(path, (ROOM,))
    assert os.listdir(small_disk) == []
    new_mapped(path, (1000, 2))[:] = 3
    assert np.array_equal(np.load(path), np.full((1000, 2), 3, np.float32))


def test_a_mapped_file_may_be_too_large(limited, tmp_path):
    with pytest.raises(NoRoomError, match=r"4,194,304 bytes were to be written, .* may have at most 1,048,576"):
        new_mapped(tmp_path / "samples.npy", (ROOM,))


def test_no_room_in_a_folder(limited, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "small").write_bytes(bytes(1000))
    assert not lacks_room_in(tmp_path)
    (tmp_path / "deep" / "large").write_bytes(bytes(ROOM))
    assert lacks_room_in(tmp_path)


def test_other_errors_are_what_they_were(tmp_path):
    def fail():
        with replacing(tmp_path / "file"):
            raise ValueError("converter")

    with pytest.raises(ValueError, match="converter"):
        fail()
    assert not lacks_room(tmp_path / "missing" / "file")
