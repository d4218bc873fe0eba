"""The front end in C under AddressSanitizer and UndefinedBehaviorSanitizer, against the numpy form."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genrekit.runtime import MfccConfig
from genrekit.runtime.c_tables import front_end_tables
from genrekit.runtime.mfcc import MfccComputer
from genrekit.runtime.native import INSTRUCTIONS
from genrekit.runtime.native_build import DIGEST, SOURCES, compile_library, digest_of, find_compiler

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "tests" / "c"
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
RUNTIMES = ("libasan.so", "libclang_rt.asan-x86_64.so")  # gcc's and clang's, where they are libraries
# What each form is compiled with, and the instructions that it is asked for.
FORMS = {
    "base": ((), "base"),
    "avx2": ((), "avx2"),
    "avx512": ((), "avx512"),
    "plain C": (("-DGK_LANES=1",), "base"),
}
# By the numbers in which the FFT is computed; see genrekit.h.
MOST_DIFFERENCE = {np.float32: 1e-3, np.float64: 2e-4}
EXAMPLES = 60
NOISE = np.random.default_rng(1).uniform(-1, 1, 100_000).astype(np.float32)

compiler = find_compiler()
pytestmark = pytest.mark.skipif(
    compiler is None or not sys.platform.startswith("linux"), reason="wants Linux and a C compiler: apt install gcc"
)


def preloaded():
    """The runtime of the compiler's sanitizer, which a process must load before all else."""
    for name in RUNTIMES:
        found = subprocess.run([*compiler, f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
        if os.path.isabs(found):
            return found
    return pytest.skip(f"{compiler[0]} has no AddressSanitizer")


class Served:
    """The process that calls a library of front ends in C."""

    def __init__(self, library):
        environment = {**os.environ, "LD_PRELOAD": preloaded(), "ASAN_OPTIONS": "detect_leaks=0"}
        command = [sys.executable, "-m", "tests.c.served", str(library)]
        self._errors = library.with_suffix(".errors")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )

    def __call__(self, *request):
        try:
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()
            answer = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError):
            self._process.wait()
            pytest.fail(f"the process ended: {self._errors.read_text()}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self):
        self._process.communicate()
        assert self._process.returncode == 0, self._errors.read_text()


def library_of(options, folder):
    """A library compiled for the sanitizers with `options`, and the digest beside it."""
    path = folder / "library.so"
    path.write_bytes(compile_library(compiler, [*SANITIZED, *options]))
    path.with_name(path.name + DIGEST).write_text(digest_of(path.read_bytes()))
    return path


@pytest.fixture(scope="module")
def library_with(tmp_path_factory):
    """The path of the library that is compiled with these options, once."""
    made = {}

    def make(options):
        if options not in made:
            made[options] = library_of(options, tmp_path_factory.mktemp("library"))
        return made[options]

    return make


@pytest.fixture(scope="module")
def served(library_with):
    """The process that calls this library, once."""
    processes = {}

    def make(options):
        if options not in processes:
            processes[options] = Served(library_with(options))
        return processes[options]

    yield make
    for process in processes.values():
        process.end()


@pytest.fixture(params=FORMS, scope="module")
def form(request, served):
    """Asks one form of the front end in C: (function, *arguments)."""
    options, instructions = FORMS[request.param]
    process = served(options)
    if INSTRUCTIONS[instructions] > process("best"):
        pytest.skip(f"this processor has no {instructions}")
    return lambda name, *arguments: process(name, instructions, *arguments)


@st.composite
def configs(draw):
    """Front ends of every kind that C computes: all radices, lanes left over, hops longer than frames, one frame."""
    half = 2 ** draw(st.integers(0, 8)) * draw(st.sampled_from([1, 1, 1, 3, 5, 9, 15, 25]))
    n_fft, n_mels = 2 * half, draw(st.integers(1, 40))
    hop = draw(st.one_of(st.integers(max(1, n_fft // 20), n_fft), st.integers(1, 3 * n_fft)))
    hop = max(hop, n_fft // 40, 1)
    return MfccConfig(
        sample_rate=8000,
        n_fft=n_fft,
        hop_length=hop,
        n_mels=n_mels,
        n_mfcc=draw(st.integers(1, n_mels)),
        window_s=(n_fft + draw(st.sampled_from([0, 1, 100, 3000]))) / 8000,
        center=draw(st.booleans()),
        top_db=draw(st.sampled_from([None, 20.0, 80.0, 100.0])),
    )


@st.composite
def signals(draw, most=9000):
    """Noise and tones whose level jumps, silence, denormal numbers: float32, at full scale at most."""
    generator = np.random.default_rng(draw(st.integers(0, 2**16)))
    count = draw(st.integers(0, most))
    levels = generator.choice([0.0, 1e-40, 1e-4, 1e-2, 1.0], size=count // 150 + 1)
    tone = np.sin(np.arange(count) * generator.uniform(0.001, 3))
    kind = generator.uniform(0, 1, count) if draw(st.booleans()) else tone
    return (np.repeat(levels, 150)[:count] * kind).astype(np.float32)


lengths = st.lists(st.sampled_from([0, 1, 2, 63, 99, 256, 700, 1999]), max_size=5).map(lambda some: [*some, 500])


def assert_near(received, samples, config):
    """`received` is the MFCC of `samples` as the numpy form computes it."""
    computer = MfccComputer(config)
    expected = computer.cepstrum(computer.log_mel(samples))
    most = MOST_DIFFERENCE[front_end_tables(config).window.dtype.type]
    np.testing.assert_allclose(received, expected, rtol=0, atol=most)


@settings(max_examples=max(EXAMPLES, settings.default.max_examples // 2))
@given(config=configs(), samples=signals())
def test_a_window_is_as_in_numpy(form, config, samples):
    if len(samples) and config.frame_count(len(samples)):
        assert_near(form("whole", config, samples), samples, config)


@settings(max_examples=max(EXAMPLES, settings.default.max_examples // 2))
@given(config=configs(), stride_frames=st.integers(1, 30), samples=signals(), lengths=lengths)
@example(config=MfccConfig(), stride_frames=22, samples=NOISE, lengths=[997])
@example(config=MfccConfig(top_db=None, center=False), stride_frames=1, samples=NOISE[:70_000], lengths=[10**6])
def test_any_chunks_give_the_windows_of_numpy(form, config, stride_frames, samples, lengths):
    received = form("streamed", config, stride_frames, samples, lengths)
    starts = range(0, len(samples) - config.window_samples + 1, stride_frames * config.hop_length)
    assert len(received) == len(starts)
    for features, start in zip(received, starts, strict=True):
        assert_near(features, samples[start : start + config.window_samples], config)


@pytest.mark.parametrize("options", sorted({options for options, _ in FORMS.values()}), ids=" ".join)
def test_right_and_wrong_calls_do_what_the_header_says(options, library_with, tmp_path):
    program, library = tmp_path / "fuzz", library_with(options)
    command = [*compiler, "-std=c99", *SANITIZED, "-DSTANDALONE", f"-I{SOURCES}", "-o", program, HARNESS / "fuzz.c"]
    subprocess.run([*command, library, f"-Wl,-rpath,{library.parent}", "-lm"], check=True)
    done = subprocess.run([program, "1", "600"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "600 inputs\n"), done.stderr
