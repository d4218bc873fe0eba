"""Which form computes MFCC, and what a library that is absent or damaged leads to."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import genrekit
from genrekit.runtime import MfccConfig, MfccStream, front_end, mfcc, native
from genrekit.runtime.errors import AudioError, FrontEndWarning, ParameterError
from genrekit.runtime.mfcc import MfccComputer
from genrekit.runtime.native import ABI, load_library
from genrekit.runtime.native_build import BUILD_COMMAND, DIGEST, digest_of, find_compiler, library_name

LIBRARY = native.library()
needs_library = pytest.mark.skipif(not isinstance(LIBRARY, ctypes.CDLL), reason=f"no front end in C: {LIBRARY}")

DEFAULT = MfccConfig()
SMALL = MfccConfig(sample_rate=8000, n_fft=256, hop_length=100, n_mels=20, n_mfcc=5, window_s=0.25)


def sound(count):
    return np.random.default_rng(count).uniform(-1, 1, count).astype(np.float32)


def in_numpy(samples, config):
    computer = MfccComputer(config)
    return computer.cepstrum(computer.log_mel(samples))


# Prints which form there is, how far its MFCC are from those of numpy, what was warned of, and what "native" leads to.
TRIED = """
import json, os, sys, warnings
import numpy as np
from genrekit.runtime import front_end, mfcc
from genrekit.runtime.errors import GenrekitError
samples = np.load(sys.argv[1])
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    form, features = front_end(), [mfcc(samples), mfcc(samples)][1]
os.environ["GENREKIT_FRONT_END"] = "native"
try:
    failure = [front_end(), 0]
except GenrekitError as error:
    failure = [str(error), error.exit_code]
