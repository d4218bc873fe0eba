"""The front end in TFLite, in front of a model's operators. Source of all names: TFLite's schema.fbs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from ..tflite.finish import EMPTY_BUFFER, packed
from .constants import GraphConstants
from .graph import SAMPLES, Value, write_front_end

_OPERATOR = schema.BuiltinOperator
_FLOAT32, _INT32 = schema.TensorType.FLOAT32, schema.TensorType.INT32
PROBABILITIES = b"probabilities"


class _TFLiteWriter:
    """Writes operators and tensors behind those of a graph of `model`; one window a call.

    Versions are the first that take float32, so that older engines run them.
    """

    def __init__(self, model: schema.ModelT, samples: int) -> None:
        self.model = model
        self.graph = model.subgraphs[0]
        self.operators: list[schema.OperatorT] = []
        self.input = self.tensor((1, samples), _FLOAT32, SAMPLES.encode())
        self._samples = samples

    def tensor(self, shape: Sequence[int], kind: int, name: bytes = b"", buffer: int = EMPTY_BUFFER) -> int:
        """Add a tensor; returns its index."""
        # Fields as the converter writes them: older engines read no tensor without them.
        name = name or b"front_end/%d" % len(self.graph.tensors)
        made = schema.TensorT(shape=np.array(shape, np.int32), type=kind, buffer=buffer, name=name)
        made.quantization = schema.QuantizationParametersT()
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def _array(self, array: np.ndarray, kind: int) -> int:
        self.model.buffers.append(schema.BufferT(data=np.ascontiguousarray(array).ravel().view(np.uint8)))
        return self.tensor(array.shape, kind, buffer=len(self.model.buffers) - 1)

    def _integers(self, *values: int) -> int:
        return self._array(np.array(values, np.int32), _INT32)

    def operator(self, name: str, inputs: Sequence[int], output: int, options: object = None, version: int = 1) -> None:
        """Add the operator `name`, whose `options` are of the schema's class for it."""
        made = schema.OperatorT(opcodeIndex=self._code(getattr(_OPERATOR, name), version))
        made.inputs, made.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            made.builtinOptionsType, made.builtinOptions = getattr(schema.BuiltinOptions, kind), options
        self.operators.append(made)

    def _code(self, number: int, version: int) -> int:
        codes = self.model.operatorCodes
        for index, code in enumerate(codes):
            if (code.builtinCode, code.version) == (number, version):
                return index
        oldest = min(number, _OPERATOR.PLACEHOLDER_FOR_GREATER_OP_CODES)
        codes.append(schema.OperatorCodeT(deprecatedBuiltinCode=oldest, builtinCode=number, version=version))
        return len(codes) - 1

    def _value(
        self, name: str, inputs: Sequence[int], shape: Sequence[int], options: object = None, version: int = 1
    ) -> Value[int]:
        output = self.tensor(shape, _FLOAT32)
        self.operator(name, inputs, output, options, version)
        return Value(output, tuple(shape))

    def constant(self, array: np.ndarray) -> Value[int]:
        return Value(self._array(array.astype(np.float32), _FLOAT32), array.shape)

    def padded_samples(self, before: int, after: int) -> Value[int]:
        x, length = self.input, self._samples + min(after, 0)
        if after < 0:
            kept = [self._integers(0, 0), self._integers(1, length)]
            x = self._value("SLICE", [x, *kept], (1, length), schema.SliceOptionsT()).key
        padding = self._array(np.array([[0, 0], [before, max(after, 0)]], np.int32), _INT32)
        padded = (1, before + length + max(after, 0))
        # The batch of one is left behind by the reshape that follows.
        return Value(self._value("PAD", [x, padding], padded, schema.PadOptionsT()).key, padded[1:])

    def reshape(self, x: Value[int], shape: tuple[int, ...]) -> Value[int]:
        options = schema.ReshapeOptionsT(newShape=np.array(shape, np.int32))
        return self._value("RESHAPE", [x.key, self._integers(*shape)], shape, options)

    def transpose(self, x: Value[int], axes: tuple[int, ...]) -> Value[int]:
        shape = tuple(x.shape[axis] for axis in axes)
        return self._value("TRANSPOSE", [x.key, self._integers(*axes)], shape, schema.TransposeOptionsT())

    def part(self, x: Value[int], axis: int, start: int, stop: int) -> Value[int]:
        begin, shape = [0] * len(x.shape), list(x.shape)
        begin[axis], shape[axis] = start, stop - start
        inputs = [x.key, self._integers(*begin), self._integers(*shape)]
        return self._value("SLICE", inputs, shape, schema.SliceOptionsT())

    def concatenate(self, parts: Sequence[Value[int]], axis: int) -> Value[int]:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        options = schema.ConcatenationOptionsT(axis=len(shape) + axis)
        return self._value("CONCATENATION", [part.key for part in parts], shape, options)

    def matmul(self, a: Value[int], b: Value[int]) -> Value[int]:
        shape = (*b.shape[:-2], a.shape[-2], b.shape[-1])
        return self._value("BATCH_MATMUL", [a.key, b.key], shape, schema.BatchMatMulOptionsT())

    def multiply(self, a: Value[int], b: Value[int]) -> Value[int]:
        return self._broadcast("MUL", a, b, schema.MulOptionsT())

    def add(self, a: Value[int], b: Value[int]) -> Value[int]:
        return self._broadcast("ADD", a, b, schema.AddOptionsT())

    def subtract(self, a: Value[int], b: Value[int]) -> Value[int]:
        return self._broadcast("SUB", a, b, schema.SubOptionsT())

    def maximum(self, a: Value[int], b: Value[int]) -> Value[int]:
        return self._broadcast("MAXIMUM", a, b, schema.MaximumMinimumOptionsT())

    def _broadcast(self, name: str, a: Value[int], b: Value[int], options: object) -> Value[int]:
        return self._value(name, [a.key, b.key], np.broadcast_shapes(a.shape, b.shape), options)

    def log(self, x: Value[int]) -> Value[int]:
        return self._value("LOG", [x.key], x.shape)

    def largest(self, x: Value[int]) -> Value[int]:
        return self._value("REDUCE_MAX", [x.key, self._integers(0, 1)], (1, 1), schema.ReducerOptionsT(keepDims=True))


