"""What a model file is, read without any engine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ...runtime.engines import check_ends
from ...runtime.modelfile.description import C, ModelDescription
from ...runtime.modelfile.graph import Graph, Tensor
from ...runtime.modelfile.reader import model_format, read_description, read_graph
from ..corpus.scan import content_hash
from .runs_in import runs_in


def inspect_model(path: Path) -> dict[str, Any]:
    """What `genrekit inspect --json` prints; raises MissingFileError or ModelFileError.

    Operators of a folder of C are in parity.json; its bytes are known when it is compiled.
    """
    description = read_description(path)
    file_format = model_format(path)
    graph = _described_graph(description) if file_format in ("keras", C) else read_graph(path)
    check_ends(graph, description, path)
    is_file = file_format != C
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
        "bytes": path.stat().st_size if is_file else None,
        "sha256": content_hash(path).hex() if is_file else None,
        "checksum": description.checksum,
        "runs_in": runs_in(graph, description, file_format),
        "description": description.to_dict(),
    }


def _described_graph(description: ModelDescription) -> Graph:
    """Its ends as the description has them: a .keras is not opened, since that takes Keras, and C is no graph."""
    config = description.front_end
    batch = 1 if description.format == C else None
    features = Tensor("x", (batch, config.window_frames, config.n_mfcc), "float32")
    probabilities = Tensor("y", (batch, len(description.labels)), "float32")
    return Graph({}, (features,), (probabilities,))


def _end(tensor: Tensor) -> dict[str, Any]:
    fields = dataclasses.asdict(tensor)
    del fields["name"]
    return fields
