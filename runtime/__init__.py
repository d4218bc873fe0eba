"""The part that runs on the device: numpy and one inference engine.

>>> from genrekit.runtime import load, open_file, StreamClassifier
>>> model = load("cnn-int8.tflite")
>>> stream = StreamClassifier(model, stride_s=0.5)
>>> for samples in open_file("song.mp3", model.config.sample_rate):
...     for prediction in stream.push(samples):
...         print(prediction.time_s, prediction.answer)
"""

from typing import TYPE_CHECKING

from .classifier import Classifier, StreamClassifier, load
from .errors import (
    AudioError,
    ConversionError,
    CorpusError,
    Failure,
    GenrekitError,
    MissingFileError,
    MissingPackageError,
    ModelFileError,
    OutputError,
    ParameterError,
    ParityError,
    UnsupportedModelError,
)
from .front_end import front_end, mfcc
from .mfcc import MfccConfig
from .mfcc_stream import MfccStream
from .modelfile.description import ModelDescription, Normalization
from .modelfile.reader import read_description, read_graph
from .modelfile.rejection import Rejection
from .postprocess import AnswerDurations, DecisionFilter, Smoother
from .prediction import Answering, Prediction
from .realtime import RealtimeQueue
from .util.late_imports import late_names

if TYPE_CHECKING:
    from .audio import AudioFaults, AudioSource, open_file, open_microphone, open_pcm
    from .audio_warnings import AudioWarning, StreamWarnings
    from .file_classifier import Recording, classify_file

__all__ = [
    "AnswerDurations", "Answering", "AudioError", "AudioFaults", "AudioSource", "AudioWarning", "Classifier",
    "ConversionError", "CorpusError", "DecisionFilter", "Failure", "GenrekitError", "MfccConfig", "MfccStream",
    "MissingFileError", "MissingPackageError", "ModelDescription", "ModelFileError", "Normalization", "OutputError",
    "ParameterError", "ParityError", "Prediction", "RealtimeQueue", "Recording", "Rejection", "Smoother",
    "StreamClassifier", "StreamWarnings", "UnsupportedModelError", "classify_file", "front_end", "load", "mfcc",
    "open_file", "open_microphone", "open_pcm", "read_description", "read_graph",
]  # fmt: skip

# Imported when they are asked for: their libraries take longer to load than many a command.
_LATE = {
    **dict.fromkeys(("AudioFaults", "AudioSource", "open_file", "open_microphone", "open_pcm"), "audio"),
    **dict.fromkeys(("AudioWarning", "StreamWarnings"), "audio_warnings"),
    **dict.fromkeys(("Recording", "classify_file"), "file_classifier"),
}
__getattr__ = late_names(__name__, _LATE)
