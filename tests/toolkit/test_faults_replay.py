"""The faults that were found from outside, each replayed under its number, so that none comes back.

Where a replay costs seconds and another test makes it already, `ELSEWHERE` names that test.
"""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import threading
import types
import unicodedata
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.converters.attach import attach
from genrekit.runtime.util.lock import sole_writer

from ..conftest import LABELS, TINY, onnx_model, tiny_description

TESTS = Path(__file__).parents[1]
RESULTS = TESTS.parent / "results" / "quickstart.json"
TIMEOUT_S = 60  # of a real process: what hangs fails
ELSEWHERE = [
    ("08", "toolkit/test_cli_bench.py", "test_a_bench_that_is_killed_leaves_an_earlier_result_and_what_it_measured"),
    ("08", "bench/results/test_store.py", "test_results_replace_earlier_ones_when_they_are_complete"),
    ("14", "toolkit/test_faults.py", "test_a_killed_command_leaves_nothing_that_the_next_does_not_mend"),
    ("14", "runtime/test_lock.py", "test_temporary_files_are_in_a_folder_that_does_not_outlive_the_next_process"),
    ("14", "runtime/test_lock.py", "test_a_worker_ends_with_its_parent"),
    ("16", "runtime/test_realtime.py", "test_a_reader_that_lags_loses_the_oldest_and_is_told"),
    ("16", "runtime/test_watch.py", "test_a_reader_that_was_stopped_is_late_and_told_so_once"),
    ("17", "toolkit/test_hard_audio.py", "test_a_spoilt_clip_is_answered_and_warned_of"),
    ("20", "toolkit/test_training.py", "test_a_finished_run_that_is_damaged_is_not_taken_for_whole"),
    ("20", "toolkit/test_training.py", "test_a_damaged_run_is_not_loaded"),
    ("23", "toolkit/test_cli.py", "test_a_pipe_that_stalls_is_told_of"),
    ("24", "toolkit/test_cli.py", "test_an_export_again_gives_the_same_bytes"),
    ("24", "toolkit/test_training.py", "test_what_keras_says_of_a_model_is_short"),
]
ALL = {f"{number:02}" for number in range(1, 27)}


def test_each_fault_is_replayed_here_or_elsewhere():
    here = {found[1] for name in names_in(Path(__file__)) if (found := re.match(r"test_(\d\d)_", name))}
    assert here | {number for number, _, _ in ELSEWHERE} == ALL


@pytest.mark.parametrize(("number", "file", "name"), ELSEWHERE)
def test_what_is_replayed_elsewhere_is_still_there(number, file, name):
    assert name in names_in(TESTS / file)


def names_in(path):
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [function.name for function in functions if function.name.startswith("test_")]


@pytest.fixture(scope="module")
def model(tiny_models):
    return tiny_models("dense", "onnx")


@pytest.fixture(scope="module")
def hostile(shared_data):
    return shared_data / "hostile"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return noise(tmp_path_factory.mktemp("clip") / "clip.wav")


def noise(path, seconds=1.0, rate=TINY.sample_rate):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * rate)), rate)
    return path


def refused(process, *words, code=2):
    """It ended with that exit code and one sentence, which has these words."""
    assert process.returncode == code, process.stdout + process.stderr
    assert "Traceback" not in process.stderr
    assert "unexpected" not in process.stderr
    (sentence,) = [line for line in process.stderr.splitlines() if line.startswith("genrekit: ")]
    assert all(str(word) in sentence for word in words), sentence
    return sentence


def answered(genrekit, model, path):
    """The JSON of a file that was classified, and the kinds of its warnings."""
    process = genrekit("classify", model, path, "--json")
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    return result, {warning["kind"] for warning in result["warnings"]}


def classify_in_time(genrekit_process, hostile, name, audio):
    """What may crash or take all memory: in a process of its own."""
    return genrekit_process("classify", hostile / name, audio, timeout=TIMEOUT_S)


