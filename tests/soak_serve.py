"""Soaks `genrekit serve`: a file in real time with three viewers, one of whom hardly reads, beside `genrekit stream`.

python tests/soak_serve.py MODEL [--minutes 10]

Fails where the server grew by more than a MiB once the last minute was full, or its serving costs more than its stream.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import soundfile

RATE = 22050
SETTLED_S = 120  # by then the last minute is full
LOOK_S = 10
MOST_GROWTH = 1 << 20
COMMAND = (sys.executable, "-m", "genrekit.toolkit.cli.app")
CLOCK_TICKS = 100


def main() -> int:
    """1 where a limit is passed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        song = Path(temporary, "song.wav")
        write_song(song, 60 * arguments.minutes + 30)
        options = [str(arguments.model), str(song), "--realtime"]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        with (
            subprocess.Popen([*COMMAND, "stream", *options], **pipes) as stream,
            subprocess.Popen([*COMMAND, "serve", *options, "--port", "0"], **pipes) as serve,
        ):
            try:
                return watch(stream.pid, serve, 60 * arguments.minutes)
            finally:
                stream.terminate()
                serve.terminate()


def write_song(path: Path, seconds: float) -> None:
    """Noise whose pitch and level go up and down."""
    generator = np.random.default_rng(1)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for second in range(round(seconds)):
            noise = np.convolve(generator.standard_normal(RATE), np.ones(1 + second % 30), "same")
            file.write(0.1 * noise / np.abs(noise).max() * (1 + second % 7))


def watch(stream: int, serve: subprocess.Popen[str], seconds: float) -> int:
    """Look at both until the time is over."""
    assert serve.stderr
    said = ""
    while not (found := re.search(r"http://\S+/", said)):
        said = serve.stderr.readline()
    counts = [0, 0, 0]
    for number in range(3):
        threading.Thread(target=view, args=[f"{found[0]}events?picture=1", counts, number], daemon=True).start()
    before = cpu_s(stream), cpu_s(serve.pid)
    began, settled, peak = time.monotonic(), 0, 0
    while (passed := time.monotonic() - began) < seconds:
        time.sleep(LOOK_S)
        memory = rss(serve.pid)
        settled, peak = (settled, max(peak, memory)) if passed > SETTLED_S and settled else (memory, memory)
        print(f"{passed:5.0f} s  {memory / 1024:.0f} KiB  events {counts}", flush=True)
    of_stream, of_serve = cpu_s(stream) - before[0], cpu_s(serve.pid) - before[1]
    serving = of_serve - of_stream
    print(
        f"grew by {(peak - settled) / 1024:.0f} KiB; CPU of the stream {of_stream:.2f} s, of serving it {serving:.2f} s"
    )
    return int(peak - settled > MOST_GROWTH or serving > of_stream)


def view(address: str, counts: list[int], number: int) -> None:
    """Count lines of events; the third viewer takes ten seconds for each."""
    with urllib.request.urlopen(address) as events:
        for _ in events:
            counts[number] += 1
            if number == 2:
                time.sleep(10)


def rss(process: int) -> int:
    """Bytes of memory."""
    found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return 1024 * int(found[1])


def cpu_s(process: int) -> float:
    """Seconds of a core."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


if __name__ == "__main__":
    sys.exit(main())
