"""Tracks -> features of their segments: in parallel, through the cache, one track's audio at a time in memory."""

from __future__ import annotations

import dataclasses
import functools
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ...runtime.audio import open_file
from ...runtime.errors import CorpusError, GenrekitError, ParameterError
from ...runtime.front_end import front_end, mfcc
from ...runtime.mfcc import MfccConfig
from ..compute import Executor, Processes, in_order
from .feature_cache import FeatureCache
from .rooms import EVALUATION, TRAINING, heard_window, room_generator
from .scan import Corpus, Unusable, digest_of
from .segments import LEAST_OF_WINDOW, Segments, TrackFeatures, padded_to, too_short
from .suggestion import headers, remedy, require_held

LOST = "the processes that read it were killed each time; remove the file, or give them more memory"
Outcome: TypeAlias = "TrackFeatures | str"  # what models learn of a track, or why it has nothing


def extract(
    corpus: Corpus,
    config: MfccConfig = MfccConfig(),  # noqa: B008 (frozen)
    executor: Executor = Processes(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] | None = None,
    *,
    shifts: int = 1,
    rooms: int = 0,
    as_heard: bool = False,
    cache: FeatureCache | None = None,
) -> Segments:
    """The features of every track's segments, computed where the cache does not hold them.

    The result is the same, bit for bit, whatever the cache and the executor.

    Args:
        corpus: from `scan`; given by its absolute path where the executor is remote.
        progress: called with (tracks done, tracks).
        shifts: with more than 1 also the windows that begin k/shifts of a window later, k = 1 .. shifts - 1.
        rooms: in how many other rooms each segment is heard as well, for training.
        as_heard: each segment is heard in a room, for evaluation, and not as it is; expects `shifts` 1 and no `rooms`.
        cache: None computes everything.

    Raises:
        CorpusError: a genre has no usable track, or every clip is shorter than a window.
        ParameterError: `shifts` or `rooms` is out of range, or a cluster sees other files than this process.
        Failure: a process was killed, or the cluster is gone; what the cache holds by then stays there.
        ParameterError, Failure: as `front_end`.
    """
    if not 1 <= shifts <= config.window_samples:
        raise ParameterError(f"shifts={shifts}: expected 1 to {config.window_samples}, the samples of a window")
    if rooms < 0 or (as_heard and (shifts > 1 or rooms)):
        raise ParameterError(f"shifts={shifts}, rooms={rooms}: expected 1 and 0 of what is heard for evaluation")
    require_held(corpus, config)
    wanted = Wanted(config, shifts, rooms, as_heard)
    frames = config.window_frames, config.n_mfcc
    features, shifted, heard = _Rows(frames), _Rows((shifts - 1, *frames)), _Rows((rooms, *frames))
    unusable: list[Unusable] = []
    owners: list[int] = []  # of each segment the index of its track
    positions: list[int] = []
    padded: list[bool] = []
    rates: list[int] = []
    for index, outcome in enumerate(in_order(_outcomes(corpus, wanted, executor, cache))):
        if isinstance(outcome, str):
            unusable.append(Unusable(corpus.relative(corpus.tracks[index].path), outcome))
        else:
            count = len(outcome.windows)
            features.append(outcome.windows[:, 0])
            shifted.append(outcome.windows[:, 1:])
            heard.append(outcome.heard)
            owners += [index] * count
            positions += range(count)
            padded += [outcome.padded] * count
            rates.append(outcome.rate)
        if progress:
            progress(index + 1, len(corpus.tracks))
    missing = sorted(set(corpus.labels) - {corpus.tracks[owner].genre for owner in owners})
    if missing:
        raise _without_tracks(corpus, missing, unusable, config)
    return Segments(
        corpus,
        config,
        features.array(),
        labels=np.array([corpus.labels.index(corpus.tracks[owner].genre) for owner in owners]),
        tracks=np.array(owners),
        positions=np.array(positions),
        padded=np.array(padded),
        unusable=tuple(unusable),
        shifted=shifted.array() if shifts > 1 else None,
        heard=heard.array() if rooms else None,
        rates=np.array(rates),
    )


def _without_tracks(
    corpus: Corpus, missing: Sequence[str], unusable: Sequence[Unusable], config: MfccConfig
) -> CorpusError:
    """What is said where no track of the genres `missing` can be used: an option, where that is for their length."""
    tracks = [track for track in corpus.tracks if track.genre in missing]
    files = {corpus.relative(track.path) for track in tracks}
    left_out = [item for item in unusable if item.file in files]
    short = [item for item in left_out if item.reason == too_short(config)]
    advice = "repair or remove these folders"
    if short:
        advice = remedy(list(headers(track.path for track in tracks)))
    example = (short or left_out)[0]
    return CorpusError(
        f"{corpus.folder}: expected a usable track in each genre, found none in {', '.join(missing)} (for instance "
        f"{example.file}: {example.reason}); {advice}"
    )


