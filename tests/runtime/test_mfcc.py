"""The front end against librosa and scipy."""

import dataclasses
import json
import warnings

import numpy as np
import pytest
import soundfile

from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.errors import AudioError, ModelFileError, ParameterError
from genrekit.runtime.mfcc import BLOCK_FRAMES, MfccComputer, dct_basis, hz_to_mel, mel_to_hz, mel_weights

from ..conftest import numpy_only

pytestmark = [
    pytest.mark.usefixtures("each_front_end"),
    # Of lengths that the FFT in C cannot have, which numpy then computes.
    pytest.mark.filterwarnings("ignore::genrekit.runtime.errors.FrontEndWarning"),
]

SIGNALS = ["tones", "noise", "silence", "burst then silence", "clipped"]
TOLERANCE = 1e-3
CONFIGS = [
    MfccConfig(),
    MfccConfig(center=False),
    MfccConfig(top_db=None),
    MfccConfig(center=False, top_db=None),
    MfccConfig(top_db=30.0),
    MfccConfig(n_mels=40, n_mfcc=40),
    MfccConfig(n_mels=64, n_mfcc=20, hop_length=441),
    MfccConfig(hop_length=3000, n_fft=1024),
    MfccConfig(n_fft=1023, hop_length=300),
    MfccConfig(sample_rate=16000, n_fft=400, hop_length=160, n_mels=26, n_mfcc=1, window_s=1.0),
    MfccConfig(sample_rate=8000, n_fft=256, hop_length=80, n_mels=128, n_mfcc=13, window_s=0.4),
]


def differing_fields(config):
    changed = [name for name, value in config.to_dict().items() if value != getattr(MfccConfig(), name)]
    return ",".join(f"{name}={getattr(config, name)}" for name in changed) or "default"


def librosa_mfcc(samples, config):
    """librosa's MFCC of `samples`, every parameter of `config` passed on."""
    librosa = pytest.importorskip("librosa")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters detected", UserWarning)
        warnings.filterwarnings("ignore", "n_fft=.* is too large for input signal", UserWarning)
        power = librosa.feature.melspectrogram(
            y=samples,
            sr=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            center=config.center,
            n_mels=config.n_mels,
        )
    return librosa.feature.mfcc(S=librosa.power_to_db(power, top_db=config.top_db), n_mfcc=config.n_mfcc).T


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("config", CONFIGS, ids=differing_fields)
def test_mfcc_equals_librosa(synthetic, signal, config):
    samples = synthetic[signal](config.window_samples, config.sample_rate)
    received, expected = mfcc(samples, config), librosa_mfcc(samples, config)
    assert received.dtype == np.float32
    assert received.shape == expected.shape == (config.window_frames, config.n_mfcc)
    np.testing.assert_allclose(received, expected, rtol=0, atol=TOLERANCE)


