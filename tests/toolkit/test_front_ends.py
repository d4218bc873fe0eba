"""Front ends: by name, from files, as options; which cannot work, and which fits a corpus."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shlex

import numpy as np
import pytest
import soundfile

from genrekit.runtime import MfccConfig
from genrekit.runtime.errors import CorpusError, MissingFileError, ModelFileError, ParameterError
from genrekit.runtime.mfcc import mel_weights
from genrekit.toolkit.corpus.front_ends import (
    MUSIC,
    PRESETS,
    SPEECH,
    as_options,
    differences,
    empty_bands,
    front_end_named,
    most_mels,
    require_workable,
)
from genrekit.toolkit.corpus.scan import scan
from genrekit.toolkit.corpus.suggestion import WINDOWS, Clip, headers, longest_window, require_held, suggest


def write_clips(folder, seconds, rate=8000, classes=("high", "low")):
    """A corpus with a clip of each length in `seconds` in each class; no two are alike."""
    for index, (name, length) in enumerate(itertools.product(classes, seconds)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(index).normal(0, 0.1, round(length * rate))
        soundfile.write(folder / name / f"{name}.{index:05d}.wav", noise, rate)
    return folder


def test_the_default_is_the_papers():
    assert front_end_named("music") == MUSIC == MfccConfig()


def test_a_file_names_what_differs(tmp_path):
    fields = {"sample_rate": 8000, "window_s": 0.5, "top_db": None}
    (tmp_path / "mine.json").write_text(json.dumps(fields))
    assert front_end_named(str(tmp_path / "mine.json")) == dataclasses.replace(MUSIC, **fields)
    assert differences(front_end_named(str(tmp_path / "mine.json"))) == fields


@pytest.mark.parametrize("text", ["[1", "[]", "[" * 100_000, '{"hop": 3}', '{"n_fft": "x"}', '{"n_fft": 1e99}', "\0"])
def test_a_file_that_says_something_else_is_named(tmp_path, text):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(ModelFileError, match=r"mine\.json"):
        front_end_named(str(tmp_path / "mine.json"))


def test_a_name_that_there_is_not_lists_those_that_there_are(tmp_path):
    for name in ("speach", str(tmp_path / "gone.json")):
        with pytest.raises(MissingFileError, match="music, speech"):
            front_end_named(name)
    with pytest.raises(MissingFileError, match="is a folder"):
        front_end_named(str(tmp_path))


@pytest.mark.parametrize(
    ("config", "options"),
    [
        (MUSIC, "--front-end music"),
        (SPEECH, "--front-end speech"),
        (dataclasses.replace(MUSIC, window_s=2.0, sample_rate=16000), "--sample-rate 16000 --window 2"),
        (dataclasses.replace(SPEECH, top_db=80.0), "--front-end speech --top-db 80"),
        (dataclasses.replace(MUSIC, top_db=None, window_s=0.75), "--window 0.75 --top-db none"),
    ],
)
def test_options_are_as_few_as_can_be(config, options):
    assert as_options(config) == options


@pytest.mark.parametrize("sample_rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("n_fft", [64, 100, 512, 2048])
@pytest.mark.parametrize("n_mels", [1, 20, 64, 128])
def test_empty_bands_are_those_without_a_weight(sample_rate, n_fft, n_mels):
    weights = mel_weights(MfccConfig(sample_rate=sample_rate, n_fft=n_fft, n_mels=n_mels, n_mfcc=1))
    assert empty_bands(sample_rate, n_fft, n_mels) == np.flatnonzero(~weights.any(axis=0)).tolist()


def test_empty_bands_are_counted_and_named():
    config = MfccConfig(sample_rate=44100, n_fft=512)
    with pytest.raises(
        ParameterError,
        match=r"n_mels=128, n_fft=512: .* bands 0, 3, 6, 9, 14, 17, 20, 23 and 3 more; .* at most --n-mels 91",
    ):
        require_workable(config)
    assert most_mels(44100, 512, 128) == 91
    assert empty_bands(44100, 512, 92)
    require_workable(dataclasses.replace(config, n_mels=91))


def test_a_hop_that_leaves_samples_out_is_refused():
    require_workable(MfccConfig(n_fft=512, hop_length=512, n_mels=40))
    with pytest.raises(ParameterError, match=r"hop_length=513, n_fft=512: .*--hop 256"):
        require_workable(MfccConfig(n_fft=512, hop_length=513, n_mels=40))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_work(name):
    require_workable(PRESETS[name])


def clips(*seconds, rate=22050):
    return [Clip(length, rate) for length in seconds]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (clips(), {}),
        (clips(30, 30.1, 29.9), {}),
        (clips(30, 30, 30, rate=44100), {}),
        (clips(*np.linspace(2.0003, 2.9992, 449)), {"window_s": 2.0}),
        (clips(3, 3, 3, rate=16000), {"sample_rate": 16000}),
        (clips(*[1.0] * 640, rate=16000), differences(SPEECH)),
        (clips(*[1.0] * 90, *[0.6] * 10, rate=16000), differences(SPEECH)),  # as Speech Commands
        (clips(*[30.0] * 99, 1.0), {}),  # one that is short changes nothing
        (clips(15999 / 16000, 1.0, rate=16000), differences(SPEECH)),
        (clips(1.2, 1.4, rate=44100), differences(SPEECH) | {"sample_rate": 22050}),
    ],
)
def test_what_fits_follows_from_lengths_and_rates(found, expected):
    fields = differences(suggest(found))
    fields.pop("sample_rate", None) if expected.get("sample_rate") == 22050 else None
    assert fields == {name: value for name, value in expected.items() if value != getattr(MUSIC, name)}


@pytest.mark.parametrize("seconds", [0.04, 0.15, 0.4, 1.0, 2.0, 30.0])
@pytest.mark.parametrize("rate", [1000, 8000, 11025, 16000, 22050, 48000, 192000])
def test_whatever_is_suggested_works(rate, seconds):
    config = suggest(clips(seconds, seconds, rate=rate))
    require_workable(config)
    assert config.sample_rate <= rate
    assert config.window_s <= seconds or config.window_s >= WINDOWS[-1] > seconds


def test_frames_of_another_rate_last_as_long():
    config = suggest(clips(1, 1, rate=8000))
    assert (config.n_fft, config.hop_length, config.window_frames) == (256, 128, SPEECH.window_frames)


def test_the_longest_window_is_one_that_so_many_hold():
    lengths = clips(0.6, 1, 1, 1)
    assert longest_window(lengths, 0.75) == 1.0
    assert longest_window(lengths, 1.0) == 0.5


def test_headers_pass_over_what_is_no_audio(tmp_path):
    write_clips(tmp_path, [0.5, 1.25])
    (tmp_path / "low" / "text.wav").write_text("no audio")
    (tmp_path / "low" / "empty.wav").write_bytes(b"")
    (tmp_path / "low" / "gone.wav").symlink_to(tmp_path / "nowhere")
    found = list(headers(track.path for track in scan(tmp_path).tracks))
    assert sorted(found, key=lambda clip: clip.seconds) == [*[Clip(0.5, 8000)] * 2, *[Clip(1.25, 8000)] * 2]


def test_a_window_longer_than_every_clip_names_the_longest_and_what_fits(tmp_path):
    corpus = scan(write_clips(tmp_path, [1.0, 1.0, 1.25], rate=16000))
    require_held(corpus, MfccConfig(window_s=1.25))
    with pytest.raises(
        CorpusError, match=r"window_s=1\.26: .* lasts 1\.25 s; train with --front-end speech,"
    ) as raised:
        require_held(corpus, MfccConfig(window_s=1.26))
    options = shlex.split(str(raised.value).split("train with ")[1].split(",")[0])
    require_held(corpus, front_end_named(options[1]))


def test_clips_too_short_for_anything_are_said_to_be(tmp_path):
    with pytest.raises(CorpusError, match=r"lasts 0\.05 s; give clips of at least 0\.1 s"):
        require_held(scan(write_clips(tmp_path, [0.05])), SPEECH)
