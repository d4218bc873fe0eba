"""The reproduction as Markdown and as one self-contained HTML page with the curves of Figures 1 to 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....bench.report.columns import milliseconds_a_clip
from ....bench.report.table import Table
from ....runtime.util.foreign_text import markdown_text
from ...corpus.front_ends import in_words
from ...splits.leakage import LEAK, duplicate_caveat
from .published import TRAINING
from .reproduction import Column, Reproduction, SplitResult, Spread

TITLE = "Classifying audio music genres using CNN and RNN, measured again"
CURVES = (("accuracy", "accuracy"), ("loss", "error"))  # column of the history, label of the axis
ROWS = (
    ("training accuracy", "training_accuracy", "training_accuracy"),
    ("testing accuracy, validation part", "testing_accuracy", "validation_accuracy"),
    ("testing accuracy, test part", "testing_accuracy", "test_accuracy"),
    ("training error", "training_error", "training_error"),
    ("testing error, validation part", "testing_error", "validation_error"),
    ("testing error, test part", "testing_error", "test_error"),
)
TITLES = {
    (1, 2, 3): "Tables 1 to 3: the CNN after 30 and after 50 epochs",
    (4,): "Table 4: the LSTM",
    (5,): "Table 5: the four models",
}


def corpus_line(result: Reproduction) -> str:
    """Which corpus it was, in one sentence."""
    corpus = result.corpus
    kind = "the demo corpus (synthetic, not music)" if corpus.demo else f"the corpus {corpus.name}"
    unusable = f", {len(corpus.unusable)} of them unusable" if corpus.unusable else ""
    seeds = "1 seed" if result.seeds == 1 else f"{result.seeds} seeds"
    return (
        f"Measured on {kind}: {corpus.tracks} tracks{unusable}, {result.segments} segments in "
        f"{len(result.classes)} classes, fingerprint {corpus.fingerprint[:12]}; {seeds}. "
        "Ours are means ± standard deviations over the seeds."
    )


def caveats(result: Reproduction) -> list[str]:
    """What must be known of the figures before anybody reads them."""
    sentences = ["The printed figures are of the whole GTZAN; ours compare with them as far as the corpus is that one."]
    if result.corpus.demo:
        sentences.append("The demo corpus is composed by rule: accuracies on it say nothing about music.")
    if result.front_end:
        sentences.append(f"The features are not the paper's: {in_words(result.front_end)}.")
    if result.smoke:
        sentences.append("A smoke run of two or three epochs: it shows that the path works, and nothing else.")
    sentences.append(
        "Training figures are Keras' running ones of the last epoch, with dropout at work; errors are Keras' loss, "
        "with the L2 penalty where a model has one."
    )
    return sentences


def markdown(result: Reproduction) -> str:
    """All tables as Markdown."""
    head = f"# {TITLE}\n\n{markdown_text(corpus_line(result))}\n\n" + "".join(
        f"- {markdown_text(sentence)}\n" for sentence in caveats(result)
    )
    return head + "".join(f"\n## {markdown_text(table.title)}\n\n{table.to_markdown()}" for table in tables(result))


def html(result: Reproduction) -> str:
    """All tables and the curves as a page that needs nothing but itself."""
    import markupsafe

    from ....bench.report.html import page_environment

    return (
        page_environment(__package__)
        .get_template("paper.html.j2")
        .render(
            title=TITLE,
            corpus=corpus_line(result),
            caveats=caveats(result),
            tables=tables(result),
            pictures=[(picture, markupsafe.Markup(picture.svg)) for picture in _curves(result.columns)],
        )
    )


def _curves(columns: Sequence[Column]) -> list[Any]:
    """Figures 1 to 3: accuracy and error of training and validation over the epochs, of the first seed."""
    from ....bench.report.plots.drawing import COLOURS, INK, Picture, new_figure, svg

    pictures = []
    for column in (column for column in columns if column.published.figure):
        epochs = [row.epoch for row in column.curves]
        for name, label in CURVES:
            figure, axes = new_figure(2.6)
            for prefix, part, colour in (("", "training", COLOURS[0]), ("val_", "validation", COLOURS[1])):
                axes.plot(epochs, [getattr(row, prefix + name) for row in column.curves], color=colour, label=part)
            axes.set_xlabel("epoch")
            axes.set_ylabel(label)
            axes.legend(frameon=False, labelcolor=INK, fontsize=8)
            title = f"Figure {column.published.figure}: {column.published.title}, {label} over {column.epochs} epochs"
            caption = "Seed 0; the training curve is Keras' running figure of each epoch, with dropout at work."
            pictures.append(Picture(title, svg(figure, f"{column.published.name}-{name}"), caption))
    return pictures


def tables(result: Reproduction) -> list[Table]:
    """The tables in the paper's order, then ours."""
    printed = [_printed_table(result.columns, numbers, title) for numbers, title in TITLES.items()]
    return [*printed, _times(result.columns), _splits(result.splits)]


