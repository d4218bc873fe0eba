"""The software of this process, which workers must share and caches name."""

from __future__ import annotations

import platform

import numpy as np
import soundfile
import soxr

from ...runtime.front_end import front_end
from ...runtime.mfcc import FEATURES_VERSION

SEGMENTS_VERSION = 3  # raised whenever the same audio is cut into other windows, or other things are kept of them


def software() -> str:
    """What the bits of features depend on beside samples and config: the maths, its form, and what it stands on.

    Raises:
        ParameterError, Failure: as `front_end`.
    """
    versions = {"numpy": np.__version__, "soxr": soxr.__version__, "libsndfile": soundfile.__libsndfile_version__}
    parts = [
        f"features {FEATURES_VERSION}",
        f"segments {SEGMENTS_VERSION}",
        f"front end {front_end()}",
        *(f"{name} {version}" for name, version in versions.items()),
    ]
    return ", ".join([*parts, platform.machine()])
