"""The page of a device's stream, in a browser."""

from __future__ import annotations

import contextlib
import functools
import json

import numpy as np
import pytest

from genrekit.runtime import ModelDescription
from genrekit.toolkit.live.app import App
from genrekit.toolkit.live.server import Server, bind, url
from genrekit.toolkit.live.serving import Feed, serving_page

from ..conftest import TINY
from .test_web_page import CONTRASTS

LABELS = (*(f"label {number}" for number in range(40)), "<img src=x onerror=alert(1)>", "a" * 60)
DESCRIPTION = ModelDescription("tiny", LABELS, front_end=TINY)


@pytest.fixture
def serving():
    """The address of a served stream, and its feed."""
    with contextlib.closing(bind("127.0.0.1", 0)) as listening, Server(listening) as server:
        status = json.dumps({"dropped_s": 1.5, "load": 0.02})
        page, policy = serving_page(DESCRIPTION, "<b>song</b>.wav")
        server.start(App(page, policy, server.hub, lambda: status, local=True))
        yield url(listening), Feed(server.hub, DESCRIPTION)


def decide(feed, time_s, best, answer=None):
    scores = dict.fromkeys(LABELS, 0.3 / (len(LABELS) - 1)) | {LABELS[best]: 0.7}
    line = {"time_s": time_s, "label": LABELS[best], "score": 0.7, "scores": scores}
    feed.line(line | {"answer": answer or LABELS[best]}, time_s)


def sound(feed, seconds):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, TINY.sample_rate // 2).astype(np.float32)
    for half in range(2 * seconds):
        feed.sound(half / 2, noise)


@pytest.fixture
def watch(visit, serving):
    """Opens the page: (options of the window) -> Visit."""
    return functools.partial(visit, serving[0])


def test_decisions_show_the_ten_best_of_many_labels_and_the_rest(watch, serving):
    decide(serving[1], 1.0, 40)
    seen = watch()
    seen.page.wait_for_selector("#history li")
    assert seen.state == "listening"
    rows = seen.page.locator("#bars li").all_inner_texts()
    assert len(rows) == 10 + 1 + 2
    assert rows[0].split("\n") == [LABELS[40], "0.70"]
    assert rows[10].split("\n") == ["the other 32", "0.23"]
    assert seen.page.inner_text("#answer") == LABELS[40]
    assert seen.decisions[0]["scores"][LABELS[40]] == 0.7
    assert "<b>song</b>.wav" in seen.page.inner_text("[role=status]")
    seen.page.wait_for_selector("#dropped.failure")
    assert seen.page.inner_text("#dropped") == "1.5 s"


def test_answers_that_are_no_labels_stand_apart(watch, serving):
    seen = watch()
    decide(serving[1], 1.0, 3, "unknown")
    seen.page.wait_for_selector("#bars .apart.chosen")
    assert seen.page.inner_text("#bars .chosen").split() == ["unknown", "yes"]


def test_a_stream_that_ends_is_said_and_the_page_stays(watch, serving):
    seen = watch()
    decide(serving[1], 1.0, 3)
    serving[1].end("song.wav has ended, after 1.0 s.")
    seen.page.wait_for_selector("text=has ended")
    assert seen.state == "ready"
    assert seen.page.inner_text("#answer") == LABELS[3]


def test_sound_is_drawn(watch, serving):
    seen = watch()
    sound(serving[1], 4)
    decide(serving[1], 4.0, 1)
    seen.page.wait_for_selector("#history li")
    seen.page.evaluate("new Promise(requestAnimationFrame)")
    colours = seen.page.evaluate(
        """() => {
          const canvas = document.getElementById("picture"), pen = canvas.getContext("2d");
          const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
          const colour = (_, i) => pixels.slice(4 * i, 4 * i + 3).join();
          return new Set(Array.from({ length: pixels.length / 4 }, colour)).size;
        }"""
    )
    assert colours > 50
    assert seen.page.inner_text("#level-text").endswith("dBFS")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_fits_and_can_be_read(watch, serving, width, dark):
    seen = watch(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    for number in range(5):
        decide(serving[1], float(number), 41 - number)
    seen.page.wait_for_selector("#history li:nth-child(5)")
    seen.page.click("summary")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert min(seen.page.evaluate(CONTRASTS)) >= 4.5
