"""Files that take sound: the front end as a graph, in front of the models that the other tests know."""

import dataclasses
import io
import json
import shutil
import struct
import subprocess
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile
from tensorflow.lite.python import schema_py_generated as schema

from genrekit.converters.attach import attach
from genrekit.converters.audio_input.constants import factors, graph_constants
from genrekit.converters.audio_input.join import for_audio, mfcc_model
from genrekit.converters.export import export_model
from genrekit.converters.formats import Conversion, require_supported
from genrekit.converters.onnx.convert import convert_onnx
from genrekit.converters.quantize.calibration import choose_calibration
from genrekit.converters.tflite.convert import convert_tflite
from genrekit.converters.trained_model import ParityWindows, TrainedModel
from genrekit.converters.verify import front_end as gate
from genrekit.runtime import MfccConfig, ModelDescription, Normalization, Rejection, classify_file, load, mfcc
from genrekit.runtime.engines import load_engine, load_part
from genrekit.runtime.engines.onnx import MOST_SOUND
from genrekit.runtime.errors import AudioError, ParameterError, ParityError, UnsupportedModelError
from genrekit.runtime.modelfile.flatbuffer import Table

from ..fixtures.golden import vectors
from .conftest import CASES, LABELS, window

FRONT_ENDS = vectors.front_ends()
FORMATS = ("tflite", "onnx")
# In float32 the quiet bands of a pure tone show its rounding, where nothing clamps them (as runtime/c/genrekit.h says).
UNCLAMPED_TONES, OF_TONES = {"sine-off-a-bin", "tone-60-hz"}, 0.5
# What the graph of the front end may hold, beside the model's own operators.
OPERATORS = set(
    """PAD SLICE RESHAPE TRANSPOSE CONCATENATION BATCH_MATMUL MUL ADD SUB MAXIMUM LOG REDUCE_MAX QUANTIZE
    DEQUANTIZE""".split()
)
MOST_BYTES = 150_000


def described(config=None, file_format="tflite", **fields):
    return ModelDescription("model", LABELS, config or MfccConfig(), format=file_format, **fields)


@pytest.fixture
def mfcc_of(tmp_path):
    """What the front end alone makes of samples: (config, format, samples, normalization) -> MFCC."""

    def run(config, file_format, samples, normalization=None):
        description = described(config, file_format, normalization=normalization)
        path = tmp_path / f"front_end.{file_format}"
        path.write_bytes(attach(mfcc_model(description), description))
        engine = load_part(path, {"tflite": "litert", "onnx": "onnx"}[file_format])
        return engine(samples)

    return run


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("name", FRONT_ENDS)
def test_golden_mfcc(name, file_format, mfcc_of):
    config = FRONT_ENDS[name]
    starts, signals = vectors.contents()["window_starts"][name], vectors.signals(config.sample_rate)
    for signal, expected in vectors.features(name).items():
        samples = signals[signal]
        windows = [samples[start : start + config.window_samples] for start in (starts if signal == "music" else [0])]
        tone = config.top_db is None and signal in UNCLAMPED_TONES
        received = mfcc_of(config, file_format, np.stack(windows))
        np.testing.assert_allclose(
            received, expected, rtol=0, atol=OF_TONES if tone else gate.TOLERANCE, err_msg=signal
        )


