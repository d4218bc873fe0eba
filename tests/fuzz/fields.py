"""Model files with other values in their fields, whole otherwise: what damage by chance seldom gets to."""

import flatbuffers
import numpy as np

from genrekit.runtime.modelfile.onnx_operators import KNOWN, KNOWN_MICROSOFT

NUMBERS = (0, 1, 2, 3, 4, 5, 8, 13, 64, 127, 128, 255, 1000, 2**16, 2**20, 2**31 - 1, -1, -2, -128, -(2**31))
REALS = (0, 1e-38, 1e-10, 1e-3, 1, 1e10, 1e38, -1, np.nan, np.inf)


def changed(model, file_format, generator):
    """The bytes `model` with one to three other values."""
    change = {"tflite": _tflite, "onnx": _onnx}[file_format]
    return change(model, generator, int(generator.choice([1, 1, 2, 3])))


def _number(generator):
    return int(generator.choice([*NUMBERS, generator.integers(-10, 300)]))


def _one(generator, items):
    return items[int(generator.integers(len(items)))]


def _replaced(generator, values, value, dtype):
    """`values` with `value` for one of them; None stays None."""
    if values is None or not len(values):
        return values
    values = np.array(values, dtype)
    values[generator.integers(len(values))] = value
    return values


def _tflite(data, generator, count):
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    graph = model.subgraphs[0]
    for _ in range(count):
        _one(generator, TFLITE)(generator, model, graph)
    builder = flatbuffers.Builder(len(data) + 2**16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def shape(generator, model, graph):
    tensor = _one(generator, graph.tensors)
    tensor.shape = _replaced(generator, tensor.shape, _number(generator), np.int32)


def turned_shape(generator, model, graph):
    """As many elements as before."""
    tensor = _one(generator, graph.tensors)
    if tensor.shape is not None:
        sizes = generator.permutation(tensor.shape).tolist()
        tensor.shape = np.int32(_one(generator, [sizes, [1, *sizes], [int(np.prod(sizes))]]))


def kind(generator, model, graph):
    tensor = _one(generator, graph.tensors)
    tensor.type = int(generator.integers(20))


def holder(generator, model, graph):
    _one(generator, graph.tensors).buffer = int(generator.integers(len(model.buffers)))


def variable(generator, model, graph):
    tensor = _one(generator, graph.tensors)
    tensor.isVariable = not tensor.isVariable


def steps(generator, model, graph):
    quantization = _one(generator, graph.tensors).quantization
    if quantization is None:
        return
    which = generator.integers(4)
    if which == 0:
        quantization.scale = _replaced(generator, quantization.scale, _one(generator, REALS), np.float32)
    elif which == 1:
        quantization.zeroPoint = _replaced(generator, quantization.zeroPoint, _number(generator), np.int64)
    elif which == 2:
        quantization.quantizedDimension = _number(generator)
    else:
        quantization.scale = None


def taken(generator, model, graph):
    operator = _one(generator, graph.operators)
    operator.inputs = _replaced(generator, operator.inputs, generator.integers(-1, len(graph.tensors)), np.int32)


def given(generator, model, graph):
    _one(generator, graph.operators).outputs = np.int32([generator.integers(len(graph.tensors))])


def between(generator, model, graph):
    operator = _one(generator, graph.operators)
    value = generator.integers(len(graph.tensors))
    operator.intermediates = _replaced(generator, operator.intermediates, value, np.int32)


def operators(generator, model, graph):
    code = _one(generator, model.operatorCodes)
    code.builtinCode = int(generator.integers(160))
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)


def version(generator, model, graph):
    _one(generator, model.operatorCodes).version = int(generator.integers(12))


def options(generator, model, graph):
    operator = _one(generator, graph.operators)
    if operator.builtinOptions is None or not vars(operator.builtinOptions) or generator.random() < 0.1:
        operator.builtinOptions, operator.builtinOptionsType = None, 0
        return
    name = _one(generator, list(vars(operator.builtinOptions)))
    value = getattr(operator.builtinOptions, name)
    if isinstance(value, bool):
        setattr(operator.builtinOptions, name, not value)
    elif isinstance(value, float):
        setattr(operator.builtinOptions, name, float(_one(generator, REALS)))
    elif isinstance(value, int):
        byte = name.startswith(("padding", "fused", "weights", "quantized"))
        setattr(operator.builtinOptions, name, int(generator.integers(6)) if byte else _number(generator))


def content(generator, model, graph):
    """Of a small constant: shapes, axes, sizes."""
    buffer = model.buffers[_one(generator, graph.tensors).buffer]
    if buffer.data is not None and len(buffer.data) in range(4, 65, 4):
        numbers = _replaced(generator, buffer.data.view(np.int32), _number(generator), np.int32)
        buffer.data = numbers.view(np.uint8)


def order(generator, model, graph):
    graph.operators = [graph.operators[index] for index in generator.permutation(len(graph.operators))]


TFLITE = [shape, turned_shape, kind, holder, variable, steps, taken, given, between, operators, version, options]
TFLITE += [content, order, shape, steps, options, content]


def _onnx(data, generator, count):
    import onnx

    model = onnx.load_model_from_string(data)
    for _ in range(count):
        _one(generator, ONNX)(generator, model.graph)
    return model.SerializeToString()


def _put(generator, values, value):
    if len(values):
        values[int(generator.integers(len(values)))] = value


def _names(graph):
    return [
        "",
        *(weights.name for weights in graph.initializer),
        *(name for node in graph.node for name in node.output),
    ]


def sizes(generator, graph):
    _put(generator, _one(generator, graph.initializer).dims, _number(generator))


def turned_sizes(generator, graph):
    weights = _one(generator, graph.initializer)
    found = generator.permutation(np.array(weights.dims, int)).tolist()
    weights.dims[:] = _one(generator, [found, [1, *found], [int(np.prod(found))]])


def weights_kind(generator, graph):
    _one(generator, graph.initializer).data_type = int(generator.integers(24))


def inputs(generator, graph):
    _put(generator, _one(generator, graph.node).input, _one(generator, _names(graph)))


def outputs(generator, graph):
    _put(generator, _one(generator, graph.node).output, _one(generator, _names(graph)))


def fewer_inputs(generator, graph):
    node = _one(generator, graph.node)
    del node.input[len(node.input) // 2 :]


def attributes(generator, graph):
    node = _one(generator, graph.node)
    if not node.attribute:
        return
    attribute = _one(generator, node.attribute)
    which = generator.integers(4)
    if which == 0:
        node.attribute.remove(attribute)
    elif attribute.ints and which == 1:
        attribute.ints.append(_number(generator))
    elif attribute.ints:
        _put(generator, attribute.ints, _number(generator))
    elif attribute.HasField("f"):
        attribute.f = float(_one(generator, REALS))
    elif attribute.HasField("i"):
        attribute.i = _number(generator)


def op(generator, graph):
    node = _one(generator, graph.node)
    node.op_type = _one(generator, sorted(KNOWN | KNOWN_MICROSOFT))
    node.domain = "" if node.op_type in KNOWN else "com.microsoft"


def without(generator, graph):
    graph.node.remove(_one(generator, graph.node))


def numbers(generator, graph):
    """Of a constant of whole numbers: shapes, axes."""
    weights = _one(generator, graph.initializer)
    if weights.data_type == 7 and weights.raw_data:
        values = np.frombuffer(weights.raw_data, np.int64)
        weights.raw_data = _replaced(generator, values, _number(generator), np.int64).tobytes()


ONNX = [sizes, turned_sizes, weights_kind, inputs, outputs, fewer_inputs, attributes, attributes, op, without, numbers]
