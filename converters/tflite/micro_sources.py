"""A model as C sources for microcontrollers: an aligned array, and a header with all that a front end must know."""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tflite_micro import runtime

from ...runtime.errors import ConversionError, first_words
from ...runtime.modelfile.description import ModelDescription, Normalization
from ...runtime.modelfile.graph import Graph
from ...runtime.modelfile.reader import read_description, read_graph
from ...runtime.util.atomic import write_text
from ...runtime.util.foreign_text import c_comment
from ...runtime.util.native_output import held_back
from ..attach import without_description

ALIGNMENT = 16  # bytes, as tflite-micro asks of a model
ARENA_STEP = 64


def write_sources(path: Path) -> tuple[Path, Path]:
    """Write `path`, an int8 .tflite of genrekit, as a header and a source file beside it.

    Both compile as C11 and as C++11. The array holds the model without its description, which the header repeats.
    Returns the paths of the .h and of the .cc; raises ConversionError where tflite-micro cannot run the model.
    """
    description, graph = read_description(path), read_graph(path)
    header, source = path.with_suffix(".h"), path.with_suffix(".cc")
    name = re.sub(r"\W", "_", path.stem)
    write_text(source, _source(name, header.name, without_description(path.read_bytes()), description))
    write_text(header, _header(name, description, graph, arena_bytes(path)))
    return header, source


def arena_bytes(path: Path) -> int:
    """Bytes of tensor arena with which tflite-micro runs the model, on this machine.

    That is what its recording allocator counts, and for small models a little more, because temporary tensors that it
    uses while it prepares the graph are not counted. Raises ConversionError where it cannot run the model.
    """
    with held_back() as written:
        try:
            _run(path, None).print_allocations()
        except (RuntimeError, ValueError) as error:
            raise ConversionError(
                f"{path}: tflite-micro cannot run it ({first_words(error)}); export it with int8"
            ) from error
        total = re.search(r"Arena allocation total (\d+) bytes", written())
        if total is None:
            raise ConversionError(f"{path}: expected tflite-micro to report its arena, received nothing")
        arena = int(total[1])
        while True:
            with contextlib.suppress(RuntimeError):
                _run(path, arena)
                return arena
            arena += ARENA_STEP


def _run(path: Path, arena: int | None) -> runtime.Interpreter:
    interpreter = runtime.Interpreter.from_file(str(path), arena_size=arena)
    details = interpreter.get_input_details(0)
    interpreter.set_input(np.zeros(details["shape"], details["dtype"]), 0)
    interpreter.invoke()
    return interpreter


def _header(name: str, description: ModelDescription, graph: Graph, arena: int) -> str:
    (features,), (scores,), config = graph.inputs, graph.outputs, description.front_end
    upper, guard = name.upper(), f"GENREKIT_{name.upper()}_H_"
    top_db = "0.0f  /* no clamp */" if config.top_db is None else f"{float(config.top_db)!r}f"
    return f"""\
/* {_about(description)}.
 *
 * Features: MFCC [frames][n_mfcc]; each coefficient becomes x = (mfcc - mean) / std, and is quantised as
 * clip(rint(x / INPUT_SCALE + INPUT_ZERO_POINT)). Probability of a label: OUTPUT_SCALE * (output - OUTPUT_ZERO_POINT).
 * ARENA_BYTES is what tflite-micro needed on a 64-bit machine; a 32-bit one needs less.
 */
#ifndef {guard}
#define {guard}

#include <stddef.h>

#define {upper}_ARENA_BYTES {arena}
#define {upper}_LABELS {len(description.labels)}
#define {upper}_INPUT_SCALE {features.scale!r}f
#define {upper}_INPUT_ZERO_POINT ({features.zero_point})
#define {upper}_OUTPUT_SCALE {scores.scale!r}f
#define {upper}_OUTPUT_ZERO_POINT ({scores.zero_point})
#define {upper}_SAMPLE_RATE {config.sample_rate}
#define {upper}_WINDOW_SAMPLES {config.window_samples}
#define {upper}_FRAMES {config.window_frames}
#define {upper}_N_FFT {config.n_fft}
#define {upper}_HOP_LENGTH {config.hop_length}
#define {upper}_N_MELS {config.n_mels}
#define {upper}_N_MFCC {config.n_mfcc}
#define {upper}_CENTER {int(config.center)}
#define {upper}_TOP_DB {top_db}

#ifdef __cplusplus
extern "C" {{
#endif

extern const unsigned char {name}_model[];
extern const size_t {name}_model_length;
extern const char *const {name}_labels[{len(description.labels)}];
extern const float {name}_mean[{config.n_mfcc}];
extern const float {name}_std[{config.n_mfcc}];

#ifdef __cplusplus
}}
#endif

#endif  /* {guard} */
"""


def _source(name: str, header: str, model: bytes, description: ModelDescription) -> str:
    data = textwrap.fill(", ".join(f"0x{byte:02x}" for byte in model), 118)
    labels = ", ".join(_c_string(label) for label in description.labels)
    count = description.front_end.n_mfcc
    normalization = description.normalization or Normalization((0.0,) * count, (1.0,) * count)
    return f"""\
/* {_about(description)}. */
#include "{header}"

#ifdef __cplusplus
#define ALIGNED alignas({ALIGNMENT})
#else
#define ALIGNED _Alignas({ALIGNMENT})
#endif

ALIGNED const unsigned char {name}_model[] = {{
{data}}};
const size_t {name}_model_length = sizeof({name}_model);
const char *const {name}_labels[{len(description.labels)}] = {{{labels}}};
const float {name}_mean[{count}] = {{{_floats(normalization.mean)}}};
const float {name}_std[{count}] = {{{_floats(normalization.std)}}};
"""


def _about(description: ModelDescription) -> str:
    return c_comment(
        f"{description.model}, {description.precision}, for tflite-micro. Written by genrekit "
        f"{description.toolkit_version}"
    )


def _floats(values: Iterable[float]) -> str:
    return ", ".join(f"{float(np.float32(value))!r}f" for value in values)


def _c_string(text: str) -> str:
    """A C string literal; bytes beyond ASCII as octal escapes, which end after three digits."""
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{escaped}"'