@pytest.mark.parametrize(("name", "field"), [("bigmels", "n_mels"), ("bigfft", "n_fft")])
def test_01_a_front_end_without_bounds(genrekit, genrekit_process, hostile, clip, name, field):
    """It took 24 GB, and `inspect` found it fine."""
    refused(classify_in_time(genrekit_process, hostile, f"{name}.tflite", clip), f"{name}.tflite", f"{field}=")
    refused(genrekit("inspect", hostile / f"{name}.tflite"), f"{name}.tflite", f"{field}=")


def test_02_three_changed_bytes_are_refused(genrekit_process, hostile, clip):
    """SIGSEGV."""
    refused(classify_in_time(genrekit_process, hostile, "segv.tflite", clip), "segv.tflite", "damaged")


@pytest.mark.parametrize(("name", "kind"), [("silence", "silence"), ("out-of-phase", "out-of-phase")])
def test_03_silence_is_no_genre(genrekit, model, shared_data, name, kind):
    """It had a label, with confidence."""
    result, kinds = answered(genrekit, model, shared_data / "hard" / f"{name}.wav")
    assert (result["answer"], kinds) == ("silence", {kind})


def test_03_gaps_of_a_stream_are_no_genre(genrekit, model, clip, tmp_path):
    """They counted as "country 50 % (6.0 s)"."""
    samples, rate = soundfile.read(clip)
    soundfile.write(tmp_path / "gap.wav", np.concatenate((samples, np.zeros(3 * rate))), rate)
    process = genrekit("stream", model, tmp_path / "gap.wav", "--json")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert {line["answer"] for line in lines if line.get("time_s", 0) > 1.5} == {"silence"}
    assert {line["warning"]["kind"] for line in lines if "warning" in line} == {"silence"}
    assert re.search(r"silence \d+% \(", process.stderr)


def test_04_scores_that_are_no_numbers(genrekit, hostile, shared_data):
    """They were printed as "blues nan"."""
    process = genrekit("classify", hostile / "nan-scores.tflite", shared_data / "hard" / "plain.wav", "--json")
    assert process.returncode == 2
    error = json.loads(process.stdout, parse_constant=pytest.fail)["error"]
    assert error.startswith(f"{hostile / 'nan-scores.tflite'}: ")
    assert "not finite" in error


def test_04_a_bench_recommends_no_model_without_scores(genrekit, tiny_weights, tmp_path):
    """It was "the most accurate"."""
    kernel, bias = tiny_weights.dense
    unsound = onnx_model("dense", types.SimpleNamespace(dense=(kernel * np.float32("nan"), bias)))
    (tmp_path / "nan.onnx").write_bytes(attach(unsound, tiny_description("dense", "onnx", "float32")))
    for index in range(12):
        noise(tmp_path / "corpus" / LABELS[index % 3] / f"{index}.wav", 1 + index / 10)
    quick = ("--calls", 2, "--seconds", 0, "--rounds", 1, "--paced-calls", 0, "--out", tmp_path / "bench.json")
    process = genrekit("bench", tmp_path / "nan.onnx", "--data", tmp_path / "corpus", *quick)
    assert process.returncode == 1
    assert "not finite" in process.stdout + process.stderr
    assert "most accurate" not in process.stdout + process.stderr
    json.loads((tmp_path / "bench.json").read_text(), parse_constant=pytest.fail)


@pytest.mark.parametrize("fraction", [0.05, 0.15])
def test_05_less_than_a_window(genrekit, model, tmp_path, fraction):
    """One sample was "country 1.00"; only its window said that it was padded."""
    result, kinds = answered(genrekit, model, noise(tmp_path / "short.wav", fraction * TINY.window_s))
    assert "short" in kinds
    assert f"{fraction:.1%}" in next(warning["text"] for warning in result["warnings"] if warning["kind"] == "short")
    assert (result["answer"] in LABELS) is (fraction > 0.1)


def test_05_one_sample_has_no_answer(genrekit, model, hostile, tmp_path):
    """At another rate it is none at all."""
    refused(genrekit("classify", model, hostile / "one.wav"), "one.wav", "no samples")
    result, kinds = answered(genrekit, model, noise(tmp_path / "one.wav", 1 / TINY.sample_rate))
    assert result["answer"] not in LABELS
    assert "short" in kinds


