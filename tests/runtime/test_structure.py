"""What engines never see: TFLite and ONNX files whose structure is damaged or hostile, each refused for its reason."""

import contextlib
import copy
import io
import itertools
import zipfile

import numpy as np
import pytest

from genrekit.converters.attach import attach, without_description
from genrekit.runtime import load
from genrekit.runtime.errors import ModelFileError
from genrekit.runtime.modelfile import tflite_graph
from genrekit.runtime.modelfile.malformed import MalformedError
from genrekit.runtime.modelfile.reader import read_description, read_graph
from genrekit.runtime.modelfile.tflite_op_names import OPERATORS
from genrekit.runtime.modelfile.tflite_operators import ARITIES
from genrekit.runtime.modelfile.tflite_rules import RULES


@pytest.fixture(scope="module")
def schema():
    return pytest.importorskip("tensorflow.lite.python.schema_py_generated")


@pytest.fixture(scope="module")
def conv_tflite(tmp_path_factory):
    """A TFLite file with a convolution and a pool."""
    import keras

    from genrekit.converters.tflite.convert import convert_tflite

    from ..conftest import tiny_description

    stages = [keras.Input((32, 5)), keras.layers.Reshape((32, 5, 1)), keras.layers.Conv2D(2, 3, activation="relu")]
    stages += [keras.layers.MaxPooling2D(2), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    path = tmp_path_factory.mktemp("conv") / "conv.tflite"
    converted = convert_tflite(keras.Sequential(stages), "float32").data
    path.write_bytes(attach(converted, tiny_description("conv", "tflite", "float32")))
    return path


@pytest.fixture
def altered(schema, tiny_models, conv_tflite, tmp_path):
    """A sealed TFLite file, but for what a function changes a sound one: (name, precision, change) -> its path."""
    import flatbuffers

    def alter(name, precision, change):
        plain, _, sound = name.partition("-")
        source = conv_tflite if name == "conv" else tiny_models(plain, "tflite", precision, sound or "features")
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(source.read_bytes()))
        change(model, model.subgraphs[0])
        builder = flatbuffers.Builder()
        builder.Finish(model.Pack(builder), b"TFL3")
        path = tmp_path / "altered.tflite"
        path.write_bytes(attach(bytes(builder.Output()), read_description(source)))
        return path

    return alter


def operator(model, graph, name):
    code = OPERATORS.index(name)
    return next(found for found in graph.operators if model.operatorCodes[found.opcodeIndex].builtinCode == code)


def options(name, **values):
    return lambda model, graph: vars(operator(model, graph, name).builtinOptions).update(values)


def first(name, index=0, **values):
    """Other fields of an input of the first operator `name`."""

    def change(model, graph):
        vars(graph.tensors[operator(model, graph, name).inputs[index]]).update(values)

    return change


def scales(name, index, **values):
    def change(model, graph):
        tensor = graph.tensors[operator(model, graph, name).inputs[index]]
        types = {"scale": np.float32, "zeroPoint": np.int64}
        vars(tensor.quantization).update({key: types[key](value) for key, value in values.items()})

    return change


def holding(name, index, numbers):
    """Other numbers in a constant input of the first operator `name`."""

    def change(model, graph):
        tensor = graph.tensors[operator(model, graph, name).inputs[index]]
        model.buffers[tensor.buffer].data = np.int32(numbers).view(np.uint8)

    return change


def inputs(name, index, value):
    def change(model, graph):
        found = operator(model, graph, name)
        found.inputs = np.array(found.inputs, np.int32)
        found.inputs[index] = value

    return change


def intermediate(model, graph):
    """As in segv.tflite: nothing but the LSTM in whole numbers looks at these."""
    operator(model, graph, "UNIDIRECTIONAL_SEQUENCE_LSTM").intermediates = np.int32([0, 0, 0, 0, 4128805])


def no_intermediates(model, graph):
    operator(model, graph, "UNIDIRECTIONAL_SEQUENCE_LSTM").intermediates = None


