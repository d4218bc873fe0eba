"""The program of a model as a folder of C: what `make` builds, run under sanitizers, beside Python."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genrekit.converters.attach import attach
from genrekit.converters.c.folder import Golden, c_files, write_files
from genrekit.runtime import StreamClassifier, load, mfcc
from genrekit.runtime.native_build import find_compiler

from ..libraries import needs_compiler
from ..lint_c import COMPILERS, WARNINGS, knows_cpp
from .test_c_classifier import AUDIO, TINY, described

pytestmark = [needs_compiler, pytest.mark.skipif(not shutil.which("make"), reason="no make at hand: apt install make")]

SANITIZED = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -DGK_LANES=1"
LABELS = ("blues", 'rock "n" roll', "back\\slash é")
PCM = np.clip(np.rint(AUDIO * 32768), -32768, 32767).astype("<i2")
SAMPLES = PCM.astype(np.float32) / 32768
WINDOW = TINY.window_samples
DESCRIPTION = dataclasses.replace(described(), labels=LABELS, format="tflite")
STRIDE_S = TINY.hop_length / TINY.sample_rate


@pytest.fixture(scope="module")
def model(tiny_models, tmp_path_factory):
    """What the folder is made of, in Python."""
    path = tmp_path_factory.mktemp("model") / "linear.tflite"
    path.write_bytes(attach(tiny_models("dense", "tflite").read_bytes(), DESCRIPTION))
    return load(path)


def files_of(model, offset=0.0):
    """The files of a folder whose golden scores are off by `offset`."""
    windows = PCM[: 3 * WINDOW].reshape(3, WINDOW)
    scores = model.predict(np.stack([mfcc(window / np.float32(32768), TINY) for window in windows]))
    tflite = Path(model.engine.path).read_bytes()
    return c_files(tflite, DESCRIPTION, Golden(windows, scores + np.float32(offset), 1e-3))


def make(folder, *arguments):
    command = ["make", "-s", "-C", folder, f"CC={' '.join(find_compiler())}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("c") / "linear-float32-c"
    write_files(path, files_of(model))
    make(path, f"CFLAGS={SANITIZED}")
    return path


def classify(folder, *arguments, given=b""):
    return subprocess.run([folder / "classify", *arguments], input=given, capture_output=True)


def decisions(done):
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def assert_same(found, expected):
    """The lines are those of `genrekit stream --json`."""
    assert len(found) == len(expected)
    for line, one in zip(found, expected, strict=True):
        padded = ["padded"] if one.padded else []
        assert list(line) == ["time_s", "label", "score", "scores", "answer", *padded]
        assert (line["time_s"], line["label"], line["answer"]) == (round(one.time_s, 3), one.label, one.answer)
        assert line["score"] == line["scores"][line["label"]]
        assert list(line["scores"]) == list(one.scores)
        assert line["scores"] == pytest.approx(one.scores, abs=2e-3)
        assert line.get("padded", True) is True


@pytest.mark.parametrize(("arguments", "stride_frames"), [((), 31), (("0.04",), 2), (("0.056",), 4), (("1e-9",), 1)])
def test_decisions_are_those_of_python(folder, model, arguments, stride_frames):
    found = decisions(classify(folder, *arguments, given=PCM.tobytes() + b"\0"))
    expected = StreamClassifier(model, stride_frames * STRIDE_S).push(SAMPLES)
    assert_same(found, expected)
    assert len(found) > 10


@pytest.mark.parametrize("length", [0, 1, 1000, WINDOW - 1, WINDOW])
def test_short_audio_gets_one_decision(folder, model, length):
    stream = StreamClassifier(model, 31 * STRIDE_S)
    expected = [*stream.push(SAMPLES[:length]), *stream.flush()]
    assert_same(decisions(classify(folder, given=PCM[:length].tobytes())), expected)


def test_a_decision_comes_with_its_last_sample(folder):
    pipe = subprocess.PIPE
    with subprocess.Popen([folder / "classify", "0.1"], stdin=pipe, stdout=pipe, bufsize=0) as process:
        try:
            for samples, time_s in ((PCM[:WINDOW], 0.5), (PCM[WINDOW : WINDOW + 768], 0.596)):
                process.stdin.write(samples.tobytes())
                assert json.loads(process.stdout.readline())["time_s"] == time_s
            process.stdin.close()
            assert process.stdout.read() == b""
        finally:
            process.kill()


def test_the_self_test_passes(folder):
    done = classify(folder, "--self-test")
    *windows, verdict = done.stdout.decode().splitlines()
    assert (done.returncode, len(windows)) == (0, 3)
    assert verdict.startswith("PASS: MFCC within ")


def test_the_self_test_fails_without_arguments_or_heap_too(folder, model, tmp_path):
    """As a board runs it."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "golden.h").write_bytes(files_of(model, 0.01)["golden.h"])
    make(tmp_path, f"CFLAGS={SANITIZED} -DGENREKIT_SELF_TEST -DGENREKIT_STATIC_BYTES=65536")
    done = classify(tmp_path)
    assert done.returncode == 1
    assert done.stdout.decode().splitlines()[-1].startswith("FAIL: MFCC within ")


