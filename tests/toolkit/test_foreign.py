"""Models that genrekit did not train: converted like its own, given their labels and front end."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from genrekit.runtime import load, mfcc
from genrekit.runtime.audio import read_file

LABELS = ("flutes", "bells", "drones")  # not in alphabetical order, as a user's may be
SHAPE = (130, 13)


@keras.saving.register_keras_serializable(package="tests")
class Homemade(layers.Layer):
    def call(self, inputs):
        return inputs


def branching():
    features = keras.Input(SHAPE)
    first = layers.Conv1D(4, 3, padding="same", activation="relu")(layers.BatchNormalization()(features))
    both = layers.Add()([first, layers.Conv1D(4, 3, padding="same")(first)])
    return keras.Model(features, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(both)))


def chain(*stages, shape=SHAPE):
    return keras.Sequential([keras.Input(shape), *stages])


MODELS = {
    "branches": branching,
    "one channel and logits": lambda: chain(
        layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(3), shape=(*SHAPE, 1)
    ),
    "gru": lambda: chain(layers.BatchNormalization(), layers.GRU(4), layers.Dense(3, activation="softmax")),
    "homemade": lambda: chain(Homemade(), layers.Flatten(), layers.Dense(3, activation="softmax")),
}


@pytest.fixture
def export(genrekit, corpus_folder, tmp_path):
    """Runs `genrekit export` on a model with its labels, front end and corpus; extra options replace them."""

    def run(model, *options, labels=LABELS, front_end=None, data=corpus_folder, command=genrekit):
        (tmp_path / "labels.txt").write_text("\n".join(labels) + "\n")
        (tmp_path / "front_end.json").write_text(json.dumps(front_end or {}))
        files = ("--labels", tmp_path / "labels.txt", "--front-end", tmp_path / "front_end.json")
        corpus = ("--data", data) if data else ()
        return command("export", model, "--out", tmp_path / "models", *files, *corpus, *options)

    return run


@pytest.fixture
def saved(tmp_path):
    """Builds a model and saves it: name -> the .keras file."""

    def save(name):
        keras.utils.set_random_seed(2)
        path = tmp_path / "mine.keras"
        MODELS[name]().save(path)
        return path

    return save


@pytest.mark.parametrize("name", ["branches", "one channel and logits"])
def test_a_keras_file_is_converted(name, export, saved, tmp_path, clip):
    path = saved(name)
    process = export(path, "--precision", "float32")
    assert process.returncode == 0, process.stderr
    features = mfcc(read_file(clip, 22050)[: 3 * 22050])[np.newaxis]
    model = keras.saving.load_model(path)
    expected = model.predict(features.reshape(1, *model.input_shape[1:]), verbose=0)
    if name.endswith("logits"):
        expected = np.exp(expected - expected.max()) / np.exp(expected - expected.max()).sum()
    for file in ("mine-float32.tflite", "mine-float32.onnx"):
        converted = load(tmp_path / "models" / file)
        assert converted.labels == LABELS
        assert "Not trained by genrekit" in converted.description.notes[0]
        np.testing.assert_allclose(converted.predict(features), expected, atol=1e-4)


def test_a_saved_model_is_converted(export, saved, tmp_path):
    keras.saving.load_model(saved("branches")).export(tmp_path / "mine", format="tf_saved_model", verbose=False)
    process = export(tmp_path / "mine", "--precision", "float32")
    assert process.returncode == 0, process.stderr
    rows = json.loads((tmp_path / "models" / "parity.json").read_text())
    assert [(row["file"], row["passed"]) for row in rows] == [
        ("mine-float32.tflite", True),
        ("mine-float32.onnx", True),
    ]


def test_an_export_again_gives_the_same_bytes(export, saved, tmp_path):
    path, files = saved("branches"), [tmp_path / "models" / f"mine-float32.{suffix}" for suffix in ("tflite", "onnx")]
    found = []
    for _ in range(2):
        export(path, "--precision", "float32")
        found.append([file.read_bytes() for file in files])
    assert found[0] == found[1]


def test_a_loop_is_refused_in_int8_and_the_other_files_still_come(export, saved, tmp_path):
    process = export(saved("gru"), "--precision", "int8", "--precision", "float32", "--format", "tflite")
    assert process.returncode == 2
    assert "layer gru" in process.stderr
    assert [path.name for path in (tmp_path / "models").glob("mine*")] == ["mine-float32.tflite"]


def test_a_layer_that_is_not_keras_own_is_named(genrekit_process, export, saved):
    process = export(saved("homemade"), command=genrekit_process)  # in this process it is known
    assert process.returncode == 2
    assert "class Homemade" in process.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": LABELS[:2]}, "each of 2 labels"),
        ({"labels": (*LABELS[:2], LABELS[0])}, "labels.txt"),
        ({"labels": ("flutes", "bells", "horns")}, "drones"),
        ({"front_end": {"n_mfcc": 20}}, "(130, 20)"),
        ({"front_end": {"n_mfccs": 13}}, "n_mfccs"),
        ({"front_end": {"normalization": {"mean": [0], "std": [1]}}}, "expected 13 finite numbers"),
        ({"data": None}, "--data"),
        ({"data": Path("nowhere")}, "nowhere"),
    ],
)
def test_what_does_not_fit_is_refused(export, saved, tmp_path, given, message):
    process = export(saved("branches"), **given)
    assert process.returncode == 2
    assert message in process.stderr
    assert "Traceback" not in process.stderr
    assert not (tmp_path / "models").exists()


def test_labels_and_front_end_are_needed(genrekit, saved, corpus_folder, tmp_path):
    process = genrekit("export", saved("branches"), "--out", tmp_path / "models", "--data", corpus_folder)
    assert process.returncode == 2
    assert "--labels and --front-end" in process.stderr


def test_what_keras_says_of_a_damaged_configuration_is_short(export, saved, tmp_path):
    damaged = tmp_path / "damaged.keras"
    with zipfile.ZipFile(saved("branches")) as whole, zipfile.ZipFile(damaged, "w") as changed:
        for entry in whole.infolist():
            content = whole.read(entry)
            changed.writestr(
                entry, content.replace(b'"units"', b'"unitz"') if entry.filename == "config.json" else content
            )
    process = export(damaged)
    assert process.returncode == 2
    assert "damaged.keras: expected a model that Keras loads" in process.stderr
    assert "missing 1 required positional argument: 'units'" in process.stderr
    assert len(process.stderr.splitlines()) == 1
    assert len(process.stderr) < 500


def test_a_keras_file_cut_short_is_called_damaged(export, saved, tmp_path):
    cut = tmp_path / "cut.keras"
    cut.write_bytes(saved("branches").read_bytes()[:300])
    process = export(cut)
    assert process.returncode == 2
    assert "cut.keras: expected a .keras archive, found a damaged" in process.stderr
    assert "save it again" in process.stderr


def test_what_is_no_model_is_refused(export, tmp_path):
    (tmp_path / "text.keras").write_text("no model")
    for path in (tmp_path / "text.keras", tmp_path / "missing.keras"):
        process = export(path)
        assert process.returncode == 2
        assert path.name in process.stderr
