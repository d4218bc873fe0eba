"""Makes a folder of C: of a .tflite that agrees with Keras, and keeps it only if it does so, too, when compiled."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime.errors import ParityError, UnsupportedModelError
from ..runtime.mfcc_stream import MfccStream
from ..runtime.modelfile.description import FEATURES, C, ModelDescription, ParityRecord
from ..runtime.modelfile.reader import read_graph
from .attach import attach
from .c.folder import FULL_SCALE, Golden, c_files, features_of, publish, require_ours, write_files
from .c.readme import README, Sizes, readme
from .export import ExportResult, convert, described, file_name
from .formats import require_supported
from .trained_model import TrainedModel
from .verify.c_folder import Build, check_stream, compiler
from .verify.parity import LIMITS, Parity, check, compare
from .verify.subprocess_engine import predict

ENGINE = "litert"  # of the .tflite that the folder is made from
FLOAT_GOLDEN_TOLERANCE = 1e-3  # of scores, where MFCC may be 1e-3 off
GOLDEN_WINDOWS = 3
UNPROVEN = "not proven, since there is no C compiler here: expected make and cc, gcc, clang or the one that CC names"


@dataclasses.dataclass(frozen=True)
class Sound:
    """What a folder of C is tried on, at the model's rate, of nobody's own recordings.

    Attributes:
        windows: int16 [shape=(n, window_samples)], of which the folder carries some for its self-test.
        track: int16 [shape=(m,)], of several windows.
    """

    windows: np.ndarray
    track: np.ndarray


def export_c(
    trained: TrainedModel,
    folder: Path,
    precision: str,
    sound: Sound,
    keep: bool = False,
    max_ram: int | None = None,
) -> ExportResult:
    """Write ``<model>-<precision>-c`` into `folder` if it agrees with the Keras model.

    Args:
        trained, folder, keep: as of `export_model`; a folder that fails is kept as ``<model>-<precision>-c.failed``,
            and one that could not be compiled as it is.
        precision: float32 or int8.
        sound: what it is tried on.
        max_ram: bytes that a classifier may take on a board.

    Raises:
        as `export_model`; UnsupportedModelError too where an operator has no layer in C, or `max_ram` is not enough.
    """
    require_supported("tflite", precision, C)
    path = folder / file_name(trained.description.model, precision, C)
    require_ours(path)
    trained = trained.prepared_for(precision)
    conversion = convert(trained, "tflite", precision, C, 1)
    in_tflite = described(trained, conversion, "tflite", precision, C)
    description = dataclasses.replace(in_tflite, format=C)
    with tempfile.TemporaryDirectory() as temporary:
        tflite = Path(temporary, f"{description.model}.tflite")
        tflite.write_bytes(attach(conversion.data, in_tflite))
        golden = _golden(trained, description, sound.windows, tflite)
        parity = compared(trained, predict(tflite, trained.windows.features, ENGINE))
        check(parity, precision)
        ops = read_graph(tflite).ops
        files = c_files(conversion.data, description, golden)
        c_compiler = compiler()
        if c_compiler is None:
            if not keep:
                raise ParityError(f"{path.name} was not kept: {UNPROVEN}; install one, or add --keep")
            publish(path, files | {README: readme(description, None)})
            return ExportResult(path, _row(path, description, ops, None, parity, [UNPROVEN]))
        write_files(Path(temporary, path.name), files)
        build = Build(Path(temporary, path.name), c_compiler)
        try:
            parity = compared(trained, build.scores(trained.windows.features))
            reasons = check(parity, precision)
            build.self_test()
            features = stream_features(description, sound.track)
            check_stream(build.decisions(sound.track), build.scores(features), precision)
        except ParityError as error:
            if keep:
                publish(path.with_name(f"{path.name}.failed"), files)
            raise ParityError(f"{path.name} was not kept: {error}", error.figures) from error
        sizes = build.sizes()
    _require_ram(path.name, sizes, max_ram)
    record = ParityRecord(parity.windows, parity.max_abs_error, parity.top1_agreement, tuple(reasons))
    description = dataclasses.replace(description, parity=record)
    publish(path, c_files(conversion.data, description, golden) | {README: readme(description, sizes)})
    return ExportResult(path, _row(path, description, ops, sizes, parity, reasons))


def _golden(trained: TrainedModel, description: ModelDescription, windows: np.ndarray, tflite: Path) -> Golden:
    """Of the `windows` those on which the .tflite is nearest to Keras.

    On sounds that are unlike its training a quantised model may be far from it, which is no fault of the C.
    """
    features = _normalised(description, features_of(windows, description))
    scores: np.ndarray = trained.model.predict(features, verbose=0)
    apart = np.abs(predict(tflite, features, ENGINE) - scores).max(axis=1)
    chosen = np.sort(np.argsort(apart, kind="stable")[:GOLDEN_WINDOWS])
    precision = description.precision
    allowed = FLOAT_GOLDEN_TOLERANCE if precision == "float32" else LIMITS[precision].max_abs_error
    return Golden(windows[chosen], scores[chosen], allowed + float(apart[chosen].max()))


def compared(trained: TrainedModel, scores: np.ndarray) -> Parity:
    """How far `scores` [shape=(windows, classes)] of the windows held out are from Keras'."""
    return compare(trained.windows.reference, scores, trained.windows.labels)


def stream_features(description: ModelDescription, track: np.ndarray) -> np.ndarray:
    """Normalised MFCC of each window of `genrekit stream` [shape=(decisions, frames, n_mfcc)]."""
    stream = MfccStream(description.front_end)
    return _normalised(description, np.stack(list(stream.push(track / np.float32(FULL_SCALE)))))


def _normalised(description: ModelDescription, features: np.ndarray) -> np.ndarray:
    return description.normalization.apply(features) if description.normalization else features


def _require_ram(name: str, sizes: Sizes, max_ram: int | None) -> None:
    if max_ram is None or sizes.board_state <= max_ram:
        return
    without = sizes.board_state_without_top_db
    remedy = "train a smaller model, or one of shorter windows"
    if without <= max_ram:
        remedy = f"a front end without top_db would take {without:,}: train with --top-db none"
    raise UnsupportedModelError(
        f"{name} was not kept: max_ram={max_ram:,}: expected at least the {sizes.board_state:,} bytes that it takes on "
        f"a board; {remedy}"
    )


def _row(
    path: Path,
    description: ModelDescription,
    ops: dict[str, int],
    sizes: Sizes | None,
    parity: Parity,
    reasons: list[str],
) -> dict[str, Any]:
    return {
        "file": path.name,
        "format": C,
        "precision": description.precision,
        "target": C,
        "input": FEATURES,
        "bytes": sizes and sizes.flash,
        "state_bytes": sizes and sizes.state,
        "board_state_bytes": sizes and sizes.board_state,
        "board_state_bytes_without_top_db": sizes and sizes.board_state_without_top_db,
        **dataclasses.asdict(parity),
        "passed": sizes is not None,
        "reasons": reasons,
        "ops": ops,
        "notes": list(description.notes),
        **({} if sizes else {"error": f"{path.name}: {UNPROVEN}", "exit_code": 0}),
    }
