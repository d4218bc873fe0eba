"""A served stream: what viewers get, whoever they are and however slow."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import socket
import threading
import urllib.error
import urllib.request
from html.parser import HTMLParser

import numpy as np
import pytest

from genrekit.runtime import ModelDescription
from genrekit.toolkit.live.app import App
from genrekit.toolkit.live.columns import Columns, ColumnStream
from genrekit.toolkit.live.hub import KEPT_S, MOST_WAITING
from genrekit.toolkit.live.server import Server, bind, url
from genrekit.toolkit.live.serving import Feed, serving_page

from ...conftest import LABELS, TINY

pytest.importorskip("uvicorn", reason='no server: pip install "genrekit[live]"')
HOSTILE = "</script><script>alert(1)</script>"
DESCRIPTION = ModelDescription("cnn", (HOSTILE, *LABELS[1:]), front_end=TINY)
PATIENCE_S = 20


class Serving:
    """A server in this process, with a stream that a test feeds."""

    def __init__(self, listening, server):
        self.url, self.server, self.feed = url(listening), server, Feed(server.hub, DESCRIPTION)
        page, policy = serving_page(DESCRIPTION, f"{HOSTILE}.wav")
        server.start(App(page, policy, server.hub, lambda: json.dumps({"viewers": server.hub.viewers}), local=True))

    def get(self, path="", **headers):
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers=headers), timeout=PATIENCE_S
        ) as found:
            return found.headers, found.read().decode()

    def error(self, path="", method="GET", **headers):
        with pytest.raises(urllib.error.HTTPError) as found:
            urllib.request.urlopen(urllib.request.Request(self.url + path, method=method, headers=headers))
        found.value.close()
        return found.value.code

    @contextlib.contextmanager
    def watching(self, query=""):
        """Lines of /events, once it has begun."""
        with urllib.request.urlopen(f"{self.url}events{query}", timeout=PATIENCE_S) as stream:
            lines = (line.decode().rstrip("\n") for line in stream)
            assert next(lines).startswith("retry:")
            yield lines

    def decide(self, first, last=None):
        for number in range(first, (last or first) + 1):
            self.feed.line({"time_s": number, "label": "disco"}, float(number))


def times(lines, until):
    """The times of the decisions up to that at `until`."""
    found = []
    for line in lines:
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: "))["time_s"])
            if found[-1] == until:
                break
    return found


@pytest.fixture
def serving():
    with contextlib.closing(bind("127.0.0.1", 0)) as listening, Server(listening) as server:
        yield Serving(listening, server)


class Elements(HTMLParser):
    """The text of scripts and styles, and every attribute."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.attributes, self.inside = {"script": [], "style": []}, [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.attributes += attributes
        self.inside = tag if tag in self.texts else None
        if self.inside:
            self.texts[tag].append("")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside][-1] += data


def test_the_page_runs_its_own_script_and_nothing_else(serving):
    headers, page = serving.get()
    found = Elements(page)
    policy = headers["content-security-policy"]
    data, script = found.texts["script"]
    (style,) = found.texts["style"]
    for name, text in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert re.search(rf"{name}-src 'sha256-{re.escape(digest)}' *;", policy)
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert json.loads(data)["labels"][0] == HOSTILE
    assert json.loads(data)["source"] == f"{HOSTILE}.wav"
    assert not [value for name, value in found.attributes if name in ("src", "action") or name.startswith("on")]
    assert [value for name, value in found.attributes if name == "href"] == ["data:,"]


@pytest.mark.parametrize("path", ["", "status"])
def test_no_other_site_can_frame_or_read_it(serving, path):
    headers, _ = serving.get(path, Origin="http://elsewhere.example")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("path", "method", "headers", "code"),
    [
        ("", "POST", {}, 405),
        ("events", "DELETE", {}, 405),
        ("../pyproject.toml", "GET", {}, 404),
        ("", "GET", {"Host": "elsewhere.example"}, 421),
        ("events", "GET", {"Host": "127.0.0.1.elsewhere.example:80"}, 421),
    ],
)
def test_what_is_not_to_be_had(serving, path, method, headers, code):
    assert serving.error(path, method, **headers) == code


def test_all_viewers_get_every_decision(serving):
    with serving.watching() as one, serving.watching("?picture=1") as other:
        serving.decide(1, 3)
        assert times(one, 3) == times(other, 3) == [1, 2, 3]


def test_a_late_viewer_sees_the_last_minute(serving):
    serving.decide(1, 100)
    with serving.watching() as lines:
        assert times(lines, 100) == list(range(100 - int(KEPT_S), 101))
        serving.decide(101)
        assert times(lines, 101) == [101]


def test_sound_comes_to_those_who_ask_for_its_picture(serving):
    tone = np.sin(np.arange(4000) * 0.3).astype(np.float32) / 2
    with serving.watching() as without, serving.watching("?picture=1") as lines:
        serving.feed.sound(0.0, tone)
        serving.decide(1)
        assert next(lines) == ""
        assert next(lines) == "event: sound"
        sound = json.loads(next(lines).removeprefix("data: "))
        assert times(without, 1) == [1]
    assert sound["end_s"] == 0.5
    assert sound["level_dbfs"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)
    columns = np.frombuffer(base64.b64decode(sound["columns"]), np.uint8).reshape(-1, TINY.n_mels)
    assert len(columns) == len(ColumnStream(TINY, Columns.of(TINY)).push(tone)) > 10


def test_the_end_is_told_to_those_who_come_after_it_too(serving):
    serving.decide(1)
    serving.feed.end("song.wav has ended")
    with serving.watching() as lines:
        told = [next(lines) for _ in range(6)]
    assert told[3:5] == ["event: end", 'data: "song.wav has ended"']


def test_a_viewer_who_does_not_read_costs_nobody_anything(serving):
    padding = "x" * 10_000
    count = 20 * MOST_WAITING
    with serving.watching() as slow:
        with serving.watching() as quick:
            seen = []
            reader = threading.Thread(target=lambda: seen.extend(times(quick, count)))
            reader.start()
            for number in range(1, count + 1):
                serving.feed.line({"time_s": number, "padding": padding}, number / 1000)
                if number % MOST_WAITING == 0:
                    serving.get("status")  # so that the quick one has time to read
            reader.join(PATIENCE_S)
        assert seen[-1] == count
        missed = times(slow, count)
    assert missed[0] == 1
    assert len(missed) < count / 2


def test_connections_that_come_and_go_leave_nothing_behind(serving):
    serving.decide(1, 60)
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else 0
    host, port = serving.url.removeprefix("http://").rstrip("/").split(":")
    for number in range(500):
        with socket.create_connection((host, int(port))) as viewer:
            path = b"/events?picture=1" if number % 2 else b"/"
            viewer.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
            if number % 3:
                viewer.recv(100)
    with serving.watching() as lines:
        serving.decide(61)
        assert times(lines, 61)[-1] == 61
    waited = threading.Event()
    for _ in range(100):
        if json.loads(serving.get("status")[1])["viewers"] == 0:
            break
        waited.wait(0.05)
    assert json.loads(serving.get("status")[1])["viewers"] == 0
    assert threading.active_count() == threads
    assert not files or len(os.listdir("/proc/self/fd")) <= files + 5
