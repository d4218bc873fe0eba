"""Events: what sounds when in a recording, as somebody wrote it down."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Collection, Sequence
from pathlib import Path

from ...runtime.errors import CorpusError
from ..corpus.tables import file_rows

COLUMNS = ("start_s", "end_s", "label")
ROUNDED_S = 0.01  # by which an event may end behind the recording


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that sounds in a recording.

    Attributes:
        start_s, end_s: seconds from the recording's start, 0 <= start_s < end_s.
        label: a class name of the model.
        line: of the file that it stands in, from 1.
    """

    start_s: float
    end_s: float
    label: str
    line: int

    def __str__(self) -> str:
        return f"{self.label}, {self.start_s:g} to {self.end_s:g} s"


def read_events(path: Path, labels: Sequence[str], background: Collection[str] = ()) -> tuple[Event, ...]:
    """The events in a CSV file with a header ``start_s,end_s,label``, by their start.

    Args:
        path: the file; without a row it says that nothing sounds.
        labels: of the model.
        background: labels that are no detection, and therefore of no event.

    Raises:
        CorpusError: the file cannot be read, times are no numbers or in the wrong order, a label is not the model's,
            or two events overlap; with the file and the line.
    """
    detected = [label for label in labels if label not in background]
    events = sorted(
        (_event(f"{path}, line {line}", line, row, detected) for line, row in file_rows(path, COLUMNS)),
        key=lambda event: event.start_s,
    )
    for one, other in itertools.pairwise(events):
        if other.start_s < one.end_s:
            first, last = sorted((one, other), key=lambda event: event.line)
            raise CorpusError(
                f"{path}, line {last.line}: expected events that do not overlap, received {last} beside line "
                f"{first.line}: {first}; a model answers with one label at a time, so keep one of them"
            )
    return tuple(events)


def _event(where: str, line: int, row: dict[str, str], detected: Sequence[str]) -> Event:
    start_s, end_s = (_seconds(where, name, row[name]) for name in ("start_s", "end_s"))
    if start_s >= end_s:
        raise CorpusError(f"{where}: start_s={start_s:g}, end_s={end_s:g}: expected an event that ends after its start")
    if row["label"] not in detected:
        raise CorpusError(
            f"{where}: label={row['label']}: expected one that the model detects ({', '.join(detected)}); correct it, "
            "or leave the event out"
        )
    return Event(start_s, end_s, row["label"], line)


def _seconds(where: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise CorpusError(f"{where}: {name}={text}: expected seconds from the recording's start, such as 12.5")
    return value


def require_within(events: Sequence[Event], path: Path, seconds: float) -> None:
    """Raise CorpusError where one of the `events` in the file `path` lies beyond a recording of so many `seconds`."""
    for event in events:
        if event.end_s > seconds + ROUNDED_S:
            raise CorpusError(
                f"{path}, line {event.line}: end_s={event.end_s:g}: expected events within the recording, which has "
                f"{seconds:.3f} s; correct it, or name the recording that the events are of"
            )
