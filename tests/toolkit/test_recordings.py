"""`genrekit evaluate --stream` on recordings whose right figures are known.

Every sound carries a mark, a tone above all words, music and noise, and the model answers with whose mark it sees in
one frame near the end of its window.
"""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import soundfile

from genrekit.converters.attach import attach
from genrekit.runtime import MfccConfig, ModelDescription, Rejection, mfcc
from genrekit.runtime.audio import read_file

from ..long_recordings import Sound, at_level, background, below, held_out, write_events, write_recording

RATE = 8000
# As many coefficients as mel bands: the levels of the bands can be had back from them.
FRONT_END = MfccConfig(RATE, n_fft=256, hop_length=128, n_mels=20, n_mfcc=20, window_s=0.5, top_db=None)
MARKS = {"no": 3000.0, "yes": 3700.0}  # Hz
HIGHEST = 2200  # Hz, of all else
STRONG, WEAK, WEAKER = 0.2, 0.05, 0.04  # amplitudes of marks; scores of 0.99, 0.93 and 0.91
FRAME = 29  # of the 32 of a window: 52 to 20 ms before its end
STRIDE = 31 * 128 / RATE  # 0.5 s in whole hops: decisions at 0.5 s and every 0.496 s from there
SECONDS = 60.0


def bands(samples):
    """Log-mel of the marked frame, dB, from the MFCC: float64 [shape=(20,)]."""
    return inverse_dct() @ mfcc(samples, FRONT_END)[FRAME]


def inverse_dct():
    """Of the orthonormal type 2: coefficients -> bands."""
    band, coefficient = np.arange(20)[:, None], np.arange(20)
    matrix = np.sqrt(2 / 20) * np.cos(np.pi * coefficient * (band + 0.5) / 20)
    matrix[:, 0] = np.sqrt(1 / 20)
    return matrix


def mark(label, seconds, amplitude=STRONG):
    return (amplitude * np.sin(2 * np.pi * MARKS[label] * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture(scope="session")
def detector(tmp_path_factory):
    """Two labels; the logit of each is its mark's level above a floor, so that without a mark both are 1/2: unknown."""
    from onnx import TensorProto, checker, helper, numpy_helper

    marked = [bands(mark(label, 0.5)) for label in MARKS]
    rows = [int(np.argmax(levels)) for levels in marked]
    floors = np.array([levels.max() - 30 for levels in marked], np.float32)
    kernel = np.zeros((32, 20, 2), np.float32)
    kernel[FRAME] = inverse_dct()[rows].T
    scale = 0.15 * np.eye(2, dtype=np.float32)
    constants = {"kernel": kernel.reshape(640, 2), "bias": -floors, "scale": scale}
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["features"], ["flat"]),
            helper.make_node("Gemm", ["flat", "kernel", "bias"], ["above"]),
            helper.make_node("Relu", ["above"], ["marks"]),
            helper.make_node("MatMul", ["marks", "scale"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["scores"]),
        ],
        "detector",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 32, 20])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    path = tmp_path_factory.mktemp("detector") / "detector.onnx"
    description = ModelDescription(
        model="detector",
        labels=tuple(MARKS),
        front_end=FRONT_END,
        normalization=None,
        format="onnx",
        precision="float32",
        rejection=Rejection(temperature=1.0, min_probability=0.55),
    )
    path.write_bytes(attach(model.SerializeToString(), description))
    return path


def at(stride, before_s=0.3):
    """So long before the decision of that number; its frame and the next one lie within a sound of 1.2 s or less."""
    return round(0.5 + stride * STRIDE - before_s, 6)


def voices(words=None):
    """What is marked, without end: words, or bursts of noise."""
    if words:
        for _, path in itertools.cycle(held_out(words)):
            yield read_file(path, RATE)
    generator = np.random.default_rng(7)
    while True:
        yield generator.standard_normal(RATE).astype(np.float32) * np.hanning(RATE).astype(np.float32)