os.environ["GENREKIT_FRONT_END"] = "numpy"
off = float(np.abs(features - mfcc(samples)).max())
said = [[each.category.__name__, str(each.message)] for each in warned]
print(json.dumps({"form": form, "off": off, "warned": said, "failure": failure}))
"""


@pytest.fixture
def copy(tmp_path):
    """A folder on PYTHONPATH with a copy of the runtime, without its library."""
    (tmp_path / "genrekit").mkdir()
    shutil.copy(genrekit.__file__, tmp_path / "genrekit")
    left_out = shutil.ignore_patterns("*genrekit.so*", "*genrekit.dylib*", "genrekit.dll*", "__pycache__")
    runtime = Path(native.__file__).parent
    shutil.copytree(runtime, tmp_path / "genrekit" / "runtime", ignore=left_out)
    return tmp_path


def tried(copy):
    """What `TRIED` prints with the runtime in `copy`."""
    np.save(copy / "samples.npy", sound(DEFAULT.window_samples))
    kept = {name: value for name, value in os.environ.items() if name != "GENREKIT_FRONT_END"}
    command = [sys.executable, "-c", TRIED, copy / "samples.npy"]
    environment = {**kept, "PYTHONPATH": str(copy)}
    return json.loads(subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=True).stdout)


def stub(folder, abi, functions=()):
    """The bytes of a library that says it has `abi`, and has `functions` that do nothing."""
    lines = [f"int genrekit_abi(void) {{ return {abi}; }}", *(f"void {name}(void) {{}}" for name in functions)]
    (folder / "stub.c").write_text("\n".join(lines) + "\n")
    if (compiler := find_compiler()) is None:
        pytest.skip("no C compiler at hand: apt install gcc libc6-dev")
    command = [*compiler, "-shared", "-fPIC", "-o", folder / "stub", folder / "stub.c"]
    subprocess.run(command, check=True)
    return (folder / "stub").read_bytes()


def for_another_machine(data):
    """The library `data` with the number of another processor in its ELF header."""
    return data[:18] + bytes([243 if data[18] != 243 else 62, 0]) + data[20:]


def good():
    return Path(native.__file__).with_name(library_name()).read_bytes()


# The bytes of the library, and those that its digest is of; None where there is no such file.
DAMAGED = {
    "cut short": lambda folder: (good()[:5000], good()),
    "one bit": lambda folder: (good()[:9000] + bytes([good()[9000] ^ 1]) + good()[9001:], good()),
    "no digest": lambda folder: (good(), None),
    "a text": lambda folder: (b"not a library", b"not a library"),
    "empty": lambda folder: (b"", b""),
    "another machine": lambda folder: (for_another_machine(good()),) * 2,
    "another ABI": lambda folder: (stub(folder, ABI + 1),) * 2,
    "a function less": lambda folder: (stub(folder, ABI, list(native._FUNCTIONS)[1:]),) * 2,
}


@needs_library
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="makes ELF files")
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_library_is_named_once_and_numpy_takes_over(copy, damage):
    path = copy / "genrekit" / "runtime" / library_name()
    data, digested = DAMAGED[damage](copy)
    path.write_bytes(data)
    if digested is not None:
        path.with_name(path.name + DIGEST).write_text(digest_of(digested))
    found = tried(copy)
    assert (found["form"], found["off"]) == ("numpy", 0)
    ((category, message),) = found["warned"]
    assert category == "FrontEndWarning"
    assert str(path) in message
    assert BUILD_COMMAND in message
    message, exit_code = found["failure"]
    assert exit_code == 1
    assert message.startswith(f"GENREKIT_FRONT_END=native: {path}: ")
    assert BUILD_COMMAND in message


@needs_library
def test_a_digest_that_is_no_text_is_a_damage_too(tmp_path):
    path = tmp_path / library_name()
    path.write_bytes(good())
    path.with_name(path.name + DIGEST).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(native.Failure, match=f"{path}: .*{BUILD_COMMAND}"):
        load_library(path)


def test_an_installation_without_a_library_says_nothing_until_it_is_asked_for(copy):
    found = tried(copy)
    assert (found["form"], found["off"], found["warned"]) == ("numpy", 0, [])
    message, exit_code = found["failure"]
    assert exit_code == 1
    assert message.startswith(f"GENREKIT_FRONT_END=native: {copy / 'genrekit' / 'runtime' / library_name()}")
    assert message.endswith(f"build it: {BUILD_COMMAND}")


@pytest.mark.parametrize("value", ["nonsense", "NATIVE", "0"])
def test_a_choice_that_there_is_not_is_refused(monkeypatch, value):
    monkeypatch.setenv("GENREKIT_FRONT_END", value)
    for use in (front_end, MfccStream, lambda: mfcc(sound(5000))):
        with pytest.raises(ParameterError, match=f"GENREKIT_FRONT_END={value}: expected native or numpy"):
            use()


@needs_library
def test_the_variable_chooses_at_each_call(monkeypatch):
    for value, form in (("numpy", "numpy"), ("native", "native"), ("", "native")):
        monkeypatch.setenv("GENREKIT_FRONT_END", value)
        assert front_end() == form
        np.testing.assert_allclose(mfcc(sound(5000)), in_numpy(sound(5000), DEFAULT), rtol=0, atol=1e-3)


@needs_library
@pytest.mark.parametrize("n_fft", [254, 257])  # twice a prime, and odd
def test_a_frame_that_c_cannot_have_is_numpys_and_said_once(monkeypatch, n_fft):
    monkeypatch.delenv("GENREKIT_FRONT_END", raising=False)
    config, samples = dataclasses.replace(SMALL, n_fft=n_fft, n_mfcc=4), sound(SMALL.window_samples)
    with pytest.warns(FrontEndWarning, match=f"n_fft={n_fft}: .*prime factors.*; numpy does its work") as warned:
        features = mfcc(samples, config)
    assert len(warned) == 1
    assert np.array_equal(features, in_numpy(samples, config))
    assert (front_end(config), front_end(SMALL)) == ("numpy", "native")
    (streamed,) = MfccStream(config).push(samples)
    np.testing.assert_allclose(streamed, features, rtol=0, atol=1e-4)


@needs_library
def test_a_stream_that_would_take_too_much_memory_is_numpys(monkeypatch):
    monkeypatch.delenv("GENREKIT_FRONT_END", raising=False)
    config = MfccConfig(sample_rate=8000, n_fft=1024, hop_length=1, n_mels=1, n_mfcc=1, window_s=30.0)
    with pytest.warns(FrontEndWarning, match=r"stride_frames=1: .*; numpy does its work"):
        MfccStream(config, stride_s=1 / 8000)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(5000, np.int16),
        np.zeros((5000, 2), np.float32),
        np.full(5000, np.nan, np.float32),
        np.full(5000, np.inf),
        np.zeros(0, np.float32),
    ],
    ids=["int16", "stereo", "NaN", "infinity", "nothing"],
)
@needs_library
def test_both_forms_say_the_same_of_bad_samples(monkeypatch, bad):
    said = []
    for form in ("numpy", "native"):
        monkeypatch.setenv("GENREKIT_FRONT_END", form)
        with pytest.raises(AudioError) as error:
            mfcc(bad)
        said.append(str(error.value))
    assert said[0] == said[1]
