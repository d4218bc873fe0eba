"""The classifier in C against the one in Python: levels, distances, answers, times, whatever the chunks."""

from __future__ import annotations

import ctypes
import dataclasses

import numpy as np
import pytest

from genrekit.runtime import MfccConfig, ModelDescription, Normalization, Rejection, StreamClassifier, mfcc
from genrekit.runtime.classifier import Classifier
from genrekit.runtime.modelfile.rejection import packed, window_statistics
from genrekit.runtime.native_build import find_compiler

from ..c_classifier import ANSWERS, INVALID, NOT_DUE, OK, TOO_SMALL, CClassifier, Decision, Linear, compile_classifier
from ..libraries import needs_compiler

pytestmark = needs_compiler

LABELS = ("blues", "classical", "jazz")
TINY = MfccConfig(sample_rate=8000, n_fft=256, hop_length=128, n_mels=20, n_mfcc=5, window_s=0.5)  # 31.25 hops
FRONT_ENDS = {
    "tiny": TINY,
    "not centred, no clamp": dataclasses.replace(TINY, center=False, top_db=None),
    "more coefficients": dataclasses.replace(TINY, n_mfcc=20),
    "many frames": dataclasses.replace(TINY, hop_length=32, n_mfcc=20),
    "whole hops": dataclasses.replace(TINY, hop_length=125),
    "gaps": dataclasses.replace(TINY, hop_length=700),
    "a hop longer than a window": dataclasses.replace(TINY, hop_length=5000, center=False),
}
WINDOW = TINY.window_samples
GENERATOR = np.random.default_rng(3)
NOISE = GENERATOR.uniform(-1, 1, WINDOW)
SIGNALS = {
    "noise": 0.3 * NOISE,
    "quiet noise": 2e-3 * NOISE,
    "nearly silence": 1.6e-3 * NOISE,
    "silence": 0 * NOISE,
    "a constant": 0 * NOISE + 0.3,
    "noise on a constant": 0.7 + 0.01 * NOISE,
    "faint noise on a constant": 0.5 + 3e-6 * NOISE,
    "rounding on a constant": 0.5 + 5e-8 * NOISE,
    "a tone": 0.5 * np.sin(np.arange(WINDOW) * 0.2),
    "a slow tone": 0.5 * np.sin(np.arange(WINDOW) * 2e-3),
    "a click": np.eye(1, WINDOW, 1234)[0],
    "music fades in": NOISE * np.linspace(0, 1, WINDOW) ** 3,
    "loud, then silence": np.where(np.arange(WINDOW) < 900, NOISE, 0),
}
AUDIO = np.concatenate(list(SIGNALS.values())).astype(np.float32)


def compiled(tmp_path_factory, *options):
    """Front end, classifier and a linear model; without vectors, which compiles at once."""
    path = tmp_path_factory.mktemp("classifier") / "library.so"
    return compile_classifier(find_compiler(), path, ["-DGK_LANES=1", *options])


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compiled(tmp_path_factory)