OTHERS = {
    "a hop that does not divide n_fft": {"hop_length": 500},
    "nor does the second factor divide it": {"n_fft": 400, "hop_length": 150},
    "an odd n_fft": {"n_fft": 1125, "hop_length": 400},
    "odd and uncentred": {"n_fft": 315, "hop_length": 100, "center": False},
    "a hop longer than a frame": {"n_fft": 256, "hop_length": 300},
    "frames that leave samples out": {"n_fft": 512, "hop_length": 512, "center": False},
    "more bands than bins": {"n_fft": 128, "hop_length": 64, "n_mels": 100},
    "an n_fft of one factor": {"n_fft": 64, "hop_length": 64, "n_mels": 10, "n_mfcc": 10},
    "long frames": {"n_fft": 16384, "hop_length": 8192, "window_s": 2.0},
    "all coefficients": {"n_mels": 20, "n_mfcc": 20},
}


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("fields", OTHERS.values(), ids=OTHERS)
def test_other_front_ends(fields, file_format, mfcc_of, monkeypatch):
    monkeypatch.setenv("GENREKIT_FRONT_END", "numpy")  # the one in C does not know all of them
    config = MfccConfig(**{"sample_rate": 16000, "window_s": 0.7, "n_mels": 40, "n_mfcc": 12, **fields})
    samples = np.random.default_rng(0).normal(0, 0.1, (2, config.window_samples)).astype(np.float32)
    samples[1] *= np.linspace(0, 1e-3, config.window_samples)  # top_db clamps against the window's own maximum
    expected = [mfcc(one, config) for one in samples]
    np.testing.assert_allclose(mfcc_of(config, file_format, samples), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("file_format", FORMATS)
def test_silence_is_exact(file_format, mfcc_of):
    """-100 dB in each band: their sum in float32 would be off by 1e-3."""
    found = mfcc_of(MfccConfig(), file_format, np.zeros((1, 66150), np.float32))
    np.testing.assert_allclose(found[..., 0], -100 * np.sqrt(128), rtol=1e-7)
    np.testing.assert_allclose(found[..., 1:], 0, atol=1e-5)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_normalization_is_inside(file_format, mfcc_of):
    config, generator = MfccConfig(n_mfcc=5), np.random.default_rng(1)
    normalization = Normalization((-200.0, 50.0, 3.0, 0.0, 1.0), (60.0, 40.0, 30.0, 0.5, 20.0))
    samples = generator.normal(0, 0.1, (1, config.window_samples)).astype(np.float32)
    expected = normalization.apply(mfcc(samples[0], config))
    np.testing.assert_allclose(mfcc_of(config, file_format, samples, normalization)[0], expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_fft": 2062, "hop_length": 512}, r"n_fft=2062: expected a product of two numbers up to 128.*--n-fft 2048"),
        ({"n_fft": 262, "hop_length": 131}, r"n_fft=262.*--n-fft 256"),
        ({"hop_length": 20}, r"hop_length=20: expected 32 \(n_fft / 64\) to 16384.*--input features"),
        ({"hop_length": 20_000}, "hop_length=20000: expected 32"),
    ],
)
def test_front_ends_that_the_graph_does_not_reach(fields, message):
    with pytest.raises(UnsupportedModelError, match=message):
        graph_constants(MfccConfig(**fields))


def test_factors_multiply_least():
    assert factors(MfccConfig()) == (64, 32)
    assert factors(FRONT_ENDS["speech"]) == (32, 16)


def test_microcontrollers_are_refused():
    with pytest.raises(UnsupportedModelError, match=r"target=micro, input=audio.*--input features"):
        require_supported("tflite", "int8", "micro", taken="audio")


@pytest.fixture(scope="module")
def sounds():
    """Windows of five labels, and of silence: float32 (6, 66150)."""
    generator = np.random.default_rng(8)
    return np.stack([*(window(label, generator) for label in range(0, 10, 2)), np.zeros(66150, np.float32)])


@pytest.fixture
def joined(conversions, data, tmp_path):
    """A conversion and the same for sound, both with their descriptions: -> two paths."""

    def make(name, file_format, precision):
        plain = conversions(name, file_format, precision)
        description = described(None, file_format, normalization=data.normalization, precision=precision)
        sound, of_sound = for_audio(plain, description, 1)
        paths = tmp_path / f"plain.{file_format}", tmp_path / f"sound.{file_format}"
        for path, conversion, says in zip(paths, (plain, sound), (description, of_sound), strict=True):
            path.write_bytes(attach(conversion.data, says))
        return paths

    return make


# A value that lies on the border of two steps may fall to either side.
STEPS = {"float32": 2e-5, "float16": 2e-5, "dynamic": 0.03, "int8": 0.03}


@pytest.mark.parametrize(("name", "file_format", "precision"), CASES)
def test_a_file_for_sound_says_what_its_features_file_says(name, file_format, precision, joined, sounds, ops):
    plain, sound = joined(name, file_format, precision)
    expected = load(plain).predict(np.stack([mfcc(samples, MfccConfig()) for samples in sounds]))
    np.testing.assert_allclose(load(sound).predict_audio(sounds), expected, rtol=0, atol=STEPS[precision])
    assert sound.stat().st_size - plain.stat().st_size <= MOST_BYTES
    if file_format == "tflite":
        own = ops(plain.read_bytes(), "tflite")
        added = {key: count - own.get(key, 0) for key, count in ops(sound.read_bytes(), "tflite").items()}
        assert {key for key, count in added.items() if count} <= OPERATORS
        assert min(added.values()) >= 0


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_an_open_batch_keeps_windows_apart(precision, models, data, sounds, tmp_path):
    """A loud window does not raise the floor of a quiet one; more than the engine takes at once are taken in turns."""
    plain = convert_onnx(models("cnn"), precision, data.known[:40], None)
    description = described(None, "onnx", normalization=data.normalization)
    sound, of_sound = for_audio(plain, description, None)
    (tmp_path / "sound.onnx").write_bytes(attach(sound.data, of_sound))
    levels = np.geomspace(1, 1e-4, 2 * MOST_SOUND + 1)[:, np.newaxis]
    windows = (sounds[np.arange(len(levels)) % 5] * levels).astype(np.float32)
    together = load(tmp_path / "sound.onnx").predict_audio(windows)
    session = onnxruntime.InferenceSession(sound.data, providers=["CPUExecutionProvider"])
    for one, found in zip(windows, together, strict=True):
        np.testing.assert_allclose(session.run(None, {"samples": one[np.newaxis]})[0][0], found, rtol=0, atol=1e-5)


