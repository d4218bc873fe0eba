"""The page that `export --target web` writes, in a browser: its decisions are those of `genrekit stream`."""

from __future__ import annotations

import re

import numpy as np
import pytest
import soundfile

from genrekit.runtime import load

from ..conftest import LABELS, TINY
from .conftest import FAKE_DEVICE, STATE, streamed

EXACT = {"float32": 1e-3, "int8": 0.01}  # of scores: int8 has steps of 1 / 256
CASES = [("dense", "float32"), ("dense", "int8"), ("lstm", "float32")]


@pytest.mark.parametrize("case", CASES, ids="-".join)
@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_the_decisions_on_a_file_are_those_of_a_stream(case, rate, web_pages, tiny_models, recordings, visit, genrekit):
    recording = recordings(rate)
    seen = visit(web_pages(*case))
    seen.choose(recording)
    expected, found = streamed(genrekit, tiny_models(case[0], "tflite", case[1]), recording), seen.decisions
    assert len({one["answer"] for one in expected}) > 1
    assert [one["time_s"] for one in found] == pytest.approx([one["time_s"] for one in expected], abs=1e-3)
    for one, other in zip(found, expected, strict=True):
        assert list(one["scores"]) == list(LABELS)
        assert [*one["scores"].values()] == pytest.approx(
            [*other["scores"].values()], abs=0.05 if rate > 8000 else EXACT[case[1]]
        )
        assert (one["label"], one["answer"]) == (other["label"], other["answer"])


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_window_is_classified_as_by_keras(case, web_pages, tiny_models, tiny_windows, visit):
    name, precision = case
    reference = load(tiny_models(name, "keras" if precision == "float32" else "tflite", precision))
    seen = visit(web_pages(*case))
    for window in tiny_windows:
        found = seen.page.evaluate("samples => genrekit.classify(new Float32Array(samples))", window.tolist())
        expected = reference.classify(window).scores
        assert list(found) == list(expected)
        assert list(found.values()) == pytest.approx(list(expected.values()), abs=EXACT[precision])


def test_the_page_says_what_it_is(web_pages, visit):
    seen = visit(web_pages("dense"))
    told = seen.page.evaluate("genrekit.ready.then(() => [genrekit.labels, genrekit.sampleRate, genrekit.decisions])")
    assert told == [list(LABELS), TINY.sample_rate, []]
    assert seen.state == "ready"
    with pytest.raises(Exception, match=f"expected a Float32Array of {TINY.window_samples} samples"):
        seen.page.evaluate("genrekit.classify(new Float32Array(5))")


def test_a_file_shorter_than_a_window_is_padded(web_pages, tiny_models, visit, tmp_path, genrekit):
    short = tmp_path / "short.wav"
    soundfile.write(short, 0.3 * np.sin(np.arange(2000) / 3), TINY.sample_rate)
    seen = visit(web_pages("dense"))
    seen.choose(short)
    (expected,), (found,) = streamed(genrekit, tiny_models("dense", "tflite"), short), seen.decisions
    assert found["padded"] is expected["padded"] is True
    assert found["answer"] == expected["answer"]
    assert [*found["scores"].values()] == pytest.approx([*expected["scores"].values()], abs=1e-3)


def test_a_microphone_is_heard_as_a_file(web_pages, tiny_models, visit, tmp_path, genrekit):
    sound = tmp_path / "steady.wav"
    time = np.arange(10 * 48_000) / 48_000
    steady = sum(0.04 * np.sin(2 * np.pi * pitch * time + pitch) for pitch in range(150, 3900, 250))
    soundfile.write(sound, steady, 48_000, subtype="PCM_16")
    flags = (*FAKE_DEVICE, "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={sound}")
    seen = visit(web_pages("dense"), flags)
    seen.page.click("#microphone")
    seen.wait("genrekit.decisions.length >= 6")
    assert seen.state == "listening"
    found = seen.decisions
    of_file = streamed(genrekit, tiny_models("dense", "tflite"), sound)
    expected = np.mean([[*one["scores"].values()] for one in of_file], axis=0)
    assert {one["answer"] for one in found[2:]} == {one["answer"] for one in of_file}
    for one in found[2:]:
        assert [*one["scores"].values()] == pytest.approx(expected, abs=0.05)
    assert np.diff([one["time_s"] for one in found]) == pytest.approx(
        np.diff([one["time_s"] for one in found])[0], abs=2e-3
    )
    seen.page.click("#stop")
    assert seen.state == "ready"


def test_a_refused_microphone_is_said(web_pages, visit):
    seen = visit(web_pages("dense"), FAKE_DEVICE)
    seen.page.click("#microphone")
    seen.wait(f"{STATE} === 'error'")
    assert re.search("microphone was refused.*settings", seen.page.inner_text("[role=alert]"))