def mfcc_tflite(constants: GraphConstants) -> bytes:
    """A model that gives the MFCC themselves: samples [shape=(1, window_samples)] -> [shape=(1, frames, n_mfcc)]."""
    graph = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name=b"main")
    model = schema.ModelT(version=3, operatorCodes=[], subgraphs=[graph], buffers=[schema.BufferT()])
    writer = _TFLiteWriter(model, constants.config.window_samples)
    mfcc = _written(writer, constants)
    graph.inputs, graph.outputs, graph.operators = [writer.input], [mfcc], writer.operators
    return packed(model)


def _written(writer: _TFLiteWriter, constants: GraphConstants) -> int:
    """Write the front end down; returns the index of its MFCC [shape=(1, frames, n_mfcc)]."""
    mfcc = write_front_end(writer, constants)
    return writer.reshape(mfcc, (1, *mfcc.shape)).key


def with_tflite_front_end(data: bytes, constants: GraphConstants) -> bytes:
    """The model `data`, which takes MFCC, behind the front end: samples [shape=(1, window_samples)] go in.

    Its own graph stays as it is; where its ends are whole numbers, QUANTIZE and DEQUANTIZE stand in front and behind.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    graph = model.subgraphs[0]
    writer = _TFLiteWriter(model, constants.config.window_samples)
    features, probabilities = int(graph.inputs[0]), int(graph.outputs[0])
    mfcc, own = _written(writer, constants), graph.tensors[features]
    if own.type == _FLOAT32:
        writer.operators[-1].outputs = np.array([features], np.int32)
        graph.tensors.pop()  # that the last operator would have given
    else:
        writer.operator("QUANTIZE", [mfcc], features, schema.QuantizeOptionsT())
    operators = writer.operators + list(graph.operators)
    given = probabilities
    if graph.tensors[probabilities].type != _FLOAT32:
        graph.tensors[probabilities].name += b"/quantized"
        given = writer.tensor(graph.tensors[probabilities].shape, _FLOAT32, PROBABILITIES)
        writer.operators = []
        writer.operator("DEQUANTIZE", [probabilities], given, schema.DequantizeOptionsT(), version=2)
        operators += writer.operators
    graph.operators, graph.inputs, graph.outputs = operators, [writer.input], [given]
    for signature in model.signatureDefs or ():
        signature.inputs = [schema.TensorMapT(name=SAMPLES.encode(), tensorIndex=writer.input)]
        signature.outputs = [schema.TensorMapT(name=PROBABILITIES, tensorIndex=given)]
    return packed(model)
