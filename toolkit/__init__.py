"""What needs a desk: corpora, splits, the four models, training, exporting, the command line.

The path of the command line in Python::

    segments = extract(scan("gtzan/genres_original"), shifts=4, rooms=2)
    training = Training(MODELS["cnn"], recipe("edge", "cnn"), segments, assign(segments, "track", 0), "track", 0)
    train(training, Path("runs/cnn"))
    export_run(load_run("runs/cnn"), Path("models"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runtime.util.late_imports import late_names

if TYPE_CHECKING:
    from .corpus.extraction import extract as extract
    from .corpus.scan import scan as scan
    from .evaluation.scores import evaluate as evaluate
    from .exporting.export_run import export_run as export_run
    from .models import MODELS as MODELS
    from .splits.assign import assign as assign
    from .training.recipes import recipe as recipe
    from .training.run_folder import load_run as load_run
    from .training.spec import Training as Training
    from .training.train import train as train

# Imported when they are asked for: the command line starts without them.
_MODULES = {
    "MODELS": "models",
    "Training": "training.spec",
    "assign": "splits.assign",
    "evaluate": "evaluation.scores",
    "export_run": "exporting.export_run",
    "extract": "corpus.extraction",
    "load_run": "training.run_folder",
    "recipe": "training.recipes",
    "scan": "corpus.scan",
    "train": "training.train",
}
__all__ = list(_MODULES)
__getattr__ = late_names(__name__, _MODULES)
