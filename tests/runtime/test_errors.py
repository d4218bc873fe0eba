"""The exception tree: what callers may rely on."""

import pytest

from genrekit.runtime import errors

BUILTINS = {
    "ParameterError": ValueError,
    "MissingFileError": FileNotFoundError,
    "OutputError": OSError,
    "AudioError": ValueError,
    "ModelFileError": ValueError,
    "CorpusError": ValueError,
    "MissingPackageError": ImportError,
    "UnsupportedModelError": ValueError,
    "ConversionError": RuntimeError,
    "ParityError": RuntimeError,
}
FAILURES = {"Failure", "ConversionError", "ParityError"}


def test_the_tree_is_complete():
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert defined == BUILTINS.keys() | {"GenrekitError", "Failure"}
    assert all(name in errors.__doc__ for name in defined)


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_each_is_ours_and_the_matching_builtin_and_keeps_its_sentence(name, builtin):
    error = getattr(errors, name)("x=1: expected 2; correct it")
    assert isinstance(error, errors.GenrekitError)
    assert isinstance(error, builtin)
    assert str(error) == "x=1: expected 2; correct it"
    assert error.exit_code == (1 if name in FAILURES else 2)
