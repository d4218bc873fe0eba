"""The audio that a bench measures on: windows of known class, in files that worker processes map into memory."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime import MfccConfig, mfcc
from ...runtime.errors import ParameterError
from ...runtime.util.atomic import replacing


@dataclasses.dataclass(frozen=True)
class Clips:
    """Audio windows of known class, in a folder of .npy files that worker processes map into memory.

    Attributes:
        folder: where the files stand.
        class_names: what the labels count into.
        sample_rate: of the samples, in Hz.
        split: how the clips were chosen, in words for the reader.
        demo: they are of the demo corpus, which is synthetic.
        tracks_in_training: tracks of these clips were used in training.
    """

    folder: Path
    class_names: tuple[str, ...]
    sample_rate: int
    split: str
    demo: bool
    tracks_in_training: bool

    @classmethod
    def save(
        cls,
        folder: Path,
        samples: np.ndarray,
        labels: np.ndarray,
        class_names: Sequence[str],
        *,
        sample_rate: int = 22050,
        split: str = "all clips",
        demo: bool = False,
        tracks_in_training: bool = False,
    ) -> Clips:
        """Write the clips into `folder`, and the first also as clip.wav, which cold starts classify.

        Args:
            folder: made where it is missing.
            samples: float32 mono in [-1, 1] at `sample_rate`, at least one window. [shape=(n, window_samples)]
            labels: places in `class_names`. [shape=(n,)]
            class_names: the classes of the corpus.
            sample_rate, split, demo, tracks_in_training: as the attributes.

        Raises:
            ParameterError: no clips, shapes that do not fit, or a label without a name.
            OutputError: the folder cannot be written.
        """
        _require_fit(samples, labels, class_names)
        _save_array(cls.samples_file(folder), np.asarray(samples, np.float32))
        facts = {"sample_rate": sample_rate, "split": split, "demo": demo, "tracks_in_training": tracks_in_training}
        return cls.around(folder, labels, class_names, **facts)

    @classmethod
    def around(cls, folder: Path, labels: np.ndarray, class_names: Sequence[str], **facts: Any) -> Clips:
        """The clips whose float32 samples stand in `samples_file` already; arguments and errors as those of `save`."""
        clips = cls(Path(folder), tuple(class_names), **facts)
        _require_fit(clips.samples, labels, class_names)
        _save_array(clips.folder / "labels.npy", np.asarray(labels, np.int64))
        _save_wave(clips.wave_file, clips.samples[0], clips.sample_rate)
        return clips

    @staticmethod
    def samples_file(folder: Path) -> Path:
        """Where the samples of the clips in `folder` stand."""
        return Path(folder) / "samples.npy"

    @property
    def samples(self) -> np.ndarray:
        """float32 samples, mapped from the disk. [shape=(n, window_samples)]"""
        return np.load(self.samples_file(self.folder), mmap_mode="r")

    @property
    def true_labels(self) -> list[str]:
        """The name of each clip's class; n of them."""
        return [self.class_names[label] for label in np.load(self.folder / "labels.npy")]

    @property
    def wave_file(self) -> Path:
        """The first clip as a 16-bit WAV file."""
        return self.folder / "clip.wav"

    def features(self, config: MfccConfig) -> np.ndarray:
        """MFCC of all clips: computed the first time a config asks, then mapped. [shape=(n, frames, n_mfcc)]"""
        path = self.folder / f"features-{_key(config)}.npy"
        if not path.exists():
            _save_array(path, np.stack([mfcc(samples, config) for samples in self.samples]))
        return np.load(path, mmap_mode="r")

    def to_dict(self) -> dict[str, object]:
        """The fields as JSON takes them to a worker process."""
        return {**dataclasses.asdict(self), "folder": str(self.folder)}

    @classmethod
    def from_dict(cls, fields: dict[str, object]) -> Clips:
        """The inverse of `to_dict`."""
        return cls(**{**fields, "folder": Path(fields["folder"]), "class_names": tuple(fields["class_names"])})


def _require_fit(samples: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> None:
    if samples.ndim != 2 or not len(samples) or labels.shape != samples.shape[:1]:
        raise ParameterError(
            f"samples.shape={samples.shape}, labels.shape={labels.shape}: expected (n, window_samples) and (n,) "
            "with n >= 1; choose a split that holds at least one track"
        )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ParameterError(f"labels={labels.min()}..{labels.max()}: expected places in {len(class_names)} names")


def _key(config: MfccConfig) -> str:
    """A file name's worth of `config`: equal configs have equal keys."""
    return hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()[:16]


def _save_array(path: Path, array: np.ndarray) -> None:
    with replacing(path, durable=False) as temporary:
        np.save(temporary, array)


def _save_wave(path: Path, samples: np.ndarray, sample_rate: int) -> None:
    with replacing(path, durable=False) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())
