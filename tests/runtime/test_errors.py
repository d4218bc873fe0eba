"""The exception tree: what callers may rely on."""

import pytest

from genrekit.runtime import errors

BUILTINS = {
    "ParameterError": ValueError,
    "MissingFileError": FileNotFoundError,
    "OutputError": OSError,
    "NoRoomError": OSError,
    "AudioError": ValueError,
    "ModelFileError": ValueError,
    "CorpusError": ValueError,
    "MissingPackageError": ImportError,
    "UnsupportedModelError": ValueError,
    "ConversionError": RuntimeError,
    "ParityError": RuntimeError,
}
FAILURES = {"Failure", "ConversionError", "ParityError", "NoRoomError"}


def test_the_tree_is_complete():
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert defined == BUILTINS.keys() | {"GenrekitError", "Failure", "FrontEndWarning"}
    assert all(name in errors.__doc__ for name in defined)


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_each_is_ours_and_the_matching_builtin_and_keeps_its_sentence(name, builtin):
    error = getattr(errors, name)("x=1: expected 2; correct it")
    assert isinstance(error, errors.GenrekitError)
    assert isinstance(error, builtin)
    assert str(error) == "x=1: expected 2; correct it"
    assert error.exit_code == (1 if name in FAILURES else 2)


def test_of_what_a_library_says_the_first_line_is_enough():
    assert errors.first_words(ValueError("\n  Unknown layer.\n\nconfig={'units': 3}")) == "Unknown layer"
    deserializing = (
        "Dense could not be deserialized.\n\nconfig={'units': 3}.\n\nException encountered: No 'unitz'.\nSee"
    )
    assert errors.first_words(TypeError(deserializing)) == "No 'unitz'"
    assert errors.first_words(KeyError()) == "KeyError"
    long = errors.first_words(ValueError("config={" + "'units': 3, " * 1000))
    assert long.startswith("config={'units'")
    assert long.endswith("...")
    assert len(long) == errors.MOST_WORDS
