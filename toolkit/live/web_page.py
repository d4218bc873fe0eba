"""The page that runs a model by itself: `genrekit export --target web`."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

from ...converters.export_c import Sound
from ...converters.export_wasm import WasmModel, wasm_model
from ...converters.trained_model import TrainedModel
from ...runtime.util.atomic import write_text
from .columns import Columns
from .page import PIECES, SHARED, Policy, html_page, page_data

SCRIPTS = (*SHARED, "resampler.js", "classifier.js", "sources.js", "web.js")
# WebAssembly and what drives a browser in tests; what runs in the audio thread; nothing of any network.
POLICY = Policy(scripts="'unsafe-eval' data: blob:")
STRIDE_S = 0.5


def export_web(trained: TrainedModel, folder: Path, precision: str, sound: Sound, example: bytes) -> dict[str, object]:
    """Write ``<model>-<precision>.html`` into `folder` if its WebAssembly agrees with the Keras model.

    Args:
        trained, folder: as of `export_model`.
        precision: float32 or int8.
        sound: what it is tried on.
        example: an audio file that browsers decode, of nobody's own recordings.

    Returns:
        The row of parity.json.

    Raises:
        as `wasm_model`; OutputError where `folder` cannot be written.
    """
    path = folder / f"{trained.description.model}-{precision}.html"
    try:
        model = wasm_model(trained, precision, sound)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    write_text(path, web_page(model, example))
    return model.row(path)


def web_page(model: WasmModel, example: bytes) -> str:
    """The page of a model."""
    description = model.description
    data = page_data(description, Columns.of(description.front_end)) | {
        "stride_s": STRIDE_S,
        "wasm": base64.b64encode(zlib.compress(model.module, 9)).decode(),
        "example": base64.b64encode(example).decode(),
    }
    controls = (PIECES / "controls.html").read_text()
    title = f"{description.model}, {description.precision}"
    page, _ = html_page(title, data, SCRIPTS, POLICY, controls)
    return page
