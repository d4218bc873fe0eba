"""Measuring in this process: the only place that touches a clock. `run` has it done in fresh processes."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ...runtime import Classifier, MfccConfig, StreamClassifier, load
from .cases import Case, Effort
from .clips import Clips
from .front_ends import FrontEnd, front_end
from .machine import peak_memory_bytes
from .predictions import check_fit, classify_call, predictions

Clock = Callable[[], int]  # nanoseconds
Sleep = Callable[[float], None]  # seconds
Step = Callable[[np.ndarray], Any]  # something to do with one clip's samples

WARM_UP = 10  # turns before the timed ones
TIMED_CLIPS = 16  # distinct clips that the timed calls go round
PACE_S = 0.5  # from one paced push to the next
PEAK_SIZES = (128, 256, 512)  # rows of the square matrices whose product is the machine's peak
PEAK_S = 0.1  # for each of them
NANOSECONDS = 1e6  # in a millisecond


def timed(clock: Clock, call: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """What ``call(*arguments)`` returns, and the milliseconds that it took by `clock`."""
    start = clock()
    result = call(*arguments)
    return result, (clock() - start) / NANOSECONDS


def measure_case(
    case: Case,
    clips: Clips,
    effort: Effort,
    *,
    predict: bool = True,
    clock: Clock = time.perf_counter_ns,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Measure one round of `case` in this process, which should have done nothing else before.

    Front end, model, the whole clip and a stream are timed in turns, so that what disturbs one disturbs all, and each
    finds the caches as the step before left them. Memory is read before the accuracy is computed.

    Args:
        case, clips: what, and on which audio.
        effort: of this round alone.
        predict: whether to predict all clips as well.
        clock, sleep: of the machine.

    Returns:
        Raw values in ms (load_ms holds the engine's import), "peak_rss_bytes", "engine", and with `predict` "labels",
        all that the model knows, "predicted", the label of each clip, and "scores", its probability.

    Raises:
        GenrekitError: as `load` and `front_end` raise; ParameterError where the clips do not fit the model.
    """
    features_of = front_end(case.front_end)
    classifier, load_ms = timed(clock, load, case.path, case.threads, case.engine)
    check_fit(classifier, clips)
    classify = classify_call(classifier, case.front_end)
    windows = timed_windows(clips)
    _, first_call_ms = timed(clock, classify, windows[0])
    push = _stream_step(classifier) if case.front_end == "genrekit" else None
    turn = functools.partial(_turn, clock, classifier, features_of, classify, push)
    measured = {
        "engine": classifier.engine.name,
        "load_ms": load_ms,
        "first_call_ms": first_call_ms,
        **_turns(turn, windows, effort),
        "paced_ms": _paced(push, windows, effort.paced_runs, clock, sleep) if push else [],
        "peak_rss_bytes": peak_memory_bytes(),
    }
    if predict:
        predicted, scores = predictions(classifier, clips, case.front_end)
        measured.update(labels=list(classifier.labels), predicted=predicted, scores=scores)
    return measured


def _turns(
    turn: Callable[[np.ndarray], dict[str, float]], windows: list[np.ndarray], effort: Effort
) -> dict[str, list[float]]:
    """Milliseconds of each step of the turns after warm-up: as many as `effort` asks for, and for as long."""
    for index in range(WARM_UP):
        turn(windows[index % len(windows)])
    turns: list[dict[str, float]] = []
    total_ms = 0.0
    while len(turns) < effort.runs or total_ms < 1000 * effort.seconds:
        turns.append(turn(windows[len(turns) % len(windows)]))
        total_ms += sum(turns[-1].values())
    return {name: [one[name] for one in turns] for name in turns[0]}


def _turn(
    clock: Clock, classifier: Classifier, features_of: FrontEnd, classify: Step, push: Step | None, window: np.ndarray
) -> dict[str, float]:
    """Milliseconds of the front end, the model, the whole clip, and a push of half a second into a stream."""
    features, front_end_ms = timed(clock, features_of, window, classifier.config)
    _, model_ms = timed(clock, classifier.predict, features[None])
    _, clip_ms = timed(clock, classify, window)
    times = {"front_end_ms": front_end_ms, "model_ms": model_ms, "clip_ms": clip_ms}
    if push:
        times["stream_ms"] = timed(clock, push, window)[1]
    return times


def _stream_step(classifier: Classifier) -> Step:
    """A call that pushes the first half second of a clip into a stream that has heard a window: one decision each."""
    stream = StreamClassifier(classifier, PACE_S)
    count = round(stream.stride_s * classifier.config.sample_rate)
    stream.push(np.zeros(classifier.config.window_samples, np.float32))
    return lambda window: stream.push(window[:count])


def _paced(push: Step, windows: list[np.ndarray], runs: int, clock: Clock, sleep: Sleep) -> list[float]:
    """Milliseconds of `runs` pushes, each after a rest in which the caches may go to others."""
    times = []
    for index in range(runs):
        sleep(PACE_S)
        times.append(timed(clock, push, windows[index % len(windows)])[1])
    return times


def timed_windows(clips: Clips) -> list[np.ndarray]:
    """At most TIMED_CLIPS clips from all over the set, in memory."""
    step = -(-len(clips.samples) // TIMED_CLIPS)
    return [np.array(window) for window in clips.samples[::step]]


def classify_once(case: Case, clips: Clips) -> dict[str, Any]:
    """Load the model and classify one clip: the work of a cold start."""
    classifier = load(case.path, case.threads, case.engine)
    classify_call(classifier, case.front_end)(clips.samples[0])
    return {"engine": classifier.engine.name}


def measure_front_end(
    name: str, config: MfccConfig, clips: Clips, effort: Effort, clock: Clock = time.perf_counter_ns
) -> dict[str, Any]:
    """Raw front_end_ms, the first_call_ms before them, and peak_rss_bytes of the front end `name` alone."""
    features_of, windows = front_end(name), timed_windows(clips)
    _, first_call_ms = timed(clock, features_of, windows[0], config)
    turns = _turns(lambda window: {"front_end_ms": timed(clock, features_of, window, config)[1]}, windows, effort)
    return {**turns, "first_call_ms": first_call_ms, "peak_rss_bytes": peak_memory_bytes()}


def measure_peak(clock: Clock = time.perf_counter_ns, seconds: float = PEAK_S) -> dict[str, Any]:
    """The most GMAC/s that this process reaches in a float32 matrix product, with as many threads as its BLAS takes."""
    return {"gmacs_per_s": max(_product_rate(size, clock, seconds) for size in PEAK_SIZES)}


def _product_rate(size: int, clock: Clock, seconds: float) -> float:
    """GMAC/s of the quickest product of two square matrices in about `seconds`."""
    generator = np.random.default_rng(0)
    first, second = (generator.random((size, size), np.float32) for _ in range(2))
    product = np.empty_like(first)
    best_ms, total_ms = float("inf"), 0.0
    while total_ms < 1000 * seconds:
        _, milliseconds = timed(clock, np.matmul, first, second, product)
        best_ms, total_ms = min(best_ms, milliseconds), total_ms + milliseconds
    return size**3 / best_ms / NANOSECONDS