@pytest.fixture(scope="session", params=["bursts", "words"])
def recording(request, tmp_path_factory):
    """A minute: four hits, one of them weak and one late, three misses, and four false alarms, one of them weak."""
    words = request.getfixturevalue("shared_data") / "words" if request.param == "words" else None
    clips = voices(words)

    def sound(stride, label, seconds=1.2, amplitude=STRONG, before_s=0.3):
        marked = mark(label, seconds, amplitude)
        clip = below(at_level(next(clips), -25), RATE, HIGHEST)[: len(marked)]
        marked[: len(clip)] += clip
        return Sound(at(stride, before_s), label, marked)

    sounds = [
        sound(4, "yes"),
        sound(12, "no", before_s=0.4),
        sound(20, "yes", amplitude=WEAKER),
        sound(40, "yes"),  # of which no event tells
        sound(48, "no", amplitude=WEAK),  # nor of this
        sound(56, "no"),  # within an event of the other label
        sound(64, "no", seconds=4.0),  # longer than its event
        sound(80, "yes", seconds=0.7),  # after the end of its event, but soon enough
    ]
    events = [
        (at(4), at(4) + 1.2, "yes"),
        (at(12, 0.4), at(12, 0.4) + 1.2, "no"),
        (at(20), at(20) + 1.2, "yes"),
        (at(30), at(30) + 1.2, "no"),  # when nothing sounds
        (at(56), at(56) + 1.2, "yes"),
        (at(64), at(64) + 0.5, "no"),
        (at(80, 1.1), at(80, 1.1) + 0.5, "yes"),
        (at(90), at(90) + 1.0, "yes"),  # when nothing sounds
    ]
    folder = tmp_path_factory.mktemp("recording")
    behind = (below(piece, RATE, HIGHEST) for piece in background(RATE))
    write_recording(folder / "long.wav", SECONDS, RATE, sounds, behind)
    write_events(folder / "events.csv", [(start, round(end, 6), label) for start, end, label in events])
    return folder


@pytest.fixture(scope="session")
def evaluate(genrekit, detector):
    """Runs it on a recording's folder; (process, what it printed as JSON)."""

    def run(folder, *options):
        files = ("--stream", folder / "long.wav", "--events", folder / "events.csv")
        process = genrekit("evaluate", detector, *files, *options, "--json")
        assert process.returncode == 0, process.stderr
        return process, json.loads(process.stdout)

    return run


def test_the_figures_are_those_that_were_put_there(evaluate, recording):
    _, found = evaluate(recording)
    assert (found["hits"], found["misses"], found["false_alarms"]) == (5, 3, 4)
    assert found["false_alarms_per_hour"] == pytest.approx(4 * 60)
    assert found["seconds"] == SECONDS
    # 0.3, 0.3, 0.3, 0.4 and 1.1 s
    assert found["delay_s"] == {"p50": 0.3, "p90": pytest.approx(0.82)}
    assert found["labels"] == {
        "no": {"hits": 2, "misses": 1, "false_alarms": 3},
        "yes": {"hits": 3, "misses": 2, "false_alarms": 1},
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--min-score", 0.95), (4, 4, 3)),  # without what is weak
        (("--min-score", 1), (0, 8, 0)),
        (("--tolerance", 0), (4, 4, 5)),  # the late one is a miss and a false alarm
        (("--smooth", 0.001), (5, 3, 4)),
        (("--silence-dbfs", 0), (0, 8, 0)),
    ],
)
def test_options_mean_what_they_mean_to_the_stream(evaluate, recording, options, expected):
    _, found = evaluate(recording, *options)
    assert (found["hits"], found["misses"], found["false_alarms"]) == expected


def test_the_background_is_never_detected(evaluate, recording, tmp_path):
    (tmp_path / "long.wav").symlink_to(recording / "long.wav")
    rows = (recording / "events.csv").read_text().splitlines()
    (tmp_path / "events.csv").write_text("\n".join(row for row in rows if not row.endswith("yes")))
    _, found = evaluate(tmp_path, "--background", "yes")
    assert found["labels"] == {"no": {"hits": 2, "misses": 1, "false_alarms": 3}}
    assert (found["hits"], found["misses"], found["false_alarms"]) == (2, 1, 3)


