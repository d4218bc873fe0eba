"""Whole files or none."""

import os
import stat

import pytest

from genrekit.runtime.errors import AudioError, OutputError
from genrekit.runtime.util.atomic import replacing, write_bytes, write_text


def test_a_file_is_written_whole_and_its_folder_made(tmp_path):
    path = tmp_path / "new" / "deep" / "model.tflite"
    write_bytes(path, b"weights")
    assert path.read_bytes() == b"weights"
    assert os.listdir(path.parent) == ["model.tflite"]


def test_text_is_utf_8(tmp_path):
    write_text(tmp_path / "labels.txt", "métal\n日本\n")
    assert (tmp_path / "labels.txt").read_bytes() == "métal\n日本\n".encode()


def test_nothing_stands_under_the_final_name_before_the_end(tmp_path):
    path = tmp_path / "model.onnx"
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == ".onnx"  # by which writers choose their format
    assert path.read_bytes() == b"half"


@pytest.mark.parametrize("error", [ValueError("converter"), KeyboardInterrupt(), AudioError("clip.wav")])
def test_when_writing_fails_the_old_file_stays_and_nothing_else(tmp_path, error):
    path = tmp_path / "metrics.json"
    path.write_text("old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(type(error)) as caught:
        write_half()
    assert caught.value is error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["metrics.json"]


def test_an_existing_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("old")
    with path.open() as reader:  # who reads the old file goes on reading the old file
        write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_file_has_the_permissions_of_any_new_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_the_umask_of_the_process_is_left_alone(tmp_path, monkeypatch):
    """Other threads write files, too; while one changes the umask, theirs are open to everybody."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask was touched"))
    write_text(tmp_path / "file", "text")


def calls(monkeypatch, *names):
    """The calls of functions of `os` from now on, in order: their name, and the inode of what they are called on."""
    made = []

    def noted(name, function):
        def call(*arguments):
            made.append((name, os.stat(arguments[0]).st_ino))
            return function(*arguments)

        return call

    for name in names:
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    return made


def test_a_file_is_on_the_disk_before_its_name_is_and_then_its_name(tmp_path, monkeypatch):
    made = calls(monkeypatch, "fsync", "replace")
    write_text(tmp_path / "model.onnx", "weights")
    file, folder = (tmp_path / "model.onnx").stat().st_ino, tmp_path.stat().st_ino
    assert made == [("fsync", file), ("replace", file), ("fsync", folder)]


def test_scratch_files_do_not_wait_for_the_disk(tmp_path, monkeypatch):
    made = calls(monkeypatch, "fsync")
    with replacing(tmp_path / "features.npy", durable=False) as temporary:
        temporary.write_text("features")
    assert made == []
    assert (tmp_path / "features.npy").read_text() == "features"


def test_a_folder_that_cannot_be_synchronised_does_not_undo_what_is_written(tmp_path, monkeypatch):
    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", only_files)
    write_text(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


def test_a_path_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*report.html.*choose a folder with room"):
        write_text(tmp_path / "file" / "report.html", "page")


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*report.html"):
        write_text(tmp_path / "report.html", "page")
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_full_disk_leaves_nothing(tmp_path):
    def write():
        with replacing(tmp_path / "model.onnx") as temporary:
            temporary.write_bytes(b"the first half")
            with open("/dev/full", "wb", buffering=0) as full:
                full.write(b"the other")

    with pytest.raises(OutputError, match="No space left on device"):
        write()
    assert os.listdir(tmp_path) == []
