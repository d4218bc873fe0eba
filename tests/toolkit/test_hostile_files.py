"""Files that genrekit reads, each value in turn replaced by what does not belong there: a sentence, or made anew."""

from __future__ import annotations

import copy
import functools
import io
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from genrekit.bench import compare, read_json, report
from genrekit.bench.report.comparison import comparison_markdown
from genrekit.converters.export import PARITY_NAME, write_parity
from genrekit.runtime.errors import GenrekitError
from genrekit.runtime.modelfile.description import ModelDescription
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.feature_cache import FeatureCache, _checksum
from genrekit.toolkit.corpus.front_ends import front_end_named
from genrekit.toolkit.corpus.scan import scan
from genrekit.toolkit.demo_corpus.folder import _claim
from genrekit.toolkit.exporting.external_run import _description
from genrekit.toolkit.library import output_tables
from genrekit.toolkit.splits.track_lists import file_rows
from genrekit.toolkit.training.checkpoint import Checkpoint
from genrekit.toolkit.training.resume import unfinished_epochs
from genrekit.toolkit.training.run_folder import EXPORT_FEATURES, ExportFeatures, Run, read_history, read_metrics

from ..conftest import LABELS, TINY, tiny_description
from .test_special_files import noise

RESULTS = Path(__file__).parents[2] / "results" / "quickstart.json"
DELETED = object()
VALUES = (
    None, "x", "", "\x1b]0;x\x07", -1, 0, 10**400, float("nan"), float("inf"), 1e300, [], {}, True, [None], [[]],
    {"a": 1}, DELETED,
)  # fmt: skip
TEXTS = (
    "",
    "{",
    "nul",
    "[" * 100_000,
    '{"a":' * 100_000,
    "1" * 6000,
    "[]",
    "{}",
    '"x"',
    "\udcff",
    "NaN",
    '{"a":1e999}',
)
SETTINGS = {"model": "cnn", "recipe": {"name": "edge"}, "split": "track", "seed": 0, "front_end": {"n_mfcc": 13}}
SCORES = {"segments": 9, "accuracy": 0.5, "loss": 1.0, "padded": 0}
EPOCH = {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5, "seconds": 1.0}
ROW = {"file": "a", "seconds": 1.0, "label": "x", "score": 0.5, "answer": "x", "windows": 1, "error": "", "note": "",
       "key": "k", "score_x": 0.5}  # fmt: skip


def keys(value, key=()):
    """Where the values of a document stand, of lists the first two."""
    yield key
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, item in inner:
        yield from keys(item, (*key, name))


def variants(document):
    """The text of the document with each value replaced by each of `VALUES`, and texts that are none."""
    for key, value in itertools.product(keys(document), VALUES):
        if not key:
            if value is not DELETED:
                yield json.dumps(value)
            continue
        changed = copy.deepcopy(document)
        at = changed
        for name in key[:-1]:
            at = at[name]
        if value is DELETED:
            del at[key[-1]]
        else:
            at[key[-1]] = value
        yield json.dumps(changed)
    yield from TEXTS


def sentence(read):
    """What reading ends with: a sentence of ours, or ""; anything else is raised."""
    try:
        read()
    except GenrekitError as error:
        return str(error)
    return ""


def tried(document, path, read, every=1, named=None):
    """The sentences that reading the variants ends with; anything but a sentence fails."""
    path.write_text(json.dumps(document))
    read()
    sentences = []
    for text in itertools.islice(variants(document), 0, None, every):
        path.write_text(text, "utf-8", "surrogateescape")
        if found := sentence(read):
            sentences.append(found)
            assert "\n" not in found
            assert (named or path.name) in found
            assert len(found) < 1000
    return sentences


def test_results(tmp_path):
    content = json.loads(RESULTS.read_text())
    content["results"] = content["results"][:2]
    content["ratios"] = {kind: [] for kind in content["ratios"]}
    content["recommendations"] = []
    for times in [value for row in content["results"] for value in row.values() if isinstance(value, dict)]:
        times.update({name: values[:2] for name, values in times.items() if isinstance(values, list)})

    def read():
        bench = read_json(tmp_path / "bench.json")
        report.markdown_report(bench)
        comparison_markdown(compare([bench, bench]))

    assert len(tried(content, tmp_path / "bench.json", read, every=25)) > 50


def test_metrics_of_a_run(tmp_path):
    metrics = {
        "model": "cnn", "recipe": "edge", "split": "track", "seed": 0, "epochs": 1, "best_epoch": 1, "parameters": 5,
        "seconds_per_epoch": {"median": 1.0, "all": [1.0], "windows": 9}, "labels": list(LABELS),
        "corpus": {"name": "c", "fingerprint": "f", "tracks": 9, "segments": 9, "demo": False, "unusable": []},
        "settings": SETTINGS, **dict.fromkeys(("train", "validation", "test"), SCORES), "segments_leak": False,
        "test_tracks": {"accuracy": 1.0, "tracks": 3}, "confusion": [[1, 0], [0, 1]],
    }  # fmt: skip
    assert len(tried(metrics, tmp_path / "metrics.json", lambda: read_metrics(tmp_path), every=5)) > 50


