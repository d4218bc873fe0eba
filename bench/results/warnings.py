"""What speaks against figures: pure functions of the results, each a warning with the numbers and a remedy."""

from __future__ import annotations

from collections.abc import Iterator

from .ratios import ratio_of
from .schema import TIMES, Bench, Row
from .values import SLOWER, BenchWarning, TimeSummary

FEW_CALLS = 100
SHORT_S = 1.0  # that timed calls should last together
FEW_ROUNDS = 3
OTHER_LOAD_CORES = 0.2
FUNCTIONAL_ENGINES = ("micro",)  # whose times on a desk mean nothing
WIDE_SPREAD = 0.10  # interquartile range over median
SLOW_FIRST_CALL = 10.0  # first call over median
LOW_AGREEMENT = 0.95
QUANTISED = ("dynamic", "int8")


def findings(row: Row, bench: Bench) -> tuple[BenchWarning, ...]:
    """All warnings of one row, in the light of the whole bench; none of a row without times."""
    if row.main_ms is None:
        return ()
    of_times = [found for check in CHECKS_OF_TIMES for found in check(row, row.main_ms)]
    return (*of_times, *(found for check in CHECKS for found in check(row, bench)))


def _few_calls(row: Row, times: TimeSummary) -> Iterator[BenchWarning]:
    seconds = sum(sum(timed.raw) for kind in TIMES if (timed := row.times(kind))) / 1000
    if times.n < FEW_CALLS:
        yield BenchWarning(
            "few-calls", f"{times.n} timed calls; p90 and p99 need at least {FEW_CALLS}: use --calls {FEW_CALLS}"
        )
    elif seconds < SHORT_S:
        yield BenchWarning(
            "few-calls",
            f"the timed calls last {seconds:.2f} s together, which a moment's disturbance fills: use --seconds "
            f"{SHORT_S:g}",
        )


def _few_rounds(row: Row, times: TimeSummary) -> Iterator[BenchWarning]:
    if (rounds := len(times.round_p50)) < FEW_ROUNDS:
        yield BenchWarning(
            "few-rounds",
            f"measured in {rounds} process{'es' if rounds > 1 else ''}; one differs from the next, and intervals need "
            f"at least {FEW_ROUNDS}: use --rounds {FEW_ROUNDS}",
        )


def _spread(row: Row, times: TimeSummary) -> Iterator[BenchWarning]:
    spread = times.iqr / times.p50
    if spread > WIDE_SPREAD:
        yield BenchWarning(
            "spread",
            f"the middle half of the calls spreads over {spread:.0%} of the median (at most {WIDE_SPREAD:.0%} is "
            "steady): close other programs and measure again with more --calls",
        )


def _rounds_differ(row: Row, times: TimeSummary) -> Iterator[BenchWarning]:
    low, high = min(times.round_p50), max(times.round_p50)
    if high / low > 1 + WIDE_SPREAD:
        yield BenchWarning(
            "rounds-differ",
            f"the medians of the rounds go from {low:.3g} to {high:.3g} ms: the machine or its load "
            "changed meanwhile; trust ratios of one bench more than times, and measure again with more --rounds",
        )


def _first_call(row: Row, times: TimeSummary) -> Iterator[BenchWarning]:
    if row.first_call_ms is not None and row.first_call_ms / times.p50 > SLOW_FIRST_CALL:
        yield BenchWarning(
            "first-call",
            f"the first call took {row.first_call_ms:.1f} ms, {row.first_call_ms / times.p50:.0f} times the median: "
            "classify one silent clip at start-up, before audio comes in",
        )


CHECKS_OF_TIMES = (_few_calls, _few_rounds, _spread, _rounds_differ, _first_call)


