"""Other people's runtimes in a browser: which files load there, as the rules say, and what they make of a window."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import threading

import numpy as np
import pytest
import soundfile

from genrekit.runtime.engines import load_engine
from genrekit.toolkit.exporting.inspect import inspect_model
from genrekit.toolkit.exporting.runs_in import NEWEST_OPSETS, RUNTIMES

from ..converters.conftest import (  # noqa: F401 (fixtures)
    LABELS,
    RUNTIME_CASES,
    conversions,
    data,
    models,
    runtime_files,
    runtime_window,
)
from ..converters.test_runs_in import with_opset
from ..environments import ROOT
from .conftest import CHROMIUM, FLAGS, HERE

PACKAGES = ("@litertjs/core@2.5.3", "@mediapipe/tasks-audio@1.0.1", "onnxruntime-web@1.30.0")
IN_BROWSERS = ("litert.js", "mediapipe", "onnxruntime-web")
RATE = 22050
ONNXRUNTIME_WEB = "https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/"
# A value that lies on the border of two steps may fall to either side.
TOLERANCE = {"float32": 1e-3, "float16": 1e-3, "dynamic": 0.03, "int8": 0.03}


@pytest.fixture(scope="module")
def served(package_index, tmp_path_factory):
    """A folder with the packages and the page, and the address under which it is served."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here; on Debian: apt install npm")
    folder = tmp_path_factory.mktemp("served")
    (folder / "package.json").write_text("{}")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    shutil.copy(HERE / "runtimes.html", folder)

    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
            ".mjs": "text/javascript",
            ".wasm": "application/wasm",
        }

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(served, playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    found = browser.new_page()
    found.goto(f"{served[1]}/runtimes.html")
    found.wait_for_selector("body[data-state=ready]")
    yield found
    browser.close()


@pytest.mark.parametrize("case", RUNTIME_CASES, ids="-".join)
def test_every_file_runs_where_the_rules_say(case, page, served, runtime_files, runtime_window):  # noqa: F811
    path, window = runtime_files(*case), runtime_window[case[3]]
    verdicts = inspect_model(path)["runs_in"]
    shutil.copy(path, served[0])
    expected = load_engine(path)(window)[0]
    for runtime in (name for name in IN_BROWSERS if RUNTIMES[name][0] == case[1]):
        arguments = [runtime, f"/{path.name}", window.ravel().tolist(), list(window.shape), RATE, list(LABELS)]
        found = page.evaluate("(given) => run(...given)", arguments)
        assert ("scores" in found) == (verdicts[runtime] is True), (runtime, verdicts[runtime], found)
        if "scores" in found:
            np.testing.assert_allclose(found["scores"], expected, rtol=0, atol=TOLERANCE[case[2]], err_msg=runtime)


def test_the_newest_operators_of_onnxruntime_web(page, served):
    newest = NEWEST_OPSETS["onnxruntime-web"]
    for version in (newest, newest + 1):
        (served[0] / f"{version}.onnx").write_bytes(with_opset(version))
        found = page.evaluate("(given) => run(...given)", ["onnxruntime-web", f"/{version}.onnx", [1, 2], [1, 2]])
        assert ("scores" in found) == (version == newest), found


def test_the_example_of_onnxruntime_web(served, playwright, runtime_files, runtime_window, tmp_path):  # noqa: F811
    folder, address = served
    path, recording = runtime_files("cnn", "onnx", "float32", "audio"), tmp_path / "recording.wav"
    shutil.copy(path, folder / "cnn-float32-audio.onnx")
    shutil.copy(ROOT / "examples" / "onnxruntime_web.html", folder)
    soundfile.write(recording, runtime_window["audio"][0], RATE, "FLOAT")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    page = browser.new_page()
    installed = folder / "node_modules" / "onnxruntime-web"
    page.route(
        f"{ONNXRUNTIME_WEB}**",
        lambda route: route.fulfill(
            path=installed / route.request.url.removeprefix(ONNXRUNTIME_WEB),
            headers={"access-control-allow-origin": "*"},
        ),
    )
    page.goto(f"{address}/onnxruntime_web.html")
    page.wait_for_load_state("networkidle")
    page.set_input_files("input", recording)
    page.wait_for_function("document.querySelector('pre').textContent")
    found = list(map(float, page.inner_text("pre").split()))
    browser.close()
    np.testing.assert_allclose(found, load_engine(path)(runtime_window["audio"])[0], rtol=0, atol=1e-3)
