"""Commands as users type them: results on standard output, sentences on standard error, exit codes."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.bench import read_json
from genrekit.converters.attach import attach
from genrekit.runtime import ModelDescription, StreamClassifier, front_end, load, read_description
from genrekit.runtime.audio import read_file
from genrekit.toolkit.cli import terminal
from genrekit.toolkit.cli.app import run

from ..noise import sitecustomize as noise
from ..ratios.promises import measure_figures
from .conftest import heard

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "quickstart", "corpus make", "corpus check", "cache show", "cache clear", "train", "ablation", "evaluate",
    "export", "inspect", "classify", "stream", "bench", "report", "compare", "paper",
)  # fmt: skip


@pytest.fixture(scope="module")
def model(exported):
    return exported / "cnn-int8.tflite"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(genrekit, command):
    process = genrekit(*command.split(), "--help", env={"COLUMNS": "200"})
    assert process.returncode == 0
    assert f"Example: genrekit {command}" in process.stdout or f"genrekit {command}" in process.stdout


def test_version_is_the_installed_one(genrekit_process):
    from importlib.metadata import version

    assert genrekit_process("--version").stdout.strip() == version("genrekit")


def test_classify_prints_a_json_line_per_file(genrekit, model, clip):
    process = genrekit("classify", model, clip, clip, "--json")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 0
    assert len(lines) == 2
    assert set(lines[0]) >= {"file", "seconds", "label", "score", "scores", "answer", "warnings", "windows"}
    assert lines[0]["label"] == "bells"
    assert lines[0]["seconds"] == pytest.approx(9.5)
    assert [window["end_s"] for window in lines[0]["windows"]] == [3.0, 6.0, 9.0]
    assert lines[0]["score"] == lines[0]["scores"]["bells"]


def test_classify_goes_on_after_an_unusable_file(genrekit, model, clip, tmp_path):
    (tmp_path / "text.wav").write_text("no audio")
    process = genrekit("classify", model, tmp_path / "text.wav", tmp_path / "gone.wav", clip, "--json")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 2
    assert ["error" in line for line in lines] == [True, True, False]
    assert "text.wav" in lines[0]["error"]


def test_short_audio_is_padded_and_says_so(genrekit, model, tmp_path):
    soundfile.write(tmp_path / "short.wav", 0.1 * np.sin(np.arange(22050) / 5), 22050)
    process = genrekit("classify", model, tmp_path / "short.wav", "--json")
    windows = json.loads(process.stdout)["windows"]
    assert [window.get("padded") for window in windows] == [True]


@pytest.mark.parametrize("name", ["not-a-model.tflite", "plain.onnx", "picture.png", "missing.tflite"])
def test_what_is_no_model_is_refused_by_name(genrekit, tmp_path, clip, name):
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b"\x00\x01 not a model")
    for command in (("classify", tmp_path / name, clip), ("inspect", tmp_path / name)):
        process = genrekit(*command)
        assert process.returncode == 2
        assert name in process.stderr
        assert "Traceback" not in process.stderr
        assert process.stdout == ""


def test_a_model_without_description_is_refused(genrekit, model, clip, tmp_path):
    data = model.read_bytes()
    (tmp_path / "bare.tflite").write_bytes(data[: data.index(b"PK\x03\x04")])
    process = genrekit("classify", tmp_path / "bare.tflite", clip)
    assert process.returncode == 2
    assert "genrekit export" in process.stderr


def test_debug_shows_the_traceback(genrekit, tmp_path):
    process = genrekit("inspect", tmp_path / "missing.tflite", "--debug")
    assert "Traceback" in process.stderr
    assert process.returncode == 2


def test_debug_shows_what_libraries_say(genrekit_process, exported, clip):
    process = genrekit_process("classify", exported / "cnn-float32.onnx", clip, "--debug")
    assert process.returncode == 0
    assert heard(process) == [noise.ABSL, noise.ONE_DNN, noise.WARNED, noise.LOGGED]
    assert noise.ABSL in process.stdout
    assert noise.ABSL in process.stderr


@pytest.mark.skipif(front_end() == "numpy", reason="the front end in C was not built")
def test_of_a_front_end_that_c_cannot_have_the_reader_is_told(genrekit_process, tiny_models, clip, tmp_path):
    model = tiny_models("dense", "onnx")
    description = read_description(model)
    unusual = dataclasses.replace(description, front_end=dataclasses.replace(description.front_end, n_fft=254))
    (tmp_path / "unusual.onnx").write_bytes(attach(model.read_bytes(), unusual))
    process = genrekit_process("classify", tmp_path / "unusual.onnx", clip, clip)
    assert process.returncode == 0
    assert process.stderr.count("genrekit: the front end in C is not used: n_fft=254: expected") == 1
    assert genrekit_process("classify", model, clip).stderr.count("front end") == 0


def test_stream_of_a_file_equals_the_library(genrekit, model, clip):
    process = genrekit("stream", model, clip, "--json", "--stride", "1.5")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    expected = StreamClassifier(load(model), 1.5).push(read_file(clip, 22050))
    assert [line["label"] for line in lines] == [prediction.label for prediction in expected]
    assert [line["time_s"] for line in lines] == pytest.approx([prediction.time_s for prediction in expected], abs=1e-3)
    assert f"{len(expected)} decisions" in process.stderr


def test_stream_prints_what_matters_and_sums_up(genrekit, model, clip):
    every = [json.loads(line) for line in genrekit("stream", model, clip, "--json").stdout.splitlines()]
    changes = genrekit("stream", model, clip, "--json", "--on-change")
    labels = [json.loads(line)["label"] for line in changes.stdout.splitlines()]
    assert labels[0] == every[0]["label"]
    assert all(one != other for one, other in itertools.pairwise(labels))
    sure = genrekit("stream", model, clip, "--json", "--min-score", 0.5).stdout.splitlines()
    assert [json.loads(line) for line in sure] == [row for row in every if row["score"] >= 0.5]
    assert f"{len(every)} decisions up to" in changes.stderr
    seconds = sum(float(found) for found in re.findall(r"\(([0-9.]+) s\)", changes.stderr))
    assert seconds == pytest.approx(every[-1]["time_s"], abs=0.2)


def test_a_terminal_gets_a_live_view_and_the_lines(model, clip):
    command = f"{sys.executable} -m genrekit.toolkit.cli.app stream {model} {clip} --on-change"
    # script, of util-linux, runs a command in a terminal of its own.
    process = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True)
    assert process.returncode == 0, process.stdout
    for words in ("so far", "load", "3.00 s", "decisions up to"):
        assert words in process.stdout


def test_a_file_that_ends_in_the_middle_is_told_of(genrekit, model, clip, tmp_path):
    cut = tmp_path / "cut.wav"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    process = genrekit("classify", model, cut, clip, "--json")
    found = [[one["kind"] for one in json.loads(line)["warnings"]] for line in process.stdout.splitlines()]
    assert found == [["cut-short"], []]
    assert "cut.wav: cut-short: the audio holds less audio than its header promises" in process.stderr
    assert "holds less audio" in genrekit("stream", model, cut).stderr


def test_stream_of_raw_pcm_equals_the_stream_of_the_file(genrekit, genrekit_process, model, clip):
    samples, rate = soundfile.read(clip, dtype="int16")
    raw = np.repeat(samples[:, None], 2, axis=1).astype("<i2").tobytes()
    options = ("--rate", rate, "--channels", 2, "--json")
    process = genrekit_process("stream", model, "-", *options, input=raw + b"odd", text=False)
    of_file = genrekit("stream", model, clip, "--json")
    *lines, warning = map(json.loads, process.stdout.splitlines())
    assert [line["label"] for line in lines] == [json.loads(line)["label"] for line in of_file.stdout.splitlines()]
    assert warning["warning"]["kind"] == "cut-short"
    assert "3 bytes" in warning["warning"]["text"]
    assert b"3 bytes" in process.stderr


def test_raw_pcm_needs_its_rate(genrekit_process, model):
    refused(genrekit_process("stream", model, "-", input="no audio, but no WAV either"), "rate=None", "--rate")


def test_a_terminal_is_no_audio(model):
    command = f"{sys.executable} -m genrekit.toolkit.cli.app stream {model} -"
    process = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True)
    assert process.returncode == 2
    assert "which is a terminal; pipe audio into it" in process.stdout


@pytest.mark.parametrize("size", [None, 0, 0xFFFFFFFF])
def test_stream_of_a_wave_in_a_pipe_equals_the_stream_of_the_file(genrekit, genrekit_process, model, clip, size):
    """With no --rate, whether its header says how long it is or not."""
    content = bytearray(clip.read_bytes())
    assert content[36:40] == b"data"
    if size is not None:
        content[40:44] = size.to_bytes(4, "little")
    process = genrekit_process("stream", model, "-", "--json", input=bytes(content), text=False)
    assert process.returncode == 0
    *decisions, last = process.stdout.decode().splitlines()
    if size is None:
        decisions.append(last)
    else:
        assert json.loads(last)["warning"]["kind"] == "cut-short"
        assert "does not say how long it is" in process.stderr.decode()
    assert decisions == genrekit("stream", model, clip, "--json").stdout.splitlines()
    assert (b"does not say how long it is" in process.stderr) is (size is not None)


def test_other_formats_in_a_pipe_are_refused_with_what_to_do(genrekit_process, model, clip, tmp_path):
    soundfile.write(tmp_path / "clip.flac", *soundfile.read(clip))
    process = genrekit_process(
        "stream", model, "-", "--rate", 22050, "--channels", 1, input=(tmp_path / "clip.flac").read_bytes(), text=False
    )
    assert process.returncode == 2
    assert b"received FLAC; name the file, or pipe it through `ffmpeg" in process.stderr


@pytest.mark.parametrize("option", [("--rate", "0"), ("--channels", "0"), ("--sample-format", "s24be")])
def test_impossible_pcm_is_refused(genrekit, model, option):
    options = {"--rate": "22050", "--channels": "1"} | dict([option])
    process = genrekit("stream", model, "-", *[word for pair in options.items() for word in pair])
    assert process.returncode == 2
    assert "Traceback" not in process.stderr


RAW = ("-", "--rate", "22050", "--channels", "1", "--json")


def started(*command):
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    ("number", "options"),
    [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGHUP, ()), (signal.SIGTERM, ("--realtime",))],
)
def test_each_decision_is_flushed_and_a_signal_ends_with_a_summary(model, clip, number, options):
    process = started(sys.executable, "-m", "genrekit.toolkit.cli.app", "stream", model, *RAW, *options)
    samples, _ = soundfile.read(clip, dtype="int16")
    process.stdin.write(samples[:75000].astype("<i2").tobytes())
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["time_s"] == 3.0  # although standard input is still open
    process.send_signal(number)
    _, error = process.communicate()
    assert b"1 decision up to" in error
    assert b"Traceback" not in error
    assert b"Fatal" not in error
    assert process.returncode == 0


@pytest.mark.parametrize("options", [(), ("--realtime",)])
def test_a_pipe_that_stalls_is_told_of(model, clip, options):
    program = """
