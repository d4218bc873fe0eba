"""Puts an ONNX graph together node by node, and keeps track of how its values lie in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17  # onnxruntime reads it since 1.12, older devices included
IR_VERSION = 8  # of that opset's release
INPUT, OUTPUT = "features", "probabilities"

# Axes of Keras' order in which each layout stores them; each is its own inverse. Convolutions want channels in front
# and run along the last axis, which is best the longest: 15 % of the CNN's latency. LSTM wants time in front.
KERAS = "keras"
TIME_LAST = "channels first, time last"
TIME_FIRST = "time first"
_AXES = {TIME_LAST: (0, 3, 2, 1), TIME_FIRST: (1, 0, 2)}


@dataclasses.dataclass(frozen=True)
class Value:
    """A value in the graph.

    Attributes:
        name: in the graph.
        shape: as Keras has it, without the batch.
        layout: KERAS, TIME_LAST or TIME_FIRST.
        order: for a flattened value, the index that Keras gives each element; None: its own.
    """

    name: str
    shape: tuple[int, ...]
    layout: str = KERAS
    order: np.ndarray | None = None


class OnnxGraph:
    """A graph under construction; the batch is fixed, or open where None."""

    def __init__(self, batch: int | None) -> None:
        self.batch = batch
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, array: np.ndarray) -> str:
        """Add a constant tensor; returns its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: int = 0, **attributes: Any) -> str:
        """Add a node of which only the result number `output` is used; returns that result's name."""
        name = f"{operator}_{len(self._nodes)}"
        outputs = [""] * output + [name]
        self._nodes.append(helper.make_node(operator, inputs, outputs, name, **attributes))
        return name

    def reshape(self, name: str, shape: tuple[int, ...]) -> str:
        """Reshape everything but the batch."""
        batch = -1 if self.batch is None else self.batch
        return self.node("Reshape", [name, self.constant(np.array([batch, *shape], np.int64))])

    def arrange(self, value: Value, layout: str) -> Value:
        """`value` in `layout` and in Keras' order."""
        name = value.name
        if value.order is not None:
            name = self.node("Gather", [name, self.constant(np.argsort(value.order))], axis=1)
        if value.layout != layout:
            if value.layout != KERAS:
                name = self.node("Transpose", [name], perm=_AXES[value.layout])
            if layout != KERAS:
                name = self.node("Transpose", [name], perm=_AXES[layout])
        return Value(name, value.shape, layout)

    def model(self, features: Value, probabilities: Value) -> onnx.ModelProto:
        """The finished model from `features` to `probabilities`, the last node's result; checked."""
        # A node's result can only be named when it is known to be the last.
        self._nodes[-1].output[-1] = OUTPUT
        ends = [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (self.batch or "batch", *value.shape))
            for name, value in ((INPUT, features), (OUTPUT, probabilities))
        ]
        graph = helper.make_graph(self._nodes, "genrekit", ends[:1], ends[1:], self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="genrekit")
        onnx.checker.check_model(model, full_check=True)
        return model
