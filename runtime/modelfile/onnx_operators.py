"""Which of ONNX's operators are run, and that each of their tensors is there and none grows without bounds.

Source: https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

import math

from .malformed import MalformedError
from .onnx_tables import MAX_ELEMENTS, Constant, Node, OnnxGraph

KNOWN = set(
    """Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Ceil Clip Compress Concat Constant
    ConstantOfShape Conv ConvInteger ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div Dropout
    DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu
    Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid HardSwish Hardmax Identity If
    InstanceNormalization LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization
    MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow
    QLinearConv QLinearMatMul QuantizeLinear RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence Round Scan
    ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt
    Squeeze Sub Sum Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor""".split()
)
# ONNX Runtime's own, which its quantiser writes.
KNOWN_MICROSOFT = set(
    """DynamicQuantizeLSTM DynamicQuantizeMatMul FusedConv FusedGemm FusedMatMul Gelu MatMulIntegerToFloat QGemm
    QLinearAdd QLinearAveragePool QLinearConcat QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearSigmoid
    QLinearSoftmax""".split()
)
DOMAINS = {"": KNOWN, "ai.onnx": KNOWN, "com.microsoft": KNOWN_MICROSOFT}
WITH_GRAPHS = {"If", "Loop", "Scan"}
MAX_STEP = 2**12  # of strides, sides, paddings and the like
MAX_PADDING = 2**15  # of sound, half a frame and a hop at either end
BOUNDED = {
    "strides", "dilations", "kernel_shape", "pads", "output_padding", "output_shape", "hidden_size", "group",
    "num_outputs", "blocksize", "size", "num_scan_inputs",
}  # fmt: skip
SIZED = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "Resize": 3}  # by which input
STEPPED = {"Pad": (1,), "OneHot": (1,), "Range": (0, 1, 2)}


def check_graph(graph: OnnxGraph, outer: frozenset[str] = frozenset()) -> None:
    """Raise MalformedError where a node of `graph` is not one that is run; names of `outer` graphs are known to it."""
    constants = {constant.name: constant for constant in graph.constants}
    known = {*outer, *constants, *(value.name for value in graph.inputs)}
    if len(constants) < len(graph.constants) or outer & constants.keys() or "" in constants:
        raise MalformedError("two tensors of one name")
    for node in graph.nodes:
        _check_node(node, constants)
        if not (known | {""}).issuperset(node.inputs):
            raise MalformedError(f"operator {node.op} takes a tensor that nothing has made")
        if node.graphs and node.op not in WITH_GRAPHS:
            raise MalformedError(f"operator {node.op} with a graph of its own")
        for inner in node.graphs:
            check_graph(inner, frozenset(known))
        named = [name for name in node.outputs if name]
        if known.intersection(named) or len(set(named)) < len(named):
            raise MalformedError(f"operator {node.op} makes a tensor that is there already")
        known.update(named)
        if node.op == "Constant" and len(node.constants) == len(named) == 1:
            constants[named[0]] = node.constants[0]
    if not known.issuperset(value.name for value in graph.outputs):
        raise MalformedError("an output that nothing has made")


def _check_node(node: Node, constants: dict[str, Constant]) -> None:
    if node.op not in DOMAINS.get(node.domain, ()):
        raise MalformedError(f"operator {node.domain[:80]}:{node.op[:80]}, which models of sound have no use for")
    for name, numbers in node.attributes.items():
        if name in BOUNDED and any(abs(number) > MAX_STEP for number in numbers):
            raise MalformedError(f"operator {node.op} with {name} {numbers[:8]}")
        if name in ("strides", "dilations", "kernel_shape", "hidden_size", "group") and min(numbers, default=1) < 1:
            raise MalformedError(f"operator {node.op} with {name} {numbers[:8]}")

    def values(index: int) -> tuple[int, ...]:
        constant = constants.get(node.inputs[index]) if index < len(node.inputs) else None
        return constant.values or () if constant else ()

    if node.op in SIZED and math.prod(map(abs, values(SIZED[node.op]))) > MAX_ELEMENTS:
        raise MalformedError(f"operator {node.op} of more elements than a model of sound has")
    most = MAX_PADDING if node.op == "Pad" else MAX_STEP
    if any(abs(number) > most for index in STEPPED.get(node.op, ()) for number in values(index)):
        raise MalformedError(f"operator {node.op} of more elements than a model of sound has")
