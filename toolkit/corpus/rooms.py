"""Audio as a cheap device hears it: through a small loudspeaker, a room and a microphone, with noise, at another level.

Impulse responses are made by rule: the direct sound, and a tail of noise that falls by 60 dB in the decay time (J. A.
Moorer, "About This Reverberation Business", Computer Music Journal 3(2), 1979). All but clipping is linear, and done in
one product of spectra.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

TRAINING, EVALUATION = 0, 1  # what rooms are drawn for: those of one are never those of the other
SILENCE = 1e-5  # RMS below which there is nothing to hear
LONGEST_S = 0.62  # of an impulse response


@dataclasses.dataclass(frozen=True)
class Room:
    """What lies between a sound and its samples.

    Attributes:
        decay_s: time in which the reverberation falls by 60 dB.
        delay_s: from the direct sound to the reverberation.
        direct_db: energy of the direct sound over that of the reverberation.
        low_hz, high_hz: edges of the band that loudspeaker and microphone let through.
        order: of the slopes beyond them, 6 dB an octave each.
        noise_db: energy of the sound over that of the noise.
        noise_slope: of the noise's spectrum, dB an octave: 0 is white, -3 pink.
        gain_db: level of what is recorded over that of the sound.
        clipped: fraction of the largest value beyond which values are cut off; 1: none.
    """

    decay_s: float
    delay_s: float
    direct_db: float
    low_hz: float
    high_hz: float
    order: int
    noise_db: float
    noise_slope: float
    gain_db: float
    clipped: float


def draw_room(generator: np.random.Generator) -> Room:
    """A room between a good and a bad one; times and frequencies are uniform in their logarithms."""
    uniform = generator.uniform

    def geometric(low: float, high: float) -> float:
        return float(np.exp(uniform(np.log(low), np.log(high))))

    return Room(
        decay_s=geometric(0.1, 0.6),
        delay_s=geometric(0.002, 0.02),
        direct_db=uniform(-6, 12),
        low_hz=geometric(80, 400),
        high_hz=geometric(3500, 12000),
        order=int(generator.integers(2, 5)),
        noise_db=uniform(3, 30),
        noise_slope=uniform(-6, 0),
        gain_db=uniform(-24, 0),
        clipped=min(1.0, uniform(0.4, 1.6)),
    )


def room_generator(purpose: int, content: bytes, segment: int, room: int) -> np.random.Generator:
    """The source of all that is random in one hearing of a segment.

    Args:
        purpose: `TRAINING` or `EVALUATION`.
        content: SHA-256 of the track's file, so that copies are heard alike.
        segment, room: the segment's index in its track, and which of its hearings.
    """
    return np.random.default_rng([purpose, segment, room, *content])


def heard_window(samples: np.ndarray, start: int, length: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Samples `start` to `start + length` of a track (mono float32 [shape=(n,)] at `rate` Hz), heard in a room.

    What came before reverberates in it.

    Returns:
        float32 [shape=(length,)]
    """
    room = draw_room(generator)
    before = min(start, round((room.delay_s + room.decay_s) * rate))
    return heard(samples[start - before : start + length], rate, room, generator)[before:]


def heard(samples: np.ndarray, rate: int, room: Room, generator: np.random.Generator) -> np.ndarray:
    """`samples` (mono float32 [shape=(n,)] at `rate` Hz) as they are heard in `room`: float32 [shape=(n,)].

    `generator` makes the reverberation and the noise.
    """
    level = _rms(samples)
    if level < SILENCE:
        return samples
    size = _fast_length(len(samples) + round(LONGEST_S * rate))
    spectrum = np.fft.rfft(samples, size)
    spectrum *= np.fft.rfft(impulse_response(rate, room, generator), size)
    band, noise_shape = _magnitudes(size, rate, room)
    spectrum *= band
    noise = generator.standard_normal(2 * len(spectrum), np.float32).view(np.complex64) * noise_shape
    # The noise goes on behind the samples, where the sound does not.
    louder = size / len(samples) / 10 ** (room.noise_db / 10)
    spectrum += noise * np.sqrt(louder * _energy(spectrum) / _energy(noise))
    sound = np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)
    sound *= level * 10 ** (room.gain_db / 20) / _rms(sound)
    limit = min(1.0, room.clipped * float(np.abs(sound).max()))
    return np.clip(sound, -limit, limit)


def impulse_response(rate: int, room: Room, generator: np.random.Generator) -> np.ndarray:
    """The direct sound, 1, and the reverberation: float64 [shape=(n,)]."""
    response = np.zeros(max(2, round((room.delay_s + room.decay_s) * rate)))
    times = np.arange(len(response)) / rate - room.delay_s
    tail = generator.standard_normal(len(response)) * 10 ** (-3 * times / room.decay_s) * (times >= 0)
    response += tail * np.sqrt(10 ** (-room.direct_db / 10) / np.sum(tail**2))
    response[0] += 1
    return response


def _magnitudes(size: int, rate: int, room: Room) -> tuple[np.ndarray, np.ndarray]:
    """Of each bin: what the band lets through, with Butterworth slopes and no phases, and the noise's spectrum.

    Both are smooth, so that a few points and lines between them are enough. float32 [shape=(size // 2 + 1,)]
    """
    points = np.geomspace(10, max(20, rate / 2), 256)
    low, high = (room.low_hz / points) ** (2 * room.order), (points / room.high_hz) ** (2 * room.order)
    band = 1 / np.sqrt((1 + low) * (1 + high))
    noise = (points / points[0]) ** (room.noise_slope / (20 * np.log10(2)))
    bins = np.arange(size // 2 + 1) * (rate / size)
    return tuple(np.interp(bins, points, curve).astype(np.float32) for curve in (band, noise))


@functools.lru_cache(maxsize=1)
def _fast_lengths() -> np.ndarray:
    return np.array(sorted(2**a * 3**b * 5**c for a in range(28) for b in range(4) for c in range(4)))


def _fast_length(least: int) -> int:
    """The next length whose FFT is fast."""
    lengths = _fast_lengths()
    return int(lengths[np.searchsorted(lengths, least)])


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.dot(samples, samples) / max(1, len(samples))))


def _energy(spectrum: np.ndarray) -> float:
    return float(np.vdot(spectrum, spectrum).real)