def test_the_default_is_librosas_default(synthetic):
    librosa = pytest.importorskip("librosa")
    samples = synthetic["burst then silence"](66150, 22050)
    expected = librosa.feature.mfcc(y=samples, sr=22050, n_mfcc=13, n_fft=2048, hop_length=512).T
    assert expected.shape == (130, 13)
    np.testing.assert_allclose(mfcc(samples), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("length", [1, 511, 512, 2047, 2048, 66149, 66151, 100_000])
def test_any_length_is_one_window(synthetic, length):
    samples = synthetic["noise"](length, 22050)
    assert len(mfcc(samples)) == MfccConfig().frame_count(length)
    np.testing.assert_allclose(mfcc(samples), librosa_mfcc(samples, MfccConfig()), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("pattern", ["gtzan-mini/genres_original/*/*.00000.wav", "music/*.ogg"])
def test_mfcc_of_real_audio_equals_librosa(shared_data, pattern):
    paths = sorted(shared_data.glob(pattern))
    if not paths:
        pytest.skip(f"{shared_data} has no {pattern}")
    for path in paths:
        with soundfile.SoundFile(path) as file:
            config = MfccConfig(sample_rate=file.samplerate)
            for samples in file.blocks(config.window_samples, frames=3 * config.window_samples, dtype="float32"):
                mono = samples if file.channels == 1 else samples.mean(axis=1)
                expected = librosa_mfcc(mono, config)
                np.testing.assert_allclose(mfcc(mono, config), expected, rtol=0, atol=TOLERANCE, err_msg=path.name)


@numpy_only
@pytest.mark.parametrize("config", CONFIGS, ids=differing_fields)
def test_mel_weights_equal_librosas(config):
    librosa = pytest.importorskip("librosa")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters detected", UserWarning)
        expected = librosa.filters.mel(
            sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels, dtype=np.float64
        )
    np.testing.assert_allclose(mel_weights(config), expected.T, rtol=0, atol=1e-12)


@numpy_only
def test_the_mel_scale_equals_librosas_and_inverts():
    librosa = pytest.importorskip("librosa")
    frequencies = np.concatenate([np.linspace(0, 1500, 31), [4000.0, 11025.0, 48000.0]])
    mels = hz_to_mel(frequencies)
    np.testing.assert_allclose(mels, librosa.hz_to_mel(frequencies), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mels), frequencies, rtol=1e-12, atol=1e-9)


@numpy_only
@pytest.mark.parametrize(("n_mels", "n_mfcc"), [(128, 13), (40, 40), (7, 3), (1, 1)])
def test_the_dct_equals_scipys(n_mels, n_mfcc):
    fft = pytest.importorskip("scipy.fft")
    expected = fft.dct(np.eye(n_mels), type=2, norm="ortho", axis=-1)[:, :n_mfcc]
    np.testing.assert_allclose(dct_basis(n_mels, n_mfcc), expected, rtol=0, atol=1e-7)


def test_top_db_clamps_against_the_windows_own_maximum(synthetic):
    """Silence after a burst: without the clamp it lies at the floor, with it 80 dB below the burst."""
    samples = synthetic["burst then silence"](66150, 22050)
    clamped, free = mfcc(samples), mfcc(samples, MfccConfig(top_db=None))
    assert free[-1, 0] == pytest.approx(-100 * np.sqrt(128), abs=1e-3)
    assert clamped[-1, 0] > free[-1, 0] + 100
    np.testing.assert_allclose(clamped[-1, 1:], 0, atol=1e-4)


@numpy_only
def test_log_mel_does_not_depend_on_how_many_frames_come_at_once(synthetic):
    config = MfccConfig()
    frames = synthetic["noise"](3 * BLOCK_FRAMES * 2048, 22050).reshape(-1, 2048)[: 2 * BLOCK_FRAMES + 5]
    maths = MfccComputer(config)
    together = np.empty((len(frames), config.n_mels), np.float32)
    maths.log_mel_of_frames(frames, together)
    alone = np.empty_like(together)
    for index in range(len(frames)):
        maths.log_mel_of_frames(frames[index : index + 1], alone[index : index + 1])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-5)


def test_mfcc_leaves_its_input_alone(synthetic):
    samples = synthetic["tones"](66150, 22050)
    samples.flags.writeable = False
    np.testing.assert_array_equal(mfcc(samples), mfcc(samples.copy()))


def test_float64_and_strided_samples_give_the_same(synthetic):
    samples = synthetic["noise"](66150, 22050)
    strided = np.repeat(samples, 2)[::2]
    np.testing.assert_array_equal(mfcc(strided), mfcc(samples))
    np.testing.assert_allclose(mfcc(samples.astype(np.float64)), mfcc(samples), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "config", "message"),
    [
        (np.zeros(0, np.float32), MfccConfig(), r"samples.shape=\(0,\): expected at least 1 samples"),
        (np.zeros(2047, np.float32), MfccConfig(center=False), "at least 2048 samples"),
        (np.zeros((2, 66150), np.float32), MfccConfig(), r"samples.shape=\(2, 66150\): expected one channel"),
        (np.float32(0), MfccConfig(), r"samples.shape=\(\)"),
    ],
)
def test_unusable_samples_are_refused(samples, config, message):
    with pytest.raises(AudioError, match=message):
        mfcc(samples, config)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e11, -1e30])
