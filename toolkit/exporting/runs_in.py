"""Where a file runs, in other people's runtimes: by its operators, their versions and types, and what it carries.

No runtime is asked. tests/converters/test_runs_in.py and tests/browser/test_runtimes.py ask whether the rules hold.
"""

from __future__ import annotations

from collections.abc import Callable

from ...runtime.modelfile.description import ModelDescription
from ...runtime.modelfile.graph import Graph, OperatorKind

METADATA = "TFLITE_METADATA"
MOST_CONCATENATED = 10  # tensors, in tflite-micro (kMaxInputNum in its concatenation.cc)
NEWEST_OPSETS = {"onnxruntime": 28, "onnxruntime-web": 26}  # of onnxruntime 1.32 and onnxruntime-web 1.30
# The newest version of each operator of TFLite in LiteRT 2.3 and in tflite-runtime 2.14, as they themselves say when
# they are handed a model of a newer one.
_VERSIONS = """
ABS 5 5, ADD 6 5, ADD_N 1 1, ARG_MAX 3 3, ARG_MIN 3 3, ATAN2 1 1, AVERAGE_POOL_2D 3 3, BATCH_MATMUL 4 4,
BATCH_TO_SPACE_ND 4 4, BROADCAST_ARGS 1 1, BROADCAST_TO 4 3, CAST 9 5, CEIL 1 1, COMPLEX_ABS 1 1, CONCATENATION 7 4,
CONV_2D 8 7, CONV_3D 1 1, COS 2 1, CUMSUM 1 1, DEPTHWISE_CONV_2D 7 7, DEPTH_TO_SPACE 2 2, DEQUANTIZE 9 5, DIV 2 2,
DYNAMIC_UPDATE_SLICE 6 1, ELU 1 1, EQUAL 5 4, EXP 2 2, EXPAND_DIMS 1 1, FILL 5 4, FLOOR 1 1, FLOOR_DIV 3 3, FLOOR_MOD
2 2, FULLY_CONNECTED 14 10, GATHER 8 6, GATHER_ND 6 4, GELU 3 2, GREATER 2 2, GREATER_EQUAL 3 3, HARD_SWISH 1 1, IF 1
1, IMAG 1 1, L2_NORMALIZATION 2 2, LEAKY_RELU 2 2, LESS 3 3, LESS_EQUAL 2 2, LOG 2 1, LOGICAL_AND 1 1, LOGICAL_NOT 1
1, LOGICAL_OR 1 1, LOGISTIC 3 3, LOG_SOFTMAX 2 2, MAXIMUM 4 4, MAX_POOL_2D 3 3, MEAN 3 3, MINIMUM 4 4, MIRROR_PAD 3 3,
MUL 8 7, NEG 1 1, NOT_EQUAL 4 3, ONE_HOT 1 1, PACK 5 4, PAD 6 4, PADV2 6 4, POW 1 1, PRELU 1 1, QUANTIZE 6 3, RANGE 2
2, RANK 1 1, REAL 1 1, REDUCE_ALL 1 1, REDUCE_ANY 1 1, REDUCE_MAX 3 3, REDUCE_MIN 3 3, REDUCE_PROD 2 2, RELU 3 3,
RELU6 3 3, RELU_0_TO_1 1 1, RELU_N1_TO_1 1 1, RESHAPE 1 1, RESIZE_BILINEAR 4 4, RESIZE_NEAREST_NEIGHBOR 4 4,
REVERSE_V2 4 3, RFFT2D 1 1, ROUND 1 1, RSQRT 3 2, SCATTER_ND 1 1, SELECT 4 4, SELECT_V2 2 2, SHAPE 1 1, SIGN 2 2, SIN
2 1, SLICE 8 6, SOFTMAX 4 3, SPACE_TO_BATCH_ND 4 4, SPACE_TO_DEPTH 2 2, SPLIT 5 4, SPLIT_V 3 2, SQRT 2 1, SQUARE 1 1,
SQUARED_DIFFERENCE 2 2, SQUEEZE 2 2, STRIDED_SLICE 8 8, SUB 5 5, SUM 2 2, TANH 3 3, TILE 3 3, TRANSPOSE 9 6,
TRANSPOSE_CONV 5 4, UNIDIRECTIONAL_SEQUENCE_LSTM 4 4, UNPACK 6 4, WHERE 2 2, WHILE 1 1, ZEROS_LIKE 1 1
"""
VERSIONS = {name: (int(ours), int(older)) for name, ours, older in (entry.split() for entry in _VERSIONS.split(","))}
NOT_IN_MICRO = set(
    """ATAN2 COMPLEX_ABS CONV_3D GELU IMAG ONE_HOT POW RANGE RANK REAL REDUCE_ANY REDUCE_PROD RELU_0_TO_1 RELU_N1_TO_1
    RFFT2D SCATTER_ND SELECT SIGN TILE WHERE""".split()
)
FUSED_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def runs_in(graph: Graph, description: ModelDescription, file_format: str) -> dict[str, bool | str]:
    """Whether each of `RUNTIMES` runs a file, True, or why it does not.

    Args:
        graph: of the file, from `read_graph`; that of a .keras or of a folder of C is not looked at.
        description: what the file says of itself.
        file_format: tflite, onnx, keras or c.
    """
    return {name: _reason(name, graph, description, file_format) or True for name in RUNTIMES}