@pytest.fixture(scope="module")
def careless_library(tmp_path_factory):
    """By a compiler that takes all numbers for finite; -ffast-math would change the arithmetic of this process, too."""
    options = ("-ffinite-math-only", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno")
    return compiled(tmp_path_factory, "-O2", *options)


def described(config=TINY, distances=True, normalized=True):
    """A model whose rejection knows some windows of AUDIO."""
    length = max(config.window_samples, 3 * config.hop_length)
    features = np.stack([mfcc(AUDIO[start : start + length], config) for start in range(0, len(AUDIO) - length, 700)])
    statistics = window_statistics(features)
    size = statistics.shape[1]
    skew = np.tril(np.random.default_rng(4).normal(0, 0.01, (size, size)))
    whitening = skew + np.diag(1 / (statistics.std(axis=0) + 0.01))
    known = dataclasses.replace(
        Rejection(1.5, 0.5),
        max_distance=1.0,
        whitening=packed(whitening[np.tril_indices(size)]),
        centers=packed(statistics[::6] @ whitening.T),
    )
    normalization = Normalization((-30.0,) * config.n_mfcc, (60.0,) * config.n_mfcc)
    return ModelDescription(
        "linear", LABELS, config, normalization if normalized else None, known if distances else Rejection(1.5, 0.5)
    )


def python_of(description, stride_frames):
    config = description.front_end
    return StreamClassifier(Classifier(Linear(description)), stride_frames * config.hop_length / config.sample_rate)


def assert_same(found, expected, config):
    """Decisions of C are those of Python."""
    assert len(found) == len(expected)
    for (decision, scores, _), one in zip(found, expected, strict=True):
        assert decision.end / config.sample_rate == pytest.approx(one.time_s, abs=1e-9)
        assert decision.audio_fraction == pytest.approx(one.audio_fraction, rel=1e-6)
        np.testing.assert_allclose(scores, list(one.scores.values()), rtol=0, atol=1e-3)
        assert decision.level_dbfs == pytest.approx(one.level_dbfs, abs=0.02)
        assert decision.distance == pytest.approx(one.distance, rel=1e-3, abs=1e-4, nan_ok=True)
        assert LABELS[decision.label] == one.label
        assert ANSWERS.get(decision.answer, LABELS[decision.label]) == one.answer


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("stride_frames", [1, 5, 40])
def test_decisions_on_a_stream_are_those_of_python(library, name, stride_frames):
    description = described(FRONT_ENDS[name])
    found = CClassifier(description, library, stride_frames).push(AUDIO)
    assert_same(found, python_of(description, stride_frames).push(AUDIO), FRONT_ENDS[name])


def test_every_kind_of_answer_is_among_them(library):
    found = CClassifier(described(), library, 1).push(AUDIO)
    assert {ANSWERS.get(decision.answer) for decision, *_ in found} == {None, "silence", "unknown"}
    distances = np.array([decision.distance for decision, *_ in found])
    assert (distances > 1).any()
    assert (distances < 1).any()


@pytest.mark.parametrize("name", SIGNALS)
def test_a_window_alone_gets_its_level_and_answer(library, name):
    samples, description = SIGNALS[name].astype(np.float32), described()
    assert_same(CClassifier(description, library, 1).push(samples), python_of(description, 1).push(samples), TINY)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("a constant", -np.inf, -np.inf), ("silence", -np.inf, -np.inf), ("faint noise on a constant", -115.8, -114.8)],
)
def test_a_constant_is_taken_from_the_level(library, name, least, most):
    ((decision, *_),) = CClassifier(described(), library, 1).push(SIGNALS[name].astype(np.float32))
    assert least <= decision.level_dbfs <= most


@pytest.mark.parametrize("distances", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_without_distances_or_normalisation(library, distances, normalized):
    description = described(distances=distances, normalized=normalized)
    found, expected = CClassifier(description, library, 3), python_of(description, 3)
    assert_same(found.push(AUDIO), expected.push(AUDIO), TINY)


def test_without_rejection_only_silence_is_told_from_labels(library):
    description = dataclasses.replace(described(), rejection=None)
    found = CClassifier(description, library, 3).push(AUDIO)
    assert_same(found, python_of(description, 3).push(AUDIO), TINY)
    assert {decision.answer for decision, *_ in found} > {-1}
    assert -2 not in {decision.answer for decision, *_ in found}


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("length", [1, 127, 128, 399, 400, 401, 2000, WINDOW - 1])
def test_short_audio_is_padded_and_says_so(library, name, length):
    description, samples = described(FRONT_ENDS[name]), AUDIO[:length]
    found, expected = CClassifier(description, library, 4), python_of(description, 4)
    assert found.push(samples) == []
    expected.push(samples)
    for _ in range(2):  # the second one has nothing left
        assert_same(found.flush(), expected.flush(), FRONT_ENDS[name])


def test_whatever_the_chunks_decisions_are_the_same_to_the_last_bit(library):
    description = described(FRONT_ENDS["more coefficients"])
    whole = CClassifier(description, library, 7, in_double=False).push(AUDIO)
    cut = CClassifier(description, library, 7, in_double=False, offset=17)
    lengths = GENERATOR.choice([1, 3, 8, 127, 1000, 9000], 4000)
    pieces = [piece for piece in np.split(AUDIO, np.minimum(lengths.cumsum(), len(AUDIO))) if len(piece)]
    found = [each for piece in pieces for each in cut.push(piece)]
    assert [as_tuple(each) for each in found] == [as_tuple(each) for each in whole]


def as_tuple(each):
    decision, scores, features = each
    numbers = (decision.end, decision.label, decision.answer, decision.level_dbfs, decision.audio_fraction)
    return *numbers, repr(decision.distance), scores.tobytes(), features.tobytes()


def test_a_decision_is_that_of_its_window_alone(library):
    description = described()
    stream = CClassifier(description, library, 3, in_double=False).push(AUDIO)
    alone = CClassifier(description, library, 3, in_double=False)
    for decision, *others in stream[::7]:
        ((other, *_),) = alone.push(AUDIO[decision.end - WINDOW : decision.end])
        alone._library.genrekit_classifier_reset(alone.classifier)
        other.end = decision.end
        assert as_tuple((other, *others)) == as_tuple((decision, *others))


def test_int16_is_full_scale_at_32768(library):
    description, samples = described(), np.clip(AUDIO * 32768, -32768, 32767).astype(np.int16)
    found = CClassifier(description, library, 5).push(samples)
    expected = CClassifier(description, library, 5).push(samples.astype(np.float32) / 32768)
    assert [as_tuple(each) for each in found] == [as_tuple(each) for each in expected]


@pytest.mark.parametrize("name", ["library", "careless_library"])
def test_samples_that_are_none_count_as_silence_and_are_counted(name, request):
    library = request.getfixturevalue(name)
    wrong = AUDIO.copy()
    positions = GENERATOR.choice(len(wrong), 900, replace=False)
    wrong[positions] = GENERATOR.choice(np.array([np.nan, np.inf, -np.inf, -np.nan, 1e30, -1e10], np.float32), 900)
    description, silenced = described(), np.where(np.abs(wrong) < 1e10, wrong, np.float32(0))
    classifier = CClassifier(description, library, 3)
    found = classifier.push(wrong)
    assert_same(found, python_of(description, 3).push(silenced), TINY)
    classifier.flush()
    assert library.genrekit_classifier_invalid_samples(classifier.classifier) == 900


def test_samples_are_valid_up_to_1e10(library):
    loud = np.nextafter(np.float32(1e10), np.float32(0)) * np.sign(SIGNALS["noise"]).astype(np.float32)
    classifier = CClassifier(described(), library, 1)
    ((decision, scores, features),) = classifier.push(loud)
    assert library.genrekit_classifier_invalid_samples(classifier.classifier) == 0
    assert decision.level_dbfs == pytest.approx(200, abs=0.01)
    assert np.isfinite([*scores, *features.ravel(), decision.distance]).all()


def test_features_are_raw(library):
    description = described()
    classifier = python_of(description, 1)
    for _, _, features in CClassifier(description, library, 1).push(AUDIO[:WINDOW]):
        (expected,) = classifier._stream.push(AUDIO[:WINDOW])
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-3)