import sys
from genrekit.toolkit.cli.app import main
from genrekit.toolkit.cli import live_source
live_source.STALLED_S = 0.3
main()
"""
    process = started(sys.executable, "-c", program, "stream", model, *RAW, *options)
    assert b"no audio for" in process.stderr.readline()  # before the first byte
    samples, _ = soundfile.read(clip, dtype="int16")
    process.stdin.write(samples[:70000].astype("<i2").tobytes())
    process.stdin.flush()
    lines = [process.stderr.readline() for _ in range(2)]
    assert b"audio again, after" in lines[0]
    assert b"waiting for more from standard input" in lines[1]
    _, error = process.communicate(samples[70000:75000].astype("<i2").tobytes())
    assert b"audio again, after" in error.splitlines()[0]
    assert b"1 decision up to" in error


@pytest.mark.skipif(find_library("portaudio") is None, reason="no PortAudio; apt install libportaudio2")
def test_a_microphone_is_heard_until_an_interrupt(model, tmp_path):
    """ALSA's null device stands for a microphone; it gives silence as fast as it is asked."""
    (tmp_path / "asound.conf").write_text("pcm.!default { type null }\nctl.!default { type null }\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "genrekit.toolkit.cli.app", "stream", model, "mic", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "ALSA_CONFIG_PATH": str(tmp_path / "asound.conf")},
    )
    assert json.loads(process.stdout.readline())["scores"]
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 0
    assert b"decision" in error.splitlines()[-1]
    assert b"Traceback" not in error


