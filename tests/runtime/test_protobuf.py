"""The wire format against the protobuf library's own encoder, by way of ONNX's messages."""

import pytest

from genrekit.runtime.modelfile import protobuf
from genrekit.runtime.modelfile.malformed import MalformedError

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def message():
    """An ONNX model that uses every wire type: numbers long and short, texts, floats, nested messages."""
    node = onnx.helper.make_node("Elu", ["x"], ["y"], alpha=0.25)
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 300, "open"])
    graph = onnx.helper.make_graph([node], "graph", [value], [value])
    model = onnx.helper.make_model(graph, producer_name="mél", opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.model_version = 2**62 + 5
    onnx.helper.set_model_props(model, {"one": "1", "long": "x" * 70_000})
    return model


def test_fields_are_what_was_encoded(message):
    fields = {}
    for number, value in protobuf.fields(message.SerializeToString()):
        fields.setdefault(number, []).append(value)
    assert fields[1] == [message.ir_version]
    assert bytes(fields[2][0]).decode() == "mél"
    assert fields[5] == [2**62 + 5]
    assert bytes(fields[7][0]) == message.graph.SerializeToString()
    assert [bytes(entry) for entry in fields[14]] == [entry.SerializeToString() for entry in message.metadata_props]


def test_messages_are_found_in_place(message):
    data = message.SerializeToString()
    (graph,) = protobuf.messages(data, 7)
    assert graph.obj is data
    assert bytes(graph) == message.graph.SerializeToString()
    assert protobuf.messages(graph, 2) == [b"graph"]
    assert protobuf.messages(data, 1) == []  # a number, not a message


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",  # a length that is not there
        b"\x0a\x05abc",  # a text shorter than its length
        b"\x08\x80",  # a number that does not end
        b"\x08" + b"\xff" * 11,  # a number longer than 64 bits
        b"\x0d\x00\x00",  # four bytes announced, two there
        b"\x00\x00",  # field 0 does not exist
        b"\x0b\x0c",  # groups, which ONNX has not
        b"\x0f",  # a wire type that does not exist
        b"This is no message.",
    ],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(MalformedError):
        list(protobuf.fields(data))


def test_a_field_that_reaches_over_the_end_of_its_part_is_refused():
    with pytest.raises(MalformedError, match="does not fit"):
        list(protobuf.fields(memoryview(b"\x0a\x03abc")[:3]))