def test_what_cannot_be_used_has_a_status(library):
    description = described()
    model, init = CClassifier(description, library, 1), library.genrekit_classifier_init
    memory = np.empty(model.bytes, np.uint8)

    def status(of=model._model.address, stride=1, silence=-60.0, instructions=0, size=model.bytes, at=memory):
        given, made = ctypes.c_size_t(size), ctypes.c_void_p(1)
        address = None if at is None else at.ctypes.data
        result = init(
            of, stride, silence, instructions, address, ctypes.addressof(given), ctypes.addressof(made)
        )  # fmt: skip
        assert (made.value is None) == (result != OK)
        return result, given.value

    assert status() == (OK, model.bytes)
    assert status(size=model.bytes - 1) == (TOO_SMALL, model.bytes)
    assert status(size=0, at=None) == (TOO_SMALL, model.bytes)
    assert status(at=None) == (INVALID, model.bytes)
    assert status(stride=0) == (INVALID, 0)
    assert status(of=None) == (INVALID, 0)
    for wrong in ({"silence": 1.0}, {"silence": -201.0}, {"silence": np.nan}, {"instructions": 9}):
        assert status(**wrong) == (INVALID, model.bytes)
    assert (
        init(model._model.address, 1, -60.0, 0, memory.ctypes.data, None, ctypes.addressof(model.classifier)) == INVALID
    )
    for field, value in (
        ("front_end", None), ("sample_rate", 0), ("n_labels", 0), ("labels", None), ("mean", None), ("infer", None),
        ("arena_bytes", 2**63),
    ):  # fmt: skip
        damaged = CClassifier(description, library, 1)._model
        setattr(damaged.model, field, value)
        assert status(of=damaged.address) == (INVALID, 0), field


def test_the_wrong_order_of_calls_has_a_status(library):
    classifier, decision = CClassifier(described(), library, 1), Decision()
    assert library.genrekit_classifier_decide(classifier.classifier, decision) == NOT_DUE
    assert library.genrekit_classifier_flush(classifier.classifier, decision) == NOT_DUE


def test_calls_with_nothing_do_nothing(library):
    classifier = CClassifier(described(), library, 1)
    decide, flush = library.genrekit_classifier_decide, library.genrekit_classifier_flush
    push, due = library.genrekit_classifier_push, library.genrekit_classifier_due
    assert decide(None, None) == decide(classifier.classifier, None) == flush(classifier.classifier, None) == INVALID
    assert push(None, AUDIO.ctypes.data, 5) == push(classifier.classifier, None, 5) == 0
    assert library.genrekit_classifier_push_int16(classifier.classifier, None, 5) == 0
    assert due(None) == due(classifier.classifier) == 0
    assert library.genrekit_classifier_invalid_samples(None) == 0
    library.genrekit_classifier_reset(None)
    assert push(classifier.classifier, AUDIO.ctypes.data, len(AUDIO)) == WINDOW
    assert due(classifier.classifier) == 1
    assert push(classifier.classifier, AUDIO.ctypes.data, 1) == 0  # while a window is due
