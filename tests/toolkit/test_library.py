"""A library into a table: one row a file in order, whatever the way, resumed where it was interrupted."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from genrekit.runtime import load
from genrekit.runtime.errors import MissingFileError, OutputError, ParameterError
from genrekit.runtime.file_classifier import classify_file
from genrekit.toolkit.compute import Processes
from genrekit.toolkit.corpus.scan import audio_files, shown
from genrekit.toolkit.library import output_tables as tables
from genrekit.toolkit.library.classify_library import Summary, classify_library, partial_of, require_output
from genrekit.toolkit.library.remote_task import ModelFile
from genrekit.toolkit.library.resume_db import COMMIT_ROWS, ResumeDb

RATE = 8000
FILES = 40
# Classifies library argv[1] into argv[2] with model argv[3]; after argv[4] files it waits to be killed.
PROGRAM = """
import sys, time
from pathlib import Path
from genrekit.toolkit.library.classify_library import classify_library
from genrekit.toolkit.library.remote_task import ModelFile

def progress(done, total):
    if done == int(sys.argv[4]):
        print("waiting", flush=True)
        time.sleep(600)

classify_library(Path(sys.argv[1]), Path(sys.argv[2]), ModelFile.of(Path(sys.argv[3]), 1), progress=progress)
"""
# What a device does not have.
BLOCKED = ("joblib", "pyarrow", "pandas", "dask", "distributed", "platformdirs")
ON_A_DEVICE = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from genrekit.toolkit.cli.app import main
main()
"""


def write_noise(path, seed, seconds=1.3):
    generator = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    level = generator.uniform(0.05, 0.9)
    soundfile.write(path, level * generator.uniform(-1, 1, round(seconds * RATE)), RATE)


@pytest.fixture
def library(tmp_path):
    """Nested folders of short files; two cannot be used, two are no audio, one is cut short."""
    folder = tmp_path / "library"
    places = [
        "a b/x.wav",
        "a/x.WAV",
        "a.wav",
        'a/b/ü, "so".flac',
        "a/b/y.wav",
        "z.wav",
        *(f"many/{i}.wav" for i in range(FILES - 8)),
    ]
    for seed, place in enumerate(places):
        write_noise(folder / place, seed)
    (folder / "a" / "text.wav").write_text("no audio")
    (folder / "a" / "empty.ogg").write_bytes(b"")
    (folder / "a" / "cover.jpg").write_bytes(b"picture")
    (folder / ".hidden").mkdir()
    write_noise(folder / ".hidden" / "x.wav", 1)
    (folder / "loop").symlink_to(folder)
    whole = (folder / "z.wav").read_bytes()
    (folder / "z.wav").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture
def model(tiny_models):
    return ModelFile.of(tiny_models("dense", "onnx"), 1)


@pytest.fixture
def rows(library, model, tmp_path):
    """The rows of the library, by one process, never interrupted."""
    classify_library(library, tmp_path / "reference.parquet", model)
    return list(tables.read(tmp_path / "reference.parquet"))


def test_files_are_found_in_the_order_of_their_paths(library):
    found = [shown(path, library) for path in audio_files(library)]
    assert found == sorted(found)
    assert found[:4] == ["a b/x.wav", "a.wav", "a/b/y.wav", 'a/b/ü, "so".flac']
    assert len(found) == FILES


def test_a_name_that_is_no_text_is_shown_in_escapes(tmp_path):
    path = tmp_path / b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    assert shown(path, tmp_path) == "caf\\xe9.wav"


def test_a_row_says_what_classifying_the_file_says(library, model, rows):
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)
    assert len(rows) == FILES
    row = next(row for row in rows if row["file"] == "a/b/y.wav")
    recording = classify_file(load(model.path), library / "a/b/y.wav")
    assert (row["seconds"], row["label"], row["windows"]) == (1.3, recording.label, 2)
    assert {label: row[f"score_{label}"] for label in recording.scores} == recording.scores
    assert row["score"] == max(recording.scores.values())
    assert row["error"] == row["note"] == ""


def test_unusable_files_have_rows_that_say_why(rows):
    errors = {row["file"]: row for row in rows if row["error"]}
    assert set(errors) == {"a/text.wav", "a/empty.ogg"}
    for row in errors.values():
        assert row["file"] in row["error"]
        assert row["label"] is row["seconds"] is row["score"] is row["score_disco"] is None
    assert {row["file"] for row in rows if "ends in the middle" in row["note"]} == {"z.wav"}


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_formats_and_processes_give_the_same_rows(library, model, rows, tmp_path, suffix):
    out = tmp_path / f"rows{suffix}"
    assert classify_library(library, out, model, Processes(2)) == Summary(FILES, 2, 0)
    read = list(tables.read(out))
    assert [{name: value or None for name, value in row.items()} for row in read] == [
        {name: value or None for name, value in row.items()} for row in rows
    ]
    assert not partial_of(out).exists()
    assert not list(tmp_path.glob("*-journal"))