def _printed_table(columns: Sequence[Column], numbers: tuple[int, ...], title: str) -> Table:
    chosen = [column for column in columns if set(numbers) <= set(column.published.tables)]
    rows = [_row(column, *row) for column in chosen for row in ROWS]
    note = f"Split by segment at random, as in the paper: {LEAK}."
    return Table(title, ["", "printed", "ours", "difference"], rows, note=note)


def _row(column: Column, name: str, theirs: str, ours: str) -> list[str]:
    printed, found = getattr(column.published, theirs), column.ours[ours]
    return [f"{_title(column)}: {name}", f"{printed:.4f}", with_std(found), f"{found.mean - printed:+.4f}"]


def _title(column: Column) -> str:
    published = column.published
    ours = "" if column.epochs == published.epochs else f" (ours {column.epochs})"
    return f"{published.title}, {published.epochs} epochs{ours}"


def _times(columns: Sequence[Column]) -> Table:
    """Seconds an epoch, and milliseconds a segment, which do not depend on the size of the corpus."""
    rows = []
    for column in columns:
        ours_ms = milliseconds_a_clip(column.seconds_per_epoch, column.training_segments)
        ours = [f"{column.seconds_per_epoch:.2f}", str(column.training_segments), f"{ours_ms:.3f}"]
        rows.append([_title(column), *ours, *_printed_times(column.published.seconds_per_epoch, ours_ms)])
    headings = [
        "",
        "s an epoch",
        "segments",
        "ms a segment",
        f"{TRAINING.machine}: s an epoch",
        "ms a segment",
        "ours / printed",
    ]
    return Table("Time of training", headings, rows, note=f"The paper's epochs go over {TRAINING.segments} segments.")


def _printed_times(seconds: float | None, ours_ms: float | None) -> list[str]:
    printed_ms = milliseconds_a_clip(seconds, TRAINING.segments)
    if seconds is None or printed_ms is None or ours_ms is None:
        return ["–", "–", "–"]
    return [f"{seconds:g}", f"{printed_ms:.3f}", f"{ours_ms / printed_ms:.2f}"]


def _splits(results: Sequence[SplitResult]) -> Table:
    """A row for each split and model; what the corpus cannot be divided by stands in the note."""
    headings = ["split and model", "training", "validation", "test", "test by track", "test segments", "tracks"]
    rows = []
    for result in results:
        leaks = " (leaks)" if result.leaks else ""
        for model, scores in result.models.items():
            spreads = (scores.train, scores.validation, scores.test, scores.test_tracks)
            counts = [str(scores.test_segments), str(scores.tracks)]
            rows.append([f"{result.split}{leaks}: {model}", *map(with_std, spreads), *counts])
    duplicates = [f" {each.split}: {duplicate_caveat(pair)}." for each in results for pair in each.duplicates_apart]
    refused = [f" Not possible: {result.refused}." for result in results if result.refused]
    return Table(
        "Accuracy of the paper's recipe under each split",
        headings,
        rows,
        note=f"(leaks): {LEAK}.{''.join(duplicates + refused)}",
    )


def with_std(found: Spread) -> str:
    """A mean with the standard deviation over seeds, where there are several."""
    return f"{found.mean:.4f}" if found.std is None else f"{found.mean:.4f} ± {found.std:.4f}"