def _outcomes(
    corpus: Corpus, wanted: Wanted, executor: Executor, cache: FeatureCache | None
) -> Iterator[tuple[int, Outcome]]:
    """Each track's index and outcome: those that the cache holds first, then the others as they are done."""
    missing, config = [], wanted.config
    for index in range(len(corpus.tracks)):
        key = cache.key(corpus.digest(index), config, wanted.as_heard) if cache else ""
        features = cache.get(key, wanted.shifts, wanted.rooms) if cache else None
        if features is None or features.windows.shape[2:] != (config.window_frames, config.n_mfcc):
            missing.append(index)
        else:
            yield index, features
    digests = executor.remote or wanted.in_rooms
    tracks = ((corpus.tracks[index].path, corpus.digest(index) if digests else b"") for index in missing)
    if missing:
        front_end(config)  # here it warns and raises once, and not in each process
    work = functools.partial(_checked_features, wanted=wanted, elsewhere=executor.remote)
    for number, outcome in executor.results(work, tracks, lambda track: LOST) if missing else ():
        index = missing[number]
        if cache and not isinstance(outcome, str):
            cache.put(cache.key(corpus.digest(index), config, wanted.as_heard), outcome)
        yield index, outcome


class _Rows:
    """Rows float32 [shape=(n, *shape)] that become one array, without a second copy of them all beside it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._rows = np.empty((0, *shape), np.float32)
        self._count = 0

    def append(self, rows: np.ndarray) -> None:
        end = self._count + len(rows)
        if end > len(self._rows):
            self._resize(end + end // 4)
        self._rows[self._count : end] = rows
        self._count = end

    def array(self) -> np.ndarray:
        self._resize(self._count)
        return self._rows

    def _resize(self, count: int) -> None:
        # In place: the system moves pages instead of copying them. Nobody else has seen the array yet.
        self._rows.resize((count, *self._rows.shape[1:]), refcheck=False)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be computed of each track, as `extract` says it."""

    config: MfccConfig
    shifts: int = 1
    rooms: int = 0
    as_heard: bool = False

    @property
    def in_rooms(self) -> bool:
        """Whether anything is heard in rooms, which follow from the file's content."""
        return self.rooms > 0 or self.as_heard


def track_features(path: Path, wanted: Wanted, content: bytes = b"") -> Outcome:
    """What models learn of an audio file, whose SHA-256 is `content`; or a sentence, where there is nothing."""
    config = wanted.config
    try:
        source = open_file(path, config.sample_rate)
        samples = np.concatenate(list(source))
        if reason := why_unusable(source.faults.invalid_samples, len(samples), config):
            return reason
        whole = padded_to(samples, config.window_samples)
        windows, heard = _window_features(whole, wanted, content), _heard_features(whole, wanted, content)
    except GenrekitError as error:
        return str(error)
    if not (np.isfinite(windows).all() and np.isfinite(heard).all()):
        return "expected finite features, received NaN; remove the file"
    return TrackFeatures(windows, len(samples) < config.window_samples, source.source_rate, heard)


def _checked_features(track: tuple[Path, bytes], wanted: Wanted, elsewhere: bool) -> Outcome:
    """`track_features` of a path; its digest shows `elsewhere` that the file is the one that was listed."""
    path, digest = track
    if elsewhere and digest_of(path) != digest:
        found = "another file" if path.exists() else "none"
        raise ParameterError(
            f"dask: expected {path} on {socket.gethostname()} as it is here, found {found}; give the workers the same "
            "files under the same paths"
        )
    return track_features(path, wanted, digest)


def why_unusable(invalid_samples: int, samples: int, config: MfccConfig) -> str | None:
    """Why decoded audio of `samples` at ``config.sample_rate`` is left out of training; None where it is not."""
    if invalid_samples:
        return f"expected finite samples, received {invalid_samples} that are not; repair or remove the file"
    return too_short(config) if samples < LEAST_OF_WINDOW * config.window_samples else None


def _window_features(samples: np.ndarray, wanted: Wanted, content: bytes) -> np.ndarray:
    config, shifts, length = wanted.config, wanted.shifts, wanted.config.window_samples
    segments = len(samples) // length
    features = np.empty((segments, shifts, config.window_frames, config.n_mfcc), np.float32)
    for segment, shift in np.ndindex(segments, shifts):
        start = _start(samples, segment, shift / shifts, length)
        if wanted.as_heard:
            generator = room_generator(EVALUATION, content, segment, 0)
            window = heard_window(samples, start, length, config.sample_rate, generator)
        else:
            window = samples[start : start + length]
        features[segment, shift] = mfcc(window, config)
    return features


def _heard_features(samples: np.ndarray, wanted: Wanted, content: bytes) -> np.ndarray:
    config, length = wanted.config, wanted.config.window_samples
    segments = len(samples) // length
    features = np.empty((segments, wanted.rooms, config.window_frames, config.n_mfcc), np.float32)
    for segment, room in np.ndindex(segments, wanted.rooms):
        generator = room_generator(TRAINING, content, segment, room)
        start = _start(samples, segment, generator.random(), length)
        window = heard_window(samples, start, length, config.sample_rate, generator)
        features[segment, room] = mfcc(window, config)
    return features


def _start(samples: np.ndarray, segment: int, later: float, length: int) -> int:
    """Where the window begins that is the fraction `later` of a window behind a segment, or ends with the track."""
    return min(segment * length + round(later * length), len(samples) - length)
