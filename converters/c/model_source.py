"""model.c and model.h: a graph's layers as calls, their weights, the front end's tables, labels, and what is known."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from ...runtime.c_tables import front_end_tables
from ...runtime.errors import UnsupportedModelError
from ...runtime.mfcc import MfccConfig
from ...runtime.modelfile.description import ModelDescription
from ...runtime.modelfile.rejection import COEFFICIENTS, Rejection, unpacked
from ...runtime.modelfile.tflite_tables import GraphTable
from ...runtime.util.foreign_text import c_comment
from .arena import Buffer, plan
from .operators import Layer, View, quantizing, translate
from .text import array, json_comment, number, numbers, string

MEMORY = "arena"
FEATURES, SCORES = "features", "scores"  # parameters of genrekit_model.infer


@dataclasses.dataclass(frozen=True)
class ModelSource:
    """The text of model.c.

    Attributes:
        name: of the model in C.
        text: of model.c.
        layers: the files of runtime/c/layers that it needs.
        arena_bytes: of its activations.
    """

    name: str
    text: str
    layers: tuple[str, ...]
    arena_bytes: int


def c_name(description: ModelDescription) -> str:
    """The model and its precision as a name in C."""
    name = re.sub(r"\W", "_", f"{description.model}_{description.precision}", flags=re.ASCII)
    return name if name[0].isalpha() else f"model_{name}"


def model_source(graph: GraphTable, description: ModelDescription) -> ModelSource:
    """model.c of a .tflite's `graph`.

    Raises:
        UnsupportedModelError: an operator that genrekit.h has no layer for, or a front end that the C does not have.
    """
    name = c_name(description)
    steps = _with_ends(graph, translate(graph))
    layers = [step for step in steps if isinstance(step, Layer)]
    body, arena_bytes = _calls(graph, steps)
    parts = [
        f"/* {c_comment(f'{description.model}, {description.precision}')}: weights, labels and front end. */",
        '#include "model.h"\n\n#include <float.h>\n',
        "".join(f"{layer.constants}\n" for layer in layers if layer.constants),
        _infer(body),
        _front_end(description.front_end),
        _normalization(description),
        _rejection(description.rejection, description.front_end.n_mfcc),
        f"static const char *const labels[] = {{{', '.join(map(string, description.labels))}}};\n",
        _model(name, description, arena_bytes),
        f"const char *const {name}_description[] = {{\n"
        + "".join(f"{string(line)},\n" for line in description.to_json().splitlines())
        + "0};\n",
    ]
    sources = {source for layer in layers for source in layer.sources}
    return ModelSource(name, "\n".join(part for part in parts if part), tuple(sorted(sources)), arena_bytes)


def model_header(source: ModelSource, description: ModelDescription) -> str:
    """model.h, which carries the description, sealed with the checksum of model.c, in a comment."""
    guard = f"GENREKIT_{source.name.upper()}_H"
    return f"""\
/* {c_comment(f"{description.model}, {description.precision}")}, written by genrekit {description.toolkit_version}.
 * What it is, and what it was proven against:
{json_comment(description.sealed_json([source.text.encode()]))}
*/
#ifndef {guard}
#define {guard}

#include "genrekit.h"

#ifdef __cplusplus
extern "C" {{
#endif

extern const genrekit_model {source.name};

/* The description above, a line each; NULL behind the last. */
extern const char *const {source.name}_description[];

#define GENREKIT_MODEL {source.name}

#ifdef __cplusplus
}}
#endif