def code(name, number):
    def change(model, graph):
        found = model.operatorCodes[operator(model, graph, name).opcodeIndex]
        found.builtinCode, found.deprecatedBuiltinCode = number, min(number, 127)

    return change


def custom(model, graph):
    code("SOFTMAX", 32)(model, graph)
    model.operatorCodes[operator(model, graph, "CUSTOM").opcodeIndex].customCode = b"Evil"


def huge(model, graph):
    spare = copy.copy(graph.tensors[graph.inputs[0]])
    spare.shape = np.int32([1, 2**15, 2**12])
    graph.tensors.append(spare)


def backwards(model, graph):
    graph.operators.reverse()


def twice(model, graph):
    graph.operators.append(graph.operators[-1])


def many_inputs(model, graph):
    graph.inputs = np.int32([graph.inputs[0], 1])


def outside(model, graph):
    model.buffers[-1].offset, model.buffers[-1].size = 2**20, 16


@pytest.mark.parametrize(
    ("name", "precision", "change", "message"),
    [
        ("dense", "float32", inputs("FULLY_CONNECTED", 0, 999), "a tensor that does not exist"),
        ("dense", "float32", inputs("FULLY_CONNECTED", 0, -2), "a tensor that does not exist"),
        ("dense", "float32", inputs("FULLY_CONNECTED", 1, -1), "FULLY_CONNECTED: an input that is left out"),
        ("dense", "float32", inputs("SOFTMAX", 0, 0), "SOFTMAX: 'probabilities' of shape"),
        ("lstm", "int8", intermediate, "a tensor that does not exist"),
        ("lstm", "int8", no_intermediates, "0 intermediates"),
        ("lstm", "int8", inputs("UNIDIRECTIONAL_SEQUENCE_LSTM", 18, -1), "an input that is left out"),
        ("lstm", "float32", first("UNIDIRECTIONAL_SEQUENCE_LSTM", 18, isVariable=False), "that nothing has made"),
        ("lstm", "float32", first("UNIDIRECTIONAL_SEQUENCE_LSTM", 19, shape=np.int32([1, 40])), "of shape"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, buffer=999), "in buffer 999, which does not exist"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, shape=np.int32([3, 161])), "in a buffer of 1920"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, shape=np.int32([160, 3])), "weights of shape"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, shape=np.int32([2**16, 2**16])), "of shape"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, shape=np.int32([-3, -160])), "of shape"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, type=5), "of type string"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, type=99), "of type number 99"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, type=2), "weights of type int32 for float32"),
        ("dense", "float32", first("FULLY_CONNECTED", 1, externalBuffer=1), "outside the file"),
        ("dense", "int8", scales("FULLY_CONNECTED", 0, scale=[np.nan]), "steps that cannot be used"),
        ("dense", "int8", scales("FULLY_CONNECTED", 0, scale=[0.0]), "steps that cannot be used"),
        ("dense", "int8", scales("FULLY_CONNECTED", 0, zeroPoint=[2**40]), "steps that cannot be used"),
        ("dense", "int8", scales("FULLY_CONNECTED", 0, zeroPoint=[1000]), "without one scale and zero point"),
        ("dense", "int8", scales("FULLY_CONNECTED", 1, scale=[0.1] * 5, zeroPoint=[0] * 5), "with 5 scales"),
        ("dense", "int8", first("FULLY_CONNECTED", 0, quantization=None), "without one scale and zero point"),
        ("dense", "float32", options("FULLY_CONNECTED", weightsFormat=1), "the order of another machine"),
        (
            "dense",
            "float32",
            options("FULLY_CONNECTED", fusedActivationFunction=77),
            "an activation that does not exist",
        ),
        ("dense", "float32", options("SOFTMAX", beta=float("nan")), "a rank or a beta"),
        ("dense", "float32", options("SOFTMAX", beta=1e-10), "a rank or a beta"),
        ("dense", "int8", scales("SOFTMAX", 0, scale=[1e-12]), "steps too small"),
        ("conv", "float32", options("CONV_2D", strideW=0), "strides, dilations or sides"),
        ("conv", "float32", options("CONV_2D", dilationHFactor=-1), "strides, dilations or sides"),
        ("conv", "float32", options("CONV_2D", padding=7), "a padding that does not exist"),
        ("conv", "float32", options("CONV_2D", strideH=2), "of shape"),
        ("conv", "float32", options("MAX_POOL_2D", filterWidth=0), "strides, dilations or sides"),
        ("conv", "float32", options("MAX_POOL_2D", filterHeight=2**30), "strides, dilations or sides"),
        ("dense-audio", "float32", holding("PAD", 1, [0, 0, 128, 2**30]), "PAD: more elements"),
        ("dense-audio", "float32", holding("PAD", 1, [0, 0, 128, 129]), "PAD: .* of shape"),
        ("dense-audio", "float32", holding("PAD", 1, [0, 0, -128, 128]), "PAD: paddings"),
        ("dense-audio", "float32", holding("TRANSPOSE", 1, [2, 1, 3]), "TRANSPOSE: axes"),
        ("dense-audio", "float32", holding("SLICE", 1, [0, 0, 2]), "SLICE: "),
        ("dense", "float32", code("SOFTMAX", 400), "of number 400, which does not exist"),
        ("dense", "float32", code("SOFTMAX", 10), "operator HASHTABLE_LOOKUP, which"),
        ("dense", "float32", code("SOFTMAX", 3), "operator CONV_2D of 1 inputs"),
        ("dense", "float32", code("SOFTMAX", 17), "operator MAX_POOL_2D with the options of another"),
        ("dense", "float32", custom, "the custom operator 'Evil'"),
        ("dense", "float32", huge, "tensors of more than 268435456 bytes"),
        ("dense", "float32", backwards, "a tensor that nothing has made"),
        ("dense", "float32", twice, "a tensor that is there already"),
        ("dense", "float32", many_inputs, "not one tensor in|is there already"),
        ("dense", "float32", outside, "a buffer outside the flatbuffer"),
    ],
)
def test_a_tflite_that_no_engine_may_see(altered, name, precision, change, message):
    path = altered(name, precision, change)
    with pytest.raises(
        ModelFileError, match=rf"altered.tflite: expected a TFLite model, .*\(.*{message}.*export it again"
    ):
        load(path)


