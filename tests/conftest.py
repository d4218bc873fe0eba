"""Fixtures that several test folders share: where real audio lies, test signals, tiny real model files."""

from __future__ import annotations

import os
import re
import signal
import sys
import types
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from genrekit.converters.attach import attach, without_description
from genrekit.runtime import MfccConfig, ModelDescription, Normalization, mfcc
from genrekit.runtime.errors import GenrekitError
from genrekit.runtime.modelfile.description import KERAS_DESCRIPTION, TrainingCorpus
from genrekit.runtime.modelfile.reader import read_description

from . import no_network
from .environments import device, mediapipe_device, old_device, package_index, wheel  # noqa: F401 (fixtures)
from .sshd import device_environment, device_home, serve_ssh, ssh_keys  # noqa: F401 (fixtures)

# A shell without job control starts commands in the background deaf to Ctrl-C; what the tests start would be so, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Examples are the same in every run, and none fails for being slow: machines that test are busy.
hypothesis.settings.register_profile(
    "genrekit", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("genrekit")
# For `make fuzz`: other examples each time.
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=10_000)

# A window of half a second: 32 frames of 5 coefficients.
TINY = MfccConfig(sample_rate=8000, n_fft=256, hop_length=128, n_mels=20, n_mfcc=5, window_s=0.5)
LABELS = ("blues", "disco", "métal")
# About what the test signals have, so that the tiny models tell windows apart.
NORMALIZATION = Normalization(mean=(-60.0, 5.0, 0.0, 0.0, 0.0), std=(60.0, 40.0, 30.0, 20.0, 20.0))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that install from an index are `network`."""
    for item in items:
        if "package_index" in item.fixturenames:
            item.add_marker("network")


# What may reach a network: a device or a cluster on this machine, and what installs from an index.
NETWORKED = re.compile(r"tests/bench/remote/|tests/browser/|tests/toolkit/live/|tests/toolkit/test_cluster\.py")
no_network.watch()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """No other test may, whatever of the product it runs."""
    no_network.allowed = bool(NETWORKED.match(item.nodeid)) or "package_index" in item.fixturenames
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Nor does it help to pass over the refusal."""
    result = yield
    if no_network.attempts:
        used = list(no_network.attempts)
        no_network.attempts.clear()
        pytest.fail(f"{no_network.USED}: {', '.join(used)}")
    return result


