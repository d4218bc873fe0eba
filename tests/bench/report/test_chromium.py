"""The page of real results as a browser shows it: on a phone and on a desk, by day and in the dark."""

from pathlib import Path

import pytest

from genrekit.bench import report
from genrekit.bench.results.reader import read_json

from .pages import CHROMIUM, chromium, laid_out

RESULTS = Path(__file__).parents[3] / "results" / "quickstart.json"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt install chromium")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    report.write_html(read_json(RESULTS), path)
    return path


def test_the_browser_shows_it_and_has_nothing_to_complain_of(page, tmp_path):
    document, console = chromium(page, tmp_path)
    assert console == []
    assert document.count("<svg") == 6
    for part in ("Which file to take", "Beside the fastest", "What is taken for what", "lstm-int8.tflite", "i7-8550U"):
        assert part in document


def test_complaints_would_be_seen(tmp_path):
    (tmp_path / "bad.html").write_text("<script>console.error('broken'); nothing()</script>")
    _, console = chromium(tmp_path / "bad.html", tmp_path)
    assert len(console) == 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_cut_or_covered(page, tmp_path, dark):
    widths = (360, 768, 1280)
    for width, found in zip(widths, laid_out(page, tmp_path, widths, dark), strict=True):
        assert found["width"] == width
        assert found["needed"] <= width
        assert found["pictures"] == 6
        assert found["letters"] > 8.5  # pixels, of a whole line
        assert found["cut"] == []
        assert found["overlapping"] == []
        assert (_lightness(found["background"]) < 0.2) is dark
        assert (_lightness(found["text"]) > 0.8) is dark
        assert set(found["labels"]) == {found["text"]}


def _lightness(colour):
    """Of "rgb(20, 24, 31)", in [0, 1]."""
    return sum(map(int, colour.strip("rgb()").split(","))) / 3 / 255
