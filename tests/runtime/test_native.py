"""The front end in C as Python calls it: each set of instructions, threads, Ctrl-C, statuses."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from genrekit.runtime import MfccConfig, MfccStream, mfcc, native
from genrekit.runtime.errors import ParameterError
from genrekit.runtime.mfcc import MfccComputer
from genrekit.runtime.native import INSTRUCTIONS, NativeFrames, NativeMfcc

LIBRARY = native.library()
needs_library = pytest.mark.skipif(not isinstance(LIBRARY, ctypes.CDLL), reason=f"no front end in C: {LIBRARY}")
OK, NOT_DUE, INVALID = 0, 1, 2  # genrekit_status

DEFAULT = MfccConfig()
SMALL = MfccConfig(sample_rate=8000, n_fft=256, hop_length=100, n_mels=20, n_mfcc=5, window_s=0.25)
CONFIGS = {
    "default": DEFAULT,
    "in double": dataclasses.replace(DEFAULT, top_db=None),
    "not centred": dataclasses.replace(SMALL, center=False),
    "gaps": dataclasses.replace(SMALL, hop_length=700, window_s=0.3),
    "fives and threes": dataclasses.replace(SMALL, n_fft=450, n_mels=37, n_mfcc=37, window_s=0.5),
    "two samples": dataclasses.replace(SMALL, n_fft=2, hop_length=1, n_mels=1, n_mfcc=1, window_s=0.01),
}


def sound(count, seed=0):
    generator = np.random.default_rng(seed)
    levels = np.repeat(generator.choice([0.0, 1e-3, 0.1, 1.0], count // 500 + 1), 500)[:count]
    return (levels * generator.uniform(-1, 1, count)).astype(np.float32)


def in_numpy(samples, config):
    computer = MfccComputer(config)
    return computer.cepstrum(computer.log_mel(samples))


@pytest.fixture(params=[("base", 1), ("avx2", 2), ("avx512", 3)], ids=lambda each: each[0])
def instructions(request):
    """Each set that the library has and this processor too."""
    name, number = request.param
    if number > LIBRARY.genrekit_best_instructions():
        pytest.skip(f"this processor has no {name}")
    return name


@needs_library
@pytest.mark.parametrize("name", CONFIGS)
def test_every_set_of_instructions_computes_what_numpy_does(instructions, name):
    config = CONFIGS[name]
    samples = sound(config.window_samples)
    computer = NativeMfcc(config, LIBRARY, instructions)
    expected = in_numpy(samples, config)
    np.testing.assert_allclose(computer.cepstrum(computer.log_mel(samples)), expected, rtol=0, atol=1e-3)
    frames = NativeFrames(config, 1, LIBRARY, instructions)
    for _ in range(2):  # and after a reset
        frames.take(samples)
        np.testing.assert_allclose(frames.window_mfcc(samples), expected, rtol=0, atol=1e-3)
        frames.reset()


@needs_library
@pytest.mark.parametrize("number", [-1, 4, 99])
def test_instructions_that_there_are_not_are_refused(monkeypatch, number):
    monkeypatch.setitem(INSTRUCTIONS, "others", number)
    for make in (lambda: NativeMfcc(SMALL, LIBRARY, "others"), lambda: NativeFrames(SMALL, 1, LIBRARY, "others")):
        with pytest.raises(ParameterError, match="instructions=others"):
            make()


@needs_library
def test_a_long_window_is_computed_in_several_calls(monkeypatch):
    samples, whole = sound(30_000), NativeMfcc(SMALL, LIBRARY).log_mel(sound(30_000))
    monkeypatch.setattr(native, "BLOCK_SAMPLES", 7 * (SMALL.n_fft + SMALL.n_mels))
    assert np.array_equal(NativeMfcc(SMALL, LIBRARY).log_mel(samples), whole)
    windows = MfccStream(SMALL, 0.1).push(samples)
    monkeypatch.undo()
    assert np.array_equal(windows, MfccStream(SMALL, 0.1).push(samples))


def streamed(seed):
    stream = MfccStream(stride_s=0.1)
    return [features for block in np.array_split(sound(200_000, seed), 301) for features in stream.push(block)]


@needs_library
def test_streams_in_threads_give_what_each_gives_alone(monkeypatch):
    monkeypatch.setenv("GENREKIT_FRONT_END", "native")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(streamed, range(4)))
    assert all(np.array_equal(one, streamed(seed)) for seed, one in enumerate(together))


@needs_library
def test_windows_in_many_threads_are_what_they_are_alone(monkeypatch):
    monkeypatch.setenv("GENREKIT_FRONT_END", "native")
    configs = [CONFIGS[name] for name in ("default", "in double", "gaps")]
    work = [(sound(66_150, seed), configs[seed % 3]) for seed in range(60)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda each: mfcc(*each), work))
    assert all(np.array_equal(one, mfcc(*each)) for one, each in zip(together, work, strict=True))


# Either takes minutes if nobody ends it.
LONG = """
import numpy as np
from genrekit.runtime import MfccConfig, MfccStream, mfcc
config = MfccConfig(n_fft=4096, hop_length=1, n_mels=1, n_mfcc=1, window_s=600.0)
samples = np.zeros(config.window_samples, np.float32)
stream = MfccStream(config, 600.0)
print("begun", flush=True)
"""


@needs_library
@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.parametrize("call", ["mfcc(samples, config)", "stream.push(samples)"])
def test_ctrl_c_ends_a_long_call(call):
    environment = {**os.environ, "GENREKIT_FRONT_END": "native"}
    command, pipe = [sys.executable, "-c", LONG + call], subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)  # so that it is in the call
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert said.endswith("KeyboardInterrupt\n")
    assert process.returncode == -signal.SIGINT


@pytest.fixture
def tables():
    """The address of the default front end, as C has it."""
    return native._tables(DEFAULT, LIBRARY).address


@needs_library
@pytest.mark.parametrize("name", CONFIGS)
def test_frames_are_counted_as_in_python(name):
    config, count_frames = CONFIGS[name], LIBRARY.genrekit_frame_count
    count_frames.restype, count_frames.argtypes = ctypes.c_size_t, (ctypes.c_void_p, ctypes.c_size_t)
    for count in (0, 1, config.n_fft - 1, config.n_fft, config.n_fft + 1, config.window_samples, 100_000):
        expected = config.frame_count(count) if count else 0
        assert count_frames(native._tables(config, LIBRARY).address, count) == expected


@needs_library
def test_normalized_features_are_those_of_the_description():
    features = in_numpy(sound(DEFAULT.window_samples), DEFAULT)
    mean, std = features.mean(axis=0), features.std(axis=0) + 1
    expected = (features - mean) / std
    addresses = [ctypes.c_void_p(array.ctypes.data) for array in (features, mean, std)]
    shape = map(ctypes.c_size_t, features.shape)
    LIBRARY.genrekit_normalize(addresses[0], *shape, *addresses[1:], addresses[0])
    np.testing.assert_allclose(features, expected, rtol=1e-6, atol=1e-6)


@needs_library
def test_the_wrong_order_of_calls_has_a_status(tables):
    stream, samples = NativeFrames(DEFAULT, 22, LIBRARY), sound(DEFAULT.window_samples)
    features = np.empty((DEFAULT.window_frames, DEFAULT.n_mfcc), np.float32)
    window, push = LIBRARY.genrekit_stream_window, LIBRARY.genrekit_stream_push
    assert window(stream._stream, features.ctypes.data) == NOT_DUE
    assert push(stream._stream, samples.ctypes.data, len(samples)) == len(samples)
    assert push(stream._stream, samples.ctypes.data, 1) == 0  # while a window is due
    assert window(stream._stream, None) == INVALID
    assert window(stream._stream, features.ctypes.data) == OK
    assert window(None, features.ctypes.data) == INVALID
    computer = NativeMfcc(DEFAULT, LIBRARY)
    one_more = DEFAULT.window_frames + 1
    assert LIBRARY.genrekit_log_mel(computer._mfcc, samples.ctypes.data, len(samples), 0, one_more, 1) == INVALID
    assert LIBRARY.genrekit_stream_bytes(tables, 0) == 0
    assert LIBRARY.genrekit_mfcc_bytes(None) == 0