# Files whose tests share what is slow to make.
TOGETHER = re.compile(r"tests/converters/|tests/toolkit/test_(cli|cli_audio|cli_bench|quickstart|wheel)\.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Of several processes, one runs all tests of a file, and of the files that stand together in `TOGETHER`."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            found = TOGETHER.match(file)
            return found.group().partition("_")[0] if found else file

    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Features that tests compute do not go where the user's are, nor come from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENREKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=("numpy", "native"))
def each_front_end(request):
    """A file's tests run in each form of the front end, in C where it is built; the form's name.

    Fixtures of theirs that compute features and are kept ask for it, so that each form computes its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENREKIT_FRONT_END", request.param)
        if request.param == "native":
            require_native()
        end_workers()
        yield request.param
        end_workers()


def end_workers():
    """Processes that wait for more work have the environment of the tests before."""
    if loky := sys.modules.get("joblib.externals.loky"):
        loky.get_reusable_executor().shutdown()


# For tests of what only the numpy form has, in a file of tests in each form.
numpy_only = pytest.mark.parametrize("each_front_end", ["numpy"], indirect=True)


def require_native():
    try:
        from genrekit.runtime import front_end

        front_end()
    except (ImportError, GenrekitError) as error:
        pytest.skip(f"the front end in C is not built ({error})")


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real audio beside the repository, or wherever GENREKIT_SHARED_DATA says."""
    folder = Path(os.environ.get("GENREKIT_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real audio at {folder}; name its folder in GENREKIT_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def synthetic():
    """Mono float32 test signals: name -> a function of (samples, sample rate)."""
    return {
        "tones": tones,
        "noise": lambda count, rate: np.random.default_rng(1).uniform(-0.7, 0.7, count).astype(np.float32),
        "silence": lambda count, rate: np.zeros(count, np.float32),
        "burst then silence": burst,
        "clipped": lambda count, rate: np.clip(20 * tones(count, rate), -1, 1),
    }


def tones(count, rate):
    time = np.arange(count) / rate
    chord = sum(np.sin(2 * np.pi * pitch * time) / pitch for pitch in (55.0, 440.0, rate / 5))
    return (0.5 * chord / np.abs(chord).max()).astype(np.float32)


def burst(count, rate):
    samples = np.zeros(count, np.float32)
    samples[count // 8 : count // 4] = np.random.default_rng(2).normal(0, 0.3, count // 4 - count // 8)
    return samples


@pytest.fixture(scope="session")
def tiny_windows():
    """Samples of eight windows, each another mixture of a tone and noise: float32 (8, 4000)."""
    generator = np.random.default_rng(3)
    time = np.arange(TINY.window_samples) / TINY.sample_rate
    pitches, levels = np.geomspace(100, 3000, 8), np.linspace(0.05, 0.8, 8)
    noise = levels[::-1, None] * generator.uniform(-0.3, 0.3, (8, len(time)))
    return (levels[:, None] * np.sin(2 * np.pi * np.outer(pitches, time)) + noise).astype(np.float32)


@pytest.fixture(scope="session")
def tiny_features(tiny_windows):
    """Their raw MFCC: float32 (8, 32, 5)."""
    return np.stack([mfcc(window, TINY) for window in tiny_windows])


@pytest.fixture(scope="session")
def tiny_weights():
    """What the tiny models compute with: of "dense" the kernel and bias, of "lstm" its three and the head behind it."""
    generator = np.random.default_rng(43)

    def draw(scale, *shape):
        return generator.normal(0, scale, shape).astype(np.float32)

    dense = draw(0.1, 160, 3), draw(0.3, 3)
    lstm = draw(0.5, 5, 16), draw(0.5, 4, 16), draw(0.5, 16)
    lstm[2][4:8] += 4  # it forgets so little that a state left over from the window before would show
    return types.SimpleNamespace(dense=dense, lstm=lstm, head=(draw(1.5, 4, 3), draw(0.3, 3)))


def protobuf_field(number, value):
    """A field of fewer than 128 bytes, as the wire format has it."""
    return bytes([number << 3 | 2, len(value)]) + value


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory, tiny_weights, tiny_features):
    """Makes a tiny real model file when it is first asked for: (name, format, precision, input) -> its path.

    Names: "dense", softmax(kernel x flat features + bias); "lstm", an LSTM's last output before the same.
    """
    folder = tmp_path_factory.mktemp("tiny-models")
    made = {}

    def make(name, file_format, precision="float32", taken="features"):
        key = name, file_format, precision, taken
        if key not in made and taken == "audio":
            made[key] = with_front_end(make(name, file_format, precision))
        if key not in made:
            path = folder / name / (f"{precision}.{file_format}" if file_format != "keras" else "model.keras")
            path.parent.mkdir(exist_ok=True)
            description = tiny_description(name, file_format, precision)
            if file_format == "keras":
                keras_model(name, tiny_weights).save(path)
                path.with_name(KERAS_DESCRIPTION).write_text(description.to_json())
            elif file_format == "onnx":
                path.write_bytes(attach(onnx_model(name, tiny_weights), description))
            else:
                path.write_bytes(attach(tflite_model(name, tiny_weights, precision, tiny_features), description))
            made[key] = path
        return made[key]

    return make


def with_front_end(path):
    """The file beside `path` that takes sound."""
    from genrekit.converters.audio_input.join import for_audio
    from genrekit.converters.formats import Conversion

    model = without_description(path.read_bytes())
    conversion, description = for_audio(Conversion(model), read_description(path), 1)
    joined = path.with_stem(f"{path.stem}-audio")
    joined.write_bytes(attach(conversion.data, description))
    return joined


def tiny_description(name, file_format, precision):
    return ModelDescription(
        model=name,
        labels=LABELS,
        front_end=TINY,
        normalization=NORMALIZATION,
        format=file_format,
        precision=precision,
        recipe="edge",
        corpus=TrainingCorpus("tones and noise", demo=True),
    )


def keras_model(name, weights):
    import keras

    first = keras.layers.Flatten() if name == "dense" else keras.layers.LSTM(4)
    features = keras.Input((TINY.window_frames, TINY.n_mfcc))
    model = keras.Sequential([features, first, keras.layers.Dense(3, "softmax")])
    model.set_weights(weights.dense if name == "dense" else [*weights.lstm, *weights.head])
    return model


def tflite_model(name, weights, precision, features):
    from genrekit.converters.tflite.convert import convert_tflite

    calibration = NORMALIZATION.apply(features) if precision == "int8" else None
    return convert_tflite(keras_model(name, weights), precision, calibration).data


def onnx_model(name, weights):
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, constants = onnx_dense(helper, weights) if name == "dense" else onnx_lstm(helper, weights)
    nodes += [
        helper.make_node("Gemm", ["hidden", "kernel", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, TINY.window_frames, TINY.n_mfcc])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, len(LABELS)])],
        [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


def onnx_dense(helper, weights):
    kernel, bias = weights.dense
    return [helper.make_node("Flatten", ["features"], ["hidden"])], {"kernel": kernel, "bias": bias}


def onnx_lstm(helper, weights):
    w, r, b = (gates_in_onnx_order(values) for values in weights.lstm)
    kernel, bias = weights.head
    nodes = [
        helper.make_node("Transpose", ["features"], ["frames"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["frames", "w", "r", "b"], ["", "last"], hidden_size=4),
        helper.make_node("Squeeze", ["last", "axis"], ["hidden"]),
    ]
    biases = np.concatenate([b, np.zeros_like(b)], axis=-1)
    return nodes, {"w": w, "r": r, "b": biases, "axis": np.array([0]), "kernel": kernel, "bias": bias}


def gates_in_onnx_order(values):
    """Keras has the gates i f c o side by side, ONNX i o f c one below the other, for each direction."""
    i, f, c, o = np.split(values, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1).T[np.newaxis]
