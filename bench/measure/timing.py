"""Measuring in this process: the only place that touches a clock. `rounds` has it done in fresh processes."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from ...runtime import Classifier, MfccConfig, StreamClassifier, load, read_description
from ...runtime.engines import PROGRAM
from ...runtime.errors import ParameterError
from . import c_program
from .clips import Clips, Samples
from .machine import peak_memory_bytes
from .plan import Case, Effort, RawRound
from .predictions import Predicted, check_fit, classify_call, front_end, predictions

Clock = Callable[[], int]  # nanoseconds
Sleep = Callable[[float], None]  # seconds
Step = Callable[[Samples], object]  # something to do with one clip's samples
Turn = Callable[[Samples], dict[str, float]]  # all steps with one clip's samples, and the milliseconds of each
Window = TypeVar("Window")  # one clip's samples, in floats or whole numbers
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WARM_UP = 10  # turns before the timed ones
TIMED_CLIPS = 16  # distinct clips that the timed calls go round
PACE_S = 0.5  # from one paced push to the next
PEAK_SIZES = (128, 256, 512)  # rows of the square matrices whose product is the machine's peak
PEAK_S = 0.1  # for each of them
NANOSECONDS = 1e6  # in a millisecond


def timed(
    clock: Clock, call: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> tuple[Result, float]:
    """What ``call(*arguments)`` returns, and the milliseconds that it took by `clock`."""
    start = clock()
    result = call(*arguments, **options)
    return result, (clock() - start) / NANOSECONDS


def measure_case(
    case: Case,
    clips: Clips,
    effort: Effort,
    *,
    predict: bool = True,
    clock: Clock = time.perf_counter_ns,
    sleep: Sleep = time.sleep,
) -> RawRound:
    """Measure one round of `case` in this process, which should have done nothing else before.

    Front end, model, the whole clip and a stream are timed in turns, so that what disturbs one disturbs all, and each
    finds the caches as the step before left them. Memory is read before the accuracy is computed.

    Args:
        case, clips, effort: what, on which audio, and how long in this round.
        predict: whether to predict all clips as well.
        clock, sleep: of the machine.

    Raises:
        GenrekitError: as `load` and `front_end` raise; ParameterError where the clips do not fit the model.
    """
    classifier, load_ms = timed(clock, load, case.path, case.threads, case.engine)
    check_fit(classifier.description, clips)
    classify = classify_call(classifier, case.front_end)
    windows = timed_windows(clips)
    _, first_call_ms = timed(clock, classify, windows[0])
    push = _stream_step(classifier) if case.front_end == "genrekit" else None
    times = _turns(_turn(clock, classifier, case.front_end, classify, push), windows, effort)
    times.setdefault("model_ms", times["clip_ms"])  # of a file that takes sound
    if push and effort.paced_calls:
        times["paced_ms"] = _paced(push, windows, effort.paced_calls, clock, sleep)
    once = {"load_ms": load_ms, "first_call_ms": first_call_ms, **_peak_memory()}
    predicted = predictions(classifier, clips, case.front_end) if predict else Predicted()
    return RawRound(
        times=times,
        once=once,
        engine=classifier.engine.name,
        labels=tuple(classifier.labels) if predict else (),
        predicted=predicted.labels,
        scores=predicted.scores,
        unknown=predicted.unknown,
    )


def measure_program(
    case: Case,
    clips: Clips,
    effort: Effort,
    *,
    predict: bool = True,
    clock: Clock = time.perf_counter_ns,
    sleep: Sleep = time.sleep,
) -> RawRound:
    """Measure one round of `case.program`: arguments as of `measure_case`.

    A clip is timed by the program itself. Half a second of a stream is timed from outside, from the samples that are
    written to its standard input to the line that it writes; its memory is read behind the last.

    Raises:
        GenrekitError: the folder is damaged, or the program fails; ParameterError where the clips do not fit the model,
            or the case asks for what no program has.
    """
    if case.program is None or (case.threads, case.front_end) != (1, "genrekit"):
        raise ParameterError(
            f"threads={case.threads}, front_end={case.front_end}: expected 1 and genrekit of a folder of C, and its "
            "program; measure it by itself"
        )
    description, program = read_description(case.path), case.program
    check_fit(description, clips)
    windows = [c_program.int16(window) for window in timed_windows(clips)]
    estimate = c_program.clip_times(program, windows, WARM_UP)
    calls = max(effort.calls, math.ceil(1000 * effort.seconds / statistics.median(estimate)))
    first_call_ms, *clip_ms = c_program.clip_times(program, windows, WARM_UP + calls)
    times = {"clip_ms": tuple(clip_ms[WARM_UP - 1 :])}
    once: dict[str, int | float] = {"first_call_ms": first_call_ms}
    with c_program.stream(program, description.front_end, PACE_S) as (process, push):
        rounds = _turns(lambda window: {"stream_ms": timed(clock, push, window)[1]}, windows, effort)
        if effort.paced_calls:
            rounds["paced_ms"] = _paced(push, windows, effort.paced_calls, clock, sleep)
        once |= _peak_memory(process)
    if flash := c_program.flash_bytes(program):
        once["bytes"] = flash
    predicted = c_program.predictions(program, description, clips) if predict else Predicted()
    return RawRound(
        times=times | rounds,
        once=once,
        engine=PROGRAM.name,
        labels=description.labels if predict else (),
        predicted=predicted.labels,
        scores=predicted.scores,
        unknown=predicted.unknown,
    )


def _paced(
    push: Callable[[Window], object], windows: list[Window], calls: int, clock: Clock, sleep: Sleep
) -> tuple[float, ...]:
    """Milliseconds of so many pushes into a stream, with rests in which the caches may go to others."""
    paced = []
    for index in range(calls):
        sleep(PACE_S)
        paced.append(timed(clock, push, windows[index % len(windows)])[1])
    return tuple(paced)


def _turns(
    turn: Callable[[Window], dict[str, float]], windows: list[Window], effort: Effort
) -> dict[str, tuple[float, ...]]:
    """Milliseconds of each step of the turns after warm-up: as many as `effort` asks for, and for as long."""
    for index in range(WARM_UP):
        turn(windows[index % len(windows)])
    turns: list[dict[str, float]] = []
    total_ms = 0.0
    while len(turns) < effort.calls or total_ms < 1000 * effort.seconds:
        turns.append(turn(windows[len(turns) % len(windows)]))
        total_ms += sum(turns[-1].values())
    return {name: tuple(one[name] for one in turns) for name in turns[0]}


def _turn(clock: Clock, classifier: Classifier, front_end_name: str, classify: Step, push: Step | None) -> Turn:
    """What times the front end, the model, the whole clip, and a push of half a second into a stream.

    Of a file that takes sound, the first two are not apart from the third.
    """
    features_of = front_end(front_end_name)

    def turn(window: Samples) -> dict[str, float]:
        times = {}
        if not classifier.description.takes_audio:
            features, times["front_end_ms"] = timed(clock, features_of, window, classifier.config)
            _, times["model_ms"] = timed(clock, classifier.predict, features[None])
        _, times["clip_ms"] = timed(clock, classify, window)
        if push:
            times["stream_ms"] = timed(clock, push, window)[1]
        return times

    return turn


def _stream_step(classifier: Classifier) -> Step:
    """A call that pushes the first half second of a clip into a stream that has read a window: one decision each."""
    stream = StreamClassifier(classifier, PACE_S)
    count = round(stream.stride_s * classifier.config.sample_rate)
    stream.push(np.zeros(classifier.config.window_samples, np.float32))
    return lambda window: stream.push(window[:count])


def timed_windows(clips: Clips) -> list[Samples]:
    """At most TIMED_CLIPS clips from all over the set, in memory."""
    step = math.ceil(len(clips.samples) / TIMED_CLIPS)
    return [np.array(window) for window in clips.samples[::step]]


def classify_once(case: Case, clips: Clips) -> None:
    """Load the model and classify one clip: the work of a cold start."""
    classifier = load(case.path, case.threads, case.engine)
    classify_call(classifier, case.front_end)(clips.samples[0])


def measure_front_end(
    name: str, config: MfccConfig, clips: Clips, effort: Effort, clock: Clock = time.perf_counter_ns
) -> RawRound:
    """One round of the front end `name` alone."""
    features_of = front_end(name)
    windows = timed_windows(clips)
    _, first_call_ms = timed(clock, features_of, windows[0], config)
    times = _turns(lambda window: {"front_end_ms": timed(clock, features_of, window, config)[1]}, windows, effort)
    return RawRound(times, {"first_call_ms": first_call_ms, **_peak_memory()})


def _peak_memory(process: int | None = None) -> dict[str, int]:
    peak = peak_memory_bytes(process)
    return {} if peak is None else {"peak_rss_bytes": peak}


def measure_peak(clock: Clock = time.perf_counter_ns, seconds: float = PEAK_S) -> float:
    """The most GMAC/s that this process reaches in a float32 matrix product, with as many threads as its BLAS takes."""
    generator = np.random.default_rng(0)
    best = 0.0
    for size in PEAK_SIZES:
        first, second = generator.random((2, size, size), np.float32)
        product = np.empty_like(first)
        total_ms = 0.0
        while total_ms < 1000 * seconds:
            _, milliseconds = timed(clock, np.matmul, first, second, product)
            best = max(best, size**3 / milliseconds / NANOSECONDS)
            total_ms += milliseconds
    return best
