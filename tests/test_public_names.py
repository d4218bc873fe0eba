"""What users may import from each package: a name that comes, goes or is spelled otherwise is a change for them."""

import importlib

import pytest

NAMES = {
    "genrekit.runtime": (
        "AnswerDurations Answering AudioError AudioFaults AudioSource AudioWarning Classifier ConversionError "
        "CorpusError DecisionFilter Failure GenrekitError MfccConfig MfccStream MissingFileError "
        "MissingPackageError ModelDescription ModelFileError Normalization OutputError ParameterError ParityError "
        "Prediction RealtimeQueue Recording Rejection Smoother StreamClassifier StreamWarnings "
        "UnsupportedModelError classify_file front_end load mfcc open_file open_microphone open_pcm read_description "
        "read_graph"
    ),
    "genrekit.converters": ("Calibration Parity ParityWindows TrainedModel convert_onnx convert_tflite export_model"),
    "genrekit.toolkit": "MODELS Training assign evaluate export_run extract load_run recipe scan train",
    "genrekit.bench": "BenchPlan Case Clips Effort compare html_page read_json run_bench",
}


@pytest.mark.parametrize("package", NAMES)
def test_public_names(package):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == NAMES[package].split()
    assert all(getattr(module, name) is not None for name in module.__all__)
