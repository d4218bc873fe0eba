"""What TFLite's operators take: how many tensors, which options, and of those that our models use every shape.

Engines check much of it themselves, but not all: what they do not, ends in a crash or takes all memory.
Sources: TFLite's schema.fbs, which numbers the options; its kernels' Prepare functions.
"""

from __future__ import annotations

from .malformed import MalformedError
from .tflite_checks import require
from .tflite_rules import RULES
from .tflite_tables import GraphTable, OperatorTable

MANY = 1000
# Operators: fewest inputs, most inputs, outputs (0: any number), number of their options' table (0: none).
_ARITIES = """
ADD 2 2 1 11, AVERAGE_POOL_2D 1 1 1 5, CONCATENATION 1 1000 1 10, CONV_2D 2 3 1 1, DEPTHWISE_CONV_2D 2 3 1 2,
DEPTH_TO_SPACE 1 1 1 94, DEQUANTIZE 1 1 1 38, FLOOR 1 1 1 0, FULLY_CONNECTED 2 3 1 8, L2_NORMALIZATION 1 1 1 12,
LOGISTIC 1 1 1 0, MAX_POOL_2D 1 1 1 5, MUL 2 2 1 21, RELU 1 1 1 0, RELU_N1_TO_1 1 1 1 0, RELU6 1 1 1 0, RESHAPE 1 2 1
17, RESIZE_BILINEAR 2 2 1 15, SOFTMAX 1 1 1 9, SPACE_TO_DEPTH 1 1 1 19, TANH 1 1 1 0, PAD 2 2 1 22, GATHER 2 2 1 23,
BATCH_TO_SPACE_ND 3 3 1 24, SPACE_TO_BATCH_ND 3 3 1 25, TRANSPOSE 2 2 1 26, MEAN 2 2 1 27, SUB 2 2 1 28, DIV 2 2 1 29,
SQUEEZE 1 1 1 30, UNIDIRECTIONAL_SEQUENCE_LSTM 20 24 1 71, STRIDED_SLICE 4 4 1 32, EXP 1 1 1 33, SPLIT 2 2 0 35,
LOG_SOFTMAX 1 1 1 36, CAST 1 1 1 37, PRELU 2 2 1 0, MAXIMUM 2 2 1 39, MINIMUM 2 2 1 39, ARG_MAX 2 2 1 40, ARG_MIN 2 2
1 57, LESS 2 2 1 41, NEG 1 1 1 42, PADV2 3 3 1 43, GREATER 2 2 1 44, GREATER_EQUAL 2 2 1 45, LESS_EQUAL 2 2 1 46,
SELECT 3 3 1 47, SLICE 3 3 1 48, SIN 1 1 1 0, TRANSPOSE_CONV 3 4 1 49, TILE 2 2 1 51, EXPAND_DIMS 2 2 1 52, EQUAL 2 2
1 53, NOT_EQUAL 2 2 1 54, LOG 1 1 1 0, SUM 2 2 1 27, SQRT 1 1 1 0, RSQRT 1 1 1 0, SHAPE 1 1 1 55, POW 2 2 1 56,
REDUCE_PROD 2 2 1 27, REDUCE_MAX 2 2 1 27, REDUCE_MIN 2 2 1 27, REDUCE_ANY 2 2 1 27, REDUCE_ALL 2 2 1 27, PACK 1 1000
1 59, LOGICAL_OR 2 2 1 60, LOGICAL_AND 2 2 1 62, LOGICAL_NOT 1 1 1 63, ONE_HOT 4 4 1 61, UNPACK 1 1 0 64, FLOOR_DIV 2
2 1 65, SQUARE 1 1 1 66, ZEROS_LIKE 1 1 1 67, FILL 2 2 1 68, FLOOR_MOD 2 2 1 72, RANGE 3 3 1 73,
RESIZE_NEAREST_NEIGHBOR 2 2 1 74, LEAKY_RELU 1 1 1 75, SQUARED_DIFFERENCE 2 2 1 76, MIRROR_PAD 2 2 1 77, ABS 1 1 1 78,
SPLIT_V 3 3 0 79, CEIL 1 1 1 0, REVERSE_V2 2 2 1 81, ADD_N 1 1000 1 82, GATHER_ND 2 2 1 83, COS 1 1 1 84, WHERE 1 1 1
85, RANK 1 1 1 86, ELU 1 1 1 0, QUANTIZE 1 1 1 89, ROUND 1 1 1 0, HARD_SWISH 1 1 1 91, IF 1 1000 0 92, WHILE 1 1000 0
93, SELECT_V2 3 3 1 98, BATCH_MATMUL 2 2 1 101, CUMSUM 2 2 1 102, BROADCAST_TO 2 2 1 104, BROADCAST_ARGS 2 2 1 0,
CONV_3D 2 3 1 106, RFFT2D 2 2 1 105, IMAG 1 1 1 0, REAL 1 1 1 0, COMPLEX_ABS 1 1 1 0, GELU 1 1 1 116,
DYNAMIC_UPDATE_SLICE 3 3 1 117, RELU_0_TO_1 1 1 1 0, ATAN2 2 2 1 122, SIGN 1 1 1 123, SCATTER_ND 3 3 1 97
"""
ARITIES = {name: tuple(map(int, rest)) for name, *rest in (entry.split() for entry in _ARITIES.split(","))}
# Those that take something else for granted where their options are left out.
NEED_OPTIONS = set(
    """AVERAGE_POOL_2D CONCATENATION CONV_2D CONV_3D DEPTHWISE_CONV_2D DEPTH_TO_SPACE FULLY_CONNECTED IF MAX_POOL_2D
    PACK SOFTMAX SPACE_TO_DEPTH SPLIT SPLIT_V TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK WHILE""".split()
)
# Fields that are vectors of whole numbers, in the options of these.
VECTORS = {"RESHAPE": 0, "SQUEEZE": 0}
CALLS = {"IF", "WHILE"}


