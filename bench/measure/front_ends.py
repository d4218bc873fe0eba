"""The two front ends that are timed: genrekit's, and librosa's as the baseline."""

from __future__ import annotations

from collections.abc import Callable

from ...runtime import MfccConfig, mfcc
from ...runtime.errors import MissingPackageError, ParameterError
from .clips import Samples

FrontEnd = Callable[[Samples, MfccConfig], Samples]


def front_end(name: str) -> FrontEnd:
    """The function (samples, config) -> float32 MFCC [shape=(frames, n_mfcc)] called `name`: genrekit or librosa.

    Raises:
        ParameterError: another name.
        MissingPackageError: librosa is not installed.
    """
    if name == "genrekit":
        return mfcc
    if name != "librosa":
        raise ParameterError(f"front_end={name}: expected genrekit or librosa")
    try:
        import librosa
    except ModuleNotFoundError as error:
        raise MissingPackageError("the baseline needs librosa, which is not installed: pip install librosa") from error

    def librosa_mfcc(samples: Samples, config: MfccConfig) -> Samples:
        # The three steps of librosa.feature.mfcc, which itself takes no top_db.
        mel = librosa.feature.melspectrogram(
            y=samples,
            sr=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            center=config.center,
        )
        decibels = librosa.power_to_db(mel, top_db=config.top_db)
        features: Samples = librosa.feature.mfcc(S=decibels, n_mfcc=config.n_mfcc).T
        return features

    return librosa_mfcc
