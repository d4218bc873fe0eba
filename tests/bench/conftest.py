"""Small real models and clips that the bench measures."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from genrekit.bench.measure.clips import Clips
from genrekit.bench.measure.machine import MachineFacts
from genrekit.bench.measure.plan import Case, Effort
from genrekit.bench.results.build import blank_row
from genrekit.bench.results.schema import RATIO_TIMES, Bench, ClipsFacts
from genrekit.bench.results.stats import pairwise, summary
from genrekit.converters.attach import attach, without_description
from genrekit.converters.c.folder import Golden, c_files, write_files
from genrekit.runtime import MfccConfig, ModelDescription, Rejection, load, read_description
from genrekit.runtime.modelfile.description import TrainingCorpus
from genrekit.runtime.modelfile.rejection import calibrated

from ..conftest import LABELS as TINY_LABELS
from ..conftest import TINY

LABELS = ("low", "high", "noise")
CONFIG = MfccConfig()
TEMPERATURE = 1.5  # of the rejection of the tiny .tflite


def tones(count, seed=0):
    """`count` clips of one window each: a low tone, a high tone or noise in turns. float32 (n, window), int64 (n,)"""
    generator = np.random.default_rng(seed)
    time = np.arange(CONFIG.window_samples) / CONFIG.sample_rate
    labels = np.arange(count) % 3
    noise = generator.normal(0, 0.1, (count, len(time)))
    pitch = np.array([110.0, 3520.0, 0.0])[labels] * generator.uniform(0.95, 1.05, count)
    loud = np.array([0.5, 0.5, 0.0])[labels]
    samples = (
        loud[:, None] * np.sin(2 * np.pi * pitch[:, None] * time) + noise * np.where(labels == 2, 1, 0.01)[:, None]
    )
    return samples.astype(np.float32), labels


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    samples, labels = tones(12)
    return Clips.save(tmp_path_factory.mktemp("clips"), samples, labels, LABELS, split="every tone", demo=True)


def nearest_mean_weights(samples, labels):
    """Weights (n_mfcc, 3) and bias (3,) of the nearest class mean of the MFCC's mean over time."""
    from genrekit.runtime import mfcc

    features = np.stack([mfcc(window, CONFIG).mean(axis=0) for window in samples])
    means = np.stack([features[labels == label].mean(axis=0) for label in range(3)])
    return (means.T / 100).astype(np.float32), (-(means**2).sum(axis=1) / 200).astype(np.float32)


