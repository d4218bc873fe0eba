"""Runs a module as a program, and then reports the most memory that its process had, as a line of JSON.

python -m tests.ratios.peak_memory_program genrekit.toolkit.cli.app classify cnn-int8.tflite clip.wav
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys

from genrekit.bench.measure.machine import peak_memory_bytes


def main() -> None:
    """The module and its arguments stand in sys.argv; its exit code is passed over."""
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    with contextlib.suppress(SystemExit):
        runpy.run_module(module, run_name="__main__")
    print(json.dumps({"peak_rss_bytes": peak_memory_bytes()}))


if __name__ == "__main__":
    main()