def test_metadata_say_what_mediapipe_asks_for(joined):
    """Field numbers are those of metadata_schema.fbs."""
    _, sound = joined("cnn", "tflite", "int8")
    data = sound.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    (entry,) = (entry for entry in model.metadata if entry.name == b"TFLITE_METADATA")
    metadata = bytes(model.buffers[entry.buffer].data)
    assert metadata[4:8] == b"M001"
    root = Table(metadata, struct.unpack_from("<I", metadata)[0])
    assert (root.text(0), root.text(4)) == ("model", "genrekit")
    assert "22050" in root.tables(3)[0].tables(2)[0].text(1)
    assert root.text(1)
    assert root.text(2)
    (taken,), (given,) = root.tables(3)[0].tables(2), root.tables(3)[0].tables(3)
    content = taken.table(3)
    assert content.scalar(0, "<B") == 4  # AudioProperties
    assert (content.table(1).scalar(0, "<I"), content.table(1).scalar(1, "<I")) == (22050, 1)
    (labels,) = given.tables(6)
    assert (labels.text(0), labels.scalar(2, "<b")) == ("labels.txt", 2)  # TENSOR_AXIS_LABELS
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("labels.txt").decode().split() == list(LABELS)


def test_signatures_name_the_new_ends(joined):
    from genrekit.runtime.engines.litert import Interpreter

    _, sound = joined("cnn", "tflite", "int8")
    runner = Interpreter(str(sound)).get_signature_runner()
    found = runner(samples=np.zeros((1, 66150), np.float32))
    assert found["probabilities"].shape == (1, 10)


def test_only_the_threshold_goes_along():
    rejection = Rejection(1.5, 0.3, 2.0, "centers", "whitening")
    plain = flat_model()
    _, says = for_audio(Conversion(plain), described(None, "onnx", rejection=rejection, format_version="1.2"), 1)
    assert says.rejection == Rejection(1.5, 0.3)
    assert says.takes_audio
    assert says.format_version >= "1.3"
    assert any("not whether a window is unlike the training" in note for note in says.notes)