def test_a_microphone_that_is_not_there_is_said(web_pages, visit):
    seen = visit(web_pages("dense"), ["--use-fake-ui-for-media-stream"])
    seen.page.click("#microphone")
    seen.wait(f"{STATE} === 'error'")
    assert re.search("No microphone.*Connect", seen.page.inner_text("[role=alert]"))


def test_a_file_that_is_no_audio_is_said_and_another_goes_on(web_pages, visit, recordings, tmp_path):
    text = tmp_path / "<b>notes.txt"
    text.write_text("not audio")
    seen = visit(web_pages("dense"))
    seen.choose(text)
    assert seen.state == "error"
    said = seen.page.inner_text("[role=alert]")
    assert said.startswith("<b>notes.txt: ")
    assert "WAV, MP3" in said
    seen.choose(recordings(8000))
    assert seen.state == "ready"
    assert not seen.page.is_visible("[role=alert]")
    assert len(seen.decisions) > 5


def test_a_dropped_file_is_classified(web_pages, visit, recordings):
    seen = visit(web_pages("dense"))
    data = recordings(8000).read_bytes().hex()
    seen.page.evaluate(
        """hex => {
          const bytes = Uint8Array.from(hex.match(/../g), one => parseInt(one, 16)), transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.wav"));
          dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
        }""",
        data,
    )
    seen.wait("document.getElementById('status').textContent.includes('dropped.wav: at its end')")
    assert len(seen.decisions) == 12


def test_a_file_can_be_heard_at_its_own_pace_and_stopped(web_pages, visit, recordings):
    seen = visit(web_pages("dense"))
    seen.page.check("#aloud")
    seen.page.set_input_files("#file", recordings(44_100))
    seen.wait("genrekit.decisions.length >= 2")
    assert seen.state == "listening"
    seen.page.click("#stop")
    assert seen.state == "ready"
    count = len(seen.decisions)
    assert count < 12  # of the whole file
    seen.page.wait_for_timeout(1000)
    assert len(seen.decisions) == count


def test_another_source_begins_anew(web_pages, visit, recordings):
    seen = visit(web_pages("dense"))
    for rate in (8000, 44_100):
        seen.choose(recordings(rate))
        assert [one["time_s"] for one in seen.decisions][:2] == pytest.approx([0.5, 0.996], abs=0.01)


def test_motion_can_be_reduced(web_pages, visit):
    page = visit(web_pages("dense"), reduced_motion="reduce").page
    assert page.eval_on_selector(".bar i", "bar => getComputedStyle(bar).transitionDuration") == "0s"


def test_an_address_can_ask_for_the_example(web_pages, visit):
    seen = visit(f"{web_pages('dense').as_uri()}#example")
    seen.wait("document.getElementById('status').textContent.includes('at its end')")
    assert len(seen.decisions) > 10


def test_it_works_by_keyboard_alone(web_pages, visit):
    seen = visit(web_pages("dense"))
    reached = []
    for _ in range(5):
        seen.page.keyboard.press("Tab")
        reached.append(seen.page.evaluate("document.activeElement.id"))
    assert reached[:4] == ["microphone", "choose", "example", "aloud"]
    seen.page.focus("#example")
    seen.page.keyboard.press("Enter")
    seen.wait("document.getElementById('status').textContent.includes('at its end')")
    assert seen.page.inner_text("#answer") == seen.decisions[-1]["answer"]
    assert seen.page.locator("#history li").count() > 0


def test_a_screen_reader_finds_its_way(web_pages, visit):
    page = visit(web_pages("dense")).page
    assert page.get_by_role("status").count() == 1
    assert [page.get_by_role("meter", name=label).count() for label in LABELS] == [1, 1, 1]
    assert page.get_by_role("img", name=re.compile("spectrogram")).count() == 1
    assert page.get_by_role("button").all_inner_texts() == ["Microphone", "Audio file", "Example", "Stop"]
    page.click("#example")
    page.wait_for_function("document.getElementById('announced').textContent.includes(', at 0:')")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_fits_and_can_be_read(web_pages, visit, width, dark):
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": "dark" if dark else "light"}
    seen = visit(web_pages("dense"), **options)
    seen.page.click("#example")
    seen.wait("document.getElementById('status').textContent.includes('at its end')")
    seen.page.click("summary")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    contrasts = seen.page.evaluate(CONTRASTS)
    assert len(contrasts) > 20
    assert min(contrasts) >= 4.5


# Of every text that is shown, WCAG 2's ratio to what is behind it; disabled controls are exempt there.
CONTRASTS = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = text => parts(text).slice(0, 3).map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    const colour = getComputedStyle(node).backgroundColor;
    return parts(colour)[3] === 0 && node.parentElement ? behind(node.parentElement) : colour;
  };
  return [...document.querySelectorAll("body *")]
    .filter(node => node.offsetParent && !node.disabled)
    .filter(node => [...node.childNodes].some(one => one.nodeType === 3 && one.data.trim()))
    .map(node => [luminance(getComputedStyle(node).color), luminance(behind(node))])
    .map(([one, other]) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
}"""