def test_a_reader_that_goes_away_ends_the_stream_quietly(model, clip):
    command = f"{sys.executable} -m genrekit.toolkit.cli.app stream {model} {clip} --stride 0.1 | head -n 1"
    process = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert len(process.stdout.splitlines()) == 1
    assert "Traceback" not in process.stderr
    assert "BrokenPipe" not in process.stderr


def test_inspect_tells_what_the_file_is(genrekit, model, exported):
    found = json.loads(genrekit("inspect", model, "--json").stdout)
    assert (found["model"], found["format"], found["precision"]) == ("cnn", "tflite", "int8")
    assert found["labels"] == ["bells", "drones", "flutes"]
    assert found["input"]["dtype"] == "int8"
    assert found["input"]["scale"] > 0
    assert found["bytes"] == model.stat().st_size
    assert found["front_end"]["hop_length"] == 512
    assert found["description"]["split"] == "track"
    assert "sha256" in genrekit("inspect", exported / "lstm-float32.onnx").stdout


def test_evaluate_and_the_bench_tell_of_unknown_answers(genrekit, model, exported, corpus_folder):
    found = json.loads(genrekit("evaluate", model, "--data", corpus_folder, "--json").stdout)
    rows = json.loads((exported.parent / "bench.json").read_text())["results"]
    (row,) = [row for row in rows if row["file"] == model.name]
    for measured in (found, row):
        assert 0 <= measured["unknown"] < 1
        assert 0 <= measured["answered_accuracy"] <= 1
    assert row["unknown"] == pytest.approx(found["unknown"])
    assert row["answered_accuracy"] == pytest.approx(found["answered_accuracy"])
    assert "are answered with unknown" in genrekit("evaluate", model, "--data", corpus_folder).stdout


