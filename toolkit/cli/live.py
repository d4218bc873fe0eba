"""The live view of a stream on a terminal: a bar per label, the time and the load."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from ...runtime import Prediction
from ...runtime.postprocess import LabelDurations

BAR_WIDTH = 40
REFRESHES = 8  # a second


@contextlib.contextmanager
def live_view(totals: LabelDurations) -> Iterator[Callable[[Prediction], None]]:
    """What shows the latest prediction while the block runs; lines that are printed meanwhile scroll above it."""
    started, busy_before = time.monotonic(), time.process_time()
    with Live(console=Console(), refresh_per_second=REFRESHES, transient=True) as live:

        def show(prediction: Prediction) -> None:
            elapsed, busy = time.monotonic() - started, time.process_time() - busy_before
            live.update(view(prediction, totals, elapsed, busy))

        yield show


def view(prediction: Prediction, totals: LabelDurations, elapsed_s: float, busy_s: float) -> Table:
    """The picture of one moment: since the view was opened, `elapsed_s` passed and `busy_s` of a core were used."""
    load = busy_s / max(elapsed_s, 1e-9)
    fractions = {label: fraction for label, _, fraction in totals.fractions()}
    table = Table(
        "label",
        "now",
        "",
        "so far",
        title=f"{prediction.time_s:.1f} s of audio, {elapsed_s:.1f} s elapsed, load {load:.0%}",
    )
    for label, score in prediction.scores.items():
        style = "bold" if label == prediction.label else ""
        bar = ProgressBar(total=1.0, completed=score, width=BAR_WIDTH)
        table.add_row(label, f"{score:.2f}", bar, f"{fractions.get(label, 0.0):.0%}", style=style)
    return table
