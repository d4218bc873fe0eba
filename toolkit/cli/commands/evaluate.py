"""genrekit evaluate."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....runtime.errors import ParameterError
from ....runtime.prediction import SILENCE_DBFS
from ..options import (
    AnyAnswer,
    CacheFolder,
    DataOrStream,
    Jobs,
    Json,
    MinScore,
    ModelFile,
    NoCache,
    SilenceDbfs,
    Smooth,
    SplitOfModel,
    Stride,
    refuse_unused,
)
from ..terminal import note, note_origin, print_json, print_table, say

if TYPE_CHECKING:
    from ...corpus.feature_cache import FeatureCache
    from ...evaluation.scores import Evaluation

OF_CORPUS = ("data", "split", "seed", "as_heard", "jobs", "cache", "no_cache")
OF_STREAM = (
    "events", "tolerance", "background", "stride", "smooth", "min_score", "any_answer", "silence_dbfs", "sweep",
    "picture", "false_alarms_per_hour",
)  # fmt: skip
OF_SWEEP = ("picture", "false_alarms_per_hour")


def evaluate(
    context: typer.Context,
    model: ModelFile,
    data: DataOrStream = None,
    split: SplitOfModel = None,
    seed: Annotated[int | None, typer.Option(help="Set the split. Without it, the seed of the training.")] = None,
    as_heard: Annotated[
        bool, typer.Option("--as-heard", help="Measure on the corpus as it is heard in rooms that no training knows.")
    ] = False,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    stream: Annotated[
        Path | None,
        typer.Option("--stream", metavar="AUDIO", help="A long recording, read as `genrekit stream` does."),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="What sounds when in it: a header start_s,end_s,label, a row an event."),
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Count a line as a hit until so long after an event, s.")] = 1.0,
    background: Annotated[
        list[str],
        typer.Option(metavar="LABEL", help="Take this label for no detection, like unknown. May be repeated."),
    ] = [],  # noqa: B006 (typer copies it)
    stride: Stride = 0.5,
    smooth: Smooth = 0.0,
    min_score: MinScore = 0.0,
    any_answer: AnyAnswer = False,
    silence_dbfs: SilenceDbfs = SILENCE_DBFS,
    sweep: Annotated[bool, typer.Option("--sweep", help="Show a table over thresholds (--min-score), too.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Draw the sweep: misses against false alarms an hour."),
    ] = None,
    false_alarms_per_hour: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Of the sweep, choose the threshold with the fewest misses at this rate."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a model of any format: on a corpus, its accuracy; in a long recording, its misses and false alarms.

    With --data: accuracy by part and by track, with the confusion matrix. --as-heard measures the same windows through
    small loudspeakers, rooms and microphones, with noise, as devices hear them: made by rule, the same for every model,
    and none that a training knows. A model that knows its files well may fail there; the option room of the recipe edge
    trains for it.

    With --stream and --events: how many events the lines of `genrekit stream` would hit and miss, after what delay, and
    how many false alarms an hour would stand between them. Alarms and wake words are judged by these, since an accuracy
    over windows says nothing of the hours in which nothing happens. --sweep shows the same over thresholds, --picture
    draws it, and --false-alarms-per-hour chooses the threshold to take.

    Example: genrekit evaluate models/cnn-int8.tflite --data gtzan/genres_original

    Example: genrekit evaluate models/cnn-int8.tflite --data gtzan/genres_original --as-heard

    Example: genrekit evaluate words.tflite --stream night.wav --events night.csv --sweep --false-alarms-per-hour 1
    """
    if stream is None:
        if data is None:
            given = "--stream AUDIO beside --events" if events else "--data DIR, or --stream AUDIO with --events CSV"
            raise ParameterError(f"expected {given}; name what the model is to be measured on")
        refuse_unused(context, OF_STREAM, f"a corpus ({data})")
        from ..steps import open_cache

        _on_corpus(context, model, data, split, seed, as_heard, jobs, open_cache(cache, no_cache), as_json)
        return
    refuse_unused(context, OF_CORPUS, f"a recording ({stream})")
    if events is None:
        raise ParameterError(f"expected --events CSV beside --stream; name the file that says what sounds in {stream}")
    if not sweep:
        refuse_unused(context, OF_SWEEP, "an evaluation at one threshold", "add --sweep")
    from ....runtime import load
    from ..recordings import Wished, measure_recording

    wished = Wished(tolerance, tuple(background), stride, smooth, min_score, sweep, picture, false_alarms_per_hour)
    wished.check()
    classifier = load(model, silence_dbfs=silence_dbfs, any_answer=any_answer)
    measure_recording(classifier, stream, events, wished, as_json)


def _on_corpus(
    context: typer.Context,
    model: Path,
    data: Path,
    split: str | None,
    seed: int | None,
    as_heard: bool,
    jobs: int,
    cache: FeatureCache | None,
    as_json: bool,
) -> None:
    from ....runtime import load
    from ...evaluation.scores import evaluate as measure
    from ...splits.assign import RANDOM, require_known, require_seed
    from ...splits.leakage import overlap_note, split_notes
    from ..steps import accuracies, read_segments, short, split_for

    require_known(split)
    require_seed(seed)
    classifier = load(model)
    used = split or classifier.description.split or "track"
    if used not in RANDOM:
        refuse_unused(context, ("seed",), f"the split {used}, which is a list of tracks,")
    segments = read_segments(data, jobs, classifier.config, as_heard=as_heard, cache=cache)
    subsets, chosen = split_for(classifier.description, segments, split, seed)
    note_origin(classifier.description)
    if sentence := overlap_note(classifier.description, segments, subsets):
        note(sentence)
    for sentence in split_notes(segments, subsets, chosen):
        note(sentence)
    result = measure(classifier, segments, subsets, chosen, as_heard=as_heard)
    if as_json:
        print_json({"file": str(model), **dataclasses.asdict(result)})
        return
    if result.corpus.demo:
        say("measured on the demo corpus")
    if as_heard:
        say("measured as heard in rooms, through small loudspeakers, with noise")
    say(f"{model}: {accuracies(result, chosen)}")
    if result.unknown is not None:
        say(
            f"of the test windows {result.unknown:.1%} are answered with unknown; accuracy of the others "
            f"{short(result.answered_accuracy)}"
        )
    _print_confusion(result)


def _print_confusion(result: Evaluation) -> None:
    from rich.table import Table

    from ...splits.leakage import caveat

    table = Table("true", *result.labels, title=f"chosen, of the test segments{caveat(result.split)}")
    for label, counts in zip(result.labels, result.confusion, strict=True):
        table.add_row(label, *map(str, counts))
    print_table(table)