#endif
"""


def _with_ends(graph: GraphTable, steps: list[Layer | View]) -> list[Layer | View]:
    """`steps`, behind and before what turns features into whole numbers and these into scores."""
    (x,), (y,) = graph.inputs, graph.outputs
    if graph.tensors[x].dtype == "int8":
        call = quantizing("quantize", graph.tensors[x], x=FEATURES)
        steps = [Layer(call, (), x, sources=("quantize.c",)), *steps]
    if graph.tensors[y].dtype == "int8":
        call = quantizing("dequantize", graph.tensors[y], y=SCORES)
        steps = [*steps, Layer(call, (y,), -1, sources=("quantize.c",))]
    return steps


def _calls(graph: GraphTable, steps: list[Layer | View]) -> tuple[str, int]:
    """The statements, and the bytes of the arena."""
    pointers = _Pointers(graph, steps)
    lines = []
    for index, step in enumerate(steps):
        if isinstance(step, Layer):
            taken = [pointers.of(tensor) for tensor in step.inputs]
            named = dict(zip(("x", "x2"), taken, strict=False), y=pointers.of(step.output), work=pointers.work(index))
            lines.append(f"    {step.call.format(**named)}\n")
    return "".join(lines), pointers.arena_bytes


class _Pointers:
    """Where tensors lie: in the arena, or in what `infer` is given."""

    def __init__(self, graph: GraphTable, steps: list[Layer | View]) -> None:
        self._views = {step.output: step for step in steps if isinstance(step, View)}
        self._fixed = {-1: SCORES}
        (x,), (y,) = graph.inputs, graph.outputs
        if graph.tensors[x].dtype == "float32":
            self._fixed[x] = FEATURES
        if graph.tensors[y].dtype == "float32":
            root, offset = self._root(y)
            if root in self._fixed or offset or graph.tensors[root].elements != graph.tensors[y].elements:
                raise UnsupportedModelError("target=c: a graph that ends in a part of a tensor: expected a layer")
            self._fixed[root] = SCORES
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for index, step in enumerate(steps):
            if isinstance(step, Layer):
                first.setdefault(self._root(step.output)[0], index)
                for tensor in (*step.inputs, step.output):
                    last[self._root(tensor)[0]] = index
        roots = [root for root in first if root not in self._fixed]
        buffers = [Buffer(graph.tensors[root].bytes, first[root], last[root]) for root in roots]
        works = {index: step.work_bytes for index, step in enumerate(steps) if isinstance(step, Layer)}
        works = {index: size for index, size in works.items() if size}
        buffers += [Buffer(size, index, index) for index, size in works.items()]
        offsets, self.arena_bytes = plan(buffers)
        self._offsets = dict(zip(roots, offsets, strict=False))
        self._works = dict(zip(works, offsets[len(roots) :], strict=True))

    def _root(self, tensor: int) -> tuple[int, int]:
        """The tensor that `tensor` is a view of, and how many bytes into it."""
        offset = 0
        while tensor in self._views:
            offset += self._views[tensor].offset
            tensor = self._views[tensor].input
        return tensor, offset

    def of(self, tensor: int) -> str:
        """The expression of a pointer to `tensor`."""
        root, offset = self._root(tensor)
        if root in self._fixed:
            return f"{self._fixed[root]} + {offset // 4}" if offset else self._fixed[root]
        return f"at({MEMORY}, {self._offsets[root] + offset})"

    def work(self, index: int) -> str:
        """The expression of a pointer to the memory that step `index` works in."""
        return f"at({MEMORY}, {self._works[index]})" if index in self._works else ""


def _infer(body: str) -> str:
    unused = "" if "instructions" in body else "    (void)instructions;\n"
    unused += "" if MEMORY in body else f"    (void){MEMORY};\n"
    at = (
        "static void *at(void *memory, size_t offset) { return (char *)memory + offset; }\n\n" if MEMORY in body else ""
    )
    return (
        f"{at}static void infer(const float *{FEATURES}, genrekit_instructions instructions, void *{MEMORY}, "
        f"float *{SCORES}) {{\n{unused}{body}}}\n"
    )


def _front_end(config: MfccConfig) -> str:
    tables = front_end_tables(config, in_double=False)
    arrays = {field.name: getattr(tables, field.name) for field in dataclasses.fields(tables)}
    text = "".join(array(name, values if len(values) else np.zeros(1, values.dtype)) for name, values in arrays.items())
    sizes = numbers(
        (config.n_fft, config.hop_length, config.n_mels, config.n_mfcc, config.window_samples, int(config.center))
    )
    return (
        f"{text}\nstatic const genrekit_front_end front_end = {{\n    {sizes}, {number(float(config.top_db or 0))}, "
        f"{len(tables.radices)}, &genrekit_in_float,\n    {', '.join(arrays)}}};\n"
    )


def _normalization(description: ModelDescription) -> str:
    if description.normalization is None:
        return ""
    return "".join(
        array(name, np.array(getattr(description.normalization, name), np.float32)) for name in ("mean", "std")
    )


def _rejection(rejection: Rejection | None, n_mfcc: int) -> str:
    if rejection is None:
        return ""
    thresholds = numbers((rejection.temperature, rejection.min_probability, rejection.max_distance or 0.0))
    if rejection.max_distance is None:
        return f"static const genrekit_rejection rejection = {{{thresholds}, 0, 0, 0}};\n"
    centers, whitening = (unpacked(text).astype(np.float32) for text in (rejection.centers, rejection.whitening))
    count = len(centers) // (2 * min(n_mfcc, COEFFICIENTS))
    return (
        f"{array('centers', centers)}{array('whitening', whitening)}"
        f"static const genrekit_rejection rejection = {{{thresholds}, {count}, centers, whitening}};\n"
    )


def _model(name: str, description: ModelDescription, arena_bytes: int) -> str:
    statistics = "mean, std" if description.normalization else "0, 0"
    rejection = "&rejection" if description.rejection else "0"
    return (
        f"const genrekit_model {name} = {{&front_end, {description.front_end.sample_rate}, {len(description.labels)}, "
        f"labels, {statistics}, {rejection}, {arena_bytes}, infer}};\n"
    )