@pytest.mark.parametrize("options", [(), ("--stride", 0.1, "--smooth", 0.5, "--min-score", 0.9), ("--any-answer",)])
def test_what_counts_is_what_the_stream_shows(genrekit, evaluate, detector, recording, tmp_path, options):
    lines = genrekit("stream", detector, recording / "long.wav", "--json", *options).stdout.splitlines()
    shown = [line for line in map(json.loads, lines) if "warning" not in line and line["answer"] in MARKS]
    alarms, before, stride = 0, (None, -9), 0.0961 if "--stride" in options else 0.497
    for line in shown:
        alarms += line["answer"] != before[0] or line["time_s"] - before[1] > stride
        before = line["answer"], line["time_s"]
    write_events(tmp_path / "events.csv", [])
    (tmp_path / "long.wav").symlink_to(recording / "long.wav")
    _, found = evaluate(tmp_path, *options)
    assert (found["hits"], found["misses"], found["false_alarms"]) == (0, 0, alarms)
    assert found["delay_s"] == {"p50": None, "p90": None}


def test_a_sweep_tells_the_threshold_to_take(evaluate, recording, tmp_path):
    picture = tmp_path / "pictures" / "sweep.png"
    _, found = evaluate(recording, "--sweep", "--picture", picture, "--false-alarms-per-hour", 180)
    assert set(found["sweep"][0]) >= {"min_score", "hits", "misses", "false_alarms_per_hour", "delay_s"}
    by_threshold = {row["min_score"]: row for row in found["sweep"]}
    for min_score in (0.0, 0.5, 0.95):
        _, alone = evaluate(recording, "--min-score", min_score)
        assert {**alone, **by_threshold[min_score]} == alone
    assert (found["chosen"]["misses"], found["chosen"]["false_alarms"]) == (4, 3)  # both weak ones are gone
    assert 0.91 < found["chosen"]["min_score"] < 0.95
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_rate_that_cannot_be_had_or_told(evaluate, recording, tmp_path):
    (tmp_path / "long.wav").symlink_to(recording / "long.wav")
    write_events(tmp_path / "events.csv", [])
    process, found = evaluate(tmp_path, "--any-answer", "--sweep", "--false-alarms-per-hour", 1)
    assert found["chosen"]["false_alarms"] == 0
    assert "one false alarm in 1.0 min is already 60 an hour" in process.stderr
    assert "take a recording of at least 1.00 h" in process.stderr


def test_tables_and_sentences(genrekit, detector, recording):
    files = ("--stream", recording / "long.wav", "--events", recording / "events.csv")
    process = genrekit("evaluate", detector, *files, "--sweep", "--false-alarms-per-hour", 180)
    assert "5 of 8 events hit, 3 missed, delay p50 0.30 s, p90 0.82 s; 4 false alarms in 1.0 min" in process.stdout
    for title in ("label", "misses", "min score", "delay p90"):
        assert title in process.stdout
    assert process.stdout.splitlines()[-1].startswith("--min-score 0.")


def test_a_recording_shorter_than_a_window(evaluate, tmp_path):
    soundfile.write(tmp_path / "long.wav", mark("yes", 0.470125), RATE)
    write_events(tmp_path / "events.csv", [(0.1, 0.47, "yes")])
    _, found = evaluate(tmp_path, "--tolerance", 0)  # the line stands at 0.470 s, as it is shown
    assert (found["hits"], found["misses"], found["false_alarms"]) == (1, 0, 0)
    assert found["delay_s"]["p50"] == 0.37