@pytest.mark.parametrize("center", [True, False])
def test_samples_that_are_not_finite_are_refused(synthetic, value, center):
    samples = synthetic["tones"](66150, 22050)
    samples[30_000] = value
    with pytest.raises(AudioError, match="expected finite values"):
        mfcc(samples, MfccConfig(center=center))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sample_rate": 0}, "sample_rate=0: expected an integer from 1"),
        ({"sample_rate": -22050}, "sample_rate=-22050"),
        ({"sample_rate": 22050.5}, "sample_rate=22050.5: expected an integer"),
        ({"hop_length": 0}, "hop_length=0"),
        ({"hop_length": 512.0}, "hop_length=512.0: expected an integer"),
        ({"n_fft": 1}, "n_fft=1: expected an integer from 2"),
        ({"n_fft": 2048.0}, "n_fft=2048.0"),
        ({"n_mels": 0, "n_mfcc": 0}, "n_mels=0"),
        ({"n_mfcc": 129}, "n_mfcc=129: expected at most n_mels=128"),
        ({"window_s": 0.05}, r"window_s=0.05: expected at least one frame \(0.093 s\)"),
        ({"window_s": float("nan")}, "window_s=nan"),
        ({"window_s": float("inf")}, "window_s=inf"),
        ({"top_db": 0.0}, "top_db=0.0: expected positive, or None"),
        ({"top_db": float("nan")}, "top_db=nan"),
        ({"sample_rate": "22050"}, "sample_rate='22050'"),
        ({"center": "yes"}, "center='yes'"),
        # What would take all memory or all time.
        ({"sample_rate": 10**9}, "sample_rate=1000000000"),
        ({"n_fft": 2**34, "window_s": 2.0**20}, "n_fft=17179869184"),
        ({"hop_length": 10**9}, "hop_length=1000000000"),
        ({"n_mels": 10**9}, "n_mels=1000000000"),
        ({"window_s": 1e6}, "window_s=1000000"),
        ({"top_db": float("inf")}, "top_db=inf"),
        ({"sample_rate": 96_000, "window_s": 600}, "window_s=600, sample_rate=96000: expected arrays of at most"),
        ({"window_s": 10, "hop_length": 1}, "window_s=10, hop_length=1, n_mels=128: expected arrays of at most"),
        ({"n_fft": 32_768, "n_mels": 1_024, "hop_length": 8_192}, "n_fft=32768, n_mels=1024: expected arrays"),
        ({"n_fft": 8_192, "hop_length": 1, "n_mels": 13}, "n_fft=8192, hop_length=1: expected arrays"),
    ],
)
def test_an_impossible_config_is_refused_by_name(fields, message):
    with pytest.raises(ParameterError, match=message):
        MfccConfig(**fields)
    with pytest.raises(ModelFileError, match=message):
        MfccConfig.from_dict(MfccConfig().to_dict() | fields)


@pytest.mark.parametrize("config", CONFIGS, ids=differing_fields)
def test_a_config_survives_json(config):
    assert MfccConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_front_end_fields_are_refused():
    """Unlike the description's other fields: what one does not know would change the features."""
    with pytest.raises(ModelFileError, match="window_shape"):
        MfccConfig.from_dict(MfccConfig().to_dict() | {"window_shape": "hamming"})


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MfccConfig().n_mfcc = 20


def test_whole_numbers_are_not_taken_for_samples():
    with pytest.raises(AudioError, match="divide int16 by 32768"):
        mfcc(np.zeros(22050, np.int16))


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("sample_rate", 1, 768_000),
        ("n_fft", 2, 65_536),
        ("hop_length", 1, 1_000_000),
        ("n_mels", 1, 1024),
        ("n_mfcc", 1, 1024),
    ],
)
def test_each_field_has_bounds(field, least, most):
    for value in (least - 1, most + 1):
        with pytest.raises(ParameterError, match=rf"{field}={value}: expected .*{least}.*{most}"):
            MfccConfig(**{field: value})