def test_05_nothing_but_nan_has_no_answer(genrekit, model, tmp_path):
    """It gave a label."""
    soundfile.write(tmp_path / "nan.wav", np.full(8000, np.nan), 8000, subtype="FLOAT")
    result, kinds = answered(genrekit, model, tmp_path / "nan.wav")
    assert (result["answer"], kinds) == ("silence", {"invalid-samples", "silence"})


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("MP3", b"ID3\x03"),
        ("MP3", (b"\xff\xfb\x90\x00" + bytes(413)) * 3),  # the sync word alone may be a sample
        ("FLAC", b"fLaC"),
        ("Ogg", b"OggS"),
        ("AU", b".snd"),
        ("CAF", b"caff"),
        ("AIFF", b"FORM\x00\x00\x10\x00AIFF"),
    ],
)
def test_06_other_formats_in_a_pipe(genrekit, model, monkeypatch, name, first):
    """They were read as PCM."""
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        file.write(first + bytes(range(256)) * 40)
    with os.fdopen(read, "rb") as file:
        monkeypatch.setattr(sys, "stdin", Input(file))
        process = genrekit("stream", model, "-", "--rate", 22050, "--channels", 1)
    refused(process, f"received {name};", "ffmpeg")
    assert process.stdout == ""


class Input:
    """Standard input with these bytes."""

    def __init__(self, file):
        self.buffer = file
        self.fileno, self.isatty = file.fileno, file.isatty


def changed(tmp_path, change):
    """A result of a bench with something changed in it."""
    content = json.loads(RESULTS.read_text())
    change(content)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(content))
    return path


def each_float(value, new):
    if isinstance(value, dict):
        return {key: each_float(inner, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [each_float(inner, new) for inner in value]
    return new if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.update(results=each_float(content["results"], float("nan"))), ["results"]),
        (lambda content: content.update(results=[]), []),
        (lambda content: [row["clip_ms"].update(raw=[]) for row in content["results"] if row["clip_ms"]], ["raw"]),
    ],
    ids=["nan", "no results", "no raw values"],
)
def test_07_a_gate_that_compares_nothing_fails(genrekit, tmp_path, change, words):
    """It passed, and "B is nan times as fast"."""
    path = changed(tmp_path, change)
    process = genrekit("compare", path, RESULTS, "--fail-over", "1.10")
    refused(process, path.name, *words)
    assert "nan" not in process.stdout


def test_09_results_go_into_what_is_there(genrekit, tmp_path):
    """Links became files, 0600 became 0644, ends of lines were mixed."""
    real, symbolic, hard = tmp_path / "real.md", tmp_path / "symbolic.md", tmp_path / "hard.md"
    real.write_bytes(b"a\r\n<!-- genrekit results -->\r\n<!-- end of genrekit results -->\r\nz\r\n")
    real.chmod(0o600)
    symbolic.symlink_to(real)
    hard.hardlink_to(real)
    for path in (symbolic, hard):
        assert genrekit("report", RESULTS, "--into", path).returncode == 0
    assert symbolic.is_symlink()
    assert hard.samefile(real)
    assert real.stat().st_mode & 0o777 == 0o600
    content = real.read_bytes()
    assert b"| file |" in content
    assert content.count(b"\n") == content.count(b"\r\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has none")
def test_09_results_go_into_no_pipe(genrekit_process, tmp_path):
    """It hung."""
    os.mkfifo(tmp_path / "pipe.md")
    refused(genrekit_process("report", RESULTS, "--into", tmp_path / "pipe.md", timeout=TIMEOUT_S), "pipe.md", "a pipe")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has none")
def test_10_pipes_and_devices_in_a_corpus(genrekit_process, tmp_path):
    """They hung `corpus check` without a word."""
    for label in LABELS:
        noise(tmp_path / "corpus" / label / "a.wav", 3)
    os.mkfifo(tmp_path / "corpus/blues/x.wav")
    (tmp_path / "corpus/disco/zero.wav").symlink_to("/dev/zero")
    process = genrekit_process("corpus", "check", tmp_path / "corpus", "--jobs", 1, timeout=TIMEOUT_S)
    assert process.returncode == 0, process.stderr
    for name, what in (("blues/x.wav", "a pipe"), ("disco/zero.wav", "a device")):
        assert name in process.stdout
        assert what in process.stdout


