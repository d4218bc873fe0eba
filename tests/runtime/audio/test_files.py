"""Files, decoded and resampled block by block, against soundfile and soxr in one go."""

import numpy as np
import pytest
import soundfile
import soxr

from genrekit.runtime.audio import AudioSource, open_file, read_file
from genrekit.runtime.errors import AudioError, MissingFileError, ParameterError

from .signals import chords, write

FORMATS = ["wav", "flac", "ogg", "mp3", "aiff"]
RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]


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


def test_a_missing_pad_byte_is_no_cut(tmp_path):
    path = tmp_path / "odd.wav"
    soundfile.write(path, chords(1, 22050)[:22049], 22050, subtype="PCM_U8")
    path.write_bytes(path.read_bytes()[:-1])
    source = open_file(path, 22050)
    assert sum(map(len, source)) == 22049
    assert not source.faults.cut_short


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
    with pytest.raises(AudioError, match=r"fast.wav: expected .*1000 to 768000 Hz.*rate=4000000"):
        open_file(path, 22050)


@pytest.mark.parametrize("sample_rate", [0, -22050, 999, 10**7])
def test_an_impossible_model_rate_is_refused(tmp_path, sample_rate):
    path = write(tmp_path / "clip.wav", chords(1, 8000), 8000)
    with pytest.raises(ParameterError, match=f"sample_rate={sample_rate}: expected 1000 to 768000 Hz"):
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
