"""The live view of a stream on a terminal: a bar per label, the time and the load."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from ...runtime import Prediction
from ...runtime.postprocess import LabelDurations

BAR_WIDTH = 40
REFRESHES = 8  # a second


class LiveView:
    """Shows the latest prediction until it is left; lines that are printed meanwhile scroll above it."""

    def __init__(self, console: Console, totals: LabelDurations) -> None:
        self._totals = totals
        self._live = Live(console=console, refresh_per_second=REFRESHES, transient=True)
        self._started, self._busy_before = time.monotonic(), time.process_time()

    def __enter__(self) -> LiveView:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, prediction: Prediction) -> None:
        """Draw `prediction`."""
        elapsed, busy = time.monotonic() - self._started, time.process_time() - self._busy_before
        self._live.update(view(prediction, self._totals, elapsed, busy))


def view(prediction: Prediction, totals: LabelDurations, elapsed_s: float, busy_s: float) -> Table:
    """The picture of one moment.

    Args:
        prediction: the latest.
        totals: of all so far.
        elapsed_s: since the view was opened, seconds.
        busy_s: of them, how many this process kept a core busy.
    """
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
