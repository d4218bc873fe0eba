"""What `inspect` says of a file whose parts contradict one another."""

import dataclasses

import pytest

from genrekit.converters.attach import attach
from genrekit.runtime import load
from genrekit.runtime.errors import ModelFileError
from genrekit.runtime.modelfile.reader import read_description
from genrekit.toolkit.exporting.inspect import inspect_model


@pytest.mark.parametrize("file_format", ["onnx", "tflite"])
@pytest.mark.parametrize("change", [{"window_s": 1.0}, {"n_mfcc": 4}, {"hop_length": 1}])
def test_a_front_end_that_does_not_fit_the_tensors_is_refused_as_on_loading(tiny_models, tmp_path, file_format, change):
    original = tiny_models("dense", file_format)
    assert inspect_model(original)["model"] == "dense"
    description = read_description(original)
    front_end = dataclasses.replace(description.front_end, **change)
    path = tmp_path / original.name
    other = dataclasses.replace(description, front_end=front_end, normalization=None)
    path.write_bytes(attach(original.read_bytes(), other))
    for use in (load, inspect_model):
        with pytest.raises(ModelFileError, match="its description says features"):
            use(path)
