"""The reproduction as Markdown and as one self-contained HTML page with the curves of Figures 1 to 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .reproduction import Column, Reproduction
from .tables import tables

TEMPLATE = "paper.html.j2"
TITLE = "Classifying audio music genres using CNN and RNN, measured again"
CURVES = (("accuracy", "accuracy"), ("loss", "error"))  # column of the history, label of the axis


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
    if result.smoke:
        sentences.append("A smoke run of two or three epochs: it shows that the path works, and nothing else.")
    sentences.append(
        "Training figures are Keras' running ones of the last epoch, with dropout at work; errors are Keras' loss, "
        "with the L2 penalty where a model has one."
    )
    return sentences


def markdown(result: Reproduction) -> str:
    """All tables as Markdown."""
    head = f"# {TITLE}\n\n{corpus_line(result)}\n\n" + "".join(f"- {sentence}\n" for sentence in caveats(result))
    return head + "".join(f"\n## {table.title}\n\n{table.to_markdown()}" for table in tables(result))


def html(result: Reproduction) -> str:
    """All tables and the curves as a page that needs nothing but itself."""
    import markupsafe

    from ....bench.report.html import page_environment

    return (
        page_environment(__package__)
        .get_template(TEMPLATE)
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
