"""Finishes what the TFLite converter wrote: corrects the fused LSTM and makes the bytes repeatable.

Source of all field names: TFLite's schema.fbs.
"""

from __future__ import annotations

import copy

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

BUFFER_ALIGNMENT = 16  # schema.fbs: Buffer.data (force_align: 16); kernels read weights in place
EMPTY_BUFFER = 0  # schema.fbs: buffer 0 is always empty
DEQUANTIZE_FLOAT16_VERSION = 3  # the first that takes float16


class _Builder(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers ships no types
    """Aligns bytes as the schema asks; the generated code knows no force_align."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
        return int(super().StartVector(elemSize, numElems, BUFFER_ALIGNMENT if elemSize == 1 else alignment))


def finish(data: bytes, float16: bool = False) -> bytes:
    """The TFLite model `data` with what the converter gets wrong put right.

    - The converter sets ``cell_clip=10`` on every fused LSTM; Keras clips nothing.
    - Quantising leaves stray memory as the content of LSTM state, which no engine reads, but which differs each time.
    - Input and output are called ``features`` and ``probabilities``.
    - With `float16`, kernels are stored as that. Biases are not, unlike in the converter's own float16: they hardly
      count in bytes and most in errors.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    for graph in model.subgraphs:
        for operator in graph.operators:
            if isinstance(operator.builtinOptions, schema.UnidirectionalSequenceLSTMOptionsT):
                operator.builtinOptions.cellClip = 0.0
        for tensor in graph.tensors:
            if tensor.isVariable:
                tensor.buffer = EMPTY_BUFFER
        graph.tensors[graph.inputs[0]].name = b"features"
        graph.tensors[graph.outputs[0]].name = b"probabilities"
    if float16:
        _store_float16(model)
    return packed(model)


def packed(model: schema.ModelT) -> bytes:
    """The bytes of `model`, without buffers that nothing uses."""
    _drop_unused_buffers(model)
    builder = _Builder(sum(np.size(buffer.data) for buffer in model.buffers if buffer.data is not None) + 2**16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _store_float16(model: schema.ModelT) -> None:
    """Put each float32 kernel behind a DEQUANTIZE operator, as TFLite's engines expect float16 weights."""
    model.operatorCodes.append(
        schema.OperatorCodeT(
            deprecatedBuiltinCode=schema.BuiltinOperator.DEQUANTIZE,
            builtinCode=schema.BuiltinOperator.DEQUANTIZE,
            version=DEQUANTIZE_FLOAT16_VERSION,
        )
    )
    for graph in model.subgraphs:
        kernels = [index for index, tensor in enumerate(graph.tensors) if _is_float32_kernel(model, tensor)]
        casts = [_behind_cast(model, graph, index) for index in kernels]
        graph.operators = casts + graph.operators


def _is_float32_kernel(model: schema.ModelT, tensor: schema.TensorT) -> bool:
    constant = model.buffers[tensor.buffer].data is not None
    return constant and tensor.type == schema.TensorType.FLOAT32 and len(tensor.shape) > 1


def _behind_cast(model: schema.ModelT, graph: schema.SubGraphT, index: int) -> schema.OperatorT:
    """Move the content of tensor `index` into a float16 tensor; returns the operator that brings it back."""
    tensor = graph.tensors[index]
    stored = copy.copy(tensor)
    stored.name = tensor.name + b"/float16"
    stored.type = schema.TensorType.FLOAT16
    values = model.buffers[tensor.buffer].data.view(np.float32).astype(np.float16)
    stored.buffer, tensor.buffer = len(model.buffers), EMPTY_BUFFER
    model.buffers.append(schema.BufferT(data=values.view(np.uint8)))
    graph.tensors.append(stored)
    return schema.OperatorT(
        opcodeIndex=len(model.operatorCodes) - 1,
        inputs=[len(graph.tensors) - 1],
        outputs=[index],
        builtinOptionsType=schema.BuiltinOptions.DequantizeOptions,
        builtinOptions=schema.DequantizeOptionsT(),
    )


def _drop_unused_buffers(model: schema.ModelT) -> None:
    holders = [tensor for graph in model.subgraphs for tensor in graph.tensors] + list(model.metadata or ())
    used = sorted({EMPTY_BUFFER, *(holder.buffer for holder in holders)})
    model.buffers = [model.buffers[index] for index in used]
    for holder in holders:
        holder.buffer = used.index(holder.buffer)
