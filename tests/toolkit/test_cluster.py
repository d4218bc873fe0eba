"""A real scheduler with two workers on this machine: the same results, whoever is killed; and clusters that are not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from genrekit.runtime import MfccConfig
from genrekit.runtime.errors import Failure, ParameterError
from genrekit.toolkit.cli.steps import read_segments
from genrekit.toolkit.compute import dask as cluster_module
from genrekit.toolkit.compute.dask import Cluster
from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.feature_cache import FeatureCache
from genrekit.toolkit.library import output_tables as tables
from genrekit.toolkit.library.classify_library import classify_library
from genrekit.toolkit.library.remote_task import ModelFile


@contextlib.contextmanager
def running(command, *arguments):
    """A process of Dask, killed at the end."""
    module = f"distributed.cli.dask_{command}"
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", module, "--no-dashboard", *map(str, arguments)], **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def scheduler(folder):
    """The address of a scheduler, and its process."""
    file = folder / "scheduler.json"
    with running("scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", file) as process:
        while not file.exists():
            assert process.poll() is None
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], process


@contextlib.contextmanager
def workers(address, folder, count=2):
    """Worker processes that stay dead when they are killed; their scheduler knows them."""
    options = (address, "--no-nanny", "--nthreads", 1, "--local-directory", folder)
    with contextlib.ExitStack() as stack, client_of(address) as client:
        there = len(client.nthreads())
        processes = [stack.enter_context(running("worker", *options)) for _ in range(count)]
        client.wait_for_workers(there + count, timeout=60)
        yield processes


@contextlib.contextmanager
def client_of(address):
    import distributed

    with distributed.Client(address, set_as_default=False) as client:
        yield client


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a scheduler with two workers."""
    folder = tmp_path_factory.mktemp("dask")
    with scheduler(folder) as (address, _), workers(address, folder):
        yield address


@pytest.fixture
def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def library(tmp_path):
    """Thirty short files in two folders, one of them no audio."""
    folder = tmp_path / "library"
    for seed in range(30):
        path = folder / f"disc {seed % 2}" / f"{seed:02d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.random.default_rng(seed).uniform(-0.5, 0.5, 9000), 8000)
    (folder / "disc 0" / "text.wav").write_text("no audio")
    return folder


@pytest.fixture
def model(tiny_models):
    return ModelFile.of(tiny_models("dense", "onnx"), 1)


@contextlib.contextmanager
def victim(address, folder):
    """Adds a third worker; yields a progress callback that kills it once it has work, and says whether it did."""
    with workers(address, folder, count=1) as (process,), client_of(address) as client:
        mine = next(worker for worker, number in client.run(os.getpid).items() if number == process.pid)

        def kill(done, total):
            if process.poll() is None and (client.processing()[mine] or client.has_what()[mine]):
                process.kill()
                process.wait()

        yield kill
        assert process.poll() == -9, "it never had work"


def test_extraction_is_the_same(address, corpus_folder, segments, tmp_path):
    cache = FeatureCache(tmp_path / "cache")
    for _ in range(2):
        found = read_segments(corpus_folder, 1, cache=cache, dask=address)
        assert found.features.tobytes() == segments.features.tobytes()
        np.testing.assert_array_equal(found.tracks, segments.tracks)
    assert cache.size()[0] == 15


@pytest.mark.parametrize("there", ["another file", "none"])
def test_workers_that_see_other_files_are_refused(address, corpus_folder, tmp_path, there):
    """What stands under a path when a worker reads it is another file than was listed here."""
    folder = tmp_path / "corpus"
    shutil.copytree(corpus_folder, folder)
    found = corpus.scan(folder)
    assert len(found.fingerprint) == 64  # reads the files
    changed = folder / "bells" / "bells.00000.wav"
    changed.unlink()
    if there == "another file":
        shutil.copy(folder / "drones" / "drones.00000.wav", changed)
    cache = FeatureCache(tmp_path / "cache")
    with Cluster(address) as cluster, pytest.raises(ParameterError, match=rf"bells\.00000\.wav .*found {there}; give"):
        extract(found, executor=cluster, cache=cache)
    assert cache.get(cache.key(found.digest(0), MfccConfig()), 1) is None


def test_a_killed_worker_costs_an_extraction_nothing(address, corpus_folder, segments, tmp_path):
    with victim(address, tmp_path) as kill, Cluster(address) as cluster:
        found = extract(corpus.scan(corpus_folder), executor=cluster, progress=kill)
    assert found.features.tobytes() == segments.features.tobytes()
    assert not found.unusable


def test_a_library_is_the_same(genrekit, address, library, model, tmp_path):
    classify_library(library, tmp_path / "here.parquet", model)
    options = ("--recursive", "--out", "there.parquet", "--dask", address)
    process = genrekit("classify", model.path, library.name, *options, cwd=tmp_path)
    assert process.returncode == 2, process.stderr  # one file is no audio
    assert "31 files, 1 unusable" in process.stderr
    assert list(tables.read(tmp_path / "there.parquet")) == list(tables.read(tmp_path / "here.parquet"))


