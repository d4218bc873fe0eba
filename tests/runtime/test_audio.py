"""Files and raw PCM, decoded and resampled block by block, against soundfile and soxr in one go."""

import io
import sys

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime.audio import AudioSource, open_file, open_microphone, open_pcm, read_file
from genrekit.runtime.errors import AudioError, MissingFileError, MissingPackageError, ParameterError

FORMATS = ["wav", "flac", "ogg", "mp3", "aiff"]
RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]


def chords(seconds, rate, channels=1, seed=0):
    """Other tones and levels in each channel and each tenth of a second: float32 (n,) or (n, channels)."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitches, phases = generator.uniform(100, 2500, channels), generator.uniform(0, 6, channels)
    levels = np.repeat(generator.uniform(0.05, 0.8, (int(seconds * 10) + 1, channels)), rate // 10, axis=0)
    samples = levels[: len(time)] * np.sin(2 * np.pi * np.outer(time, pitches) + phases)
    return (samples[:, 0] if channels == 1 else samples).astype(np.float32)


def write(path, samples, rate, **options):
    soundfile.write(path, samples, rate, **options)
    return path


def in_blocks(path, sample_rate, block_s):
    return np.concatenate(list(open_file(path, sample_rate, block_s)))


@pytest.mark.parametrize("block_s", [0.1, 0.37, 1.0, 10.0])
@pytest.mark.parametrize(
    ("suffix", "channels"),
    [(suffix, channels) for suffix in FORMATS for channels in (1, 2, 6) if (suffix, channels) != ("mp3", 6)],
)
def test_a_file_in_blocks_equals_the_file_in_one_go(tmp_path, suffix, channels, block_s):
    path = write(tmp_path / f"clip.{suffix}", chords(3, 22050, channels), 22050)
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    np.testing.assert_allclose(in_blocks(path, 22050, block_s), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_width_is_scaled_to_one(tmp_path, subtype):
    samples = chords(1, 22050)
    path = write(tmp_path / "clip.wav", samples, 22050, subtype=subtype)
    np.testing.assert_allclose(read_file(path, 22050), samples, rtol=0, atol=1e-2 if subtype == "PCM_U8" else 1e-4)


@pytest.mark.parametrize("rate", RATES)
def test_resampling_in_blocks_equals_resampling_in_one_go(tmp_path, rate):
    samples = chords(2.5, rate)
    path = write(tmp_path / "clip.wav", samples, rate, subtype="FLOAT")
    expected = soxr.resample(samples, rate, 22050, quality="HQ")
    received = in_blocks(path, 22050, block_s=0.1)
    assert received.dtype == np.float32
    assert len(received) == len(expected)
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_resampling_does_not_shift_the_audio(tmp_path, rate):
    """A click at one second lies at one second afterwards: what decisions are told to the second."""
    samples = np.zeros(2 * rate, np.float32)
    samples[rate] = 1
    path = write(tmp_path / "click.wav", samples, rate, subtype="FLOAT")
    assert abs(int(read_file(path, 22050).argmax()) - 22050) <= 1


def test_a_file_is_decoded_only_as_far_as_it_is_asked_for(tmp_path):
    """Blocks before the damage come out although the file cannot be read to its end."""
    path = write(tmp_path / "clip.flac", chords(20, 22050), 22050)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = open_file(path, 22050)
    blocks = iter(source)
    np.testing.assert_allclose(next(blocks), chords(20, 22050)[:22050], atol=1e-4)
    assert not source.faults.cut_short
    assert 5 < len(list(blocks)) < 19
    assert source.faults.cut_short


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_cut_short_gives_its_beginning_or_an_error(tmp_path, suffix):
    """Never old samples again, never silence up to the length that the header claims."""
    whole = write(tmp_path / f"whole.{suffix}", chords(6, 22050), 22050)
    data, expected = whole.read_bytes(), read_file(whole, 22050)
    cut = tmp_path / f"cut.{suffix}"
    refused, read = [], []
    for size in range(0, len(data), len(data) // 20):
        cut.write_bytes(data[:size])
        try:
            source = open_file(cut, 22050)
            read.append(np.concatenate(list(source)))
        except AudioError as error:
            refused.append(str(error))
        else:
            assert source.faults.cut_short or len(read[-1]) > 0.98 * len(expected)
    assert refused
    assert all(f"cut.{suffix}: expected" in message for message in refused)
    assert read
    for received in read:
        assert 0 < len(received) < len(expected)
        np.testing.assert_allclose(received, expected[: len(received)], rtol=0, atol=1e-4)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_whole_file_is_not_cut_short(tmp_path, suffix):
    source = open_file(write(tmp_path / f"whole.{suffix}", chords(6, 22050), 22050), 22050)
    assert len(list(source)) >= 6
    assert not source.faults.cut_short


WRITTEN = [(name, kind) for name in soundfile.available_formats() for kind in soundfile.available_subtypes(name)]


@pytest.mark.parametrize(("file_format", "subtype"), [pair for pair in WRITTEN if pair[0] != "RAW"])
def test_no_encoding_is_taken_for_cut_short(tmp_path, file_format, subtype):
    """Nor is any of an odd length, which does not fill the last block."""
    path = tmp_path / "clip"
    for count in (22050, 21387):
        try:
            soundfile.write(path, chords(1, 22050)[:count], 22050, format=file_format, subtype=subtype)
        except (soundfile.LibsndfileError, ValueError):
            pytest.skip(f"libsndfile does not write {file_format} as {subtype} at this rate")
        source = open_file(path, 22050)
        assert sum(map(len, source))
        assert not source.faults.cut_short


def wave_with(path, replaced, samples=None):
    """A WAV of PCM in which bytes at some places of the header are others: {place: bytes}."""
    data = bytearray(write(path, chords(1, 22050) if samples is None else samples, 22050).read_bytes())
    for place, value in replaced.items():
        data[place : place + len(value)] = value
    path.write_bytes(data)
    return path


def test_remarks_on_other_figures_of_a_header_are_no_cut(tmp_path, shared_data):
    """As ffmpeg writes ADPCM: bytes a second rounded the other way."""
    path = tmp_path / "adpcm.wav"
    soundfile.write(path, chords(1, 22050), 22050, subtype="MS_ADPCM")
    data = bytearray(path.read_bytes())
    data[28] += 1
    path.write_bytes(data)
    assert "(should be " in soundfile.info(path, verbose=True).extra_info
    for file in (path, shared_data / "hostile" / "adpcm.wav"):
        source = open_file(file, 22050)
        assert len(list(source))
        assert not source.faults.cut_short


def test_a_title_is_no_remark(tmp_path):
    path = tmp_path / "clip.wav"
    with soundfile.SoundFile(path, "w", 22050, 1) as file:
        file.title = "data : 9 (should be 5), Ogg : Junk after the last page., truncated"
        file.write(chords(1, 22050))
    source = open_file(path, 22050)
    assert len(list(source))
    assert not source.faults.cut_short


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\xf0\xff\x7f"])
def test_what_was_written_into_a_pipe_is_not_cut_short(tmp_path, size):
    """Who writes there does not know the size, and promises the most that there can be."""
    source = open_file(wave_with(tmp_path / "piped.wav", {4: size, 40: size}), 22050)
    assert sum(map(len, source)) == 22050
    assert not source.faults.cut_short


def test_a_missing_pad_byte_is_no_cut(tmp_path):
    path = tmp_path / "odd.wav"
    soundfile.write(path, chords(1, 22050)[:22049], 22050, subtype="PCM_U8")
    path.write_bytes(path.read_bytes()[:-1])
    source = open_file(path, 22050)
    assert sum(map(len, source)) == 22049
    assert not source.faults.cut_short


@pytest.mark.parametrize("riff_size", [0, 36])
def test_a_recorder_that_was_killed_leaves_audio_that_is_cut_short(tmp_path, riff_size):
    """It had not yet written the sizes into the header, and nothing else knows how much audio there was to be."""
    path = wave_with(tmp_path / "killed.wav", {4: riff_size.to_bytes(4, "little"), 40: bytes(4)})
    before = path.read_bytes()
    source = open_file(path, 22050)
    np.testing.assert_allclose(np.concatenate(list(source)), chords(1, 22050), atol=1e-4)
    assert source.faults.cut_short
    assert path.read_bytes() == before


def test_a_killed_recorder_of_real_audio(shared_data):
    source = open_file(shared_data / "hard" / "recorder-killed.wav", 22050)
    assert sum(map(len, source)) == 132_300
    assert source.faults.cut_short


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_damaged_file_is_described_in_our_words(tmp_path, suffix):
    data = write(tmp_path / f"whole.{suffix}", chords(2, 22050), 22050).read_bytes()
    damaged = tmp_path / f"damaged.{suffix}"
    for size in (1, 20):
        damaged.write_bytes(data[:size])
        with pytest.raises(AudioError, match=rf"damaged.{suffix}: expected audio .*; (copy|convert) it") as caught:
            open_file(damaged, 22050)
        for foreign in ("does not exist", "pipe", "recognised", "malformed"):
            assert foreign not in str(caught.value)


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    def refuse(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "clip.wav").write_bytes(b"RIFF")  # which libsndfile does not read either
    monkeypatch.setattr(type(tmp_path), "open", refuse)
    with pytest.raises(AudioError, match=r"clip.wav: expected audio .*\(Permission denied\); check who may read it"):
        open_file(tmp_path / "clip.wav", 22050)


def test_real_audio_of_any_kind_is_read_and_resampled(shared_data):
    paths = sorted(shared_data.glob("music/*.ogg"))
    if not paths:
        pytest.skip(f"{shared_data} has no music/*.ogg")
    for path in paths[:3]:
        info = soundfile.info(path)
        samples = read_file(path, 22050)
        assert abs(len(samples) - info.frames * 22050 / info.samplerate) <= 1
        assert np.isfinite(samples).all()
        assert 0.01 < np.abs(samples).max() < 2


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("missing.wav", None, MissingFileError, "expected an audio file, found none; check the path"),
        ("empty.wav", b"", AudioError, "expected audio, received a file that is empty; record or copy it again"),
        ("empty.mp3", b"", AudioError, "expected audio, received a file that is empty; record or copy it again"),
        ("one.mp3", b"\xff", AudioError, "expected audio .* begins as MP3 but is damaged, cut short .*; copy it again"),
        ("text.wav", b"This is no audio.\n" * 50, AudioError, "expected audio that libsndfile reads"),
        ("text.mp3", b"This is no audio.\n" * 50, AudioError, "expected audio that libsndfile reads"),
        ("text.txt", b"This is no audio.\n" * 50, AudioError, "expected audio that libsndfile reads"),
        ("headerless.raw", bytes(1000), AudioError, "expected audio that libsndfile reads"),
        ("header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", AudioError, "expected audio that libsndfile reads"),
    ],
)
def test_what_is_no_audio_is_refused_by_name(tmp_path, name, content, error, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=f"{name}: {message}"):
        open_file(tmp_path / name, 22050)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="expected an audio file"):
        open_file(tmp_path, 22050)


def test_a_file_without_samples_is_refused(tmp_path):
    path = write(tmp_path / "nothing.wav", np.zeros(0), 22050)
    with pytest.raises(AudioError, match=r"nothing.wav: .*no samples"):
        open_file(path, 22050)


def test_a_file_at_an_impossible_rate_is_refused_by_name(tmp_path):
    path = write(tmp_path / "fast.wav", np.zeros(100), 4_000_000)
    with pytest.raises(AudioError, match=r"fast.wav: expected at most 768000 Hz, received 4000000 Hz"):
        open_file(path, 22050)


@pytest.mark.parametrize("sample_rate", [0, -22050, 10**7])
def test_an_impossible_model_rate_is_refused(tmp_path, sample_rate):
    path = write(tmp_path / "clip.wav", chords(1, 8000), 8000)
    with pytest.raises(ParameterError, match=f"sample_rate={sample_rate}: expected 1 to 768000 Hz"):
        open_file(path, sample_rate)


@pytest.mark.parametrize("rate", [22050, 44100])
def test_samples_that_are_no_numbers_become_silence_and_are_counted(tmp_path, rate):
    samples = chords(1, rate, channels=2)
    samples[100] = np.nan, 0.5
    samples[200] = np.inf, -np.inf
    samples[300] = 3e38, 3e38
    path = write(tmp_path / "damaged.wav", samples, rate, subtype="FLOAT")
    samples[100, 0] = samples[200] = samples[300] = 0
    expected = samples.mean(axis=1)
    if rate != 22050:
        expected = soxr.resample(expected, rate, 22050, quality="HQ")
    source = open_file(path, 22050, block_s=0.1)
    assert source.faults.invalid_samples == 0
    np.testing.assert_allclose(np.concatenate(list(source)), expected, rtol=0, atol=1e-6)
    assert source.faults.invalid_samples == 5


def test_clean_samples_are_not_copied_nor_counted():
    samples = chords(1, 22050)
    source = AudioSource([samples], 22050, 22050)
    assert next(iter(source)) is samples
    assert source.faults.invalid_samples == 0


class Pipe(io.RawIOBase):
    """A pipe whose reads are short, wherever they happen to end."""

    def __init__(self, data, sizes):
        self._data, self._sizes, self._turn = data, sizes, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), self._sizes[self._turn % len(self._sizes)])
        self._turn += 1
        part, self._data = self._data[:size], self._data[size:]
        buffer[: len(part)] = part
        return len(part)


def as_pcm(samples, sample_format):
    """float32 samples as interleaved bytes."""
    if sample_format == "f32le":
        return samples.astype("<f4").tobytes()
    bits = int(sample_format[1:3])
    return np.rint(samples.astype(np.float64) * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()


@given(
    sample_format=st.sampled_from(["s16le", "s32le", "f32le"]),
    channels=st.sampled_from([1, 2, 6]),
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    rest=st.integers(0, 40),
)
def test_pcm_read_in_any_pieces_gives_the_samples(sample_format, channels, sizes, rest):
    samples = chords(0.1, 22050, channels)
    data = as_pcm(samples, sample_format)
    frame_bytes = len(data) // len(samples)
    rest %= frame_bytes
    source = open_pcm(Pipe(data + data[:rest], sizes), 22050, channels, sample_format, 22050)
    received = np.concatenate(list(source))
    expected = samples if channels == 1 else samples.mean(axis=1)
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-4 if sample_format == "s16le" else 1e-6)
    assert source.faults.dropped_bytes == rest


@pytest.mark.parametrize(
    ("sample_format", "data", "value"),
    [
        ("s16le", b"\x00\x80", -1.0),
        ("s16le", b"\xff\x7f", 32767 / 32768),
        ("s32le", b"\x00\x00\x00\x80", -1.0),
        ("f32le", b"\x00\x00\x80\x3f", 1.0),
    ],
)
def test_full_scale_pcm_is_one(sample_format, data, value):
    assert list(open_pcm(io.BytesIO(data), 22050, 1, sample_format, 22050)) == [np.float32([value])]


@pytest.mark.parametrize("buffered", [True, False])
def test_pcm_comes_out_as_soon_as_it_comes_in(buffered):
    """Nothing waits for a block to fill: a pipe delivers what it has."""
    data = as_pcm(chords(1, 22050), "s16le")
    pipe = Pipe(data, [600])
    source = open_pcm(io.BufferedReader(pipe, 4096) if buffered else pipe, 22050, 1, "s16le", 22050)
    assert len(next(iter(source))) == 300


def test_pcm_is_mixed_down_and_resampled():
    samples = chords(1, 48000, channels=2)
    received = np.concatenate(list(open_pcm(io.BytesIO(as_pcm(samples, "f32le")), 48000, 2, "f32le", 22050)))
    np.testing.assert_allclose(received, soxr.resample(samples.mean(axis=1), 48000, 22050), rtol=0, atol=1e-6)


def test_floats_that_are_no_numbers_are_counted_in_pcm_too():
    samples = np.array([0.5, np.nan, np.inf, -1e30, -0.5], np.float32)
    source = open_pcm(io.BytesIO(as_pcm(samples, "f32le")), 22050, 1, "f32le", 22050)
    np.testing.assert_array_equal(np.concatenate(list(source)), np.float32([0.5, 0, 0, 0, -0.5]))
    assert source.faults.invalid_samples == 3


def test_no_pcm_is_no_audio():
    source = open_pcm(io.BytesIO(b""), 22050, 1, "s16le", 22050)
    with pytest.raises(AudioError, match="ended at once"):
        list(source)


@pytest.mark.parametrize(
    ("rate", "channels", "sample_format", "message"),
    [
        (0, 1, "s16le", "source_rate=0: expected 1 to 768000 Hz"),
        (-1, 1, "s16le", "source_rate=-1"),
        (44100, 0, "s16le", "channels=0: expected 1 to 64"),
        (44100, 65, "s16le", "channels=65"),
        (44100, 1, "u8", "sample_format=u8: expected one of s16le, s32le, f32le"),
    ],
)
def test_impossible_pcm_is_refused(rate, channels, sample_format, message):
    with pytest.raises(ParameterError, match=message):
        open_pcm(io.BytesIO(), rate, channels, sample_format, 22050)


def test_a_missing_microphone_package_names_the_pip_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingPackageError, match=r'pip install "genrekit\[mic\]"'):
        open_microphone(22050)