def _reason(runtime: str, graph: Graph, description: ModelDescription, file_format: str) -> str:
    wanted, rule = RUNTIMES[runtime]
    if file_format != wanted:
        return f"it reads {FORMATS[wanted]}: export --format {wanted}"
    return rule(graph, description)


def _litert(graph: Graph, description: ModelDescription) -> str:
    return _too_new(graph, 0)


def _tflite_runtime(graph: Graph, description: ModelDescription) -> str:
    found = _too_new(graph, 1)
    return found and f"{found}: export --target tflite-runtime"


def _too_new(graph: Graph, column: int) -> str:
    for kind in sorted(graph.kinds, key=lambda kind: kind.name):
        known = VERSIONS.get(kind.name, (0, 0))[column]
        if kind.version > known:
            return f"{kind.name} of version {kind.version}, of which it knows {known or 'none'}"
    return ""


def _micro(graph: Graph, description: ModelDescription) -> str:
    for kind in sorted(graph.kinds, key=lambda kind: kind.name):
        if kind.name not in VERSIONS or kind.name in NOT_IN_MICRO:
            return f"it has no {kind.name}"
        if kind.name == "CONCATENATION" and len(kind.types) > MOST_CONCATENATED:
            features = ": export --input features" if description.takes_audio else ""
            return f"CONCATENATION of {len(kind.types)} tensors, of which it takes {MOST_CONCATENATED}{features}"
        if kind.name == "DEQUANTIZE" and "float16" in kind.types:
            return "it has no float16: export --precision int8"
        if _hybrid(kind):
            return f"{kind.name} of float32 with weights in int8: export --precision int8"
    return ""


def _hybrid(kind: OperatorKind) -> bool:
    return kind.types[:1] == ("float32",) and "int8" in kind.types


def _litert_js(graph: Graph, description: ModelDescription) -> str:
    if any(kind.name == FUSED_LSTM for kind in graph.kinds):
        return "it has no fused LSTM: export --format onnx, for onnxruntime-web"
    for end in (*graph.inputs, *graph.outputs):
        if end.dtype != "float32":
            return f"it has no tensors of {end.dtype}: export with --float-io"
    return _litert(graph, description)


def _mediapipe(graph: Graph, description: ModelDescription) -> str:
    if not description.takes_audio or METADATA not in graph.metadata:
        return "it takes samples, and says so in TFLite Metadata: export --input audio"
    return _litert(graph, description)


def _onnx(runtime: str) -> Rule:
    newest = NEWEST_OPSETS[runtime]

    def rule(graph: Graph, description: ModelDescription) -> str:
        found = max((kind.version for kind in graph.kinds), default=0)
        return f"operators of version {found}, of which it knows {newest}" if found > newest else ""

    return rule


Rule = Callable[[Graph, ModelDescription], str]
FORMATS = {"tflite": "TFLite", "onnx": "ONNX"}
# The format that each reads, and why it does not run such a file, "" where it does.
RUNTIMES: dict[str, tuple[str, Rule]] = {
    "litert": ("tflite", _litert),
    "tflite-runtime": ("tflite", _tflite_runtime),
    "tflite-micro": ("tflite", _micro),
    "litert.js": ("tflite", _litert_js),
    "mediapipe": ("tflite", _mediapipe),
    "onnxruntime": ("onnx", _onnx("onnxruntime")),
    "onnxruntime-web": ("onnx", _onnx("onnxruntime-web")),
}
