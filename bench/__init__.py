"""Measuring model files: what they cost on this machine, and how well they classify.

`measure` does it (each case in fresh processes, raw rounds come out), `results` says what the rounds mean, `report`
shows it, and `remote` has another machine do the measuring. A `BenchPlan` is all that is needed:

>>> from genrekit.bench import BenchPlan, Case, html_page, run_bench
>>> bench = run_bench(BenchPlan((Case(Path("cnn-int8.tflite")),), clips))
>>> page = html_page(bench)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runtime.util.late_imports import late_names

if TYPE_CHECKING:
    from .measure.clips import Clips as Clips
    from .measure.plan import BenchPlan as BenchPlan
    from .measure.plan import Case as Case
    from .measure.plan import Effort as Effort
    from .report.html import html_page as html_page
    from .results.compare import compare as compare
    from .results.reader import read_json as read_json
    from .run import run_bench as run_bench

# Loaded when they are asked for: a device that measures needs nothing of what reads and shows results.
_MODULES = {
    "BenchPlan": "measure.plan",
    "Case": "measure.plan",
    "Clips": "measure.clips",
    "Effort": "measure.plan",
    "compare": "results.compare",
    "html_page": "report.html",
    "read_json": "results.reader",
    "run_bench": "run",
}
__all__ = ["BenchPlan", "Case", "Clips", "Effort", "compare", "html_page", "read_json", "run_bench"]
__getattr__ = late_names(__name__, _MODULES)