def test_evaluate_hears_a_corpus_in_rooms(genrekit, model, corpus_folder):
    options = "evaluate", model, "--data", corpus_folder
    found, heard = (json.loads(genrekit(*options, *more, "--json").stdout) for more in ([], ["--as-heard"]))
    assert (found.pop("as_heard"), heard.pop("as_heard")) == (False, True)
    assert heard.keys() == found.keys()
    assert heard["test"]["segments"] == found["test"]["segments"]
    assert heard["test"]["loss"] != found["test"]["loss"]
    assert "as heard in rooms" in genrekit(*options, "--as-heard").stdout
    refused = genrekit("evaluate", model, "--stream", "a.wav", "--events", "a.csv", "--as-heard")
    assert refused.returncode == 2
    assert "--as-heard" in refused.stderr


def test_evaluate_says_when_segments_leak(genrekit_process, model, corpus_folder):
    process = genrekit_process("evaluate", model, "--data", corpus_folder, "--split", "segment")
    assert "both sides" in process.stdout
    assert process.returncode == 0


def test_train_says_when_segments_leak(genrekit, corpus_folder, tmp_path):
    options = ("--data", corpus_folder, "--out", tmp_path, "--split", "segment", "--epochs", 1)
    process = genrekit("train", "mlp", *options)
    assert process.returncode == 0, process.stderr
    assert "both sides: flattered" in process.stdout  # in the line that holds the accuracies
    assert "split by segment" in process.stderr
    assert json.loads((tmp_path / "mlp" / "metrics.json").read_text())["segments_leak"] is True
    inspected = genrekit("inspect", tmp_path / "mlp" / "model.keras").stdout
    assert "flattered" in inspected.partition("accuracy")[2]