def test_other_readers_read_the_formats(library, model, tmp_path):
    import pyarrow.parquet

    for suffix in (".parquet", ".csv", ".jsonl"):
        classify_library(library, tmp_path / f"rows{suffix}", model)
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == [*tables.COLUMNS, "score_blues", "score_disco", "score_métal"]
    assert str(table.schema.field("score_disco").type) == "double"
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert lines == table.to_pylist()
    with (tmp_path / "rows.csv").open(newline="") as file:
        texts = list(csv.DictReader(file))
    assert [row["file"] for row in texts] == table["file"].to_pylist()
    assert [float(row["score_disco"] or "nan") for row in texts] == pytest.approx(
        [float("nan") if score is None else score for score in table["score_disco"].to_pylist()], nan_ok=True
    )


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_second_run_keeps_the_rows_of_files_that_are_the_same(library, model, tmp_path, suffix):
    out = tmp_path / f"rows{suffix}"
    classify_library(library, out, model)
    before = out.read_bytes()
    assert classify_library(library, out, model) == Summary(FILES, 2, FILES - 2)
    assert out.read_bytes() == before
    (library / "a.wav").unlink()
    write_noise(library / "a b/x.wav", 99)
    write_noise(library / "new.wav", 100)
    assert classify_library(library, out, model) == Summary(FILES, 2, FILES - 4, gone=1)
    fresh = tmp_path / f"fresh{suffix}"
    classify_library(library, fresh, model)
    assert out.read_bytes() == fresh.read_bytes()


def test_another_model_keeps_nothing(library, model, tiny_models, tmp_path):
    out = tmp_path / "rows.csv"
    classify_library(library, out, model)
    other = ModelFile.of(tiny_models("lstm", "onnx"), 1)
    assert classify_library(library, out, other).kept == 0


def test_after_a_kill_what_was_done_is_kept(library, model, rows, tmp_path):
    out = tmp_path / "rows.parquet"
    command = [sys.executable, "-c", PROGRAM, library, out, model.path, str(COMMIT_ROWS + 4)]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "waiting\n"
    process.kill()
    process.communicate()
    assert not out.exists()
    write_noise(library / "a b/x.wav", 99)  # was done
    summary = classify_library(library, out, model)
    assert COMMIT_ROWS - 3 <= summary.kept < FILES - 3  # of those done, not the changed one nor the unusable ones
    found = list(tables.read(out))
    assert found[1:] == rows[1:]
    assert found[0]["file"] == "a b/x.wav"
    assert found[0]["key"] != rows[0]["key"]


def test_two_runs_do_not_write_one_output(library, model, tmp_path):
    out = tmp_path / "rows.csv"
    with ResumeDb(partial_of(out)) as partial:
        partial.put("a.wav", {"file": "a.wav", "key": ""})
        with pytest.raises(OutputError, match="another run"):
            classify_library(library, out, model)


