"""The two forms of the front end beside each other, on one thread: numpy's / the one in C.

As a program: one job as JSON on standard input, what `measure_forms` returns as JSON on standard output.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genrekit.runtime import Classifier, Failure, MfccConfig, ParameterError, StreamClassifier, load, mfcc
from genrekit.runtime.front_end import CHOICE
from genrekit.runtime.mfcc import MfccComputer
from genrekit.runtime.native import INSTRUCTIONS, NativeMfcc, library
from genrekit.toolkit.corpus.extraction import Wanted, track_features

from .paired_timing import measure_calls
from .streaming import STRIDE_S

FORMS = ("numpy", "native")
EXTRACTED = 200  # tracks with each form


def measure_forms(model: str, tracks: list[str], calls: int) -> dict[str, Any]:
    """Times of this process, which should have one thread: every library must find that before it is imported.

    Args:
        model: file that clips and a stream go through.
        tracks: audio files whose features are extracted, decoding included.
        calls: timed calls of each, but for tracks.

    Returns:
        {"mfcc", "clip", "stream" (a second of it), "track", and "mfcc, NAME" for the instructions that this processor
        has}, each numpy's form / the one in C, as `measure_calls`.

    Raises:
        Failure: there is no front end in C.
    """
    if isinstance(found := library(), Failure):
        raise found
    classifier, config = load(model), MfccConfig()
    noise = np.random.default_rng(0).normal(0, 0.1, config.window_samples).astype(np.float32)
    paths = itertools.cycle(map(Path, tracks))
    measured = {
        "mfcc": _measure(lambda: mfcc(noise, config), calls),
        "clip": _measure(lambda: classifier.classify(noise), calls),
        "stream": measure_calls(*(_second_of_a_stream(form, classifier, noise) for form in FORMS), calls),
        "track": _measure(lambda: track_features(next(paths), Wanted(config)), EXTRACTED),
    }
    in_numpy = MfccComputer(config)
    for name in INSTRUCTIONS.keys() - {"best"}:
        with contextlib.suppress(ParameterError):  # this processor has others
            in_c = NativeMfcc(config, found, name)
            forms = (lambda form=form: form.cepstrum(form.log_mel(noise)) for form in (in_numpy, in_c))
            measured[f"mfcc, {name}"] = measure_calls(*forms, calls)
    return measured


def _measure(call: Callable[[], Any], calls: int) -> dict[str, Any]:
    return measure_calls(*(_in_form(form, call) for form in FORMS), calls)


def _in_form(form: str, call: Callable[[], Any]) -> Callable[[], Any]:
    def call_in_form() -> Any:
        os.environ[CHOICE] = form
        return call()

    return call_in_form


def _second_of_a_stream(form: str, classifier: Classifier, noise: np.ndarray) -> Callable[[], Any]:
    stream = _in_form(form, lambda: StreamClassifier(classifier, STRIDE_S))()
    stream.push(noise)
    return lambda: stream.push(noise[: classifier.config.sample_rate])


if __name__ == "__main__":
    print(json.dumps(measure_forms(**json.load(sys.stdin))))
