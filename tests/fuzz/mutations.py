"""Damaged copies of model files: one copy for each seed."""

import io
import zipfile

import numpy as np

from genrekit.converters.attach import without_description
from genrekit.runtime.modelfile import onnx_tables, protobuf
from genrekit.runtime.modelfile.description import DESCRIPTION_NAME, LABELS_NAME, ONNX_KEY
from genrekit.runtime.modelfile.flatbuffer import Table

NUMBERS = (0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**24, 1000)
LONG = 64  # bytes; longer contents are weights, which are damaged more seldom than what tells where they lie


def structure(model, file_format):
    """Positions of the bytes of `model` that are no weights."""
    kept = np.ones(len(model), bool)
    base = np.frombuffer(model, np.uint8).ctypes.data
    for content in contents(model, file_format):
        if len(content) > LONG:
            start = np.frombuffer(content, np.uint8).ctypes.data - base
            kept[start + 8 : start + len(content)] = False
    return np.flatnonzero(kept)


def contents(model, file_format):
    if file_format == "tflite":
        root = Table(model, int.from_bytes(model[:4], "little"))
        return [buffer.content(0) for buffer in root.tables(4)]
    (graph,) = protobuf.messages(model, onnx_tables.GRAPH)
    return [raw for tensor in protobuf.messages(graph, 5) for raw in protobuf.messages(tensor, onnx_tables.RAW)]


def mutated(data, generator, places, other):
    """`data` with one to four damages at `places`; `other` is a file that pieces come from."""
    damaged = bytearray(data)
    for _ in range(generator.choice([1, 1, 1, 2, 4])):
        damage = generator.choice(DAMAGES, p=WEIGHTS)
        if damaged:
            damage(damaged, generator, min(int(generator.choice(places)), len(damaged) - 1), other)
    return bytes(damaged)


def flip(data, generator, place, other):
    for position in (place, *generator.integers(max(place - 8, 0), place + 8, generator.integers(0, 4))):
        if position < len(data):
            data[position] ^= 1 << generator.integers(8)


def put(data, generator, place, other):
    """A byte, or a word where a word may stand."""
    if generator.random() < 0.4:
        data[place : place + 1] = bytes([generator.choice([0, 1, 2, 0x7F, 0x80, 0xFF, generator.integers(256)])])
    else:
        place -= place % int(generator.choice([1, 2, 4]))
        data[place : place + 4] = int(generator.choice(NUMBERS)).to_bytes(4, "little")


def add(data, generator, place, other):
    """A little to a word."""
    place -= place % 4
    number = int.from_bytes(data[place : place + 4], "little") + int(generator.choice([-4, -2, -1, 1, 2, 4, 8, 64]))
    data[place : place + 4] = (number % 2**32).to_bytes(4, "little")


def cut(data, generator, place, other):
    del data[place:]


def remove(data, generator, place, other):
    del data[place : place + int(generator.choice([1, 4, 16, 1000]))]


def splice(data, generator, place, other):
    """A piece of another file in place of as many bytes."""
    size = int(generator.choice([4, 16, 64, 1000]))
    start = int(generator.integers(len(other)))
    start -= (start - place) % 4
    piece = other[max(start, 0) : max(start, 0) + size]
    data[place : place + len(piece)] = piece


def insert(data, generator, place, other):
    start = int(generator.integers(len(other)))
    data[place:place] = other[start : start + int(generator.choice([1, 4, 16, 1000]))]


def swap(data, generator, place, other):
    """Two pieces of the file change places."""
    size, second = int(generator.choice([4, 16, 64, 1000])), int(generator.integers(len(data)))
    second -= (second - place) % 4
    first, last = sorted((place, max(second, 0)))
    if first + size <= last and last + size <= len(data):
        data[first : first + size], data[last : last + size] = data[last : last + size], data[first : first + size]


DAMAGES = [flip, put, add, cut, remove, splice, insert, swap]
WEIGHTS = [0.25, 0.3, 0.2, 0.03, 0.04, 0.07, 0.04, 0.07]


def bare(data, file_format):
    """The bytes of the model without its description, by other means than the reader's."""
    if file_format == "tflite":
        return without_description(data)
    import onnx

    model = onnx.load_model_from_string(data)
    kept = [entry for entry in model.metadata_props if entry.key != ONNX_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    return model.SerializeToString(deterministic=True)


def sealed(model, description):
    """A file of the bytes `model`, whatever they are, and a description that agrees with them."""
    text = description.sealed_json([model])
    if description.format == "onnx":
        import onnx

        entry = onnx.StringStringEntryProto(key=ONNX_KEY, value=text)
        return model + onnx.ModelProto(metadata_props=[entry]).SerializeToString()
    buffer = io.BytesIO()
    buffer.write(model)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(DESCRIPTION_NAME, text)
        archive.writestr(LABELS_NAME, "".join(f"{label}\n" for label in description.labels))
    return buffer.getvalue()


def covered(data, file_format):
    """What a file's checksum is made of, by other means than the reader's: the model, and the description's text."""
    if file_format == "tflite":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return bare(data, file_format), archive.read(DESCRIPTION_NAME)
    import onnx

    entries = onnx.load_model_from_string(data).metadata_props
    return bare(data, file_format), *(entry.value for entry in entries if entry.key == ONNX_KEY)
