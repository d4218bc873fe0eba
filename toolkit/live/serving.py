"""The page of a device's stream, and what feeds it."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np

from ...runtime import ModelDescription
from ...runtime.prediction import level_dbfs
from ...runtime.util.foreign_text import printable, printable_json
from .columns import Columns, ColumnStream
from .hub import DECISION, END, SOUND, Event, Hub
from .page import SHARED, Policy, html_page, page_data

SCRIPTS = (*SHARED, "serve.js")
POLICY = Policy(connections="'self'")
MOST_BANDS = 64  # of the picture, which goes over a network
SOUND_S = 0.25  # seconds of sound that are sent at once, at least


def serving_page(description: ModelDescription, source: str) -> tuple[str, str]:
    """The page that shows the stream of `source`, and its Content-Security-Policy."""
    columns = Columns.of(description.front_end, MOST_BANDS)
    data = page_data(description, columns) | {"source": printable(source)}
    title = f"{description.model}, {description.precision}"
    return html_page(title, data, SCRIPTS, POLICY)


class Feed:
    """Publishes a stream's lines and its sound. Of the stream's thread."""

    def __init__(self, hub: Hub, description: ModelDescription) -> None:
        self._hub, self._config = hub, description.front_end
        self._columns = ColumnStream(self._config, Columns.of(self._config, MOST_BANDS))
        self._blocks: list[np.ndarray] = []
        self.time_s = 0.0

    def line(self, line: dict[str, Any], time_s: float) -> None:
        """A decision or warning, as `genrekit stream --json` prints it."""
        self._hub.publish(Event(DECISION, printable_json(line), time_s))

    def sound(self, time_s: float, samples: np.ndarray) -> None:
        """The samples that began at `time_s`."""
        self.time_s = time_s + len(samples) / self._config.sample_rate
        self._blocks.append(samples)
        if sum(map(len, self._blocks)) < SOUND_S * self._config.sample_rate:
            return
        block = np.concatenate(self._blocks)
        self._blocks.clear()
        level = level_dbfs(block)
        event = {
            "end_s": round(self.time_s, 3),
            "level_dbfs": round(level, 1) if math.isfinite(level) else None,
            "columns": base64.b64encode(self._columns.push(block).tobytes()).decode(),
        }
        self._hub.publish(Event(SOUND, json.dumps(event), self.time_s))

    def end(self, sentence: str) -> None:
        """Nothing comes any more, for the reason that `sentence` says."""
        self._hub.publish(Event(END, json.dumps(printable(sentence)), self.time_s))
