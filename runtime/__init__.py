"""The part that runs on the device: numpy and one inference engine.

>>> from genrekit.runtime import load, StreamClassifier
>>> model = load("cnn-int8.tflite")
>>> stream = StreamClassifier(model, stride_s=0.5)
>>> for prediction in stream.push(samples):
...     print(prediction.time_s, prediction.label)
"""

from .classifier import Classifier, Prediction, StreamClassifier, load
from .errors import GenrekitError
from .mfcc import MfccConfig, mfcc
from .mfcc_stream import MfccStream
from .modelfile.description import ModelDescription, Normalization

__all__ = [
    "Classifier",
    "GenrekitError",
    "MfccConfig",
    "MfccStream",
    "ModelDescription",
    "Normalization",
    "Prediction",
    "StreamClassifier",
    "load",
    "mfcc",
]
