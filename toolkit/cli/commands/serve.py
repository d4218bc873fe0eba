"""genrekit serve."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import socket
import sys
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ....runtime.prediction import SILENCE_DBFS
from ..live_source import LiveStream, Source, decision_line, refuse_unused_of, warning_line
from ..options import (
    AnyAnswer,
    Json,
    MinScore,
    ModelFile,
    OnChange,
    PcmChannels,
    PcmFormat,
    PcmRate,
    Realtime,
    SilenceDbfs,
    Smooth,
    Stride,
    Threads,
)
from ..terminal import ended_by_signals, note, note_origin, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ....runtime import Classifier, DecisionFilter, Smoother
    from ...live.serving import Feed

LOCAL = "127.0.0.1"
PORT = 8765


def serve(
    context: typer.Context,
    model: ModelFile,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="An audio file, mic, or - for raw PCM or WAV on standard input.")
    ] = "mic",
    host: Annotated[str, typer.Option(help="Listen on this address; 0.0.0.0: on all of this machine's.")] = LOCAL,
    port: Annotated[int, typer.Option(help="Listen on this port; 0 for any that is free.")] = PORT,
    as_json: Json = False,
    stride: Stride = 0.5,
    smooth: Smooth = 0.0,
    min_score: MinScore = 0.0,
    on_change: OnChange = False,
    rate: PcmRate = None,
    channels: PcmChannels = None,
    sample_format: PcmFormat = None,
    realtime: Realtime = False,
    any_answer: AnyAnswer = False,
    silence_dbfs: SilenceDbfs = SILENCE_DBFS,
    threads: Threads = 1,
) -> None:
    """Show a stream as a page in the browsers of this machine, or of a network.

    GET / is the page, /events each decision as a server-sent event, as genrekit stream --json prints it, /status where
    it stands. A source that ends leaves the page; Ctrl-C ends it all.

    Example: genrekit serve cnn-int8.tflite mic --host 0.0.0.0
    """
    refuse_unused_of(context, source)
    from ....runtime import DecisionFilter, Smoother, StreamClassifier, load
    from ...live.app import App
    from ...live.server import Server, bind, is_local, url
    from ...live.serving import Feed, serving_page

    selected = DecisionFilter(min_score, on_change)
    listening = bind(host, port)
    with contextlib.closing(listening), Server(listening) as server:
        loaded = load(model, threads, silence_dbfs=silence_dbfs, any_answer=any_answer)
        smoother, classifier = Smoother(smooth, loaded.answering), StreamClassifier(loaded, stride)
        opened = Source(source, rate, channels, sample_format, realtime)
        live, feed = LiveStream(opened, classifier), Feed(server.hub, loaded.description)
        note_origin(loaded.description)
        page, policy = serving_page(loaded.description, opened.title)

        def status() -> str:
            return json.dumps(_status(loaded, source, live, feed.time_s) | {"viewers": server.hub.viewers})

        server.start(App(page, policy, server.hub, status, is_local(listening)))
        note(f"{url(listening)} shows {opened.title}; Ctrl-C ends it")
        if not is_local(listening):
            reached = f"http://{socket.gethostname()}:{listening.getsockname()[1]}/"
            note(f"everybody on that network can listen, at {reached}; --host 127.0.0.1 keeps it to this machine")

        try:
            with ended_by_signals():
                for line, time_s in _lines(live, feed, smoother, selected):
                    feed.line(line, time_s)
                    if as_json:
                        print_json(line, indent=None)
                ended = f"{opened.title} has ended, after {feed.time_s:.1f} s"
                feed.end(f"{ended}. Start genrekit serve again for more.")
                note(f"{ended}; the page stays until Ctrl-C")
                threading.Event().wait()
        except (KeyboardInterrupt, BrokenPipeError):
            # The usual ends. Whoever read standard output may be gone.
            sys.stdout = None


def _lines(
    live: LiveStream, feed: Feed, smoother: Smoother, selected: DecisionFilter
) -> Iterator[tuple[dict[str, Any], float]]:
    """What `genrekit stream --json` prints, and the time in the stream of each."""
    with contextlib.closing(live.decisions(feed.sound)) as decisions:
        for raw in decisions:
            prediction = smoother(raw)
            if selected(prediction):
                yield decision_line(prediction), raw.time_s
            for warning in live.begun_warnings(raw):
                yield warning_line(warning, raw.time_s), raw.time_s
    for warning, has_begun in live.ended_warnings():
        if not has_begun:
            yield warning_line(warning, feed.time_s), feed.time_s
        note(f"{warning.kind}: {warning.text}")


def _status(loaded: Classifier, source: str, live: LiveStream, time_s: float) -> dict[str, Any]:
    return {
        "model": loaded.description.model,
        "precision": loaded.description.precision,
        "source": source,
        "time_s": round(time_s, 3),
        "dropped_s": round(live.dropped_s, 3),
        "load": round(live.busy_s / live.audio_s, 5) if live.audio_s else 0.0,
        "version": importlib.metadata.version("genrekit"),
    }