def check_operator(operator: OperatorTable, graph: GraphTable, graphs: tuple[GraphTable, ...]) -> None:
    """Raise MalformedError where `operator` of `graph` is not what its kernel takes."""
    name, options = operator.name, operator.options
    require(name in ARITIES, f"operator {name}, which models of sound have no use for")
    fewest, most, outputs, options_type = ARITIES[name]
    require(
        fewest <= len(operator.inputs) <= most
        and len(operator.outputs) == (outputs or len(operator.outputs))
        and 1 <= len(operator.outputs) <= MANY
        and -1 not in operator.outputs,
        f"operator {name} of {len(operator.inputs)} inputs and {len(operator.outputs)} outputs",
    )
    require(
        operator.options_type in (options_type, 0) and (options is not None or name not in NEED_OPTIONS),
        f"operator {name} with the options of another",
    )
    if options is not None and name in VECTORS:
        options.numbers(VECTORS[name], "i")
    if name in CALLS:
        _check_calls(operator, graph, graphs)
    taken = [graph.tensors[index] if index >= 0 else None for index in operator.inputs]
    given = [graph.tensors[index] for index in operator.outputs]
    try:
        RULES.get(name, RULES["other"])(operator, taken, given, graph)
    except MalformedError as error:
        raise MalformedError(f"operator {name}: {error}") from error


def called(operator: OperatorTable) -> tuple[int, ...]:
    """Indices of the graphs that a loop or branch runs: condition and body, or either branch."""
    if operator.name not in CALLS or operator.options is None:
        return ()
    return operator.options.scalar(0, "<i"), operator.options.scalar(1, "<i")


def _check_calls(operator: OperatorTable, graph: GraphTable, graphs: tuple[GraphTable, ...]) -> None:
    indices = called(operator)
    require(all(0 <= index < len(graphs) for index in indices), f"operator {operator.name} of graphs that do not exist")
    loop = operator.name == "WHILE"
    inputs = operator.inputs if loop else operator.inputs[1:]
    for index, outputs in zip(indices, (1 if loop else len(operator.outputs), len(operator.outputs)), strict=True):
        called_graph = graphs[index]
        require(
            len(called_graph.inputs) == len(inputs) and len(called_graph.outputs) == outputs,
            f"operator {operator.name} of a graph with other ends",
        )
        types = [called_graph.tensors[end].dtype for end in called_graph.inputs]
        require(
            -1 not in inputs and types == [graph.tensors[index].dtype for index in inputs],
            f"operator {operator.name} of a graph with other types",
        )
