"""Operators and tensor ends against onnx itself and LiteRT's interpreter."""

import collections
import dataclasses
import itertools

import numpy as np
import pytest

from genrekit.runtime.errors import MissingFileError, ModelFileError
from genrekit.runtime.modelfile.graph import Graph, Tensor
from genrekit.runtime.modelfile.reader import read_graph
from genrekit.runtime.modelfile.tflite_op_names import OPERATORS, TENSOR_TYPES

from ..conftest import protobuf_field

MODELS = [("dense", "float32"), ("dense", "int8"), ("lstm", "float32"), ("lstm", "int8")]


def interpreter_tensor(details):
    scale, zero_point = details["quantization"]
    scales = details["quantization_parameters"]["scales"]
    return Tensor(
        name=details["name"],
        shape=tuple(None if size < 0 else int(size) for size in details["shape_signature"]),
        dtype=np.dtype(details["dtype"]).name,
        scale=pytest.approx(scale) if len(scales) else None,
        zero_point=zero_point if len(scales) else None,
    )


def interpreted(path):
    """What LiteRT says of a model, without the delegate that would put its own node in place of the operators."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    plain = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = litert.Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    return Graph(
        ops=dict(collections.Counter(details["op_name"] for details in interpreter._get_ops_details())),
        inputs=tuple(map(interpreter_tensor, interpreter.get_input_details())),
        outputs=tuple(map(interpreter_tensor, interpreter.get_output_details())),
    )


@pytest.mark.parametrize(("name", "precision"), MODELS)
def test_a_tflite_is_what_its_interpreter_says(tiny_models, name, precision):
    path = tiny_models(name, "tflite", precision)
    found = read_graph(path)
    assert dataclasses.replace(found, kinds=frozenset(), metadata=frozenset()) == interpreted(path)
    assert {kind.name for kind in found.kinds} == set(found.ops)


def test_the_fused_lstm_and_its_quantised_ends_are_named(tiny_models):
    graph = read_graph(tiny_models("lstm", "tflite", "int8"))
    assert graph.ops["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 1
    assert graph.inputs[0].shape == (1, 32, 5)
    assert graph.inputs[0].dtype == graph.outputs[0].dtype == "int8"
    assert (graph.outputs[0].scale, graph.outputs[0].zero_point) == (1 / 256, -128)


@pytest.fixture(scope="module")
def loop_tflite(tmp_path_factory):
    """A model with an open dimension and operators in a second graph, and two of a kind."""
    tf = pytest.importorskip("tensorflow")

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="features")])
    def run(features):
        total = tf.while_loop(lambda total: tf.reduce_sum(total) < 10.0, lambda total: (tf.exp(total),), [features])[0]
        return tf.nn.softmax(tf.sign(tf.exp(total)))

    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()])
    path = tmp_path_factory.mktemp("graphs") / "loop.tflite"
    path.write_bytes(converter.convert())
    return path


def test_open_dimensions_and_operators_of_inner_graphs_are_told(loop_tflite):
    graph = read_graph(loop_tflite)
    assert graph.inputs == interpreted(loop_tflite).inputs
    assert graph.inputs[0].shape == (None, 3)
    assert graph.ops["EXP"] == 2  # one within the loop
    assert graph.ops["SIGN"] == 1  # its number does not fit the field of older files
    assert {"WHILE", "SUM", "LESS", "SOFTMAX"} <= graph.ops.keys()


def test_the_names_are_those_of_the_schema():
    schema = pytest.importorskip("tensorflow.lite.python.schema_py_generated")
    for names, known in ((OPERATORS, schema.BuiltinOperator), (TENSOR_TYPES, schema.TensorType)):
        numbers = {number: name for name, number in vars(known).items() if not name.startswith("_")}
        common = range(min(len(names), len(numbers)))  # either side may be the newer one
        assert len(common) > 20
        assert [names[number].lower() for number in common] == [numbers[number].lower() for number in common]


@pytest.mark.parametrize("name", ["dense", "lstm"])
def test_an_onnx_is_what_onnx_says(tiny_models, name):
    onnx = pytest.importorskip("onnx")
    path = tiny_models(name, "onnx")
    graph = onnx.load(path).graph
    received = read_graph(path)
    assert received.ops == dict(collections.Counter(node.op_type for node in graph.node))
    assert received.inputs == (Tensor("features", (1, 32, 5), "float32"),)
    assert received.outputs == (Tensor("scores", (1, 3), "float32"),)


def onnx_file(path, shapes, types=None, inputs=None, ir_version=8):
    """An ONNX file of Identity nodes from one tensor to the next: (name, shape) each."""
    from onnx import TensorProto, helper

    names = list(shapes)
    infos = [
        helper.make_tensor_value_info(name, (types or {}).get(name, TensorProto.FLOAT), shape)
        for name, shape in shapes.items()
    ]
    nodes = [helper.make_node("Identity", [one], [other]) for one, other in itertools.pairwise(names)]
    nodes.append(helper.make_node("Relu", names[-1:], ["unused"]))
    weights = [helper.make_tensor("weights", TensorProto.FLOAT, [2], [1.0, 2.0])]
    graph = helper.make_graph(nodes, "graph", infos[:1] + (inputs or []), infos[-1:], weights)
    path.write_bytes(helper.make_model(graph, ir_version=ir_version).SerializeToString())
    return path


def test_open_onnx_dimensions_are_none(tmp_path):
    pytest.importorskip("onnx")
    path = onnx_file(tmp_path / "open.onnx", {"x": ["batch", 130, None], "y": [0, 10]})
    graph = read_graph(path)
    assert graph.inputs[0].shape == (None, 130, None)
    assert graph.outputs[0].shape == (0, 10)


def test_every_onnx_tensor_type_has_numpys_name(tmp_path):
    onnx = pytest.importorskip("onnx")
    for number in (1, 2, 3, 6, 7, 9, 10, 11):
        path = onnx_file(tmp_path / "typed.onnx", {"x": [1], "y": [1]}, types={"x": number})
        expected = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(number)).name
        assert read_graph(path).inputs[0].dtype == expected


def test_onnx_weights_among_the_inputs_are_no_inputs(tmp_path):
    """As files before IR version 4 list them."""
    onnx = pytest.importorskip("onnx")
    weights = onnx.helper.make_tensor_value_info("weights", onnx.TensorProto.FLOAT, [2])
    path = onnx_file(tmp_path / "old.onnx", {"x": [1], "y": [1]}, inputs=[weights], ir_version=3)
    assert [tensor.name for tensor in read_graph(path).inputs] == ["x"]


def test_operators_come_most_frequent_first(tmp_path):
    pytest.importorskip("onnx")
    path = onnx_file(tmp_path / "many.onnx", {"a": [1], "b": [1], "c": [1], "d": [1]})
    assert list(read_graph(path).ops.items()) == [("Identity", 3), ("Relu", 1)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.tflite", b"This is no model.\n" * 20),
        ("empty.tflite", b""),
        ("header.tflite", b"\x1c\0\0\0TFL3"),
        ("wild.tflite", b"\xff\xff\xff\x7fTFL3" + bytes(100)),
        ("text.onnx", b"This is no model.\n" * 20),
        ("empty.onnx", b""),
        ("number.onnx", b"\x38\x01"),  # field 7, the graph, as a number
        ("node.onnx", protobuf_field(7, b"\x08\x05")),  # a graph with a number for a node
    ],
)
def test_what_is_no_model_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=f"{name}: expected an? (TFLite|ONNX) model"):
        read_graph(tmp_path / name)


def test_a_keras_model_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "model.keras").touch()
    with pytest.raises(ModelFileError, match=r"model.keras: expected a .tflite or .onnx file; export"):
        read_graph(tmp_path / "model.keras")
    with pytest.raises(MissingFileError, match=r"absent.onnx: expected a model file, found none"):
        read_graph(tmp_path / "absent.onnx")