@pytest.fixture(scope="module")
def loop(schema):
    """A TFLite model with a loop, as bytes."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, 3), tf.float32)])
    def run(features):
        return tf.while_loop(lambda total: tf.reduce_sum(total) < 10.0, lambda total: (tf.exp(total),), [features])[0]

    return tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()]).convert()


@pytest.mark.parametrize(
    ("graphs", "message"),
    [
        ({}, None),
        ({"condSubgraphIndex": 99}, "operator WHILE of graphs that do not exist"),
        ({"bodySubgraphIndex": -1}, "operator WHILE of graphs that do not exist"),
        ({"bodySubgraphIndex": 0}, "graphs that run themselves"),
    ],
)
def test_loops_run_graphs_that_exist_and_end(schema, loop, graphs, message):
    import flatbuffers

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(loop))
    vars(operator(model, model.subgraphs[0], "WHILE").builtinOptions).update(graphs)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(MalformedError, match=message) if message else contextlib.nullcontext():
        tflite_graph.parse(bytes(builder.Output()))


@pytest.mark.parametrize("name", ["conv", "lstm", "dense", "dense-audio"])
def test_what_is_packed_anew_without_a_change_is_taken(altered, name):
    assert read_graph(altered(name, "float32", lambda model, graph: None)).ops


def test_every_operator_with_a_rule_is_one_of_the_schema(schema):
    assert set(ARITIES) <= set(OPERATORS)
    assert set(RULES) - {"other"} <= set(ARITIES)
    table = {number: name for name, number in vars(schema.BuiltinOptions).items() if not name.startswith("_")}
    shared = {"MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL"}
    shared |= {"AVERAGE_POOL_2D", "MAX_POOL_2D", "MAXIMUM", "MINIMUM", "L2_NORMALIZATION"}
    for name, (*_, number) in ARITIES.items():
        expected = name.replace("_", "").lower() + "options"
        if number and name not in shared:
            assert table[number].lower() == expected
        elif not number:
            assert expected not in {known.lower() for known in table.values()}


def test_offsets_and_lengths_that_leave_the_file_are_refused(tiny_models, tmp_path):
    """Every word of the structure in turn, so large that it leads out of the file, or so small that it leads back."""
    source = tiny_models("dense", "tflite")
    model, path = bytearray(without_description(source.read_bytes())), tmp_path / "wild.tflite"
    description = read_description(source)
    values = itertools.cycle((b"\xff\xff\xff\x7f", b"\xfc\xff\xff\xff", b"\4\0\0\0", b"\xff\xff\xff\xff"))
    refused = 0
    for position in range(0, len(model), 4):
        path.write_bytes(attach(bytes(model[:position]) + next(values) + bytes(model[position + 4 :]), description))
        try:
            read_graph(path)
        except ModelFileError:
            refused += 1
    assert refused > 100


def test_a_vector_that_many_tables_share_is_not_read_each_time(schema, tiny_models, tmp_path):
    """A small file may name a long vector thousands of times."""
    import flatbuffers

    builder = flatbuffers.Builder()
    scales = builder.CreateNumpyVector(np.ones(20_000, np.float32))
    schema.QuantizationParametersStart(builder)
    schema.QuantizationParametersAddScale(builder, scales)
    steps = schema.QuantizationParametersEnd(builder)
    schema.TensorStart(builder)
    schema.TensorAddQuantization(builder, steps)
    tensor = schema.TensorEnd(builder)
    schema.SubGraphStartTensorsVector(builder, 20_000)
    for _ in range(20_000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    graph = schema.SubGraphEnd(builder)
    schema.BufferStart(builder)
    buffer = schema.BufferEnd(builder)
    ends = []
    for start, item in ((schema.ModelStartSubgraphsVector, graph), (schema.ModelStartBuffersVector, buffer)):
        start(builder, 1)
        builder.PrependUOffsetTRelative(item)
        ends.append(builder.EndVector())
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, ends[0])
    schema.ModelAddBuffers(builder, ends[1])
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    path = tmp_path / "shared.tflite"
    path.write_bytes(attach(bytes(builder.Output()), read_description(tiny_models("dense", "tflite"))))
    with pytest.raises(ModelFileError, match=r"shared.tflite: .*(with 20000 scales|more parts than)"):
        load(path)


# ONNX


@pytest.fixture
def altered_onnx(tiny_models, tmp_path):
    """The same for an ONNX file: (name, change) -> path."""
    onnx = pytest.importorskip("onnx")

    def alter(name, change):
        source = tiny_models(name, "onnx")
        model = onnx.load_model_from_string(source.read_bytes())
        change(model, model.graph)
        path = tmp_path / "altered.onnx"
        path.write_bytes(attach(model.SerializeToString(), read_description(source)))
        return path

    return alter


def node(graph, op):
    return next(found for found in graph.node if found.op_type == op)


def weights(graph, name):
    return next(found for found in graph.initializer if found.name == name)


def external(model, graph):
    from onnx import TensorProto

    tensor = weights(graph, "kernel")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def function(model, graph):
    from onnx import helper

    opset = [helper.make_opsetid("", 13)]
    body = [helper.make_node("Relu", ["x"], ["y"])]
    model.functions.append(helper.make_function("mine", "Twice", ["x"], ["y"], body, opset))


def branches(depth):
    def change(model, graph):
        from onnx import helper

        inner = empty = helper.make_graph([], "inner", [], [])
        for level in range(depth):
            branch = helper.make_node("If", ["hidden"], [f"z{level}"], then_branch=inner, else_branch=empty)
            inner = helper.make_graph([branch], "inner", [], [])
        graph.node.insert(1, inner.node[0])

    return change


def grow(op, numbers):
    def change(model, graph):
        from onnx import helper, numpy_helper

        graph.initializer.append(numpy_helper.from_array(np.array(numbers), "numbers"))
        operands = ["numbers"] if op == "ConstantOfShape" else ["hidden", "numbers"]
        graph.node.insert(1, helper.make_node(op, operands, ["grown"]))

    return change


def attribute(op, name, value):
    def change(model, graph):
        from onnx import helper

        found = node(graph, op)
        kept = [entry for entry in found.attribute if entry.name != name]
        del found.attribute[:]
        found.attribute.extend([*kept, helper.make_attribute(name, value)])

    return change


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("dense", external, "weights 'kernel' in a file of their own, which is never opened"),
        ("dense", function, "functions of its own"),
        ("dense", lambda model, graph: model.training_info.add(), "a training of its own"),
        ("dense", lambda model, graph: graph.sparse_initializer.add(), "sparse weights"),
        ("dense", lambda model, graph: setattr(node(graph, "Gemm"), "op_type", "Evil"), "operator :Evil"),
        ("dense", lambda model, graph: setattr(node(graph, "Gemm"), "domain", "evil"), "operator evil:Gemm"),
        ("dense", lambda model, graph: node(graph, "Gemm").input.__setitem__(0, "scores"), "that nothing has made"),
        ("dense", lambda model, graph: graph.node.append(graph.node[-1]), "makes a tensor that is there already"),
        ("dense", lambda model, graph: graph.initializer.append(graph.initializer[0]), "two tensors of one name"),
        ("dense", lambda model, graph: weights(graph, "kernel").dims.__setitem__(0, 161), "of 1932 bytes"),
        ("dense", lambda model, graph: weights(graph, "kernel").dims.__setitem__(0, -160), "of shape"),
        ("dense", lambda model, graph: weights(graph, "kernel").dims.__setitem__(0, 2**40), "of shape"),
        ("dense", lambda model, graph: setattr(weights(graph, "kernel"), "data_type", 8), "type unknown"),
        ("dense", lambda model, graph: weights(graph, "bias").float_data.append(1.0), "in the field of another"),
        ("dense", lambda model, graph: setattr(model.opset_import[0], "version", 10**6), "operators of version"),
        ("dense", lambda model, graph: setattr(graph.output[0], "name", "absent"), "an output that nothing has made"),
        ("dense", lambda model, graph: graph.input.append(graph.output[0]), "is there already|not one tensor in"),
        ("dense", branches(12), "nested more than 4 deep"),
        ("dense", grow("Expand", [2**20, 2**20]), "Expand of more elements"),
        ("dense", grow("Tile", [2**30, 1]), "Tile of more elements"),
        ("dense", grow("ConstantOfShape", [2**31, 2**31]), "ConstantOfShape of more elements"),
        ("dense", grow("Pad", [0, 0, 0, 2**40]), "Pad of more elements"),
        ("lstm", attribute("LSTM", "hidden_size", 2**40), "LSTM with hidden_size"),
        ("lstm", attribute("LSTM", "hidden_size", 0), "LSTM with hidden_size"),
    ],
)
def test_an_onnx_that_no_engine_may_see(altered_onnx, name, change, message):
    path = altered_onnx(name, change)
    with pytest.raises(
        ModelFileError, match=rf"altered.onnx: expected an ONNX model, .*\(.*{message}.*export it again"
    ):
        load(path)


@pytest.mark.parametrize("number", [1, 7], ids=["of the model", "of the graph"])
def test_an_onnx_of_countless_parts_is_not_read(tiny_models, tmp_path, number):
    field = b"\x08\x01"  # number 1, of which each but the last is void
    data = field * 2_000_000
    if number == 7:
        data = b"\x3a" + b"\x80\x92\xf4\x01" + data  # 4,000,000 bytes of a graph
    path = tmp_path / "parts.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=r"parts.onnx: .*more parts than a model of sound has"):
        read_graph(path)


def test_a_few_graphs_within_graphs_are_taken(altered_onnx):
    """As Keras' loops become."""
    assert read_graph(altered_onnx("dense", branches(3))).ops["If"] == 1