def test_train_refuses_a_split_that_the_corpus_cannot_give(genrekit, corpus_folder, tmp_path):
    for split, complaint in (("artist", "artists.csv"), ("fault-filtered", "found others, such as blues")):
        process = genrekit("train", "mlp", "--data", corpus_folder, "--out", tmp_path / "runs", "--split", split)
        assert process.returncode == 2
        assert complaint in process.stderr
        assert len(process.stderr.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_evaluate_refuses_other_genres(genrekit, model, corpus_folder, tmp_path):
    shutil.copytree(corpus_folder, tmp_path / "other")
    (tmp_path / "other" / "bells").rename(tmp_path / "other" / "gongs")
    process = genrekit("evaluate", model, "--data", tmp_path / "other")
    assert process.returncode == 2
    assert "gongs" in process.stderr


def test_export_refuses_what_cannot_be(genrekit, quickstart, tmp_path):
    _, out = quickstart
    options = ("--out", tmp_path / "models", "--format", "onnx", "--precision", "float16")
    process = genrekit("export", out / "runs" / "mlp", *options)
    assert process.returncode == 2
    assert "float16" in process.stderr
    assert not (tmp_path / "models").exists()


def test_export_of_no_run_is_refused(genrekit, tmp_path):
    process = genrekit("export", tmp_path, "--out", tmp_path / "models")
    assert process.returncode == 2
    assert "genrekit train" in process.stderr


def test_an_export_again_gives_the_same_bytes(genrekit_process, quickstart, exported, tmp_path):
    _, out = quickstart
    genrekit_process("export", out / "runs" / "mlp", "--out", tmp_path, "--format", "tflite", "--precision", "int8")
    assert (tmp_path / "mlp-int8.tflite").read_bytes() == (exported / "mlp-int8.tflite").read_bytes()


def test_corpus_check_counts(genrekit, corpus_folder):
    found = json.loads(genrekit("corpus", "check", corpus_folder, "--json").stdout)
    assert found["tracks"] == 15
    assert found["genres"] == {"bells": 5, "drones": 5, "flutes": 5}


@pytest.mark.parametrize("command", [("train", "cnn"), ("corpus", "check")])
def test_an_empty_folder_is_refused(genrekit, tmp_path, command):
    data = ("--data", tmp_path, "--out", tmp_path / "runs") if command[0] == "train" else (tmp_path,)
    process = genrekit(*command, *data)
    assert process.returncode == 2
    assert "at least two subfolders" in process.stderr


def test_an_unknown_option_is_the_users_mistake(genrekit, model):
    assert genrekit("classify", model, "--loud").returncode == 2


def refused(process, *words):
    """That a user's mistake got one sentence with these words."""
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    assert "unexpected" not in process.stderr
    for word in words:
        assert word in process.stderr


def test_a_wav_file_is_not_taken_for_raw_pcm(genrekit_process, model, clip):
    process = genrekit_process("stream", model, "-", "--rate", 8000, input=clip.read_bytes(), text=False)
    assert process.returncode == 2
    assert b"rate=8000: the WAV on standard input says 22050 itself; leave out --rate" in process.stderr


def test_a_pipe_without_audio_is_a_mistake(genrekit_process, model):
    refused(genrekit_process("stream", model, "-", "--rate", 22050, "--channels", 1, input=""), "ended at once")


def test_a_file_says_its_rate_itself(genrekit, model, clip):
    refused(genrekit("stream", model, clip, "--rate", 8000), "rate=8000")


@pytest.mark.parametrize("options", [("--threads", 100000), ("--top-k", 0)], ids=["threads", "top-k"])
def test_classify_refuses_impossible_options(genrekit, model, clip, options):
    refused(genrekit("classify", model, clip, *options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seed", -1), "seed=-1"),
        (("--seed", 2**32), "seed=4294967296"),
        (("--jobs", 0), "jobs=0"),
        (("--split", "nonsense"), "split=nonsense"),
        (("--epochs", 0), "epochs=0"),
        (("--without", "dropout"), "'dropout' is not one of"),
        (("--recipe", "quick"), "'quick' is not one of"),
        (("--without", "mixup", "--recipe", "paper"), "without=mixup"),
    ],
)
def test_train_refuses_impossible_options(genrekit, corpus_folder, tmp_path, options, words):
    refused(genrekit("train", "mlp", "--data", corpus_folder, "--out", tmp_path / "runs", *options), words)


def test_help_of_train_names_every_option_of_edge(genrekit):
    from genrekit.toolkit.training.recipes import OPTIONS

    described = " ".join(genrekit("train", "--help", env={"COLUMNS": "200"}).stdout.split())
    for option in OPTIONS:
        assert option in described


@pytest.mark.parametrize(("restart", "told"), [(False, "command continues"), (True, "without --restart continues")])
def test_ctrl_c_is_answered_with_the_command_that_continues(capsys, restart, told):
    with pytest.raises(KeyboardInterrupt), terminal.resumable(restart):
        raise KeyboardInterrupt
    assert told in capsys.readouterr().err


def test_a_killed_command_continues_and_says_where(genrekit, genrekit_process, corpus_folder, tmp_path):
    """The progress bar on a terminal tells when the tenth epoch is done; then the process is killed."""
    runs = tmp_path / "runs"
    arguments = ("train", "mlp", "--data", corpus_folder, "--out", runs, "--jobs", 1)
    command = f"{sys.executable} -m genrekit.toolkit.cli.app {' '.join(map(str, arguments))} --epochs 100"
    # script, of util-linux, runs a command in a terminal of its own, here a wide one. When that command is killed it
    # ends its whole process group: a group of its own, too.
    terminal = ["script", "-qec", f"stty columns 200; exec {command}", "/dev/null"]
    process = subprocess.Popen(terminal, stdout=subprocess.PIPE, text=True, start_new_session=True)
    shown, more = "", " "
    while more and not re.search(r"epoch \d\d", shown):
        more = process.stdout.read(1)
        shown += more
    child = int(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout)
    os.kill(child, signal.SIGKILL)
    process.communicate()
    assert re.search(r"mlp: epoch \d+, loss [0-9.]+, accuracy [0-9.]+, validation accuracy [0-9.]+", shown)
    refused(genrekit(*arguments, "--epochs", 4), "unfinished run of another epochs (100, not 4)", "--restart")
    refused(genrekit(*arguments, "--epochs", 100, "--seed", 1), "seed (0, not 1)")
    continued = genrekit_process(*arguments, "--epochs", 100)
    assert continued.returncode == 0, continued.stderr
    assert 10 <= int(re.search(r"mlp: continues at epoch (\d+) of 100", continued.stderr).group(1)) <= 100
    assert len((runs / "mlp" / "history.csv").read_text().splitlines()) == 101
    restarted = genrekit(*arguments, "--epochs", 2, "--restart", "--tensorboard")
    assert restarted.returncode == 0, restarted.stderr
    assert "continues" not in restarted.stderr
    assert len(list((runs / "mlp" / "tensorboard").iterdir())) == 1


def test_an_ablation_compares_each_option_and_keeps_its_runs(genrekit, corpus_folder, tmp_path):
    music = tmp_path / "music"
    shutil.copytree(corpus_folder, music)
    shutil.copy(music / "bells" / "bells.00000.wav", music / "bells" / "copy.wav")
    part = {"copy": "test", "drones.00000": "test", "flutes.00000": "validation"}
    names = [path.stem for path in sorted(music.glob("*/*")) if path.stem != "flutes.00004"]
    (tmp_path / "mine.csv").write_text(
        "\n".join(["track,part", *(f"{name},{part.get(name, 'train')}" for name in names)])
    )
    options = ("--data", music, "--out", tmp_path, "--seeds", 2, "--epochs", 1, "--jobs", 1)
    options = (*options, "--split", tmp_path / "mine.csv")
    variants = ("paper", "edge", "edge without mixup", "edge with room", "edge without top_db")
    arguments = ("ablation", "mlp", *options, *(word for title in variants for word in ("--only", title)))
    process = genrekit(*arguments)
    assert process.returncode == 0, process.stderr
    result = json.loads((tmp_path / "mlp.json").read_text())
    assert [row["variant"] for row in result["rows"]] == list(variants)
    assert "1 of 16 tracks stand in no part" in process.stderr
    assert "the test part holds no flutes" in process.stderr
    page = (tmp_path / "mlp.md").read_text()
    assert "bells.00000 and copy hold the same audio but stand on two sides" in page
    for row in result["rows"]:
        assert row["variant"] in process.stdout
        assert f"| {row['variant']} | {row['test']['mean']:.3f} | " in page
        folder = row["variant"].replace(" ", "-").replace("_", "-")
        for seed, value in enumerate(row["test_tracks"]["values"]):
            metrics = json.loads((tmp_path / "mlp" / f"{folder}-seed-{seed}" / "metrics.json").read_text())
            assert metrics["test_tracks"]["accuracy"] == value
    for variant, top_db in {"edge": 80.0, "edge-without-top-db": None}.items():
        described = json.loads((tmp_path / "mlp" / f"{variant}-seed-0" / "description.json").read_text())
        assert described["front_end"]["top_db"] == top_db
    before = (tmp_path / "mlp" / "paper-seed-0" / "model.keras").stat().st_mtime_ns
    assert genrekit(*arguments).stdout == process.stdout
    assert (tmp_path / "mlp" / "paper-seed-0" / "model.keras").stat().st_mtime_ns == before
    refused(genrekit("ablation", "mlp", *options, "--only", "edge without dropout"), "only=edge without dropout")


@pytest.mark.parametrize("command", ["train", "export", "quickstart"])
def test_what_cannot_be_written_is_told_at_once(genrekit, exported, corpus_folder, clip, command):
    arguments = {
        "train": ("train", "mlp", "--data", corpus_folder),
        "export": ("export", exported.parent / "runs" / "mlp"),
        "quickstart": ("quickstart", "--data", corpus_folder),
    }[command]
    refused(genrekit(*arguments, "--out", clip / "below"), "cannot write", str(clip / "below"))


def test_an_export_of_nothing_says_why(genrekit, exported, tmp_path):
    run = exported.parent / "runs" / "mlp"
    refused(genrekit("export", run, "--out", tmp_path, "--target", "micro", "--format", "onnx"), "micro")


def test_a_page_needs_a_compiler_for_it(genrekit, exported, tmp_path):
    run = exported.parent / "runs" / "cnn"
    options = ("--out", tmp_path, "--target", "web")
    refused(genrekit("export", run, *options, "--precision", "float16"), "precision=float16", "int8")
    refused(genrekit("export", run, *options, "--format", "onnx"), "target=web", "tflite")
    refused(genrekit("export", run, *options, "--keep"), "keep=True", "page")
    if importlib.util.find_spec("ziglang") is None:
        refused(genrekit("export", run, *options), "ziglang", 'pip install "genrekit[cross]"')
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.slow
def test_a_page_is_one_file_that_agrees_with_keras_and_loads_nothing(genrekit, exported, tmp_path):
    pytest.importorskip("ziglang", reason='no compiler for WebAssembly: pip install "genrekit[cross]"')
    run = exported.parent / "runs" / "cnn"
    process = genrekit("export", run, "--out", tmp_path, "--target", "web", "--json")
    assert process.returncode == 0, process.stderr
    rows = json.loads(process.stdout)
    assert [(row["file"], row["format"]) for row in rows] == [("cnn-float32.html", "web"), ("cnn-int8.html", "web")]
    assert rows == json.loads((tmp_path / "parity.json").read_text())
    for row, most in zip(rows, (1_600_000, 250_000), strict=True):
        page = tmp_path / row["file"]
        assert row["bytes"] == page.stat().st_size <= most
        assert row["top1_agreement"] >= 0.97
        assert not re.search(r"https?:|<link rel=.stylesheet|(src|action)=", page.read_text())


def test_an_open_batch_is_for_onnx(genrekit, exported, tmp_path):
    run = exported.parent / "runs" / "mlp"
    refused(genrekit("export", run, "--out", tmp_path, "--batch", "dynamic", "--format", "tflite"), "batch=dynamic")
    process = genrekit("export", run, "--out", tmp_path, "--batch", "dynamic", "--precision", "float32")
    assert process.returncode == 0, process.stderr
    assert [path.name for path in tmp_path.glob("mlp*")] == ["mlp-float32.onnx"]
    shape = json.loads(genrekit("inspect", tmp_path / "mlp-float32.onnx", "--json").stdout)["input"]["shape"]
    assert shape == [None, 130, 13]


def test_evaluate_tells_of_tracks_that_were_trained_on(genrekit, model, corpus_folder):
    process = genrekit("evaluate", model, "--data", corpus_folder, "--seed", 5)
    assert "may have been in training" in process.stderr
    assert "in training" not in genrekit("evaluate", model, "--data", corpus_folder).stderr


def test_a_narrow_terminal_gets_two_whole_tables(exported, capsys, monkeypatch):
    from rich.console import Console

    from genrekit.toolkit.cli import terminal

    monkeypatch.setattr(terminal, "_wide_console", lambda: Console(width=80))
    terminal.print_bench(read_json(exported.parent / "bench.json"), ["cnn-int8.onnx"])
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert printed.count("mlp-regularized-float32.tflite") == 2
    assert "cnn-int8.onnx: not kept" in printed


@pytest.mark.slow
def test_interrupted_figures_keep_what_was_measured(exported, tmp_path):
    def interrupt(done, total, what):
        if done == 1:
            raise KeyboardInterrupt

    saved = tmp_path / "f.json"
    found = measure_figures(exported.parent / "runs", 10, progress=interrupt, save_to=saved)
    assert found["interrupted"]
    assert not found["complete"]
    assert [row["name"] for row in found["figures"]] == ["LSTM TFLite float32 / converted the plain way"]
    assert json.loads(saved.read_text()) == found


@pytest.mark.slow
def test_promises_are_measured_beside_their_targets(exported, tmp_path):
    command = [sys.executable, "-m", "tests.ratios", exported.parent / "runs", "--calls", 10, "--no-training"]
    process = subprocess.run(
        list(map(str, [*command, "--out", tmp_path / "f.json"])),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / "f.json").read_text())
    assert len(found["figures"]) == 4
    for row in found["figures"]:
        assert row["name"] in process.stdout
        assert row["low"] <= row["ratio"] <= row["high"]
        assert len(row["first_ms"]) == len(row["second_ms"]) >= 10
    streaming = {row["name"]: row for row in found["streaming"]}
    assert all(row["value"] > 0 for row in streaming.values())
    promised = {name: row for name, row in streaming.items() if "at_most" in row or "at_least" in row}
    assert len(promised) == 10
    assert not any("at_most" in row and "at_least" in row for row in promised.values())
    assert all(name.startswith(("extraction", "MFCC")) for name in streaming.keys() - promised.keys())
    assert streaming["clip to label: librosa and Keras / ours, MLP int8"]["low"] > 1
    in_c = {row["name"]: row for row in found["c"]}
    assert all(row["value"] > 0 for row in in_c.values())
    assert len([row for row in in_c.values() if "at_least" in row]) == 8
    assert len(in_c) == 16  # and beside these, for each model, plain -O2 and int8
    assert {row["file"] for row in found["exports"]} >= {"lstm-float32.tflite", "cnn-float32.onnx", "mlp-int8.tflite"}
    assert found["machine"]["cpu"]


