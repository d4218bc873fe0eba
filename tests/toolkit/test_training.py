"""Training: what a run folder holds, and that an interruption changes nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pytest

from genrekit.runtime import load
from genrekit.runtime.errors import CorpusError, Failure, ModelFileError, ParameterError
from genrekit.toolkit.exporting import bench_inputs
from genrekit.toolkit.models import MODELS
from genrekit.toolkit.splits import assign as splits
from genrekit.toolkit.training.recipes import recipe
from genrekit.toolkit.training.run_folder import load_run
from genrekit.toolkit.training.spec import Training
from genrekit.toolkit.training.train import train

METRICS_KEYS = {
    "model", "recipe", "split", "seed", "epochs", "parameters", "train", "validation", "test", "test_tracks",
    "seconds_per_epoch", "confusion", "labels", "corpus",
}  # fmt: skip


def training(segments, name="mlp-regularized", recipe_name="edge", epochs=4, seed=3, without=()):
    parts = splits.assign(segments, "track", seed)
    return Training(MODELS[name], recipe(recipe_name, name, epochs, without), segments, parts, "track", seed)


@pytest.fixture(scope="module")
def segments(segments_with_shifts):
    return segments_with_shifts


@pytest.fixture(scope="module")
def run(segments, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "mlp-regularized"
    train(training(segments), folder)
    return folder


def history(folder):
    return list(csv.DictReader((folder / "history.csv").read_text().splitlines()))


def weights(folder):
    return load_run(folder).keras_model().get_weights()


def test_metrics_have_the_agreed_keys(run):
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics) >= METRICS_KEYS
    assert {"fingerprint", "tracks", "unusable"} <= set(metrics["corpus"])
    assert len(metrics["seconds_per_epoch"]["all"]) == metrics["epochs"] == 4
    # Of so few segments, an epoch's steps take each several times.
    assert metrics["seconds_per_epoch"]["windows"] == 20 * 32 > metrics["train"]["segments"]
    assert metrics["train"]["segments"] + metrics["validation"]["segments"] + metrics["test"]["segments"] == 45
    assert np.sum(metrics["confusion"]) == metrics["test"]["segments"]


def test_the_run_folder_is_whole_and_nothing_else(run):
    expected = {"model.keras", "description.json", "metrics.json", "history.csv", "curves.png", "confusion.png"}
    assert {path.name for path in run.iterdir()} == expected | {"export_features.npz"}


def test_a_loss_that_is_no_number_ends_the_training(segments, tmp_path):
    loud = dataclasses.replace(segments, features=segments.features * np.float32(1e30))
    with pytest.raises(Failure, match=r"epoch \d: .*finite"):
        train(training(loud, recipe_name="paper"), tmp_path)
    assert not (tmp_path / "metrics.json").exists()


def test_history_has_a_row_per_epoch(run):
    assert [row["epoch"] for row in history(run)] == ["1", "2", "3", "4"]


def test_the_saved_model_has_the_accuracy_that_metrics_report(run, segments):
    metrics = json.loads((run / "metrics.json").read_text())
    test = splits.assign(segments, "track", 3) == "test"
    chosen = load(run / "model.keras").predict(segments.features[test]).argmax(axis=1)
    assert (chosen == segments.labels[test]).mean() == pytest.approx(metrics["test"]["accuracy"])


def test_normalisation_comes_from_the_training_part(run, segments):
    known = segments.features[splits.assign(segments, "track", 3) == "train"]
    normalization = load_run(run).description.normalization
    np.testing.assert_allclose(normalization.apply(known).mean(axis=(0, 1)), 0, atol=1e-4)
    before, after = known.std(axis=(0, 1)), normalization.apply(known).std(axis=(0, 1))
    assert (np.argsort(after) == np.argsort(before)).all()  # strong coefficients stay strong, but not as much
    assert np.ptp(np.log(before)) / np.ptp(np.log(after)) > 1


def test_the_paper_recipe_takes_raw_features_and_the_last_weights(segments, tmp_path):
    metrics = train(training(segments, recipe_name="paper", epochs=2), tmp_path / "mlp")
    assert load_run(tmp_path / "mlp").description.normalization is None
    assert metrics.best_epoch == metrics.epochs == 2


def test_the_same_seed_gives_the_same_weights(run, segments, tmp_path):
    train(training(segments), tmp_path / "again")
    for first, second in zip(weights(run), weights(tmp_path / "again"), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("interrupted_after", [1, 3])
def test_an_interrupted_training_ends_with_the_same_weights(run, segments, tmp_path, interrupted_after):
    def interrupt(history, epochs):
        if len(history) == interrupted_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(training(segments), tmp_path / "run", interrupt)
    assert not (tmp_path / "run" / "metrics.json").exists()
    epochs = []
    train(training(segments), tmp_path / "run", lambda history, total: epochs.append(len(history)))
    assert epochs == list(range(interrupted_after + 1, 5))
    for first, second in zip(weights(run), weights(tmp_path / "run"), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("content", [b"half a file", b"", b"PK\x03\x04"])
def test_a_damaged_checkpoint_starts_anew(segments, tmp_path, content):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.npz").write_bytes(content)
    assert train(training(segments, epochs=1), tmp_path / "run").epochs == 1


@pytest.mark.parametrize("content", [b"", b"half", None])
def test_damaged_segments_of_a_run_are_reported(run, tmp_path, content):
    shutil.copytree(run, tmp_path / "run")
    kept = tmp_path / "run" / "export_features.npz"
    kept.write_bytes(kept.read_bytes()[:-200] if content is None else content)
    with pytest.raises(ModelFileError, match="name the corpus with --data"):
        load_run(tmp_path / "run").export_features()


DAMAGED = ("model.keras", "description.json", "metrics.json", "history.csv", "export_features.npz")


def spoilt(run, folder, name, content):
    """A copy of the run in which a file is `content`, cut to its first bytes, or gone."""
    shutil.copytree(run, folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes((run / name).read_bytes()[:40] if content == "cut" else content)
    return folder


# A run without metrics.json is not finished.
SPOILT = [(name, how) for name in DAMAGED for how in ("cut", b"", None) if (name, how) != ("metrics.json", None)]


@pytest.mark.parametrize(("name", "content"), SPOILT)
def test_a_finished_run_that_is_damaged_is_not_taken_for_whole(run, segments, tmp_path, name, content):
    folder = spoilt(run, tmp_path / "run", name, content)
    with pytest.raises((ModelFileError, CorpusError), match=rf"{name}: expected .*--restart") as caught:
        train(training(segments), folder)
    assert "Traceback" not in str(caught.value)
    assert train(training(segments), folder, restart=True).epochs == 4
    assert load_run(folder).keras_model()


def test_changed_weights_are_damage_too(run, segments, tmp_path):
    folder = spoilt(run, tmp_path / "run", "curves.png", b"")
    data = bytearray((folder / "model.keras").read_bytes())
    data[len(data) // 2] ^= 255
    (folder / "model.keras").write_bytes(data)
    with pytest.raises(ModelFileError, match=r"model.keras: expected .*--restart"):
        train(training(segments), folder)


@pytest.mark.parametrize("name", ["model.keras", "description.json", "metrics.json"])
def test_a_damaged_run_is_not_loaded(run, tmp_path, name):
    folder = spoilt(run, tmp_path / "run", name, "cut")
    with pytest.raises(ModelFileError, match=rf"{name}: expected .*start anew: .*--restart"):
        load_run(folder)


def test_a_bench_names_a_damaged_run(run, tmp_path):
    description = load_run(run).description
    folder = spoilt(run, tmp_path / description.model, "model.keras", "cut")
    with pytest.raises(ModelFileError, match=r"model.keras: expected"):
        bench_inputs.find_runs({tmp_path / "any.tflite": description}, tmp_path)
    (folder / "metrics.json").unlink()
    with pytest.raises(ModelFileError, match=r"metrics.json: expected .*--restart"):
        bench_inputs.training_rows({description.model: folder})


def test_what_keras_says_of_a_model_is_short(run, tmp_path):
    """It adds the whole configuration."""
    folder = spoilt(run, tmp_path / "run", "curves.png", b"")
    with zipfile.ZipFile(run / "model.keras") as whole, zipfile.ZipFile(folder / "model.keras", "w") as changed:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "config.json":
                content = content.replace(b'"class_name": "Dense"', b'"class_name": "Foreign"')
            changed.writestr(entry, content)
    sealed = load_run(run).description.sealed_json([(folder / "model.keras").read_bytes()])
    (folder / "description.json").write_text(sealed)
    for attempt in (load_run(folder).keras_model, lambda: load(folder / "model.keras")):
        with pytest.raises(ModelFileError, match=r"model.keras: .*Foreign") as caught:
            attempt()
        message = str(caught.value)
        assert "\n" not in message
        assert len(message) - len(str(folder)) * 2 < 400


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("epochs", "four", "epochs='four': expected a whole number"), ("corpus", None, "corpus is missing")],
)
def test_a_damaged_key_of_the_metrics_is_named(run, segments, tmp_path, key, value, words):
    shutil.copytree(run, tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    changed = {**metrics, key: value} if value else {name: kept for name, kept in metrics.items() if name != key}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(changed))
    with pytest.raises(ModelFileError, match=rf"metrics\.json: {words}.*--restart"):
        load_run(tmp_path / "run")


def test_a_finished_run_is_not_trained_again(run, segments):
    before = (run / "model.keras").read_bytes()
    train(training(segments), run, lambda *_: pytest.fail("trained again"))
    assert (run / "model.keras").read_bytes() == before


def test_a_finished_run_of_other_settings_is_not_overwritten(run, segments):
    before = (run / "model.keras").read_bytes()
    with pytest.raises(CorpusError, match=r"finished run of another .*seed \(3, not 4\), epochs \(4, not 9\)"):
        train(training(segments, epochs=9, seed=4), run)
    assert (run / "model.keras").read_bytes() == before


@pytest.fixture
def interrupted(segments, tmp_path):
    """A run folder with two of four epochs."""
    interrupt_after(2, training(segments), tmp_path / "run")
    return tmp_path / "run"


def interrupt_after(epochs, wanted, folder):
    def interrupt(history, total):
        if len(history) == epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(wanted, folder, interrupt)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"recipe_name": "paper"}, r"recipe \(edge, not paper\)"),
        ({"seed": 4}, r"seed \(3, not 4\)"),
        ({"name": "mlp"}, r"model \(mlp-regularized, not mlp\)"),
        ({"without": ["mixup"]}, r"without \(none, not mixup\)"),
    ],
)
def test_an_unfinished_run_of_other_settings_is_refused_and_kept(interrupted, segments, other, words):
    before = (interrupted / "checkpoint.npz").read_bytes()
    with pytest.raises(CorpusError, match=f"unfinished run of another .*{words}.*--restart"):
        train(training(segments, **other), interrupted)
    assert (interrupted / "checkpoint.npz").read_bytes() == before


def test_restart_begins_anew(interrupted, segments):
    epochs = []
    metrics = train(
        training(segments, seed=4), interrupted, lambda history, _: epochs.append(len(history)), restart=True
    )
    assert epochs == [1, 2, 3, 4]
    assert metrics.seed == 4
    again = train(training(segments, epochs=1), interrupted, restart=True)
    assert (again.seed, again.epochs) == (3, 1)


def test_a_model_of_unknown_origin_is_not_overwritten(segments, tmp_path):
    (tmp_path / "model.keras").write_bytes(b"somebody's")
    with pytest.raises(CorpusError, match=r"model\.keras without metrics\.json"):
        train(training(segments), tmp_path)
    assert (tmp_path / "model.keras").read_bytes() == b"somebody's"


@pytest.mark.parametrize("place", ["features", "shifted"])
def test_features_that_are_no_numbers_are_refused_by_track(segments, tmp_path, place):
    wrong = dataclasses.replace(segments, **{place: getattr(segments, place).copy()})
    getattr(wrong, place)[4] = np.nan
    with pytest.raises(CorpusError, match=r"found NaN or infinity in those of bells\.00001;"):
        train(training(wrong), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_offsets_need_their_windows(segments, tmp_path):
    with pytest.raises(ParameterError, match="extracted with shifts=4"):
        train(training(dataclasses.replace(segments, shifted=None)), tmp_path / "run")


def test_options_that_are_off_are_reported_everywhere(segments, tmp_path):
    metrics = train(training(segments, epochs=1, without=["mixup", "offsets"]), tmp_path / "run")
    assert metrics.without == metrics.settings["recipe"]["without"] == ["mixup", "offsets"]
    assert metrics.recipe == "edge"
    assert load_run(tmp_path / "run").description.recipe == "edge without mixup, offsets"


def test_the_best_epoch_is_kept(segments, tmp_path):
    metrics = train(training(segments, epochs=12), tmp_path / "run")
    rows = history(tmp_path / "run")
    losses = [float(row["val_loss"]) for row in rows]
    assert metrics.best_epoch == losses.index(min(losses)) + 1
    assert metrics.validation.accuracy == pytest.approx(float(rows[metrics.best_epoch - 1]["val_accuracy"]))


def test_the_event_file_holds_each_epoch_once(segments, tmp_path):
    """Also where the first half was written by a training that was interrupted."""
    import tensorflow as tf

    interrupt_after(2, training(segments), tmp_path / "run")
    train(training(segments), tmp_path / "run", tensorboard=True)
    (file,) = (tmp_path / "run" / "tensorboard").iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    expected = history(tmp_path / "run")
    assert set(found) >= {"loss/training", "loss/validation", "accuracy/training", "accuracy/validation"}
    assert [step for step, _ in found["loss/validation"]] == [1, 2, 3, 4]
    for row, (_, value) in zip(expected, found["loss/validation"], strict=True):
        assert value == pytest.approx(float(row["val_loss"]), rel=1e-6)


def test_a_bench_divides_the_time_of_an_epoch_by_the_windows_it_was_over(run):
    (row,) = bench_inputs.training_rows({"mlp-regularized": run})
    assert row.segments == 20 * 32
    assert "4 epochs over 640 segments" in row.source


def test_a_run_whose_weights_are_not_its_own_is_refused(run, tmp_path):
    """A whole archive in place of another one: the description's checksum tells."""
    folder = spoilt(run, tmp_path / "run", "curves.png", b"")
    with zipfile.ZipFile(folder / "model.keras", "a") as archive:
        archive.writestr("another", "part")
    with pytest.raises(ModelFileError, match=r"model.keras: .*checksum.*damaged"):
        load(folder / "model.keras")
