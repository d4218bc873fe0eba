"""Long recordings of words among music and noise, whose events are known because they were put there.

    python -m tests.long_recordings out --words words --minutes 60

writes out/recording.wav and out/events.csv for `genrekit evaluate --stream`. The words are clips of the corpus that a
training with the default split and seed keeps for its test; between them stand the demo corpus' music, noise and quiet.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from genrekit.runtime.audio import read_file
from genrekit.toolkit.corpus.scan import scan
from genrekit.toolkit.demo_corpus import GENRES, compose
from genrekit.toolkit.demo_corpus.synthesis import SAMPLE_RATE
from genrekit.toolkit.splits.assign import assign, outline

PIECE_S = 10.0  # seconds of a kind of background at a time
QUIET_DBFS, NOISE_DBFS, MUSIC_DBFS, WORD_DBFS = -70.0, -45.0, -35.0, -23.0


@dataclasses.dataclass(frozen=True, eq=False)
class Sound:
    """What is put into a recording.

    Attributes:
        at_s: where it begins.
        label: what it is an event of; None for a sound that no event tells of.
        samples: float32 [shape=(n,)] at the recording's rate.
    """

    at_s: float
    label: str | None
    samples: np.ndarray


def background(rate: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Quiet, noise and music in turn, without end: float32 [shape=(PIECE_S * rate,)]."""
    generator = np.random.default_rng(seed)
    for index in itertools.count():
        noise = generator.standard_normal(round(PIECE_S * rate)).astype(np.float32)
        yield at_level(noise, QUIET_DBFS)
        yield at_level(noise, NOISE_DBFS)
        music = compose(GENRES[index % len(GENRES)], index // len(GENRES), PIECE_S, seed)
        yield at_level(soxr.resample(music, SAMPLE_RATE, rate), MUSIC_DBFS)


def at_level(samples: np.ndarray, dbfs: float) -> np.ndarray:
    """`samples` with another root mean square."""
    return samples * np.float32(10 ** (dbfs / 20) / np.sqrt(np.mean(np.square(samples))))


def below(samples: np.ndarray, rate: int, hz: float) -> np.ndarray:
    """`samples` without what lies above `hz`, which leaves room for a mark."""
    low = soxr.resample(samples, rate, 2 * hz, "VHQ")
    return soxr.resample(low, 2 * hz, rate, "VHQ")[: len(samples)]


def write_recording(
    path: Path, seconds: float, rate: int, sounds: Sequence[Sound], behind: Iterator[np.ndarray]
) -> None:
    """`sounds`, which do not overlap, over the pieces `behind` them; written piece by piece."""
    position = 0
    with soundfile.SoundFile(path, "w", rate, 1, "PCM_16") as file:
        while position < round(seconds * rate):
            piece = next(behind)[: round(seconds * rate) - position].copy()
            for sound in sounds:
                start = round(sound.at_s * rate) - position
                first, last = max(0, start), min(len(piece), start + len(sound.samples))
                if first < last:
                    piece[first:last] += sound.samples[first - start : last - start]
            file.write(piece)
            position += len(piece)


def write_events(path: Path, events: Sequence[tuple[float, float, str]]) -> None:
    """(start_s, end_s, label) of each as a file of events."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("start_s", "end_s", "label"), *events])


def held_out(words: Path) -> list[tuple[str, Path]]:
    """(word, file) of the clips that a training with the default split and seed does not see."""
    clips = outline(scan(words))
    chosen = clips.tracks[assign(clips, "track", 0) == "test"]
    return [(track.genre, track.path) for track in (clips.corpus.tracks[index] for index in chosen)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--words", type=Path, required=True, help="a corpus: a folder with one subfolder per word")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=15.0, help="seconds from a word to the next, on average")
    parser.add_argument("--rate", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator, seconds = np.random.default_rng(options.seed), 60 * options.minutes
    clips = held_out(options.words)
    sounds, at_s = [], generator.uniform(2, 2 * options.every)
    while True:
        label, path = clips[generator.integers(len(clips))]
        samples = at_level(read_file(path, options.rate), WORD_DBFS)
        if at_s + len(samples) / options.rate > seconds:
            break
        sounds.append(Sound(round(at_s, 3), label, samples))
        at_s += len(samples) / options.rate + generator.uniform(2, 2 * (options.every - 1))
    options.out.mkdir(parents=True, exist_ok=True)
    behind = background(options.rate, options.seed)
    write_recording(options.out / "recording.wav", seconds, options.rate, sounds, behind)
    ends = [round(sound.at_s + len(sound.samples) / options.rate, 3) for sound in sounds]
    write_events(
        options.out / "events.csv", [(sound.at_s, end, sound.label) for sound, end in zip(sounds, ends, strict=True)]
    )
    print(f"{len(sounds)} words in {options.minutes:g} minutes: {options.out / 'recording.wav'}")


if __name__ == "__main__":
    main()