FEATURES_ONLY = ("bench", "m.tflite", "--data", "corpus", "--features-only")
CLASSIFY = ("classify", "m.tflite", "clip.wav")
LIBRARY = ("classify", "m.tflite", "music", "--recursive")


@pytest.mark.parametrize(
    ("command", "option", "remedy"),
    [
        (FEATURES_ONLY, ("--engine", "micro"), "leave it out"),
        (FEATURES_ONLY, ("--baseline",), "leave it out"),
        (FEATURES_ONLY, ("--keras", "runs"), "leave it out"),
        (FEATURES_ONLY, ("--paced-calls", "10"), "leave it out"),  # also where it is what it is without
        (FEATURES_ONLY[:-1], ("--wheel", "x.whl"), "--device"),
        (FEATURES_ONLY[:-1], ("--ssh-config", "config"), "--device"),
        (CLASSIFY, ("--out", "table.csv"), "--recursive"),
        (CLASSIFY, ("--dask", "tcp://10.0.0.5:8786"), "--recursive"),
        (CLASSIFY, ("--jobs", "2"), "--recursive"),
        ((*LIBRARY, "--out", "table.csv"), ("--top-k", "3"), "leave it out"),
        ((*LIBRARY, "--dask", "tcp://10.0.0.5:8786"), ("--jobs", "2"), "leave it out"),
        (("stream", "m.tflite", "clip.wav"), ("--rate", "48000"), "leave it out"),
        (("stream", "m.tflite", "clip.wav"), ("--sample-format", "s16le"), "leave it out"),
        (("stream", "m.tflite", "mic"), ("--channels", "2"), "leave it out"),
        (("stream", "m.tflite", "mic"), ("--realtime",), "leave it out"),
        (("export", "run", "--out", "models"), ("--labels", "labels.txt"), "leave it out"),
        (("export", "run", "--out", "models"), ("--front-end", "front_end.json"), "leave it out"),
        (("export", "run", "--out", "models"), ("--cache", "kept"), "--data"),
        (("export", "run", "--out", "models"), ("--no-cache",), "--data"),
        *(
            ((*command, "--data", "corpus", "--out", "out", "--dask", "tcp://10.0.0.5:8786"), ("--jobs", "2"), "leave")
            for command in (("train", "cnn"), ("ablation", "cnn"), ("paper",))
        ),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(command, option, remedy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.keras").touch()
    before = sorted(tmp_path.rglob("*"))
    assert run([*command, *option]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    name, value = option[0].removeprefix("--"), (*option, "True")[1]
    assert said.err.startswith(f"genrekit: {name}={value}: ")
    assert remedy in said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_seed_is_refused_beside_a_list_of_tracks(tiny_models, tmp_path, capsys):
    model = str(tiny_models("dense", "onnx"))
    assert run(["evaluate", model, "--data", str(tmp_path), "--split", "fault-filtered", "--seed", "3"]) == 2
    assert "seed=3: the split fault-filtered" in capsys.readouterr().err


def test_a_model_that_was_damaged_on_its_way_is_refused(genrekit, model, clip, tmp_path):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1  # among the weights
    (tmp_path / "damaged.tflite").write_bytes(data)
    for command in (("classify", tmp_path / "damaged.tflite", clip), ("inspect", tmp_path / "damaged.tflite")):
        process = genrekit(*command)
        assert process.returncode == 2
        assert "damaged.tflite: expected a file whose bytes have the checksum" in process.stderr
        assert "copy it again, or export it again" in process.stderr


def test_a_model_without_a_checksum_says_so_and_runs(genrekit, model, clip, tmp_path, monkeypatch):
    # As earlier versions did.
    monkeypatch.setattr(ModelDescription, "sealed_json", lambda description, model: description.to_json())
    path = tmp_path / "old.tflite"
    path.write_bytes(attach(model.read_bytes(), read_description(model)))
    process = genrekit("classify", path, clip)
    assert process.returncode == 0
    assert "carries no checksum" in process.stderr
    assert "carries no checksum" in genrekit("inspect", path).stdout.replace("\n", " ")
    assert "checksum" not in genrekit("classify", model, clip).stderr
