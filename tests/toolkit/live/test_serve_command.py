"""The command `genrekit serve`: what it says and prints, and how it ends."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.runtime import read_description
from genrekit.toolkit.live.server import bind

from ...test_architecture import HEAVY

pytest.importorskip("uvicorn", reason='no server: pip install "genrekit[live]"')
MODEL = Path(__file__).parents[2] / "fixtures" / "golden" / "tiny.tflite"
PATIENCE_S = 20


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(36_000) * 0.4), 8000)
    return path


def test_a_port_in_use_is_said(genrekit, song):
    with contextlib.closing(bind("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = genrekit("serve", MODEL, song, "--port", port)
    assert done.returncode == 2
    assert f"port={port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "nobody.invalid", "224.0.0.1"])
def test_a_host_that_is_not_this_machine_is_said(genrekit, song, host):
    done = genrekit("serve", MODEL, song, "--port", 0, "--host", host)
    assert done.returncode == 2
    assert re.search(f"host={host}: expected an address.*127.0.0.1", done.stderr)


def test_a_missing_file_is_said(genrekit, tmp_path):
    done = genrekit("serve", MODEL, tmp_path / "none.wav", "--port", 0)
    assert done.returncode == 2
    assert "none.wav" in done.stderr


COMMAND = """
import sys
from genrekit.toolkit.cli.app import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of one process alone")
def test_the_command_serves_a_stream_until_ctrl_c_and_loads_nothing_heavy(song):
    command = [
        sys.executable,
        "-c",
        COMMAND,
        "serve",
        MODEL,
        song,
        "--port",
        "0",
        "--host",
        "0.0.0.0",
    ]
    with subprocess.Popen(
        [*map(str, command), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said = ""
        while "the page stays" not in said:
            said += process.stderr.readline()
        port = re.search(r"http://0\.0\.0\.0:(\d+)/", said)[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=PATIENCE_S) as found:
            status = json.load(found)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=PATIENCE_S) as stream:
            told = []
            while "event: end\n" not in told:
                told.append(stream.readline().decode())
            process.send_signal(signal.SIGINT)
            output, rest = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "everybody on that network can listen" in said
    assert status["model"] == read_description(MODEL).model
    assert status["source"] == str(song)
    assert status["time_s"] == 4.5
    assert status["dropped_s"] == 0
    assert 0 < status["load"] < 1
    assert status["version"]
    lines = [line.removeprefix("data: ") for line in told if line.startswith("data: ")]
    assert [json.loads(line) for line in lines] == [json.loads(line) for line in output.splitlines()]
    assert [json.loads(line)["time_s"] for line in lines if "answer" in line] == pytest.approx(
        [3.0, 3.5, 4.0], abs=0.05
    )
    assert not {name.partition(".")[0] for name in rest.split()} & set(HEAVY)