def test_an_onnx_that_loads_and_cannot_run_is_refused(altered_onnx, tiny_features):
    """What no check of ours sees, its engine does, in a sentence of ours."""

    def narrow(model, graph):
        tensor = weights(graph, "w")
        tensor.dims[1], tensor.dims[2] = tensor.dims[2], tensor.dims[1]
        del graph.value_info[:]

    with pytest.raises(ModelFileError, match="export it again"):
        load(altered_onnx("lstm", narrow)).predict(tiny_features)


# Archives


def bomb(data, size, names=("genrekit.json",)):
    """`data` with a zip behind it whose entries unpack to `size` zeros."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(name, "w", force_zip64=True) as entry:
                for start in range(0, size, 2**20):
                    entry.write(bytes(min(2**20, size - start)))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("size", "names", "message"),
    [
        (32 * 2**20, ["genrekit.json"], "over 200 times its size"),
        (0, [f"{number}" for number in range(1001)], "1001 entries"),
        (0, [f"{number:0100}" for number in range(2000)], "a zip directory of more than"),
        (1, ["../genrekit.json", "genrekit.json"], "a zip entry with a path of its own, '../genrekit.json'"),
        (1, ["/etc/passwd", "genrekit.json"], "a zip entry with a path of its own"),
    ],
)
def test_archives_that_are_not_unpacked(tiny_models, tmp_path, size, names, message):
    model = without_description(tiny_models("dense", "tflite").read_bytes())
    path = tmp_path / "bomb.tflite"
    path.write_bytes(bomb(model, size, names))
    with pytest.raises(ModelFileError, match=f"bomb.tflite: expected a TFLite model, .*{message}"):
        load(path)


def test_an_entry_packed_in_an_unusual_way_is_not_unpacked(tiny_models, tmp_path):
    """LZMA takes the memory that its header asks for."""
    path = tmp_path / "lzma.tflite"
    path.write_bytes(without_description(tiny_models("dense", "tflite").read_bytes()))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("genrekit.json", "{}")
    with pytest.raises(ModelFileError, match=r"lzma.tflite: .*packed in an unusual way"):
        load(path)


def test_a_keras_archive_with_paths_of_its_own_is_refused(tiny_models, tmp_path):
    pytest.importorskip("keras")
    source = tiny_models("dense", "keras")
    (tmp_path / "description.json").write_bytes(source.with_name("description.json").read_bytes())
    path = tmp_path / "model.keras"
    path.write_bytes(bomb(source.read_bytes(), 1, ["../../evil"]))
    with pytest.raises(ModelFileError, match=r"model.keras: expected a .keras archive, found .*'../../evil'"):
        load(path)


@pytest.mark.parametrize("suffix", ["tflite", "onnx", "keras"])
def test_a_file_too_large_is_not_read(tmp_path, suffix):
    path = tmp_path / f"model.{suffix}"
    with path.open("wb") as file:
        file.truncate(129 * 2**20)
    with pytest.raises(ModelFileError, match=f"model.{suffix}: expected at most 134217728 bytes"):
        read_description(path)


@pytest.mark.parametrize("file", ["segv", "idx", "nested", "t-corpus-381", "t-parameters-111", "bigmels", "bigfft"])
def test_hostile_files_are_refused(shared_data, file):
    path = shared_data / "hostile" / f"{file}.tflite"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with pytest.raises(ModelFileError, match=rf"{file}.tflite: .*expected") as refused:
        load(path)
    assert "\n" not in str(refused.value)
