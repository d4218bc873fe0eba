"""One module an engine; `load_engine` picks one. Each engine library is imported only when its model is loaded."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import sys
from pathlib import Path

from ..errors import GenrekitError, MissingPackageError, ModelFileError, ParameterError, first_words
from ..modelfile.description import C, ModelDescription
from ..modelfile.graph import Graph
from ..modelfile.reader import check_archive, model_format, read_description, read_graph
from .base import Engine


@dataclasses.dataclass(frozen=True)
class EngineSpec:
    """Where an engine lives and what it reads.

    Attributes:
        name: what users call it.
        module: ours, relative to this package; its class is called ``engine``.
        package: the library it imports.
        extra: the extra of genrekit that installs it; "" as its package and module where no Python runs it.
        format: the model format it reads.
        last_python: the last Python that its package has wheels for, where there is one.
        one_thread: it takes no more than one.
    """

    name: str
    module: str
    package: str
    extra: str
    format: str
    last_python: tuple[int, int] | None = None
    one_thread: bool = False

    @property
    def installed(self) -> bool:
        """Whether its package is, which may still fail to load."""
        return importlib.util.find_spec(self.package) is not None


MAX_THREADS = 256  # far beyond it engines crash instead of refusing

# Of those that read a format, the first that is installed is taken.
ENGINES = {
    spec.name: spec
    for spec in (
        EngineSpec("litert", ".litert", "ai_edge_litert", "litert", "tflite"),
        EngineSpec("tflite-runtime", ".tflite_runtime", "tflite_runtime", "tflite-runtime", "tflite", (3, 11)),
        EngineSpec("micro", ".micro", "tflite_micro", "micro", "tflite", one_thread=True),
        EngineSpec("onnx", ".onnx", "onnxruntime", "onnx", "onnx"),
        EngineSpec("keras", ".keras", "keras", "train", "keras"),
    )
}
# A folder of C is compiled to a program of its own, which the bench measures and nothing here loads.
PROGRAM = EngineSpec("c", "", "", "", C, one_thread=True)
MEASURED = {**ENGINES, PROGRAM.name: PROGRAM}


def load_engine(path: str | Path, threads: int = 1, engine: str | None = None) -> Engine:
    """Load a model file into an engine.

    Args:
        path: a .tflite, .onnx or .keras with genrekit's description.
        threads: how many threads one inference may use, 1 to `MAX_THREADS`.
        engine: a name in `ENGINES`; None takes the first installed one that reads the file.

    Raises:
        MissingFileError, ModelFileError: no such file, or none that can be used.
        MissingPackageError: no engine for it is installed.
        ParameterError: `threads` or `engine` is out of range.
    """
    if not 1 <= threads <= MAX_THREADS:
        raise ParameterError(f"threads={threads}: expected 1 to {MAX_THREADS}; leave it out for one thread")
    file_format = loadable_format(path)
    description = read_description(path)
    spec = _choose(file_format, engine)
    made = _engine_class(spec)
    if spec.format == "keras":
        check_archive(Path(path))
    else:
        check_ends(read_graph(path), description, path)
    loaded = _loaded(made, Path(path), description, threads)
    check_shapes(loaded.shapes, description, path)
    return loaded


def load_part(path: str | Path, engine: str) -> Engine:
    """As `load_engine`, of a file that holds a part of a model: its ends may be others than its description says."""
    file_format = loadable_format(path)
    description = read_description(path)
    made = _engine_class(_choose(file_format, engine))
    read_graph(path)
    return _loaded(made, Path(path), description, 1)


def _engine_class(spec: EngineSpec) -> type[Engine]:
    require_installed(spec)
    try:
        module = importlib.import_module(spec.module, __package__)
    except ImportError as error:  # there, but without a library it needs, or built for another numpy
        raise _missing(spec, f"does not load ({first_words(error)})") from error
    made: type[Engine] = module.engine
    return made


def _loaded(made: type[Engine], path: Path, description: ModelDescription, threads: int) -> Engine:
    try:
        return made(path, description, threads)
    except GenrekitError:
        raise
    except Exception as error:  # engines raise whatever they like on a file they cannot load
        raise ModelFileError(
            f"{path}: expected a model that {made.name} loads, but it says: {first_words(error)}; export it again"
        ) from error


def loadable_format(path: str | Path) -> str:
    """As `model_format`, of what engines load; raises ModelFileError of a folder of C, too."""
    if (file_format := model_format(path)) == C:
        raise ModelFileError(
            f"{path}: expected a file that an engine loads, received a folder of C, which is a program of its own: run "
            "`make` in it and ./classify, or name the .tflite of the same run"
        )
    return file_format


def _choose(file_format: str, name: str | None) -> EngineSpec:
    if name is None:
        candidates = [spec for spec in ENGINES.values() if spec.format == file_format]
        return next((spec for spec in candidates if spec.installed), candidates[0])
    if name not in ENGINES:
        raise ParameterError(f"engine={name}: expected one of {', '.join(ENGINES)}")
    if ENGINES[name].format != file_format:
        raise ParameterError(f"engine={name}: it reads {ENGINES[name].format} files, not {file_format}")
    return ENGINES[name]


def require_installed(spec: EngineSpec) -> None:
    """Raises MissingPackageError where the engine's package is not installed."""
    if not spec.installed:
        raise _missing(spec, "is not installed")


def _missing(spec: EngineSpec, reason: str) -> MissingPackageError:
    where = ""
    if spec.last_python is not None and sys.version_info[:2] > spec.last_python:
        where = " in Python {}.{}, the last that it has wheels for".format(*spec.last_python)
    return MissingPackageError(
        f"engine {spec.name} for {spec.format} files: {spec.package} {reason}; "
        f'run{where}: pip install "genrekit[{spec.extra}]"'
    )


def check_ends(graph: Graph, description: ModelDescription, path: str | Path) -> None:
    """Raises ModelFileError where the ends of the `graph` of `path` are not for one window, or as `check_shapes`."""
    (batch, *window), (rows, *classes) = (
        [-1 if size is None else size for size in end.shape] for end in (graph.inputs[0], graph.outputs[0])
    )
    check_shapes((tuple(window), classes[-1] if classes else rows), description, path)
    if not {batch, rows} <= {1, -1} or len(classes) != 1:
        raise ModelFileError(
            f"{path}: expected a model for one window a call or any number, its tensors are of shapes "
            f"{graph.inputs[0].shape} and {graph.outputs[0].shape}; export the model again"
        )


def check_shapes(shapes: tuple[tuple[int, ...], int], description: ModelDescription, path: str | Path) -> None:
    """Raises ModelFileError where the tensors of `path`, `shapes` as `Engine` has them, are not its description's."""
    expected = description.input_shape, len(description.labels)
    if shapes != expected:
        raise ModelFileError(
            f"{path}: its description says {description.input} {expected[0]} and {expected[1]} labels, its tensors say "
            f"{shapes[0]} and {shapes[1]}; export the model again"
        )
