"""Models that genrekit did not train, as its converters take them: features in, probabilities out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from ...runtime.errors import MissingFileError, ModelFileError, UnsupportedModelError, first_words
from ...runtime.modelfile.archive import UnsafeArchiveError, require_sound
from .simplify import chain, copy_layer, sequential

SIGNATURE = "serving_default"
_LOOPS = {"While", "StatelessWhile"}


def load_external_model(path: Path, input_shape: tuple[int, int], classes: int) -> tuple[keras.Model, tuple[str, ...]]:
    """Load a .keras file or the folder of a SavedModel, for `input_shape` (frames, n_mfcc) and so many `classes`.

    Returns:
        A model [shape=(batch, frames, n_mfcc)] -> [shape=(batch, classes)], and notes on what was changed: an input
        with one channel gets a Reshape before it, an output of logits a softmax behind it.

    Raises:
        ModelFileError: neither Keras nor TensorFlow can load it, or its shapes do not fit.
        UnsupportedModelError: it has to be changed, and is no chain of layers.
    """
    model = _load(path)
    _check_shapes(path, model, input_shape, classes)
    stages = chain(model)
    notes, before, behind = [], [], []
    if model.input_shape[1:] == (*input_shape, 1):
        before = [layers.Reshape((*input_shape, 1), name="one_channel")]
    if stages and isinstance(stages[-1], layers.Dense) and stages[-1].activation is keras.activations.linear:
        behind = [layers.Activation("softmax", name="probabilities")]
        notes = ["Ends in logits; a softmax was added, so that its outputs are probabilities."]
    if not before and not behind:
        return model, ()
    if stages is None:
        raise UnsupportedModelError(
            f"{path}: expected an input {input_shape}, received {model.input_shape[1:]} in a graph that branches; put "
            "a Reshape in front of it"
        )
    weights = {layer.name: layer.get_weights() for layer in stages}
    copies = [*before, *map(copy_layer, stages), *behind]
    return sequential(model.name, input_shape, copies, weights), tuple(notes)


def _load(path: Path) -> keras.Model:
    if not path.exists():
        raise MissingFileError(f"{path}: expected a .keras file or the folder of a SavedModel, found none")
    try:
        if path.is_dir():
            layer = SavedModelLayer(folder=str(path), name="saved_model")
            return keras.Sequential([keras.Input(layer.input_spec_shape), layer], name=path.name)
        require_sound(path)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except UnsafeArchiveError as error:
        raise ModelFileError(f"{path}: expected a .keras archive, found {error}; save it again") from error
    except (ModelFileError, UnsupportedModelError):
        raise
    except Exception as error:  # Keras raises whatever its parts raise
        unknown = re.search(r"Could not locate class '(\w+)'", str(error))
        if unknown:
            raise UnsupportedModelError(
                f"{path}: expected layers of Keras, received one of class {unknown[1]}; rebuild it from Keras' layers"
            ) from error
        raise ModelFileError(
            f"{path}: expected a model that Keras loads, but it says: {first_words(error)}; save it again"
        ) from error


def _check_shapes(path: Path, model: keras.Model, input_shape: tuple[int, int], classes: int) -> None:
    given, made = model.input_shape, model.output_shape
    if not isinstance(given, tuple) or given[1:] not in (input_shape, (*input_shape, 1)):
        raise ModelFileError(
            f"{path}: expected an input {input_shape} or {(*input_shape, 1)} as the front end makes it, received "
            f"{given}; correct the front-end description"
        )
    if not isinstance(made, tuple) or made[1:] != (classes,):
        raise ModelFileError(
            f"{path}: expected one output for each of {classes} labels, received {made}; correct the labels"
        )


@keras.saving.register_keras_serializable(package="genrekit")
class SavedModelLayer(layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """The default signature of a SavedModel as a layer, one tensor in and one out."""

    def __init__(self, folder: str, **options: Any) -> None:
        super().__init__(**options)
        self.folder = folder
        self._loaded = tf.saved_model.load(folder)
        if SIGNATURE not in self._loaded.signatures:
            raise UnsupportedModelError(
                f"{folder}: expected a SavedModel with the signature {SIGNATURE}, received "
                f"{', '.join(self._loaded.signatures) or 'none'}; save it with model.export"
            )
        self._function = self._loaded.signatures[SIGNATURE]
        given, made = self._function.structured_input_signature[1], self._function.structured_outputs
        if len(given) != 1 or len(made) != 1:
            raise UnsupportedModelError(
                f"{folder}: expected one input and one output, received {len(given)} and {len(made)}; export the part "
                "that classifies"
            )
        ((self._given, spec),) = given.items()
        ((self._made, result),) = made.items()
        self._precision = spec.dtype
        self.input_spec_shape, self._output_shape = tuple(spec.shape)[1:], tuple(result.shape)[1:]

    @property
    def loops(self) -> bool:
        """Whether its graph holds a loop."""
        library = self._function.graph.as_graph_def().library.function
        return any(node.op in _LOOPS for function in library for node in function.node_def)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """The signature's result for `inputs`, whatever their precision."""
        return self._function(**{self._given: tf.cast(inputs, self._precision)})[self._made]

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Known from the signature, without calling it."""
        return keras.KerasTensor((inputs.shape[0], *self._output_shape))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "folder": self.folder}