def test_windows_are_timed_over_and_over(folder):
    (found,) = decisions(classify(folder, "--bench", "7", given=PCM[: 3 * WINDOW - 1].tobytes()))
    assert list(found) == ["clip_ms"]
    assert len(found["clip_ms"]) == 7
    assert min(found["clip_ms"]) > 0


def test_sizes_are_reported(folder, tmp_path):
    (found,) = decisions(classify(folder, "--size"))
    assert list(found) == ["flash_bytes", "state_bytes"]
    objects = [path for path in folder.glob("*.o") if path.name != "main.o"]
    rows = subprocess.run(["size", *objects], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    assert found["flash_bytes"] == sum(int(text) + int(data) for text, data, *_ in map(str.split, rows))
    assert 5_000 < found["state_bytes"] < 50_000
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "main.o").unlink()
    make(tmp_path, f"CFLAGS={SANITIZED}", "SIZE=no-such-program")
    (found,) = decisions(classify(tmp_path, "--size"))
    assert found["flash_bytes"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["0"], ["-1"], ["nan"], ["inf"], ["1e300"], [""], ["1s"], ["--other"], ["1", "2"], ["--size", "1"], ["--bench"],
        ["--bench", "0"], ["--bench", "1.5"], ["--bench", "x"], ["--bench", "1", "2"], ["--bench", "1"],
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(folder, arguments):
    done = classify(folder, *arguments, given=PCM[: WINDOW - 1].tobytes())
    assert (done.returncode, done.stdout) == (2, b"")
    (sentence,) = done.stderr.decode().splitlines()
    assert sentence.startswith("classify: ")
    assert "expected" in sentence


def test_help_names_every_option(folder):
    text = classify(folder, "--help").stdout.decode()
    assert all(option in text for option in ("STRIDE", "--self-test", "--bench N", "--size", "8000 Hz"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="wants a device that is full")
def test_an_output_that_is_full_is_said(folder):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([folder / "classify"], input=PCM.tobytes(), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"classify: standard output cannot be written\n"


def test_the_library_is_made_without_the_program(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    make(tmp_path, "clean")
    assert not list(tmp_path.glob("*.o"))
    make(tmp_path, "library", "CFLAGS=-O0 -DGK_LANES=1")
    assert (tmp_path / "libgenrekit-model.a").exists()
    assert not (tmp_path / "classify").exists()


@pytest.mark.parametrize("name", COMPILERS)
def test_no_compiler_has_anything_to_say(folder, name):
    compiler = shutil.which(name)
    if compiler is None:
        pytest.skip(f"no {name} at hand: apt install {name}")
    command = [compiler, *WARNINGS, "-fsyntax-only", f"-I{folder}"]
    languages = [["-std=c99", folder / "model.c"], ["-std=c99", folder / "main.c"]]
    if knows_cpp(compiler):
        languages.append(["-x", "c++", folder / "model.h"])
    for language in languages:
        subprocess.run([*command, *language], check=True)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="no zig at hand: make .venv/.cross")
def test_zig_compiles_it_without_extensions(folder, tmp_path):
    program = tmp_path / "classify.exe"
    options = ("-DGK_LANES=1", "-std=c99", "-Wpedantic", "-Werror", "-O1")
    command = [sys.executable, "-m", "ziglang", "cc", *options, *sorted(folder.glob("*.c")), "-o", program, "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run([program, "--self-test"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1][:5]) == (0, "PASS:")