def test_11_a_rate_of_one_hertz(genrekit_process, model, hostile):
    """Three seconds became 132,300."""
    refused(genrekit_process("classify", model, hostile / "rate1.wav", timeout=TIMEOUT_S), "rate1.wav", "rate=1")


def test_12_a_zip_entry_of_two_gibibytes(genrekit_process, tiny_models, clip, tmp_path):
    """It took 4.3 GB before it was refused."""
    block, blocks = 2**23, 2**8 - 1
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    path = tmp_path / "bomb.tflite"
    data = tiny_models("dense", "tflite").read_bytes()
    path.write_bytes(data[: data.index(b"PK\x03\x04")])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("genrekit.json", packed * blocks + packer.flush())
        (entry,) = archive.filelist
        entry.compress_type, entry.file_size = zipfile.ZIP_DEFLATED, block * blocks
    refused(genrekit_process("classify", path, clip, timeout=TIMEOUT_S), "bomb.tflite", "unpacked")


def test_13_labels_that_a_terminal_obeys(genrekit, hostile):
    """Escape codes reached it."""
    process = genrekit("inspect", hostile / "evil-labels.tflite")
    refused(process, "evil-labels.tflite", "labels=", "printable")
    shown = process.stdout + process.stderr
    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cf"} and one != "\n"]


def test_13_names_in_reports(genrekit, tmp_path):
    """HTML and ends of lines reached Markdown, formulas CSV."""
    path = changed(
        tmp_path, lambda content: [row.update(file="=cmd\x1b]0;x\x07<b>\n# y") for row in content["results"]]
    )
    process = genrekit("report", path, "--markdown", "a.md", "--csv", "a.csv", "--html", "a.html", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert "\x1b" not in process.stdout + process.stderr
    written = (tmp_path / "a.md").read_text()
    assert "<b>" not in written
    assert "\n# y" not in written
    assert "\n=cmd" not in (tmp_path / "a.csv").read_text()
    assert "=cmd\x1b" not in (tmp_path / "a.html").read_text()


def test_15_adpcm_is_whole(genrekit, model, hostile):
    """It was said to be cut short."""
    _, kinds = answered(genrekit, model, hostile / "adpcm.wav")
    assert "cut-short" not in kinds


@pytest.mark.parametrize(
    ("name", "kind"), [("overdriven", "clipping"), ("constant", "silence"), ("low-level", "low-level")]
)
def test_17_spoilt_audio_is_warned_of(genrekit, model, shared_data, name, kind):
    """There was no word; of white noise it takes a trained model to tell."""
    _, kinds = answered(genrekit, model, shared_data / "hard" / f"{name}.wav")
    assert kinds == {kind}


def test_18_broken_audio_has_our_own_sentence(genrekit_process, model, tmp_path):
    """ "File does not exist ... (possibly a pipe?)", beside lines of libmpg123."""
    soundfile.write(tmp_path / "whole.mp3", soundfile.read(noise(tmp_path / "a.wav", 2, 22050))[0], 22050)
    (tmp_path / "cut.mp3").write_bytes((tmp_path / "whole.mp3").read_bytes()[:100])
    process = genrekit_process("classify", model, tmp_path / "cut.mp3", timeout=TIMEOUT_S)
    refused(process, "cut.mp3", "damaged, cut short")
    assert "mpg123" not in process.stderr
    assert "possibly a pipe" not in process.stderr


def test_18_an_empty_file_is_called_empty(genrekit, model, tmp_path):
    """ "Format not recognised"."""
    (tmp_path / "none.wav").touch()
    refused(genrekit("classify", model, tmp_path / "none.wav"), "none.wav", "is empty")


def test_19_short_clips_have_the_option_that_fits_them(genrekit, tmp_path):
    """ "Repair or remove these folders"."""
    for label in LABELS:
        for index in range(3):
            noise(tmp_path / "words" / label / f"{index}.wav", 1.0, 16000)
    process = genrekit("train", "cnn", "--data", tmp_path / "words", "--out", tmp_path / "runs")
    refused(process, "--front-end speech")


@pytest.mark.parametrize("name", ["nested", "t-corpus-381", "t-parameters-111", "idx"])
@pytest.mark.parametrize("command", ["inspect", "classify"])
def test_21_damaged_models_are_no_unexpected_errors(genrekit, hostile, clip, name, command):
    """RecursionError, TypeError, IndexError."""
    key = {"t-corpus-381": "corpus=", "t-parameters-111": "parameters="}.get(name, "expected")
    refused(genrekit(command, hostile / f"{name}.tflite", *[clip] * (command == "classify")), f"{name}.tflite", key)


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", "1"), ("created", 5), ("results", None), ("machine", None), ("results", {"a": 1})],
)
@pytest.mark.parametrize("command", ["report", "compare"])
def test_22_crafted_results_are_no_unexpected_errors(genrekit, tmp_path, command, key, value):
    """Most were; `schema="1"` was said to be 1."""
    path = changed(tmp_path, lambda content: content.update({key: value}))
    refused(genrekit(command, *[path] * (2 if command == "compare" else 1)), path.name, key)