def onnx_model(weights, bias):
    """mean over time -> dense -> softmax, as the bytes of an ONNX file."""
    nodes = [
        helper.make_node("ReduceMean", ["mfcc"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Gemm", ["mean", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("mfcc", TensorProto.FLOAT, [1, CONFIG.window_frames, CONFIG.n_mfcc])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory):
    """A real ONNX file that tells the clips apart."""
    path = tmp_path_factory.mktemp("models") / "tiny-float32.onnx"
    description = ModelDescription(
        model="tiny",
        labels=LABELS,
        format="onnx",
        parameters=42,
        macs=39,
        corpus=TrainingCorpus(demo=True),
        recipe="edge",
    )
    path.write_bytes(attach(onnx_model(*nearest_mean_weights(*tones(12))), description))
    return path


@pytest.fixture(scope="session")
def crashing(tmp_path_factory):
    """A .tflite with a description, and a folder whose tflite_micro kills the process that imports it."""
    folder = tmp_path_factory.mktemp("crash")
    description = ModelDescription(model="fragile", labels=LABELS, format="tflite", precision="int8")
    path = folder / "fragile-int8.tflite"
    path.write_bytes(attach(b"\x00\x00\x00\x00TFL3", description))
    (folder / "tflite_micro").mkdir()
    (folder / "tflite_micro" / "__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    return path


@pytest.fixture(scope="session")
def tiny_clips(tiny_windows, tmp_path_factory):
    """Eleven windows that int16 holds exactly."""
    samples = np.rint(np.concatenate([tiny_windows, tiny_windows[:3, ::-1]]) * 2**15) / 2**15
    labels = np.arange(len(samples)) % len(TINY_LABELS)
    return Clips.save(tmp_path_factory.mktemp("tiny-clips"), samples, labels, TINY_LABELS, sample_rate=TINY.sample_rate)


@pytest.fixture(scope="session")
def tiny_tflite(tiny_models, tiny_clips, tmp_path_factory):
    """A .tflite that is unsure of about half of the clips."""
    source = tiny_models("dense", "tflite")
    scores = calibrated(load(source).predict(tiny_clips.features(TINY)), TEMPERATURE).max(axis=1)
    middle = float(np.sort(scores)[len(scores) // 2 - 1 :][:2].mean())
    description = dataclasses.replace(read_description(source), rejection=Rejection(TEMPERATURE, middle))
    path = tmp_path_factory.mktemp("models") / "dense-float32.tflite"
    path.write_bytes(attach(without_description(source.read_bytes()), description))
    return path


@pytest.fixture(scope="session")
def tiny_c(tiny_tflite, tmp_path_factory):
    """Its folder of C."""
    description = dataclasses.replace(read_description(tiny_tflite), format="c")
    golden = Golden(np.zeros((1, TINY.window_samples), np.int16), np.full((1, len(TINY_LABELS)), 0.3, np.float32), 1.0)
    folder = tmp_path_factory.mktemp("folders") / "dense-float32-c"
    write_files(folder, c_files(tiny_tflite.read_bytes(), description, golden))
    return folder


def row_of(file="cnn-float32.onnx", *, clip_ms=2.0, model_ms=0.5, front_end="genrekit", n=300, rounds=5, **changes):
    """A row with steady times around `clip_ms`, nothing to warn of, and whatever `changes` say."""
    model, _, rest = file.rpartition("-")
    precision, _, suffix = rest.partition(".")
    row = dataclasses.replace(
        blank_row(Case(Path(file), front_end=front_end)),
        model=model,
        precision=precision,
        engine={"tflite": "litert"}.get(suffix, suffix),
        bytes=190_000,
        accuracy=0.7,
        accuracy_interval=(0.63, 0.76),
        agreement=1.0,
        calibration_error=0.05,
        confusion=((70, 30), (30, 70)),
        confusion_labels=("jazz", "rock"),
        macs=1000,
        recipe="edge",
        real_time_factor=clip_ms / 3000,
        load_ms=50.0,
        first_call_ms=2 * clip_ms,
        cold_start_ms=600.0,
        peak_rss_bytes=60_000_000,
        gmacs_per_s=0.002,
        peak_fraction=0.0001,
        other_load_cores=0.01,
    )
    times = {kind: steady(middle, n, rounds) for kind, middle in _middles(clip_ms, model_ms).items()}
    return dataclasses.replace(row, **{**times, **changes})


def in_c(row):
    """A row as of a folder of C."""
    return dataclasses.replace(row, engine="c", format="c", front_end_ms=None, model_ms=None)


def failed_row(file="cnn-float32.onnx", error="crashed"):
    """A row that could not be measured."""
    return dataclasses.replace(row_of(file), clip_ms=None, front_end_ms=None, error=error)


def front_end_row(**changes):
    """A row of a front end alone."""
    return dataclasses.replace(row_of(), clip_ms=None, model_ms=None, **changes)


def steady(middle, n=300, rounds=5):
    """The summary of `n` values that spread by 2 % around `middle`, in `rounds` rounds that do not differ."""
    wobble = middle * (1 + np.linspace(-0.02, 0.02, n))
    return summary([wobble[first::rounds].tolist() for first in range(rounds)])


def _middles(clip_ms, model_ms):
    times = {"front_end_ms": clip_ms - model_ms, "model_ms": model_ms, "clip_ms": clip_ms}
    return {**times, "stream_ms": clip_ms / 2, "paced_ms": clip_ms}


def bench_of(*rows, baselines=(), machine=(), clips=(), training=(), **changes):
    """The results of a quiet machine and an honest corpus, apart from what the arguments say."""
    facts = {
        "cpu": "Some CPU",
        "cores": 4,
        "memory_bytes": 8 * 10**9,
        "governor": None,
        "os": "Linux",
        "python": "3.11.7",
        "numpy": "2.4.6",
        "genrekit": "0.1.0",
        "engines": {"onnx": "1.32.0"},
        "peak_gmacs_per_s": {"1": 40.0},
        "throttling": (),
    }
    corpus = {
        "count": 200,
        "classes": ("jazz", "rock"),
        "window_ms": 3000.0,
        "split": "track, test part",
        "demo": False,
        "tracks_in_training": False,
    }
    bench = Bench(
        created="2026-01-02T03:04:05+00:00",
        machine=MachineFacts(**{**facts, **dict(machine)}),
        clips=ClipsFacts(**{**corpus, **dict(clips)}),
        effort=Effort(),
        results=tuple(rows),
        baselines=tuple(baselines),
        ratios={kind: pairwise([*rows, *baselines], kind) for kind in RATIO_TIMES},
        training=tuple(training),
    )
    return dataclasses.replace(bench, **changes)
