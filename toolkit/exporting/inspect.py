"""What a model file is, read without any engine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ...runtime.engines import check_ends
from ...runtime.modelfile.description import ModelDescription
from ...runtime.modelfile.graph import Graph, Tensor
from ...runtime.modelfile.reader import model_format, read_description, read_graph
from ..corpus.scan import content_hash


def inspect_model(path: Path) -> dict[str, Any]:
    """What `genrekit inspect --json` prints; raises MissingFileError or ModelFileError."""
    description = read_description(path)
    graph = _keras_graph(description) if model_format(path) == "keras" else read_graph(path)
    check_ends(graph, description, path)
    return {
        "file": str(path),
        "model": description.model,
        "format": description.format,
        "precision": description.precision,
        "labels": list(description.labels),
        "front_end": description.front_end.to_dict(),
        "input": {"kind": description.input, **_end(graph.inputs[0])},
        "output": _end(graph.outputs[0]),
        "ops": graph.ops,
        "parameters": description.parameters,
        "macs": description.macs,
        "bytes": path.stat().st_size,
        "sha256": content_hash(path).hex(),
        "checksum": description.checksum,
        "description": description.to_dict(),
    }


def _keras_graph(description: ModelDescription) -> Graph:
    """A .keras is not opened, since that takes Keras; its ends follow from the description."""
    config = description.front_end
    features = Tensor("x", (None, config.window_frames, config.n_mfcc), "float32")
    probabilities = Tensor("y", (None, len(description.labels)), "float32")
    return Graph({}, (features,), (probabilities,))


def _end(tensor: Tensor) -> dict[str, Any]:
    fields = dataclasses.asdict(tensor)
    del fields["name"]
    return fields
