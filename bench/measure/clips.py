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
import numpy.typing as npt

from ...runtime import MfccConfig, mfcc
from ...runtime.errors import ParameterError
from ...runtime.util.atomic import replacing

Samples = npt.NDArray[np.float32]
ClassIndexes = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Clips:
    """Audio windows of known class, in a folder of .npy files that worker processes map into memory.

    Attributes:
        folder: where the files stand.
        class_names: what the class indexes count into.
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
        samples: Samples,
        labels: ClassIndexes,
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
            labels: class indexes, in `class_names`. [shape=(n,)]
            class_names, sample_rate, split, demo, tracks_in_training: as the attributes.

        Raises:
            ParameterError: no clips, shapes that do not fit, or a label without a name.
            OutputError: the folder cannot be written.
        """
        _save_array(cls.samples_file(folder), np.asarray(samples, np.float32))
        clips = cls(Path(folder), tuple(class_names), sample_rate, split, demo, tracks_in_training)
        clips.save_labels(labels)
        return clips

    def save_labels(self, labels: ClassIndexes) -> None:
        """Complete a folder where only `samples_file` stands yet; arguments and errors as those of `save`."""
        shape = self.samples.shape
        if len(shape) != 2 or not shape[0] or labels.shape != shape[:1]:
            raise ParameterError(
                f"samples.shape={shape}, labels.shape={labels.shape}: expected (n, window_samples) and (n,) "
                "with n >= 1; choose a split that holds at least one track"
            )
        if labels.min() < 0 or labels.max() >= len(self.class_names):
            raise ParameterError(
                f"labels={labels.min()}..{labels.max()}: expected indexes of {len(self.class_names)} names"
            )
        _save_array(self.folder / "labels.npy", np.asarray(labels, np.int64))
        with replacing(self.wave_file, durable=False) as temporary, wave.open(str(temporary), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes(np.clip(np.rint(self.samples[0] * 32767), -32768, 32767).astype("<i2").tobytes())

    @staticmethod
    def samples_file(folder: Path) -> Path:
        """Where the samples of the clips in `folder` stand."""
        return Path(folder) / "samples.npy"

    @property
    def samples(self) -> Samples:
        """float32 samples, mapped from the disk. [shape=(n, window_samples)]"""
        return _mapped(self.samples_file(self.folder))

    @property
    def true_labels(self) -> list[str]:
        """The name of each clip's class; n of them."""
        return [self.class_names[label] for label in np.load(self.folder / "labels.npy", allow_pickle=False)]

    @property
    def wave_file(self) -> Path:
        """The first clip as a 16-bit WAV file."""
        return self.folder / "clip.wav"

    def features(self, config: MfccConfig) -> Samples:
        """MFCC of all clips: computed the first time a config asks, then mapped. [shape=(n, frames, n_mfcc)]"""
        key = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()[:16]
        path = self.folder / f"features-{key}.npy"
        if not path.exists():
            _save_array(path, np.stack([mfcc(samples, config) for samples in self.samples]))
        return _mapped(path)


def _mapped(path: Path) -> Samples:
    found: Samples = np.load(path, mmap_mode="r", allow_pickle=False)
    return found


def _save_array(path: Path, array: npt.NDArray[Any]) -> None:
    with replacing(path, durable=False) as temporary:
        np.save(temporary, array)