@pytest.mark.parametrize("text", ["song,artist\na,b\n", "{}", "\x00\x01 no table"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_file_of_another_kind_is_not_written_over(tmp_path, suffix, text):
    out = tmp_path / f"mine{suffix}"
    out.write_text(text)
    with pytest.raises(OutputError, match="name another file"):
        require_output(out)
    assert out.read_text() == text


def test_a_partial_file_of_another_kind_stays(library, model, tmp_path):
    partial_of(tmp_path / "rows.csv").write_text("mine " * 1000)
    with pytest.raises(OutputError, match="move it away"):
        classify_library(library, tmp_path / "rows.csv", model)
    assert partial_of(tmp_path / "rows.csv").read_text() == "mine " * 1000


def test_what_cannot_be_an_output_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match=r"\.parquet, \.csv or \.jsonl"):
        require_output(tmp_path / "rows.txt")
    with pytest.raises(OutputError, match="cannot write"):
        require_output(tmp_path / "file" / "rows.csv")


def test_a_library_without_audio_is_refused(model, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match="expected audio files in it"):
        classify_library(tmp_path / "empty", tmp_path / "rows.csv", model)
    assert not partial_of(tmp_path / "rows.csv").exists()


def test_a_table_is_written_in_groups_of_rows(tmp_path):
    import pyarrow.parquet

    row = {"seconds": 1.0, "label": "disco", "score": 0.5, "windows": 1, "error": "", "note": "", "key": "k"}
    with ResumeDb(tmp_path / "rows.partial") as partial:
        for number in reversed(range(2500)):
            partial.put(f"{number:04d}.wav", {"file": f"{number:04d}.wav", **row})
        tables.write(tmp_path / "rows.parquet", tables.columns_of(["disco"]), partial.batches())
    file = pyarrow.parquet.ParquetFile(tmp_path / "rows.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [1000, 1000, 500]
    assert [row["file"] for row in tables.read(tmp_path / "rows.parquet")] == [f"{n:04d}.wav" for n in range(2500)]


def test_the_command_writes_a_table(genrekit, library, model, rows, tmp_path):
    out = tmp_path / "rows.parquet"
    process = genrekit("classify", model.path, library, "--recursive", "--out", out, "--jobs", 2)
    assert process.returncode == 2  # two files cannot be used
    assert process.stdout == ""
    assert f"{FILES} files, 2 unusable; wrote {out}" in process.stderr
    assert list(tables.read(out)) == rows


def test_the_command_prints_a_line_per_file_in_order(genrekit, library, model, rows):
    process = genrekit("classify", model.path, library, "--recursive", "--json", "--jobs", 2)
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 2
    assert [line["file"] for line in lines] == [str(library / row["file"]) for row in rows]
    assert [line.get("label") for line in lines] == [row["label"] for row in rows]
    assert "z.wav: cut-short: the audio holds less audio" in process.stderr


def test_a_folder_needs_recursive(genrekit, library, model):
    process = genrekit("classify", model.path, library, library / "a.wav", "--json")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 2
    assert "--recursive" in lines[0]["error"]
    assert "label" in lines[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "rows.csv"), "--recursive"),
        (("--dask", "tcp://127.0.0.1:1"), "--recursive"),
        (("--recursive", "--out", "rows.txt"), ".parquet"),
        (("--recursive", "--out", "a.wav/rows.csv"), "cannot write"),
        (("--recursive", "--jobs", "0"), "jobs=0"),
        (("nowhere", "--recursive", "--out", "rows.csv"), "expected one folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_impossible_requests_are_refused(genrekit, library, model, options, words):
    process = genrekit("classify", model.path, library, *options, cwd=library)
    assert process.returncode == 2
    assert words in process.stderr
    assert "Traceback" not in process.stderr
    assert process.stdout == ""


def on_a_device(*arguments):
    command = [sys.executable, "-c", ON_A_DEVICE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_device_classifies_folders_too(library, model, rows, tmp_path):
    shutil.rmtree(library / "a")
    usable = [row for row in rows if not row["file"].startswith("a/")]
    process = on_a_device("classify", model.path, library, "--recursive", "--out", tmp_path / "rows.csv")
    assert process.returncode == 0, process.stderr
    assert [row["label"] for row in tables.read(tmp_path / "rows.csv")] == [row["label"] for row in usable]
    printed = on_a_device("classify", model.path, library, "--recursive")
    assert len(printed.stdout.splitlines()) == len(usable)
    refused = on_a_device("classify", model.path, library, "--recursive", "--out", tmp_path / "rows.parquet")
    assert refused.returncode == 2
    assert 'pip install "genrekit[library]"' in refused.stderr


def test_rows_of_files_that_are_gone_are_counted(genrekit, library, model, tmp_path):
    out = tmp_path / "rows.csv"
    classify_library(library, out, model)
    (library / "a.wav").unlink()
    assert classify_library(library, out, model) == Summary(FILES - 1, 2, FILES - 3, gone=1)
    write_noise(library / "a.wav", 1)
    classify_library(library, out, model)
    (library / "a.wav").unlink()
    assert (
        "without the rows of 1 that are gone"
        in genrekit("classify", model.path, library, "--recursive", "--out", out).stderr
    )


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_the_rows_of_another_library_are_not_lost(library, model, tmp_path, suffix):
    out = tmp_path / f"rows{suffix}"
    classify_library(library, out, model)
    before = out.read_bytes()
    write_noise(tmp_path / "other" / "other.wav", 5)
    with pytest.raises(OutputError, match=r"rows.*others alone, such as .*name another --out"):
        classify_library(tmp_path / "other", out, model)
    assert out.read_bytes() == before
    assert classify_library(library, out, model).kept == FILES - 2


def test_the_rows_of_another_interrupted_library_are_not_lost(library, model, tmp_path):
    out = tmp_path / "rows.csv"
    with ResumeDb(partial_of(out)) as partial:
        partial.put("theirs.wav", {"file": "theirs.wav", "key": "k"})
    with pytest.raises(OutputError, match=r"rows\.csv\.partial: .*such as theirs\.wav"):
        classify_library(library, out, model)
    with ResumeDb(partial_of(out)) as partial:
        assert list(partial.files()) == ["theirs.wav"]