def _other_load(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    load = row.other_load_cores
    if load is not None and load > OTHER_LOAD_CORES:
        yield BenchWarning(
            "other-load",
            f"other programs kept {load:.1f} of {bench.machine.cores} cores busy meanwhile (at most "
            f"{OTHER_LOAD_CORES} is quiet): close them and measure again",
        )


def _throttling(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if seen := bench.machine.throttling:
        yield BenchWarning(
            "throttling",
            f"the machine slowed itself down ({', '.join(seen)}): give it a stronger power supply or better cooling, "
            "let it rest, and measure again",
        )


def _functional_engine(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if row.engine in FUNCTIONAL_ENGINES:
        yield BenchWarning(
            "functional-engine",
            "tflite-micro's reference kernels on a desk: labels and accuracy hold for a microcontroller, times do not; "
            "measure those on the board",
        )


def _cold_start(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if row.cold_start_error:
        yield BenchWarning("cold-start", f"the cold start was not measured: {row.cold_start_error}")


def _governor(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    governor = bench.machine.governor
    if governor not in (None, "performance"):
        yield BenchWarning(
            "governor",
            f"the frequency governor is {governor}, so the clock rate changes while measuring: "
            "run `sudo cpupower frequency-set -g performance` first",
        )


def _demo_corpus(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if row.accuracy is not None and (bench.clips.demo or row.trained_on_demo):
        yield BenchWarning(
            "demo-corpus",
            "the demo corpus is synthetic: accuracy and agreement on it say nothing about music; train and bench with "
            "--data on a corpus of real tracks",
        )


def _tracks_in_training(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if row.accuracy is not None and bench.clips.tracks_in_training:
        yield BenchWarning(
            "tracks-in-training",
            f"clips of these tracks were used in training (split: {bench.clips.split}), so the accuracy is "
            "flattered: train and bench with --split track",
        )


def _no_reference(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if row.accuracy is None or row.agreement is not None:
        return
    if row.reference_error:
        yield BenchWarning("no-reference", f"no agreement with Keras: {row.reference_error}")
    else:
        yield BenchWarning(
            "no-reference",
            f"no agreement with Keras: no model.keras of {row.model} was given; keep the run folder of "
            "`genrekit train` beside the models",
        )


def _too_few_windows(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    for reason in row.parity_reasons:
        yield BenchWarning("too-few-windows", f"agreement marked ? is not proven: as it was exported, {reason}")


def _low_agreement(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    if row.agreement is not None and row.agreement < LOW_AGREEMENT:
        count = bench.clips.count
        different = round((1 - row.agreement) * count)
        yield BenchWarning(
            "low-agreement",
            f"{different} of {count} clips get another label than from Keras ({row.agreement:.1%} agree): ship "
            "float16, or calibrate on more of the training audio",
        )


def _quantised_slower(row: Row, bench: Bench) -> Iterator[BenchWarning]:
    floating = _float_twin(row, bench) if row.precision in QUANTISED else None
    if floating is None or floating.model_ms is None or row.model_ms is None:
        return
    ratio = ratio_of(row.model_ms, floating.model_ms, paired=True)
    if ratio.verdict == SLOWER:
        yield BenchWarning(
            "quantised-slower",
            f"{row.precision} takes {ratio.ratio:.2f} times as long as {floating.file} on this machine "
            f"({row.model_ms.p50:.3f} against {floating.model_ms.p50:.3f} ms; 95 % interval of the ratio "
            f"{ratio.low:.2f} to {ratio.high:.2f}): measure on the device, and ship the float file where memory "
            "allows",
        )


def _float_twin(row: Row, bench: Bench) -> Row | None:
    """The float32 row of the same model, format, engine and threads."""
    kind = (row.model, row.format, row.engine, row.threads)
    for other in bench.results:
        same = (other.model, other.format, other.engine, other.threads) == kind
        if same and other.precision == "float32" and other.model_ms:
            return other
    return None


CHECKS = (
    _quantised_slower,
    _low_agreement,
    _too_few_windows,
    _no_reference,
    _cold_start,
    _other_load,
    _governor,
    _throttling,
    _functional_engine,
    _tracks_in_training,
    _demo_corpus,
)