def test_audio_that_speaks_against_the_figures_is_told(genrekit, detector, evaluate, recording, tmp_path):
    content = (recording / "long.wav").read_bytes()
    (tmp_path / "long.wav").write_bytes(content[: len(content) // 2])
    write_events(tmp_path / "events.csv", [])
    process, found = evaluate(tmp_path)
    assert found["seconds"] == pytest.approx(SECONDS / 2, abs=0.01)
    assert "cut-short" in process.stderr
    write_events(tmp_path / "events.csv", [(SECONDS - 2, SECONDS - 1, "yes")])  # the header says that it is there
    process = genrekit("evaluate", detector, "--stream", "long.wav", "--events", "events.csv", cwd=tmp_path)
    assert process.returncode == 2
    assert "events.csv, line 2: end_s=59: expected events within the recording, which has 29.9" in process.stderr


REFUSED = {
    "neither": ((), "expected --data DIR, or --stream AUDIO with --events CSV"),
    "no events": (("--stream", "long.wav"), "--events"),
    "no stream": (("--events", "events.csv"), "--stream"),
    "both": (("--stream", "long.wav", "--events", "events.csv", "--data", "corpus"), "data=corpus"),
    "split": (("--stream", "long.wav", "--events", "events.csv", "--split", "track"), "split=track"),
    "no cache": (("--stream", "long.wav", "--events", "events.csv", "--no-cache"), "no-cache=True"),
    "stride": (("--data", "corpus", "--stride", "0.5"), "stride=0.5: a corpus (corpus) has no use"),
    "events": (("--data", "corpus", "--events", "events.csv"), "events=events.csv"),
    "sweep": (("--data", "corpus", "--sweep"), "sweep=True"),
    "picture": (("--stream", "long.wav", "--events", "events.csv", "--picture", "x.png"), "add --sweep"),
    "rate": (("--stream", "long.wav", "--events", "events.csv", "--false-alarms-per-hour", "1"), "add --sweep"),
}
IMPOSSIBLE = {
    "min score": (("--min-score", "1.5"), "min_score=1.5"),
    "tolerance": (("--tolerance", "-1"), "tolerance=-1"),
    "negative rate": (("--sweep", "--false-alarms-per-hour", "-1"), "false_alarms_per_hour=-1"),
    "picture's suffix": (("--sweep", "--picture", "sweep.jpg"), "picture=sweep.jpg"),
    "picture's folder": (("--sweep", "--picture", "long.wav/sweep.png"), "cannot write"),
    "long stride": (("--stride", "0"), "stride_s=0"),
    "smooth": (("--smooth", "-1"), "smooth=-1"),
    "other background": (("--background", "silence"), "background=silence: expected a label of the model: no, yes"),
}


@pytest.mark.parametrize("case", [*REFUSED, *IMPOSSIBLE])
def test_what_does_not_go_together_gets_one_sentence(genrekit, detector, tmp_path, case):
    soundfile.write(tmp_path / "long.wav", mark("yes", 2.0), RATE)
    write_events(tmp_path / "events.csv", [(0.5, 1.0, "yes")])
    options, words = {**REFUSED, **IMPOSSIBLE}[case]
    if case in IMPOSSIBLE:
        options = ("--stream", "long.wav", "--events", "events.csv", *options)
    process = genrekit("evaluate", detector, *options, cwd=tmp_path)
    assert process.returncode == 2
    assert process.stdout == ""
    assert len(process.stderr.splitlines()) == 1
    assert words in process.stderr


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,2.5,yes", "line 2: end_s=2.5: expected events within the recording, which has 2.000 s"),
        ("1,2,maybe\x1b[2J", "line 2: label=maybe\\x1b[2J: expected one that the model detects (no, yes)"),
    ],
)
def test_events_that_do_not_fit_are_named_with_file_and_line(genrekit, detector, tmp_path, row, words):
    soundfile.write(tmp_path / "long.wav", mark("yes", 2.0), RATE)
    (tmp_path / "events.csv").write_text(f"start_s,end_s,label\n{row}\n")
    process = genrekit("evaluate", detector, "--stream", "long.wav", "--events", "events.csv", cwd=tmp_path)
    assert process.returncode == 2
    assert process.stderr == f"genrekit: events.csv, {process.stderr.partition(', ')[2]}"
    assert words in process.stderr
