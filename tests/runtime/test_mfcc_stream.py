"""The stream against `mfcc` of each window."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genrekit.runtime import MfccConfig, MfccStream, mfcc
from genrekit.runtime.errors import AudioError, ParameterError
from genrekit.runtime.mfcc import MfccComputer

from ..conftest import numpy_only

pytestmark = [
    pytest.mark.usefixtures("each_front_end"),
    # Of lengths that the FFT in C cannot have, which numpy then computes.
    pytest.mark.filterwarnings("ignore::genrekit.runtime.errors.FrontEndWarning"),
]

SMALL = MfccConfig(sample_rate=8000, n_fft=256, hop_length=100, n_mels=20, n_mfcc=5, window_s=0.25)
CONFIGS = [
    SMALL,
    dataclasses.replace(SMALL, center=False),
    dataclasses.replace(SMALL, top_db=None),
    dataclasses.replace(SMALL, center=False, top_db=None),
    dataclasses.replace(SMALL, top_db=20.0, n_mels=7, n_mfcc=7, window_s=0.1),
    dataclasses.replace(SMALL, n_fft=255, hop_length=64, window_s=0.0321),  # an odd frame and hardly more than one
    dataclasses.replace(SMALL, window_s=0.032),  # exactly one frame: no interior
    dataclasses.replace(SMALL, hop_length=700, window_s=0.3),  # gaps between frames
    dataclasses.replace(SMALL, hop_length=5000),  # a hop longer than the window
]


def music_like(count, seed):
    """Noise whose level jumps between silence and loud, so that the clamp at ``top_db`` moves: float32 (count,)."""
    generator = np.random.default_rng(seed)
    levels = generator.choice([0.0, 1e-4, 1e-2, 1.0], size=count // 150 + 1)
    return (np.repeat(levels, 150)[:count] * generator.uniform(-1, 1, count)).astype(np.float32)


def push_in_chunks(stream, samples, lengths):
    """Push `samples` cut into chunks of `lengths`, over and over; what all pushes gave."""
    windows, position, turn = [], 0, 0
    while position < len(samples):
        length = lengths[turn % len(lengths)]
        windows += stream.push(samples[position : position + length])
        position, turn = position + length, turn + 1
    return windows


def offline(samples, config, stride):
    """The MFCC of every whole window of `samples`, `stride` samples apart."""
    starts = range(0, len(samples) - config.window_samples + 1, stride)
    return [mfcc(samples[start : start + config.window_samples], config) for start in starts]


def assert_same_windows(received, expected):
    assert len(received) == len(expected)
    for one, other in zip(received, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-5)


# Always one that moves on, so that the samples come to an end.
chunk_lengths = st.builds(
    lambda lengths, last: [*lengths, last],
    st.lists(st.sampled_from([0, 1, 2, 63, 99, 100, 101, 256, 700, 997, 1999, 2000, 2001]), max_size=6),
    st.integers(1, 6000),
)


@settings(max_examples=max(150, settings.default.max_examples))
@given(
    config=st.sampled_from(CONFIGS),
    stride_frames=st.integers(1, 30),
    length=st.integers(0, 9000),
    lengths=chunk_lengths,
    seed=st.integers(0, 1000),
)
@example(config=SMALL, stride_frames=1, length=6000, lengths=[1], seed=0)
@example(config=SMALL, stride_frames=5, length=9000, lengths=[9000], seed=0)
@example(config=SMALL, stride_frames=20, length=9000, lengths=[2000], seed=0)  # the stride is the window
@example(config=SMALL, stride_frames=29, length=9000, lengths=[99, 101], seed=0)  # the stride is longer
def test_any_chunks_give_the_windows_of_the_whole(config, stride_frames, length, lengths, seed):
    samples = music_like(length, seed)
    stream = MfccStream(config, stride_s=stride_frames * config.hop_length / config.sample_rate)
    received = push_in_chunks(stream, samples, lengths)
    assert_same_windows(received, offline(samples, config, stride_frames * config.hop_length))


@pytest.mark.parametrize("chunk", [511, 512, 997, 22050, 10**9])
def test_the_default_config_gives_the_windows_of_the_whole(chunk):
    samples = music_like(8 * 22050, seed=3)
    stream = MfccStream()
    assert stream.stride_samples == 22 * 512  # half a second in whole hops
    received = push_in_chunks(stream, samples, [chunk])
    assert len(received) == 10
    assert all(window.shape == (130, 13) and window.dtype == np.float32 for window in received)
    assert_same_windows(received, offline(samples, MfccConfig(), stream.stride_samples))


@settings(max_examples=max(40, settings.default.max_examples))
@given(config=st.sampled_from(CONFIGS), share=st.floats(0, 1), lengths=chunk_lengths, seed=st.integers(0, 99))
def test_flush_pads_a_short_stream_with_silence(config, share, lengths, seed):
    heard = round(share * (config.window_samples - 1))
    samples = music_like(heard, seed)
    stream = MfccStream(config)
    assert push_in_chunks(stream, samples, lengths) == []
    padded = np.pad(samples, (0, config.window_samples - heard))
    assert_same_windows(stream.flush(), [mfcc(padded, config)] if heard else [])
    assert stream.flush() == []


@pytest.mark.parametrize("count", [1, 1500, SMALL.window_samples - 1])
def test_flush_gives_one_window_however_short_the_stride(count):
    stream, samples = MfccStream(SMALL, stride_s=0.0125), music_like(count, 7)
    stream.push(samples)
    assert_same_windows(stream.flush(), [mfcc(np.pad(samples, (0, SMALL.window_samples - count)), SMALL)])


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_flush_gives_nothing_of_the_audio_behind_the_last_window(windows):
    stream = MfccStream(SMALL, stride_s=0.1)
    assert len(stream.push(music_like(SMALL.window_samples + windows * stream.stride_samples - 1, 8))) == windows
    assert stream.flush() == []


def test_flush_gives_nothing_once_a_window_was_due():
    samples = music_like(SMALL.window_samples + 900, seed=4)
    stream = MfccStream(SMALL)
    assert len(stream.push(samples)) == 1
    assert stream.flush() == []


@pytest.mark.parametrize("end", [MfccStream.reset, MfccStream.flush])
@pytest.mark.parametrize("heard", [1, 1999, 2000, 2345, 8000])
def test_after_reset_and_flush_the_stream_is_as_new(end, heard):
    samples = music_like(6000, seed=5)
    stream = MfccStream(SMALL, stride_s=0.05)
    stream.push(music_like(heard, seed=6))
    end(stream)
    assert_same_windows(stream.push(samples), offline(samples, SMALL, stream.stride_samples))


def test_windows_stay_as_they_were_given():
    """What a push returned is the caller's: later pushes do not write into it."""
    samples = music_like(20_000, seed=7)
    stream = MfccStream(SMALL, stride_s=0.05)
    first = stream.push(samples[:6000])
    kept = [window.copy() for window in first]
    stream.push(samples[6000:])
    np.testing.assert_array_equal(first, kept)


