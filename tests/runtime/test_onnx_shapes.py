"""Shapes of ONNX graphs against onnx's own inference, and graphs whose shapes do not fit or cost too much."""

import numpy as np
import pytest

from genrekit.runtime.modelfile import onnx_tables
from genrekit.runtime.modelfile.malformed import MalformedError
from genrekit.runtime.modelfile.onnx_shapes import RULES, known_shapes

onnx = pytest.importorskip("onnx")


def model_of(op, shapes, attributes=None, constants=(), outputs=1, domain=""):
    """A model of one node: inputs of these shapes, then constants; None for a name left out."""
    helper = onnx.helper
    inputs = [
        helper.make_tensor_value_info(f"x{index}", onnx.TensorProto.FLOAT, shape)
        for index, shape in enumerate(shapes)
        if shape is not None
    ]
    weights = [onnx.numpy_helper.from_array(np.array(values), f"c{index}") for index, values in enumerate(constants)]
    names = ["" if shape is None else f"x{index}" for index, shape in enumerate(shapes)]
    results = [f"y{index}" for index in range(outputs)]
    node = helper.make_node(
        op, [*names, *(tensor.name for tensor in weights)], results, domain=domain, **attributes or {}
    )
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in results]
    graph = helper.make_graph([node], "graph", inputs, ends, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def received(model):
    graph, _ = onnx_tables.read(model.SerializeToString())
    return known_shapes(graph)


CASES = [
    ("Relu", [(2, 3)], {}, ()),
    ("Softmax", [(1, 10)], {}, ()),
    ("Add", [(4, 1, 3), (5, 1)], {}, ()),
    ("Where", [(2, 1), (2, 3), (3,)], {}, ()),
    ("MatMul", [(7, 5), (5, 3)], {}, ()),
    ("MatMul", [(2, 1, 7, 5), (3, 5, 3)], {}, ()),
    ("Gemm", [(7, 5), (5, 3), (3,)], {}, ()),
    ("Gemm", [(5, 7), (3, 5)], {"transA": 1, "transB": 1}, ()),
    ("Conv", [(1, 4, 20, 9), (6, 4, 3, 3), (6,)], {"kernel_shape": [3, 3]}, ()),
    ("Conv", [(1, 4, 20, 9), (6, 2, 3, 3)], {"group": 2, "strides": [2, 1], "pads": [1, 0, 2, 1]}, ()),
    ("Conv", [(1, 4, 20), (6, 4, 3)], {"dilations": [4]}, ()),
    ("Conv", [(1, 4, 21, 9), (6, 4, 3, 3)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, ()),
    ("MaxPool", [(1, 4, 20, 9)], {"kernel_shape": [2, 2], "strides": [2, 2]}, ()),
    ("MaxPool", [(1, 4, 20, 9)], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, ()),
    ("AveragePool", [(1, 4, 20, 9)], {"kernel_shape": [3, 2], "pads": [1, 0, 1, 0]}, ()),
    ("Transpose", [(2, 3, 4)], {"perm": [2, 0, 1]}, ()),
    ("Transpose", [(2, 3, 4)], {}, ()),
    ("Reshape", [(2, 3, 4)], {}, ([0, -1],)),
    ("Flatten", [(2, 3, 4)], {"axis": 2}, ()),
    ("Flatten", [(2, 3, 4)], {"axis": -1}, ()),
    ("Squeeze", [(1, 3, 1)], {}, ([0],)),
    ("Gather", [(2, 3, 4)], {"axis": 1}, ([[0, 1]],)),
    ("LSTM", [(9, 1, 5), (1, 16, 5), (1, 16, 4), (1, 32)], {"hidden_size": 4}, ()),
    ("LSTM", [(9, 1, 5), (2, 16, 5), (2, 16, 4)], {"hidden_size": 4, "direction": "bidirectional"}, ()),
]


@pytest.mark.parametrize(("op", "shapes", "attributes", "constants"), CASES, ids=lambda value: str(value)[:40])
def test_shapes_are_those_of_onnx(op, shapes, attributes, constants):
    model = model_of(op, shapes, attributes, constants, outputs=3 if op == "LSTM" else 1)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    found = received(model)
    for end in inferred.graph.output:
        expected = tuple(size.dim_value for size in end.type.tensor_type.shape.dim)
        assert found[end.name] == expected


def test_the_cases_are_all_rules_but_those_that_take_whole_numbers():
    alone = {"Abs", "Relu", "Softmax"}
    rules = {name for name, rule in RULES.items() if rule not in (RULES["Abs"], RULES["Add"])}
    quantised = {"ConvInteger", "DynamicQuantizeLinear", "DynamicQuantizeLSTM", "MatMulInteger"}
    assert rules - {case[0] for case in CASES} - alone == quantised


def test_an_lstm_in_whole_numbers_has_its_weights_turned():
    found = received(
        model_of("DynamicQuantizeLSTM", [(9, 1, 5), (1, 5, 16), (1, 4, 16)], {"hidden_size": 4}, (), 3, "com.microsoft")
    )
    assert (found["y0"], found["y1"]) == ((9, 1, 1, 4), (1, 1, 4))


@pytest.mark.parametrize(
    ("op", "shapes", "attributes", "constants"),
    [
        ("Add", [(4, 3), (4, 2)], {}, ()),
        ("MatMul", [(7, 5), (4, 3)], {}, ()),
        ("Gemm", [(7, 5), (4, 3)], {}, ()),
        ("Gemm", [(7, 5, 1), (5, 3)], {}, ()),
        ("Gemm", [(7, 5), (5, 3), (4,)], {}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 3, 3, 3)], {}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 4, 3)], {}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 4, 3, 3), (5,)], {}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 4, 30, 3)], {}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 4, 3, 3)], {"kernel_shape": [2, 2]}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 4, 3, 3)], {"strides": [1]}, ()),
        ("Conv", [(1, 4, 20, 9), (6, 4, 3, 3)], {"pads": [-1, 0, 0, 0]}, ()),
        ("MaxPool", [(1, 4, 20, 9)], {}, ()),
        ("MaxPool", [(1, 4, 20, 9)], {"kernel_shape": [2]}, ()),
        ("Transpose", [(2, 3)], {"perm": [0, 0]}, ()),
        ("Reshape", [(2, 3)], {}, ([4, 2],)),
        ("Reshape", [(2, 3)], {}, ([-1, -1],)),
        ("Reshape", [(2, 3)], {}, ([6, 1, 0],)),
        ("Squeeze", [(2, 3)], {}, ([0],)),
        ("Squeeze", [(2, 3)], {}, ([5],)),
        ("Gather", [(2, 3)], {"axis": 2}, ([0],)),
        ("LSTM", [(9, 1, 5), (1, 16, 6), (1, 16, 4)], {"hidden_size": 4}, ()),
        ("LSTM", [(9, 1, 5), (1, 16, 5), (1, 16, 4)], {"hidden_size": 3}, ()),
        ("LSTM", [(9, 1, 5), (1, 16, 5), (1, 16, 4), (1, 16)], {"hidden_size": 4}, ()),
        ("MatMul", [(100_000, 1), (1, 100_000)], {}, ()),
        ("Add", [(100_000, 1), (1, 100_000)], {}, ()),
        ("Gemm", [(2000, 4000), (4000, 5000)], {}, ()),
        ("Conv", [(1, 1, 4000, 4000), (100, 1, 100, 100)], {"pads": [50, 50, 50, 50]}, ()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_does_not_fit_or_costs_too_much_is_refused(op, shapes, attributes, constants):
    with pytest.raises(MalformedError, match=f"operator {op} of shapes|tensors of more than"):
        received(model_of(op, shapes, attributes, constants))


def test_what_cannot_be_told_is_left_to_the_engine():
    found = received(model_of("Einsum", [(2, 3), (3, 4)], {"equation": "ij,jk->ik"}))
    assert "y0" not in found
