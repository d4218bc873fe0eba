"""One writer at a time: locks that end with their process, and nothing that a killed one has left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from genrekit.runtime.errors import OutputError
from genrekit.runtime.util import parent, scratch
from genrekit.runtime.util.atomic import remove_leftovers, replacing, write_text
from genrekit.runtime.util.lock import sole_writer
from genrekit.runtime.util.scratch import own_temporary_folder

linux = pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked on Windows")


@pytest.fixture
def forked():
    """Runs a function in a child that then sleeps until it is killed: its number, once the function has reported."""
    children = []

    def start(work):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            try:
                work(lambda: os.write(write, b"ready"))
            finally:
                os._exit(1)
        children.append(child)
        os.close(write)
        assert os.read(read, 5) == b"ready"
        os.close(read)
        return child

    yield start
    for child in children:
        kill(child)


def kill(child):
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # an earlier call has


@pytest.mark.parametrize("folder", [True, False])
def test_a_second_writer_is_refused_until_the_first_is_killed(forked, tmp_path, folder):
    output = tmp_path / "runs"

    def hold(report):
        with sole_writer(output, folder=folder):
            report()
            signal.pause()

    child = forked(hold)
    with pytest.raises(OutputError, match=rf"runs: expected .* but process {child} is writing it; wait") as refused:
        sole_writer(output, folder=folder).__enter__()
    assert refused.value.exit_code == 2
    kill(child)
    with sole_writer(output, folder=folder):
        assert [path for path in tmp_path.rglob("*.lock")]
    assert not [path for path in tmp_path.rglob("*.lock")]


def test_threads_of_one_process_exclude_each_other_too(tmp_path):
    inside, most, ended = [], [], []

    def work():
        while True:
            try:
                with sole_writer(tmp_path / "bench.json"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                ended.append(1)
                return
            except OutputError:
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 8
    assert max(most) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_which_nothing_was_written_is_not_left(tmp_path):
    with sole_writer(tmp_path / "new", folder=True):
        assert (tmp_path / "new").is_dir()
    assert not (tmp_path / "new").exists()
    with sole_writer(tmp_path / "used", folder=True):
        write_text(tmp_path / "used" / "file", "text")
    assert os.listdir(tmp_path / "used") == ["file"]


def test_no_link_is_followed_to_a_lock(tmp_path):
    (tmp_path / "precious").write_text("words")
    (tmp_path / ".genrekit.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError, match="cannot write"):
        sole_writer(tmp_path, folder=True).__enter__()
    assert (tmp_path / "precious").read_text() == "words"


def test_a_temporary_file_goes_with_the_next_one_but_only_when_its_writer_is_gone(forked, tmp_path):
    def write_half(report):
        with replacing(tmp_path / "model.keras") as temporary:
            temporary.write_bytes(b"half")
            report()
            signal.pause()

    child = forked(write_half)
    (left,) = tmp_path.iterdir()
    write_text(tmp_path / "another", "text")
    assert left.read_bytes() == b"half"
    kill(child)
    assert left.exists()
    write_text(tmp_path / "another", "text")
    assert os.listdir(tmp_path) == ["another"]


def test_only_what_has_such_a_name_is_removed(tmp_path):
    kept = [".model-0123abcd.keras", "genrekit-0123abcd-x", ".genrekit-0123-x", ".genrekit-0123ABCD-x"]
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / "aside").touch()
    (tmp_path / ".genrekit-0123abcd-link").symlink_to("aside")
    (tmp_path / ".genrekit-0123abcd-folder").mkdir()
    os.mkfifo(tmp_path / ".genrekit-0123abcd-fifo")
    (tmp_path / ".genrekit-0123abcd-model.keras").touch()
    remove_leftovers(tmp_path)
    expected = [*kept, "aside", *(f".genrekit-0123abcd-{kind}" for kind in ("link", "folder", "fifo"))]
    assert sorted(os.listdir(tmp_path)) == sorted(expected)


def test_many_writers_of_one_file_never_remove_what_another_writes(forked, tmp_path):
    """Each looks for leftovers while the others begin to write."""

    def write(report):
        report()
        for number in range(200):
            write_text(tmp_path / "file", f"{number}")
        os._exit(0)

    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in [forked(write) for _ in range(4)]]
    assert codes == [0] * 4
    assert os.listdir(tmp_path) == ["file"]


@linux
def test_temporary_files_are_in_a_folder_that_does_not_outlive_the_next_process(forked, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)

    def make(report):
        with own_temporary_folder():
            Path(tempfile.mkdtemp(), "clips.npy").write_bytes(b"audio")
            subprocess.run([sys.executable, "-c", "import tempfile; tempfile.mkdtemp()"], check=True)
            report()
            signal.pause()

    child = forked(make)
    (left,) = tmp_path.iterdir()
    assert len(list(left.iterdir())) == 2
    with own_temporary_folder():
        assert left in tmp_path.iterdir()  # whose process lives
        assert tempfile.gettempdir() == os.environ["TMPDIR"] != str(left)
    assert os.environ["TMPDIR"] == str(tmp_path)
    assert tempfile.gettempdir() == str(tmp_path)
    kill(child)
    with own_temporary_folder():
        assert left not in tmp_path.iterdir()
    assert list(tmp_path.iterdir()) == []


@linux
def test_where_there_is_no_temporary_folder_things_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with own_temporary_folder():
        assert tempfile.gettempdir() == str(tmp_path / "missing")


@linux
def test_folders_that_are_none_of_ours_stay(tmp_path):
    (tmp_path / "aside").mkdir()
    (tmp_path / f"{scratch.PREFIX}link").symlink_to("aside")
    (tmp_path / f"{scratch.PREFIX}file").touch()
    (tmp_path / "genrekit-other").mkdir()
    scratch.remove_leftovers(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_worker_ends_with_its_parent(forked):
    read, write = os.pipe()

    def be_parent(report):
        own = os.getpid()
        if not os.fork():
            parent.end_with(own)
            os.write(write, b"working")
            threading.Event().wait(60)
            os._exit(0)
        os.close(write)
        report()
        signal.pause()

    child = forked(be_parent)
    os.close(write)
    assert os.read(read, 7) == b"working"
    kill(child)
    assert os.read(read, 1) == b""  # the pipe's last writer, the worker, has ended
    os.close(read)


def test_a_worker_whose_parent_has_ended_before_it_ends_at_once():
    child = os.fork()
    if not child:
        parent.end_with(os.getppid() + 1)
        threading.Event().wait(60)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