def test_the_callers_samples_are_copied():
    """A caller may use one buffer for all blocks, as microphones do."""
    samples = music_like(6000, seed=8)
    buffer, stream, received = np.empty(100, np.float32), MfccStream(SMALL, stride_s=0.05), []
    for block in samples.reshape(-1, 100):
        buffer[:] = block
        received += stream.push(buffer)
    assert_same_windows(received, offline(samples, SMALL, stream.stride_samples))


@numpy_only
@pytest.mark.parametrize(("stride_frames", "computed"), [(1, 1), (8, 8), (16, 16), (17, 17), (19, 17), (60, 17)])
def test_a_window_costs_its_new_frames_and_its_edges(monkeypatch, stride_frames, computed):
    """Of its 21 frames the two at each edge see zeros; the 17 within are shared with the windows before."""
    transformed = []

    def count(self, frames, out):
        transformed.append(len(frames))
        log_mel_of_frames(self, frames, out)

    log_mel_of_frames = MfccComputer.log_mel_of_frames
    monkeypatch.setattr(MfccComputer, "log_mel_of_frames", count)
    monkeypatch.setenv("GENREKIT_FRONT_END", "numpy")
    stream = MfccStream(SMALL, stride_s=stride_frames * SMALL.hop_length / SMALL.sample_rate)
    assert len(stream.push(music_like(SMALL.window_samples, seed=11))) == 1
    assert sum(transformed) == 21
    for _ in range(30):
        transformed.clear()
        assert len(stream.push(music_like(stream.stride_samples, seed=12))) == 1
        assert sum(transformed) == computed + 4


def array_bytes():
    """The memory of all arrays that were made since tracemalloc started."""
    arrays = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([arrays]).traces)


@pytest.mark.parametrize("stride_s", [0.0125, 0.5])  # overlapping windows, and windows with gaps between them
def test_memory_does_not_grow_with_the_stream(stride_s):
    stream, block = MfccStream(SMALL, stride_s), music_like(800, seed=9)
    tracemalloc.start()
    try:
        for _ in range(50):
            stream.push(block)
        before = array_bytes()
        for _ in range(250):
            stream.push(block)
        assert array_bytes() - before < block.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("stride_s", "frames"), [(1e-9, 1), (0.0125, 1), (0.0188, 2), (0.5, 40), (0.506, 40), (0.507, 41)]
)
def test_the_stride_is_rounded_to_whole_hops(stride_s, frames):
    stream = MfccStream(SMALL, stride_s)
    assert (stream.stride_frames, stream.stride_samples) == (frames, 100 * frames)


@pytest.mark.parametrize("stride_s", [0, -1, float("nan"), float("inf")])
def test_an_impossible_stride_is_refused(stride_s):
    with pytest.raises(ParameterError, match=f"stride_s={stride_s}: expected a positive number"):
        MfccStream(SMALL, stride_s)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((100, 2), np.float32), r"samples.shape=\(100, 2\): expected one channel"),
        (np.array([0.1, np.nan]), "expected finite values"),
        (np.array([np.inf, 0.1]), "expected finite values"),
    ],
)
def test_unusable_samples_are_refused_and_nothing_of_them_is_heard(bad, message):
    samples = music_like(6000, seed=10)
    stream, received = MfccStream(SMALL, stride_s=0.05), []
    for block in samples.reshape(-1, 500):
        with pytest.raises(AudioError, match=message):
            stream.push(bad)
        received += stream.push(block)
    assert_same_windows(received, offline(samples, SMALL, stream.stride_samples))


def test_who_stops_at_a_window_goes_on_behind_it():
    """What a caller's error leaves of a chunk is lost, and nothing else."""
    samples = music_like(6000, seed=11)
    stream = MfccStream(SMALL, stride_s=0.05)
    for _features, _samples in stream.windows(samples[:2300]):
        break  # 2000 samples were taken
    received = stream.push(samples[2000:])
    assert_same_windows(received, offline(samples, SMALL, stream.stride_samples)[1:])
