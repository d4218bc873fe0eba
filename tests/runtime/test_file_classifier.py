"""A whole file against its windows one by one."""

import numpy as np
import pytest
import soundfile
import soxr

from genrekit.runtime import load
from genrekit.runtime.errors import AudioError, MissingFileError
from genrekit.runtime.file_classifier import classify_file

pytestmark = pytest.mark.usefixtures("each_front_end")

WINDOW, RATE = 4000, 8000


@pytest.fixture(scope="module")
def model(tiny_models):
    return load(tiny_models("dense", "onnx"))


def write(path, samples, rate=RATE):
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def test_the_scores_are_the_mean_of_the_windows(tmp_path, model, tiny_windows):
    samples = tiny_windows.ravel()
    recording = classify_file(model, write(tmp_path / "clip.wav", samples))
    starts = range(0, len(samples), WINDOW)
    expected = [model.classify(samples[start : start + WINDOW]) for start in starts]
    assert recording.seconds == 4.0
    assert len(recording.windows) == len(expected) == 8
    for window, one in zip(recording.windows, expected, strict=True):
        assert window.scores == pytest.approx(one.scores, abs=1e-5)
    assert [window.time_s for window in recording.windows] == pytest.approx(
        [(start + WINDOW) / RATE for start in starts]
    )
    means = {label: np.mean([one.scores[label] for one in expected]) for label in model.labels}
    assert recording.scores == pytest.approx(means, abs=1e-5)
    assert recording.label == max(means, key=means.get)
    assert [warning.kind for warning in recording.warnings] == []


def test_a_file_at_another_rate_and_in_stereo_is_mixed_and_resampled(tmp_path, model, tiny_windows):
    stereo = np.stack([tiny_windows[0], tiny_windows[5]], axis=1).repeat(6, axis=0)[:24_000]
    recording = classify_file(model, write(tmp_path / "clip.wav", stereo, rate=48_000))
    expected = model.classify(soxr.resample(stereo.mean(axis=1), 48_000, RATE))
    assert recording.seconds == pytest.approx(0.5)
    assert recording.scores == pytest.approx(expected.scores, abs=1e-5)


def test_less_than_a_window_gives_one_padded_decision(tmp_path, model, tiny_windows):
    recording = classify_file(model, write(tmp_path / "short.wav", tiny_windows[1][:1000]))
    assert recording.windows == (model.classify(tiny_windows[1][:1000]),)
    assert recording.windows[0].padded
    assert recording.seconds == 0.125


def test_samples_that_are_no_numbers_are_counted(tmp_path, model, tiny_windows):
    samples = tiny_windows[2].copy()
    samples[[5, 700]] = np.nan, np.inf
    recording = classify_file(model, write(tmp_path / "clip.wav", samples))
    samples[[5, 700]] = 0
    assert [(one.kind, one.text[:2]) for one in recording.warnings] == [("invalid-samples", "2 ")]
    assert recording.scores == pytest.approx(model.classify(samples).scores, abs=1e-5)


def test_unusable_files_are_refused_by_name(tmp_path, model):
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(AudioError, match=r"text.wav: expected audio"):
        classify_file(model, tmp_path / "text.wav")
    with pytest.raises(MissingFileError, match=r"absent.wav: expected an audio file"):
        classify_file(model, tmp_path / "absent.wav")


def test_real_audio_gets_a_decision_for_every_window(shared_data, model):
    paths = sorted(shared_data.glob("music/*.ogg"))
    if not paths:
        pytest.skip(f"{shared_data} has no music/*.ogg")
    info = soundfile.info(paths[0])
    recording = classify_file(model, paths[0])
    samples = round(info.frames * RATE / info.samplerate)
    assert recording.seconds == pytest.approx(info.duration, abs=1e-3)
    assert len(recording.windows) == samples // WINDOW
    assert sum(recording.scores.values()) == pytest.approx(1, abs=1e-4)
