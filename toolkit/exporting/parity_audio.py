"""The audio of the segments that a run kept features of, for files that take sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...runtime import MfccConfig, mfcc
from ...runtime.errors import CorpusError, GenrekitError
from ...runtime.util.room import new_mapped
from ..corpus.segments import read_segments
from ..training.run_folder import ExportFeatures

CHANGED = 0.01  # of an MFCC: more than between two forms of the front end


def parity_audio(features: ExportFeatures, config: MfccConfig, folder: Path) -> np.ndarray:
    """Samples of ``features.parity``, in a file in `folder`: float32 [shape=(m, window_samples)].

    Raises CorpusError where the corpus is not where it was, or is another one by now.
    """
    remedy = "name the corpus with --data"
    if len(features.parity_files) != len(features.parity):
        raise CorpusError(f"input=audio: expected a run that notes where its segments come from, found none; {remedy}")
    samples = new_mapped(folder / "parity.npy", (len(features.parity), config.window_samples))
    try:
        read_segments(features.parity_files, features.parity_positions, config, samples)
    except (GenrekitError, IndexError) as error:
        raise CorpusError(
            f"input=audio: expected the audio that the run was trained on where it was, but it cannot be read "
            f"({error}); {remedy}"
        ) from error
    for window, kept, file in zip(samples, features.parity, features.parity_files, strict=True):
        if np.abs(mfcc(window, config) - kept).max() > CHANGED:
            raise CorpusError(f"{file}: expected the audio that the run was trained on, found other audio; {remedy}")
    return samples
