"""Pages of tiny models, and Chromium, which nobody but the page may talk to."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.runtime import read_description

from ..conftest import TINY
from ..toolkit.conftest import genrekit  # noqa: F401 (fixture)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
FAKE_DEVICE = ("--use-fake-device-for-media-stream",)
HERE = Path(__file__).parent
STATE = "document.body.dataset.state"
PATIENCE_MS = 30_000


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """They take long, and need Playwright and a compiler for WebAssembly: `make test-browser` brings both."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def playwright():
    if CHROMIUM is None:
        pytest.skip("no Chromium here; on Debian: apt install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright: make test-browser installs it")
    with api.sync_playwright() as running:
        yield running


@dataclasses.dataclass
class Visit:
    """A page in a browser, what it wrote to the console, and what it asked of any network."""

    page: object
    console: list[str]
    requests: list[str]

    def wait(self, expression):
        self.page.wait_for_function(expression, timeout=PATIENCE_MS)

    @property
    def state(self):
        return self.page.evaluate(STATE)

    @property
    def decisions(self):
        return self.page.evaluate("genrekit.decisions")

    def choose(self, path):
        """Classify a file, to its end."""
        self.page.set_input_files("#file", path)
        self.wait(f"document.getElementById('status').textContent.includes('at its end') || {STATE} === 'error'")


@pytest.fixture
def visit(playwright):
    """Opens a page: (address or path, more flags, options of the window) -> Visit. It must be silent all the time."""
    opened, browsers = [], []

    def open_page(address, flags=(), **options):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        browsers.append(browser)
        alone = isinstance(address, Path) or address.startswith("file:")
        page = browser.new_context(offline=alone, **options).new_page()
        found = Visit(page, [], [])
        page.on("console", lambda message: found.console.append(message.text))
        page.on("pageerror", lambda error: found.console.append(str(error)))
        page.on("request", lambda request: found.requests.append(request.url))
        page.goto(address.as_uri() if isinstance(address, Path) else address)
        page.wait_for_selector("body:not([data-state=loading])")  # what is strict takes no expression
        opened.append(found)
        return found

    yield open_page
    for browser in browsers:
        browser.close()
    for found in opened:
        address, *others = found.requests
        assert found.console == []
        assert [url for url in others if url not in (f"{address}status", f"{address}events?picture=1")] == []


@pytest.fixture(scope="session")
def web_pages(tiny_models, tmp_path_factory):
    """Makes the page of a tiny model when it is first asked for: (name, precision) -> its path."""
    pytest.importorskip("ziglang", reason='no compiler for WebAssembly: pip install "genrekit[cross]"')
    from genrekit.converters.c.folder import library_files
    from genrekit.converters.c.wasm import WEB, compile_wasm
    from genrekit.converters.export_wasm import WasmModel
    from genrekit.toolkit.exporting.demo_sound import demo_example
    from genrekit.toolkit.live.web_page import web_page

    folder, made = tmp_path_factory.mktemp("pages"), {}

    def make(name, precision="float32", labels=None):
        key = name, precision, labels
        if key not in made:
            tflite = tiny_models(name, "tflite", precision)
            description = dataclasses.replace(read_description(tflite), format="web")
            module = compile_wasm(library_files(tflite.read_bytes(), description, [WEB]))
            made[key] = folder / f"{name}-{precision}-{len(made)}.html"
            made[key].write_text(web_page(WasmModel(description, module, None, {}), demo_example(TINY)))
        return made[key]

    return make


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """Writes six seconds whose answers change: a rate -> the path of a stereo WAV in 16 bit."""
    folder = tmp_path_factory.mktemp("recordings")

    def write(rate):
        time = np.arange(6 * rate) / rate
        generator = np.random.default_rng(11)
        pitch = np.repeat([180.0, 2400.0, 700.0], 2 * rate)
        tone = np.sin(2 * np.pi * np.cumsum(pitch) / rate) * (0.55 + 0.45 * np.sin(2 * np.pi * 0.7 * time))
        sides = [0.4 * tone + 0.05 * generator.standard_normal(len(time)) for _ in range(2)]
        path = folder / f"{rate}.wav"
        soundfile.write(path, np.stack(sides, axis=1), rate, subtype="PCM_16")
        return path

    return write


def streamed(run, model, path, *options):
    """The decisions of `genrekit stream`."""
    done = run("stream", model, path, "--json", *options)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if "warning" not in line]