def flat_model():
    """softmax of MFCC summed, as ONNX."""
    make = onnx.helper.make_tensor_value_info
    nodes = [
        onnx.helper.make_node("Flatten", ["features"], ["flat"]),
        onnx.helper.make_node("Softmax", ["flat"], ["probabilities"]),
    ]
    ends = make("features", 1, [1, 130, 13]), make("probabilities", 1, [1, 1690])
    graph = onnx.helper.make_graph(nodes, "flat", [ends[0]], [ends[1]])
    opsets = [onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


@pytest.fixture(scope="module")
def source(models, data):
    """A trained model with windows that are known as sound."""
    model, generator = models("mlp"), np.random.default_rng(9)
    labels = np.arange(40) % 10
    samples = np.stack([window(label, generator) for label in labels])
    features = data.normalization.apply(np.stack([mfcc(one, MfccConfig()) for one in samples]))
    reference = model.predict(features, verbose=0)
    windows = ParityWindows(features, labels, reference, samples)
    calibration = choose_calibration(data.known, data.known_labels)
    return TrainedModel(model, described(None, "keras", normalization=data.normalization), calibration, windows)


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_export_compares_sound(file_format, source, tmp_path):
    result = export_model(source, tmp_path, file_format, "float32", taken="audio")
    assert result.path.name == f"model-float32-audio.{file_format}"
    assert (result.row["input"], result.row["windows"], result.row["top1_agreement"]) == ("audio", 40, 1.0)
    assert 0 < result.row["mfcc_error"] <= gate.TOLERANCE
    model = load(result.path)
    assert model.description.takes_audio
    found = model.predict_audio(source.windows.samples)
    assert result.row["max_abs_error"] == pytest.approx(np.abs(found - source.windows.reference).max())


def test_an_export_needs_sound_to_compare(source, tmp_path):
    silent = dataclasses.replace(source, windows=dataclasses.replace(source.windows, samples=None))
    with pytest.raises(ParameterError, match="input=audio: expected the samples"):
        export_model(silent, tmp_path, "onnx", "float32", taken="audio")


def test_a_front_end_out_of_reach_is_refused_before_anything_is_converted(source, tmp_path):
    config = MfccConfig(n_fft=2062)
    described = dataclasses.replace(source, description=dataclasses.replace(source.description, front_end=config))
    with pytest.raises(UnsupportedModelError, match="input=audio, n_fft=2062"):
        export_model(dataclasses.replace(described, model=None), tmp_path, "tflite", "float32", taken="audio")


def test_a_wrong_front_end_does_not_pass(source, tmp_path, monkeypatch):
    """It clamps 80.1 dB below the maximum, which hardly changes a probability."""
    right = graph_constants

    def wrong(config, normalization=None):
        return right(dataclasses.replace(config, top_db=80.1), normalization)

    monkeypatch.setattr("genrekit.converters.audio_input.join.graph_constants", wrong)
    with pytest.raises(ParityError, match="was not kept: its front end is wrong: MFCC of a "):
        export_model(source, tmp_path, "onnx", "float32", taken="audio")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("normalization", [None, Normalization((1.0,) * 13, (0.5,) * 13)])
def test_the_gate_names_the_signal(normalization):
    config = MfccConfig()

    def exact(samples):
        raw = np.stack([mfcc(one, config) for one in samples])
        return normalization.apply(raw) if normalization else raw

    assert gate.check_mfcc(exact, config, normalization) < 1e-3
    names = list(gate.hard_signals(config))
    for spoiled in (0.01, np.nan):

        def wrong(samples, spoiled=spoiled):
            found = exact(samples)
            found[names.index("a click"), 3, 2] += spoiled
            return found

        with pytest.raises(ParityError, match="MFCC of a click differ by"):
            gate.check_mfcc(wrong, config, normalization)


def test_samples_of_another_length_are_refused(joined, sounds):
    _, sound = joined("cnn", "tflite", "int8")
    for take in (load(sound).predict_audio, load_engine(sound)):
        with pytest.raises(AudioError, match=r"\(2, 1000\): expected .*66150 samples.*StreamClassifier.*pad"):
            take(sounds[:2, :1000])


IN_MEDIAPIPE = """
import json, sys, wave
import numpy as np
from mediapipe.tasks.python import BaseOptions, audio
from mediapipe.tasks.python.components.containers import AudioData

with wave.open(sys.argv[1]) as file:
    samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
    data = AudioData.create_from_array(samples, file.getframerate())
found = []
for path in sys.argv[2:]:
    options = audio.AudioClassifierOptions(base_options=BaseOptions(model_asset_path=path))
    with audio.AudioClassifier.create_from_options(options) as classifier:
        windows = classifier.classify(data)
    categories = [(window.timestamp_ms, window.classifications[0].categories) for window in windows]
    found.append([[start, {one.category_name: one.score for one in scores}] for start, scores in categories])
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm"])
def test_mediapipe_takes_the_file_as_it_is(name, mediapipe_device, joined, sounds, tmp_path):
    """A recording of five windows and a bit: the same scores, window by window."""
    recording, precisions = tmp_path / "recording.wav", ("float32", "int8")
    soundfile.write(recording, np.append(sounds[:5].ravel(), sounds[0][:5000]), MfccConfig().sample_rate, "PCM_16")
    files = [joined(name, "tflite", precision)[1] for precision in precisions]
    files = [shutil.copy(file, tmp_path / f"{index}.tflite") for index, file in enumerate(files)]
    command = [mediapipe_device, "-c", IN_MEDIAPIPE, recording, *files]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    for file, received in zip(files, json.loads(process.stdout), strict=True):
        expected = classify_file(load(file, any_answer=True), recording).windows
        assert len(expected) == 5 <= len(received)  # it may decide on what is left at the end, too
        for index, (prediction, (start_ms, scores)) in enumerate(zip(expected, received, strict=False)):
            assert start_ms == 3000 * index
            assert scores == pytest.approx(prediction.scores, abs=1e-3)
            assert max(scores, key=scores.get) == prediction.label


@pytest.mark.parametrize(("name", "precision"), [("lstm", "float32"), ("cnn", "dynamic"), ("cnn", "int8")])
def test_tflite_runtime_runs_files_for_sound(name, precision, old_device, models, data, sounds, tmp_path):
    plain = convert_tflite(models(name), precision, data.known, target="tflite-runtime")
    sound, says = for_audio(plain, described(normalization=data.normalization, precision=precision), 1)
    (tmp_path / "sound.tflite").write_bytes(attach(sound.data, says))
    np.save(tmp_path / "sounds.npy", sounds)
    program = (
        "import numpy; from genrekit.runtime import load; "
        "numpy.save('found.npy', load('sound.tflite').predict_audio(numpy.load('sounds.npy')))"
    )
    subprocess.run([old_device, "-c", program], check=True, cwd=tmp_path)
    expected = load(tmp_path / "sound.tflite").predict_audio(sounds)
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, rtol=0, atol=max(1e-3, STEPS[precision]))
