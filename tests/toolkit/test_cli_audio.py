"""Files that take sound from the command line: exported from a run, inspected, and used as any other."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from genrekit.runtime import load
from genrekit.toolkit.training.run_folder import EXPORT_FEATURES, ExportFeatures


@pytest.fixture(scope="module")
def run(exported):
    return exported.parent / "runs" / "cnn"


@pytest.fixture(scope="module")
def sound(run, genrekit, tmp_path_factory):
    """The folder of two files that take sound, made without naming the corpus."""
    out = tmp_path_factory.mktemp("sound")
    process = genrekit("export", run, "--out", out, "--input", "audio", "--precision", "int8")
    assert process.returncode == 0, process.stderr
    return out


def test_the_export_names_its_files_and_notes_their_input(sound):
    names = ["cnn-int8-audio.onnx", "cnn-int8-audio.tflite"]
    assert sorted(path.name for path in sound.glob("cnn*")) == names
    rows = json.loads((sound / "parity.json").read_text())
    assert {row["file"]: row["input"] for row in rows} == dict.fromkeys(names, "audio")
    assert all(row["passed"] and row["windows"] > 10 for row in rows)


def test_files_for_features_say_so(exported):
    assert {row["input"] for row in json.loads((exported / "parity.json").read_text())} == {"features"}


@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
def test_inspect_shows_the_input(suffix, sound, exported, genrekit):
    found = json.loads(genrekit("inspect", sound / f"cnn-int8-audio.{suffix}", "--json").stdout)
    assert found["input"] | {"kind": "audio", "shape": [1, 66150], "dtype": "float32"} == found["input"]
    assert found["output"]["dtype"] == "float32"
    assert any("not whether a window is unlike the training" in note for note in found["description"]["notes"])
    assert found["description"]["rejection"]["max_distance"] is None
    plain = json.loads(genrekit("inspect", exported / f"cnn-int8.{suffix}", "--json").stdout)
    assert plain["input"]["kind"] == "features"
    assert "audio" in genrekit("inspect", sound / f"cnn-int8-audio.{suffix}").stdout


@pytest.mark.parametrize("command", ["classify", "stream"])
def test_decisions_are_those_of_the_features_file(command, sound, exported, clip, genrekit):
    received = []
    for path in (sound / "cnn-int8-audio.tflite", exported / "cnn-int8.tflite"):
        process = genrekit(command, path, clip, "--json", "--any-answer")
        assert process.returncode == 0, process.stderr
        received.append([json.loads(line) for line in process.stdout.splitlines()])
    for found, expected in zip(*received, strict=True):
        assert found["label"] == expected["label"]
        assert found["scores"] == pytest.approx(expected["scores"], abs=0.03)
        assert found.get("time_s") == expected.get("time_s")
        assert len(found.get("windows", ())) == len(expected.get("windows", ()))


def test_evaluate_reads_the_corpus_as_sound(sound, exported, corpus_folder, genrekit):
    found, expected = (
        json.loads(genrekit("evaluate", path, "--data", corpus_folder, "--json").stdout)
        for path in (sound / "cnn-int8-audio.onnx", exported / "cnn-int8.onnx")
    )
    assert found["test"]["segments"] == expected["test"]["segments"]
    assert found["test"]["accuracy"] == pytest.approx(expected["test"]["accuracy"], abs=0.2)
    assert found["unknown"] is not None
    process = genrekit("evaluate", sound / "cnn-int8-audio.onnx", "--data", corpus_folder, "--as-heard")
    assert process.returncode == 2
    assert "takes features" in process.stderr


def test_a_bench_has_one_time_for_it(sound, exported, corpus_folder, genrekit, tmp_path):
    out = tmp_path / "bench.json"
    files = sound / "cnn-int8-audio.tflite", exported / "cnn-int8.tflite"
    options = ("--calls", 2, "--seconds", 0.01, "--rounds", 1, "--paced-calls", 1, "--keras", exported.parent / "runs")
    process = genrekit("bench", *files, "--data", corpus_folder, *options, "--out", out, "--html", tmp_path / "b.html")
    assert process.returncode == 0, process.stderr
    of_sound, of_features = json.loads(out.read_text())["results"]
    assert (of_sound["input"], of_features["input"]) == ("audio", "features")
    assert of_sound["front_end_ms"] is None
    assert of_sound["model_ms"] == of_sound["clip_ms"]
    assert of_sound["gmacs_per_s"] is None
    assert of_features["front_end_ms"]["p50"] > 0
    assert of_sound["agreement"] == pytest.approx(of_features["agreement"], abs=0.2)
    assert of_sound["stream_ms"]["p50"] > 0


@pytest.fixture
def copied(run, tmp_path):
    """A copy of the run with the segments that it kept, and a way to change them."""
    folder = shutil.copytree(run, tmp_path / "cnn")

    def change(**fields):
        kept = dict(vars(ExportFeatures.load(folder / EXPORT_FEATURES))) | fields
        np.savez(folder / EXPORT_FEATURES, **{name: value for name, value in kept.items() if value is not None})
        return folder

    return change


def export(genrekit, folder, *options):
    arguments = ("--out", folder.parent / "out", "--input", "audio", "--format", "onnx", "--precision", "float32")
    return genrekit("export", folder, *arguments, *options)


def test_a_corpus_that_has_gone_is_asked_for(copied, genrekit, corpus_folder):
    kept = ExportFeatures.load(copied() / EXPORT_FEATURES)
    folder = copied(parity_files=np.array([name.replace("bells", "gone") for name in kept.parity_files]))
    process = export(genrekit, folder)
    assert process.returncode == 2
    assert "gone.0000" in process.stderr
    assert "--data" in process.stderr
    assert export(genrekit, folder, "--data", corpus_folder).returncode == 0


def test_a_corpus_that_has_changed_is_noticed(copied, genrekit, tmp_path):
    other = tmp_path / "other.wav"
    soundfile.write(other, np.random.default_rng(0).uniform(-0.5, 0.5, 250_000), 22050)
    folder = copied()
    files = ExportFeatures.load(folder / EXPORT_FEATURES).parity_files
    process = export(genrekit, copied(parity_files=np.array([str(other)] * len(files))))
    assert process.returncode == 2
    assert "other.wav: expected the audio that the run was trained on, found other audio" in process.stderr


def test_runs_of_older_versions_ask_for_the_corpus(copied, genrekit):
    process = export(genrekit, copied(parity_files=None, parity_positions=None))
    assert process.returncode == 2
    assert "--data" in process.stderr


def test_what_cannot_take_sound_is_refused(run, genrekit, tmp_path):
    options = ("--out", tmp_path, "--input", "audio", "--target", "micro", "--format", "tflite", "--precision", "int8")
    process = genrekit("export", run, *options)
    assert process.returncode == 2
    assert "target=micro, input=audio" in process.stderr


def test_an_open_batch_of_sound(run, genrekit, tmp_path):
    options = ("--input", "audio", "--batch", "dynamic", "--format", "onnx", "--precision", "float32")
    process = genrekit("export", run, "--out", tmp_path, *options)
    assert process.returncode == 0, process.stderr
    model = load(tmp_path / "cnn-float32-audio.onnx")
    assert model.predict_audio(np.zeros((20, 66150), np.float32)).shape == (20, 3)


@pytest.fixture(scope="module")
def floats(run, genrekit, tmp_path_factory):
    """The int8 file with floats outside, and its row of parity.json."""
    out = tmp_path_factory.mktemp("floats")
    process = genrekit("export", run, "--out", out, "--float-io", "--json")
    assert process.returncode == 0, process.stderr
    (row,) = json.loads(process.stdout)
    return out / row["file"], row


def test_float_io_makes_one_file_that_litert_js_takes(floats, exported, genrekit):
    path, row = floats
    assert (path.name, row["passed"], row["precision"]) == ("cnn-int8.tflite", True, "int8")
    plain, found = (json.loads(genrekit("inspect", one, "--json").stdout) for one in (exported / path.name, path))
    assert (found["input"]["dtype"], found["output"]["dtype"]) == ("float32", "float32")
    assert found["runs_in"]["litert.js"] is True
    assert plain["runs_in"]["litert.js"] == "it has no tensors of int8: export with --float-io"
    assert "litert.js: no, it has no tensors of int8" in " ".join(
        genrekit("inspect", exported / path.name).stdout.split()
    )


def test_float_io_is_used_as_any_file(floats, exported, clip, corpus_folder, genrekit, tmp_path):
    path, _ = floats
    found, expected = (genrekit("classify", one, clip, "--json").stdout for one in (path, exported / path.name))
    assert json.loads(found)["scores"] == json.loads(expected)["scores"]
    out = tmp_path / "bench.json"
    options = ("--calls", 2, "--seconds", 0.01, "--rounds", 1, "--paced-calls", 1, "--keras", exported.parent / "runs")
    process = genrekit("bench", path, "--data", corpus_folder, *options, "--out", out)
    assert process.returncode == 0, process.stderr
    assert json.loads(out.read_text())["results"][0]["precision"] == "int8"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--input", "audio"),
            "a file that takes audio, which takes and gives floats anyway, has no use for --float-io",
        ),
        (("--target", "micro"), "target=micro, float-io: expected tflite, int8 and litert"),
        (("--format", "onnx"), "format=onnx, precision=float32, target=litert, float-io"),
    ],
)
def test_float_io_where_it_has_no_use(options, sentence, run, genrekit, tmp_path):
    process = genrekit("export", run, "--out", tmp_path / "out", "--float-io", *options)
    assert process.returncode == 2
    assert sentence in " ".join(process.stderr.split())
    assert not (tmp_path / "out").exists()
