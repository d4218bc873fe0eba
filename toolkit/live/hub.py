"""What viewers of a stream are sent: the last minute when they come, then each event; none of them is waited for."""

from __future__ import annotations

import asyncio
import collections
import dataclasses

KEPT_S = 60.0  # seconds of the stream that a late viewer is sent
MOST_WAITING = 240  # events, behind which a slow viewer misses the oldest
DECISION, SOUND, END = "message", "sound", "end"


@dataclasses.dataclass(frozen=True)
class Event:
    """Of a stream: its kind, its JSON on one line, and the time in the stream at which it came, in seconds."""

    kind: str
    text: str
    time_s: float

    def encoded(self) -> bytes:
        """As a server-sent event; decisions and warnings have the kind that needs no name."""
        name = "" if self.kind == DECISION else f"event: {self.kind}\n"
        return f"{name}data: {self.text}\n\n".encode()


class Viewer:
    """One who watches. Of the loop's thread."""

    def __init__(self, kinds: frozenset[str], events: list[Event]) -> None:
        self._kinds = kinds
        self._changed = asyncio.Event()
        self._waiting: collections.deque[Event] = collections.deque(maxlen=MOST_WAITING)
        self._first = b"".join(event.encoded() for event in events if event.kind in kinds)
        self._closed = False

    def put(self, event: Event) -> None:
        """Let it be sent; the oldest that waits is dropped where too many do."""
        if event.kind in self._kinds:
            self._waiting.append(event)
            self._changed.set()

    def close(self) -> None:
        """There is nothing more to send."""
        self._closed = True
        self._changed.set()

    async def next(self) -> bytes | None:
        """All that waits, as soon as there is something; None once it is closed."""
        if self._first:
            first, self._first = self._first, b""
            return first
        await self._changed.wait()
        self._changed.clear()
        if self._closed:
            return None
        events, self._waiting = self._waiting, collections.deque(maxlen=MOST_WAITING)
        return b"".join(event.encoded() for event in events)


class Hub:
    """Between a stream in its own thread and the viewers in that of `loop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._kept: collections.deque[Event] = collections.deque()
        self._viewers: set[Viewer] = set()

    @property
    def viewers(self) -> int:
        """How many there are."""
        return len(self._viewers)

    def publish(self, event: Event) -> None:
        """Send it to every viewer, and keep it for late ones. From any thread."""
        self._loop.call_soon_threadsafe(self._publish, event)

    def _publish(self, event: Event) -> None:
        self._kept.append(event)
        while self._kept[0].time_s < event.time_s - KEPT_S:
            self._kept.popleft()
        for viewer in self._viewers:
            viewer.put(event)

    def join(self, with_sound: bool) -> Viewer:
        """A new viewer, of the sound's picture too or of decisions and warnings alone. In the loop's thread."""
        viewer = Viewer(frozenset((DECISION, END, SOUND) if with_sound else (DECISION, END)), list(self._kept))
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """`viewer` has gone. In the loop's thread."""
        self._viewers.discard(viewer)

    def close(self) -> None:
        """Let all go. In the loop's thread."""
        for viewer in self._viewers:
            viewer.close()