@pytest.mark.parametrize("name", ["description.json", "front_end.json", "own.json", "marker", "rows.jsonl"])
def test_json(tmp_path, name):
    path = tmp_path / ("DEMO-CORPUS.json" if name == "marker" else name)
    front_end = {"n_mfcc": 2, "window_s": 1.0, "top_db": None, "center": True, "sample_rate": 22050}
    own = {"n_mfcc": 2, "normalization": {"mean": [0, 0], "std": [1, 1]}}
    settings = {"generator": 1, "seed": 0, "seconds": 3.0}
    (tmp_path / "labels.txt").write_text("a\nb\n")
    document, read = {
        "description.json": (
            tiny_description("dense", "onnx", "float32").to_dict(),
            lambda: ModelDescription.from_json(path.read_bytes(), path),
        ),
        "front_end.json": (front_end, lambda: front_end_named(str(path))),
        "own.json": (own, lambda: _description(Path("m.keras"), tmp_path / "labels.txt", path)),
        "marker": (settings, lambda: _claim(tmp_path, settings, [tmp_path / "labels.txt"])),
        "rows.jsonl": (ROW, lambda: list(output_tables.read(path))),
    }[name]
    document = json.loads(json.dumps(document))
    named = path.parent.name if name == "marker" else path.name
    assert len(tried(document, path, read, every=3 if name == "description.json" else 1, named=named)) > 20


def test_a_parity_file_is_written_anew(tmp_path):
    path = tmp_path / PARITY_NAME
    for text in itertools.islice(variants([{"file": "a.tflite", "passed": True}]), 0, None, 3):
        path.write_text(text, "utf-8", "surrogateescape")
        write_parity(tmp_path, [{"file": "c.onnx"}])
        assert json.loads(path.read_text())[-1] == {"file": "c.onnx"}


class Variable:
    """Of a model, as training restores it."""

    def __init__(self, shape):
        self.shape = shape

    def assign(self, value):
        assert value.shape == self.shape


def test_a_damaged_checkpoint_is_another_run_or_none(tmp_path):
    state = [np.zeros((2, 3), np.float32), np.zeros(3, np.float32)]
    checkpoint = Checkpoint(tmp_path, SETTINGS)
    path = tmp_path / "checkpoint.npz"

    def read():
        found = sentence(lambda: unfinished_epochs(tmp_path, checkpoint, SETTINGS))
        assert not found or "found an unfinished run of another" in found
        return checkpoint.restore([Variable((2, 3)), Variable((3,))])

    head = {"settings": SETTINGS, "history": [EPOCH], "state": 2}
    np.savez(path, np.array(json.dumps(head)), *state)
    assert len(read()) == 1
    for text in variants(head):
        np.savez(path, np.array(text), *state)
        read()
    for arrays in ([], state[:1], state * 3, [state[0].T, state[1]], [np.array(["a"]), state[1]], [np.array({}), None]):
        np.savez(path, np.array(json.dumps(head)), *arrays)
        assert read() == [] or arrays == state * 3
    whole = path.read_bytes()
    for begin in range(0, len(whole), 101):
        path.write_bytes(whole[:begin] + b"\xff" + whole[begin + 1 :])
        read()
        path.write_bytes(whole[:begin])
        assert read() == []


def test_a_cache_with_right_checksums_and_wrong_content_is_as_good_as_none(tmp_path):
    for index, label in enumerate(LABELS):
        noise(tmp_path / "corpus" / label / "a.wav", seed=index)
    corpus = scan(tmp_path / "corpus")
    expected = extract(corpus, TINY).features
    cache = FeatureCache(tmp_path / "cache")
    key = cache.key(corpus.digest(0), TINY)
    entry = cache.folder / key[:2] / f"{key}.features"
    entry.parent.mkdir(parents=True)
    windows, facts = np.zeros((2, 1, 32, 5), np.float32), np.array([0, 8000])
    for arrays in (
        [], [windows], [windows[0], facts], [windows[..., :3], facts], [windows, facts[:1]], [np.array("x"), facts],
        [windows.astype(complex), facts], [windows[:, :0], facts], [windows * np.nan, facts], [np.array([{}]), facts],
    ):  # fmt: skip
        content = io.BytesIO()
        for array in arrays:
            np.save(content, array, allow_pickle=True)
        entry.write_bytes(_checksum(key, content.getvalue()) + content.getvalue())
        np.testing.assert_array_equal(extract(corpus, TINY, cache=cache).features, expected)


def test_segments_of_an_export(tmp_path):
    windows, labels = np.zeros((4, 32, 5), np.float32), np.array([0, 1, 2, 0])
    run = Run(tmp_path, tiny_description("dense", "keras", "float32"), None)
    ExportFeatures(windows, labels, windows, labels).save(tmp_path / EXPORT_FEATURES)
    assert run.export_features().parity.shape == windows.shape
    for wrong in (
        (windows[:2], labels), (windows[..., :4], labels), (windows * np.nan, labels), (windows, labels + 1),
        (windows, labels - 1), (windows, labels / 2), (windows.astype("U1"), labels), (np.array({}), labels),
    ):  # fmt: skip
        ExportFeatures(windows, labels, *wrong).save(tmp_path / EXPORT_FEATURES)
        with pytest.raises(GenrekitError, match=f"{EXPORT_FEATURES}: .*--data"):
            run.export_features()


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe\0", b"\0" * 99, b"track\n", b"track,part\na\n", b'track,part\n"a,test', b"track,part\n\0,test\n",
    b"track,part\n" + b"a" * 200_000 + b",test\n", b'track,part\n"' + b"a" * 200_000 + b'",test\n',
    b"part,part\na,b,c\n",
])  # fmt: skip
def test_lists_and_histories(tmp_path, content):
    for name, read in (
        ("split.csv", lambda path: list(file_rows(path, ("track", "part")))),
        ("rows.csv", lambda path: list(output_tables.read(path))),
        ("history.csv", lambda path: read_history(path.parent)),
    ):
        (tmp_path / name).write_bytes(content)
        found = sentence(functools.partial(read, tmp_path / name))
        assert not found or name in found
        assert "\n" not in found
