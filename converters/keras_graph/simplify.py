"""Restates a trained Keras model for inference: batch norm folded into the layer after it, dropout left out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers

from ...runtime.errors import UnsupportedModelError

# Layers that do nothing at inference.
_INERT = (layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.GaussianNoise, layers.Identity)
# Layers that a scale and shift of each channel passes through unchanged.
_TRANSPARENT = (*_INERT, layers.Flatten)


class Passthrough(keras.Layer):  # type: ignore[misc]  # Keras ships no types
    """Stands where a layer was; takes what Keras hands to the layers that may have been there."""

    def call(self, inputs: keras.KerasTensor, training: object = None, mask: object = None) -> keras.KerasTensor:
        """Return `inputs`."""
        return inputs


def copy_layer(layer: keras.Layer) -> keras.Layer:
    """An untrained layer with the configuration and name of `layer`."""
    return layer.__class__.from_config(layer.get_config())


def simplify(
    model: keras.Model, batch: int | None, copy: Callable[[keras.Layer], keras.Layer] = copy_layer
) -> keras.Model:
    """A copy of `model` that predicts the same with fewer layers; `model` itself is left alone.

    In a chain of layers a batch norm is folded where that is exact: into a dense layer, or a convolution without
    padding, that reads it. `Passthrough` layers of the same name stand where a layer was folded.

    Args:
        model: Sequential or functional, one input [shape=(batch, frames, n_mfcc)], one output [shape=(batch, classes)].
        batch: the fixed batch size of the copy; None leaves it open.
        copy: makes the copy's layers; may choose another class with weights of the same shapes.

    Raises:
        UnsupportedModelError: a subclassed or nested model, several inputs or outputs, or weights that are not finite.
    """
    _check(model)
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    skipped = {layer.name for layer in model.layers if isinstance(layer, _INERT)} | _fold(model, weights)

    def clone(layer: keras.Layer) -> keras.Layer:
        if layer.name in skipped:
            return Passthrough(name=layer.name)
        if len(weights[layer.name]) > len(layer.weights):  # folding gave it a bias
            return layer.__class__.from_config({**layer.get_config(), "use_bias": True})
        return copy(layer)

    features = keras.Input(batch_shape=(batch, *model.input_shape[1:]), name="features")
    simplified = keras.models.clone_model(model, input_tensors=features, clone_function=clone)
    for layer in simplified.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    return simplified


def _check(model: keras.Model) -> None:
    # Keras has no public name for the functional class; only its models know their operations.
    if not isinstance(model, keras.Sequential) and not hasattr(model, "operations"):
        raise UnsupportedModelError(
            f"model {model.name}: expected a Sequential or functional Keras model, received a "
            f"{type(model).__name__}; rebuild it from layers"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UnsupportedModelError(
            f"model {model.name}: expected one input and one output, received {len(model.inputs)} and "
            f"{len(model.outputs)}; export the part that classifies"
        )
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            raise UnsupportedModelError(
                f"layer {layer.name}: expected a plain layer, received a nested model; put its layers into "
                f"{model.name} itself"
            )
        if not all(np.isfinite(weight).all() for weight in layer.get_weights()):
            raise UnsupportedModelError(
                f"layer {layer.name}: expected finite weights, found NaN or infinity; train with a lower learning rate"
            )


def chain(model: keras.Model) -> list[keras.Layer] | None:
    """The layers of `model` in order where each one reads the one before it; None where the graph branches."""
    found = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    if isinstance(model, keras.Sequential):
        return found
    linked = all(after.input is before.output for before, after in itertools.pairwise(found))
    return found if linked else None


def sequential(
    name: str, input_shape: Sequence[int], stages: Sequence[keras.Layer], weights: dict[str, list[np.ndarray]]
) -> keras.Sequential:
    """A chain of the new layers `stages` that reads windows of `input_shape`; `weights` by the layers' names."""
    made = keras.Sequential([keras.Input(input_shape), *stages], name=name)
    for layer in made.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    return made


def _fold(model: keras.Model, weights: dict[str, list[np.ndarray]]) -> set[str]:
    """Fold batch norms by changing `weights` in place; returns the names of those that were folded."""
    folded = set()
    acting = [layer for layer in chain(model) or () if not isinstance(layer, _TRANSPARENT)]
    for norm, reader in itertools.pairwise(acting):
        if isinstance(norm, layers.BatchNormalization) and _is_exact(norm, reader):
            weights[reader.name] = _scaled(weights[reader.name], *scale_and_shift(norm))
            folded.add(norm.name)
    return folded


def _is_exact(norm: layers.BatchNormalization, reader: keras.Layer) -> bool:
    if norm.axis not in (-1, len(norm.input.shape) - 1):
        return False
    # Padding is zero before the batch norm's shift and would not be after it.
    unpadded = type(reader) is layers.Conv2D and reader.padding == "valid" and reader.groups == 1
    return type(reader) is layers.Dense or unpadded


def scale_and_shift(norm: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """A batch norm at inference as ``scale * x + shift``, float64 [shape=(channels,)] each.

    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 2.
    """
    mean = np.asarray(norm.moving_mean, np.float64)
    variance = np.asarray(norm.moving_variance, np.float64)
    gamma = np.asarray(norm.gamma, np.float64) if norm.scale else np.ones_like(mean)
    beta = np.asarray(norm.beta, np.float64) if norm.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale


def _scaled(weights: list[np.ndarray], scale: np.ndarray, shift: np.ndarray) -> list[np.ndarray]:
    """Kernel [shape=(..., inputs, units)] and bias that do to x what the old ones did to ``scale * x + shift``."""
    kernel, bias = weights if len(weights) == 2 else (weights[0], np.zeros(weights[0].shape[-1]))
    # After a Flatten the channels repeat at each position.
    positions = kernel.shape[-2] // len(scale)
    scale, shift = np.tile(scale, positions), np.tile(shift, positions)
    bias = bias + (kernel * shift[:, np.newaxis]).reshape(-1, len(bias)).sum(axis=0)
    return [(kernel * scale[:, np.newaxis]).astype(np.float32), bias.astype(np.float32)]
