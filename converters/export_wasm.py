"""Makes WebAssembly of a .tflite that agrees with Keras, if it does so, too."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from ..runtime.errors import ParityError
from ..runtime.modelfile.description import ModelDescription, ParityRecord
from ..runtime.modelfile.reader import read_graph
from .attach import attach
from .c.folder import library_files
from .c.wasm import WEB, compile_wasm, require_compiler
from .export import convert, described
from .export_c import ENGINE, Sound, compared, stream_features
from .formats import require_supported
from .trained_model import TrainedModel
from .verify.c_folder import check_stream
from .verify.parity import Parity, check
from .verify.subprocess_engine import predict
from .verify.wasm import WasmRun

FORMAT = "web"


@dataclasses.dataclass(frozen=True)
class WasmModel:
    """A model as WebAssembly, which has agreed with Keras.

    Attributes:
        description: with that comparison.
        module: of `converters/c/web/web.c`, without imports.
        parity: the comparison.
        ops: of the .tflite, by name.
    """

    description: ModelDescription
    module: bytes
    parity: Parity
    ops: dict[str, int]

    def row(self, path: Path) -> dict[str, Any]:
        """Of parity.json, for the page at `path`."""
        return {
            "file": path.name,
            "format": FORMAT,
            "precision": self.description.precision,
            "target": FORMAT,
            "input": "features",
            "bytes": path.stat().st_size,
            **dataclasses.asdict(self.parity),
            "passed": True,
            "reasons": list(self.description.parity.reasons),
            "ops": self.ops,
            "notes": list(self.description.notes),
        }


def wasm_model(trained: TrainedModel, precision: str, sound: Sound) -> WasmModel:
    """`trained` in float32 or int8 as WebAssembly.

    Raises:
        as `export_c`; MissingPackageError too where ziglang or wasmtime is not installed.
    """
    require_supported("tflite", precision, FORMAT)
    require_compiler()
    trained = trained.prepared_for(precision)
    conversion = convert(trained, "tflite", precision, FORMAT, 1)
    in_tflite = described(trained, conversion, "tflite", precision, FORMAT)
    description = dataclasses.replace(in_tflite, format=FORMAT)
    with tempfile.TemporaryDirectory() as temporary:
        tflite = Path(temporary, f"{description.model}.tflite")
        tflite.write_bytes(attach(conversion.data, in_tflite))
        check(compared(trained, predict(tflite, trained.windows.features, ENGINE)), precision)
        ops = read_graph(tflite).ops
    module = compile_wasm(library_files(conversion.data, description, [WEB]))
    run = WasmRun(module, description.front_end, len(description.labels))
    try:
        parity = compared(trained, run.scores(trained.windows.features))
        reasons = check(parity, precision)
        check_stream(run.decisions(sound.track), run.scores(stream_features(description, sound.track)), precision)
    except ParityError as error:
        raise ParityError(f"{description.model}-{precision}.html was not kept: {error}", error.figures) from error
    record = ParityRecord(parity.windows, parity.max_abs_error, parity.top1_agreement, tuple(reasons))
    return WasmModel(dataclasses.replace(description, parity=record), module, parity, ops)
