"""Mutants of model files, of which none may crash a process, hold it up, or answer against its checksum.

Half of them are sealed anew, so that it is the structure checks that are tried, and counted apart.
`GENREKIT_FUZZ_MUTANTS` of each format, from the seed `GENREKIT_FUZZ_SEED`; of the files in the folder
`GENREKIT_FUZZ_MODELS`, or of tiny ones.
"""

import collections
import contextlib
import io
import json
import os
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

from genrekit.converters.attach import attach
from genrekit.converters.formats import PRECISIONS
from genrekit.runtime.modelfile.reader import read_description

from ..conftest import LABELS, NORMALIZATION, TINY, tiny_description, with_front_end
from . import fields, mutations

MUTANTS = int(os.environ.get("GENREKIT_FUZZ_MUTANTS", "100"))
SEED = int(os.environ.get("GENREKIT_FUZZ_SEED", "0"))
MODELS = os.environ.get("GENREKIT_FUZZ_MODELS")
ENGINES = {"tflite": "ai_edge_litert.interpreter", "onnx": "onnxruntime"}


def tiny_model(precision):
    """A model with a dense layer behind a convolution and a pool, or behind two LSTM, by its precision."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    first = [layers.Reshape((32, 5, 1)), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D((2, 1))]
    return keras.Sequential(
        [
            keras.Input((TINY.window_frames, TINY.n_mfcc)),
            *(first if precision in ("float16", "int8") else [layers.LSTM(4, return_sequences=True), layers.LSTM(4)]),
            layers.Flatten(),
            layers.Dense(len(LABELS), "softmax"),
        ]
    )


def tiny_files(file_format, folder, features):
    from genrekit.converters.onnx.convert import convert_onnx
    from genrekit.converters.tflite.convert import convert_tflite

    convert = {"tflite": convert_tflite, "onnx": convert_onnx}[file_format]
    for precision in PRECISIONS[file_format]:
        path = folder / f"tiny-{precision}.{file_format}"
        converted = convert(tiny_model(precision), precision, NORMALIZATION.apply(features))
        path.write_bytes(attach(converted.data, tiny_description("tiny", file_format, precision)))
        with_front_end(path)
    return sorted(folder.glob(f"*.{file_format}"))


@pytest.fixture(params=ENGINES, scope="module")
def sources(request, tmp_path_factory, tiny_features):
    """The files that mutants are made of, of one format."""
    file_format = request.param
    pytest.importorskip(ENGINES[file_format])
    folder = tmp_path_factory.mktemp("sources")
    paths = sorted(Path(MODELS).glob(f"*.{file_format}")) if MODELS else tiny_files(file_format, folder, tiny_features)
    assert paths, f"no {file_format} in {MODELS}"
    found = []
    for path in paths:
        model = mutations.bare(path.read_bytes(), file_format)
        places = mutations.structure(model, file_format)
        found.append(types.SimpleNamespace(path=path, model=model, places=places, description=read_description(path)))
    return types.SimpleNamespace(format=file_format, files=found)


@contextlib.contextmanager
def serving(module):
    """Loads and runs files in child processes of one that has imported `module`: path -> how that ended."""
    program = Path(__file__).with_name("server.py")
    with subprocess.Popen(
        [sys.executable, program, module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:

        def ask(path):
            print(path, file=server.stdin, flush=True)
            return types.SimpleNamespace(**json.loads(server.stdout.readline()))

        yield ask
        server.stdin.close()


@pytest.fixture(scope="module")
def attempt(sources):
    with serving(ENGINES[sources.format]) as ask:
        yield ask


def as_damaged(source, other, generator):
    """The whole file; half of the damages in what is no weights."""
    whole = source.path.read_bytes()
    behind = np.arange(len(source.model), len(whole))
    anywhere = generator.integers(len(whole), size=len(source.places))
    places = np.concatenate([source.places, behind, anywhere])
    return mutations.mutated(whole, generator, places, other.path.read_bytes())


def sealed_anew(source, other, generator):
    """The model, and a description that agrees with what it has become."""
    model = mutations.mutated(source.model, generator, source.places, other.model)
    return mutations.sealed(model, source.description)


def other_fields(source, other, generator):
    """A whole model of other values, and a description that agrees with it."""
    return mutations.sealed(fields.changed(source.model, source.description.format, generator), source.description)


# Which way, and how many of four mutants go it.
WAYS = {as_damaged: 2, sealed_anew: 1, other_fields: 1}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_mutant_does_harm(sources, attempt, tmp_path, way):
    for source in sources.files:
        assert attempt(source.path).outcome == "answer"  # otherwise nothing would be tried
    outcomes, harm, count = collections.Counter(), [], MUTANTS * WAYS[way] // 4
    for number in range(count):
        generator = np.random.default_rng([SEED, number])
        source, other = (sources.files[index] for index in generator.integers(len(sources.files), size=2))
        path = tmp_path / f"mutant.{sources.format}"
        path.write_bytes(way(source, other, generator))
        found = attempt(path)
        outcomes[found.outcome] += 1
        against = found.outcome == "answer" and way == as_damaged and not same_model(path, source.path)
        if found.outcome not in ("answer", "refused") or against:
            kept = path.rename(tmp_path / f"{SEED}-{number}-{found.outcome}.{sources.format}")
            harm.append(f"seed {SEED}, mutant {number} of {source.path.name}: {found.outcome}, {found.detail} ({kept})")
    print(f"{sources.format}, {way.__name__}, seed {SEED}: {dict(outcomes)}")
    assert not harm
    assert outcomes["refused"] > count // 4


def same_model(path, source):
    """Whether two files differ in nothing that the checksum is made of."""
    one, other = (mutations.covered(file.read_bytes(), file.suffix[1:]) for file in (path, source))
    return one == other


@pytest.mark.slow
@pytest.mark.parametrize("packed_anew", [False, True], ids=["as damaged", "packed anew"])
def test_no_mutant_of_a_keras_file_does_harm(tiny_models, tmp_path, packed_anew):
    """Of the archive, or of one of its entries in a sound archive with a description that agrees with it."""
    source = tiny_models("dense", "keras")
    whole, description = source.read_bytes(), read_description(source)
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    path, outcomes, harm = tmp_path / "model.keras", collections.Counter(), []
    with serving("keras") as ask:
        for number in range(MUTANTS // 2):
            generator = np.random.default_rng([SEED, number])
            data = repacked(entries, generator) if packed_anew else damaged(whole, generator)
            path.write_bytes(data)
            path.with_name("description.json").write_text(description.sealed_json([data if packed_anew else whole]))
            found = ask(path)
            outcomes[found.outcome] += 1
            if found.outcome != "refused" and (found.outcome != "answer" or (data != whole and not packed_anew)):
                harm.append(f"seed {SEED}, mutant {number}: {found.outcome}, {found.detail}")
    print(f"keras, {'packed anew' if packed_anew else 'as damaged'}, seed {SEED}: {dict(outcomes)}")
    assert not harm


def damaged(data, generator):
    return mutations.mutated(data, generator, np.arange(len(data)), data)


def repacked(entries, generator):
    name = str(generator.choice(list(entries)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry, damaged(content, generator) if entry == name else content)
    return buffer.getvalue()