def test_22_warnings_of_a_row_that_are_none(genrekit, tmp_path):
    """AttributeError."""
    path = changed(tmp_path, lambda content: content["results"][0].update(warnings=["x"]))
    refused(genrekit("report", path), path.name, "warnings")


@pytest.mark.parametrize("new", [float("nan"), float("inf"), 10**400, "1.5", None])
def test_22_numbers_that_are_none(genrekit, tmp_path, new):
    """NaN, numbers without end and texts were taken."""
    path = changed(tmp_path, lambda content: content["results"][0]["clip_ms"].update(p50=new, median=new))
    refused(genrekit("report", path), path.name, "clip_ms")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"results":' * 100_000])
def test_22_results_without_bottom(genrekit, tmp_path, text):
    """RecursionError."""
    (tmp_path / "deep.json").write_text(text)
    refused(genrekit("report", tmp_path / "deep.json"), "deep.json")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has none")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_23_signals_end_a_stream_with_its_summary(model, clip, name):
    """They ended it without."""
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", "stream", model, "-", "--json"]
    raw = ["--rate", str(TINY.sample_rate), "--channels", "1"]
    with subprocess.Popen(
        [*command, *raw], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(soundfile.read(clip, dtype="int16")[0].astype("<i2").tobytes())
        process.stdin.flush()
        limit = threading.Timer(TIMEOUT_S, process.kill)
        limit.start()
        process.stdout.readline()
        process.send_signal(signal.Signals[name])
        _, error = process.communicate()
        limit.cancel()
    assert process.returncode == 0
    assert re.search(rb"\d decisions? up to", error)
    assert b"Traceback" not in error


def test_25_the_loser_of_two_trainings_is_told(genrekit, corpus_folder, tmp_path):
    """It was not."""
    with sole_writer(tmp_path / "runs" / "mlp", folder=True):
        process = genrekit("train", "mlp", "--data", corpus_folder, "--out", tmp_path / "runs", "--epochs", 1)
    refused(process, tmp_path / "runs" / "mlp", f"process {os.getpid()} is writing it")


@pytest.mark.parametrize("file_format", ["onnx", "tflite"])
def test_26_flipped_bits_in_weights_are_refused(genrekit, tiny_models, tiny_weights, clip, tmp_path, file_format):
    """They ran: with NaN, or another label."""
    data = tiny_models("dense", file_format).read_bytes()
    kernel = tiny_weights.dense[0] if file_format == "onnx" else np.ascontiguousarray(tiny_weights.dense[0].T)
    start = data.index(kernel.tobytes())
    path = tmp_path / f"flipped.{file_format}"
    for bit in (0, 8 * 3 + 6, 8 * 400 + 1):
        flipped = bytearray(data)
        flipped[start + bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        refused(genrekit("classify", path, clip), path.name, "checksum")