@pytest.mark.slow
def test_a_killed_worker_costs_a_library_nothing(address, library, model, tmp_path):
    classify_library(library, tmp_path / "here.csv", model)
    with victim(address, tmp_path) as kill, Cluster(address) as cluster:
        classify_library(library, tmp_path / "there.csv", model, cluster, kill)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_a_library_is_printed_in_order(genrekit, address, library, model):
    process = genrekit("classify", model.path, library, "--recursive", "--json", "--dask", address)
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert [line["file"] for line in lines] == sorted(line["file"] for line in lines)
    assert len(lines) == 31


def test_few_items_are_on_their_way(address):
    taken = []
    with Cluster(address) as cluster:
        results = cluster.results(abs, (taken.append(number) or -number for number in range(1000)), lost=str)
        index, result = next(results)
        assert index == result
        assert len(taken) == 2 * cluster_module.PENDING_PER_THREAD
        results.close()


def kill_the_worker(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.slow
def test_an_item_that_kills_whoever_reads_it_is_left_out(tmp_path):
    """Dask gives an item up that killed four workers; this one meets as many."""
    with scheduler(tmp_path) as (address, _), contextlib.ExitStack() as stack:
        options = (address, "--nthreads", 1, "--local-directory", tmp_path)  # a nanny starts another each time
        nanny = stack.enter_context(running("worker", *options))
        with client_of(address) as client:
            client.wait_for_workers(1, timeout=60)
        with Cluster(address) as cluster:
            found = dict(cluster.results(kill_the_worker, range(6), lost=lambda number: f"lost {number}"))
        nanny.terminate()
        nanny.wait()
    assert found == {0: 0, 1: 1, 2: 2, 3: "lost 3", 4: 4, 5: 5}


def test_a_cluster_that_goes_away_keeps_what_was_done(corpus_folder, segments, tmp_path):
    cache = FeatureCache(tmp_path / "cache")
    with contextlib.ExitStack() as stack:
        address, process = stack.enter_context(scheduler(tmp_path))
        stack.enter_context(workers(address, tmp_path))
        cluster = stack.enter_context(Cluster(address))
        with pytest.raises(Failure, match="run the same command again"):
            extract(corpus.scan(corpus_folder), executor=cluster, cache=cache, progress=lambda *_: process.kill())
    assert cache.size()[0] >= 1
    assert extract(corpus.scan(corpus_folder), cache=cache).features.tobytes() == segments.features.tobytes()


def test_a_scheduler_without_workers_is_refused(tmp_path):
    with scheduler(tmp_path) as (address, _), pytest.raises(ParameterError, match=f"dask worker {address}"):
        Cluster(address)


def test_workers_with_other_software_are_refused(address, monkeypatch):
    here = os.getpid()
    monkeypatch.setattr(cluster_module, "software", lambda: "numpy 2" if os.getpid() == here else "numpy 1")
    with pytest.raises(ParameterError, match="install the same versions"):
        Cluster(address)


def test_a_scheduler_with_other_software_is_refused(address, monkeypatch):
    with client_of(address) as client:
        there = client.run_on_scheduler(os.getpid)
    monkeypatch.setattr(cluster_module, "software", lambda: "numpy 1" if os.getpid() == there else "numpy 2")
    with pytest.raises(ParameterError, match="the scheduler has numpy 1; install the same versions"):
        Cluster(address)


def test_workers_without_genrekit_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster_module, "software", unknown_there)
    with pytest.raises(ParameterError, match="can import genrekit"):
        Cluster(address)


def unknown_there():
    raise ModuleNotFoundError("No module named 'genrekit'")


@pytest.mark.parametrize("address", ["nonsense", "gopher://127.0.0.1:80", "tcp://127.0.0.1:port", "inproc://a", ""])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ParameterError, match=f"dask={address}: expected the address of a Dask scheduler"):
        Cluster(address)


def test_who_is_no_scheduler_is_refused(monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT_S", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ParameterError, match="nobody answers there"):
            Cluster(address)


def test_nobody_at_the_address_is_the_users_mistake(genrekit, corpus_folder, tmp_path, free_port):
    address = f"tcp://127.0.0.1:{free_port}"
    process = genrekit("train", "mlp", "--data", corpus_folder, "--out", tmp_path / "runs", "--dask", address)
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert f"dask={address}: expected the address of a Dask scheduler" in line
    assert process.stdout == ""
    assert not (tmp_path / "runs").exists()


def test_a_library_loses_nothing_to_a_wrong_address(genrekit, library, model, tmp_path, free_port):
    out = tmp_path / "rows.csv"
    classify_library(library, out, model)
    before = out.read_bytes()
    options = ("--recursive", "--out", out, "--dask", f"tcp://127.0.0.1:{free_port}")
    process = genrekit("classify", model.path, library, *options)
    assert process.returncode == 2
    assert len(process.stderr.splitlines()) == 1
    assert out.read_bytes() == before


@pytest.mark.parametrize("command", ["train", "classify"])
def test_the_help_says_what_workers_must_see(genrekit, command):
    text = genrekit(command, "--help", env={"COLUMNS": "200"}).stdout
    assert "all files under the same paths as here" in " ".join(text.replace("│", " ").split())
