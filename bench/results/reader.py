"""Files that come from outside, read into types by a library that validates; machines that measure need neither."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeVar

from ...runtime.errors import MissingFileError, MissingPackageError, ParameterError
from ...runtime.util.regular import read_bytes
from .schema import SCHEMA, Bench
from .store import partial_path

Content = TypeVar("Content")

LARGEST = 1e18  # of a number: what is beyond is a mistake, and too large for sums
SHOWN = 60  # characters of a wrong value
WORDS = {"float": "a finite number", "int": "a whole number", "str": "a text", "bool": "true or false"}
WORDS.update(array="a list", object="an object", null="null")


def read_json(path: Path) -> Bench:
    """The results that a bench wrote; raises as `read_typed`, and ParameterError of another schema."""
    remedy = "measure again with `genrekit bench --out`"
    content = _read(Path(path), "the JSON of `genrekit bench --out`", remedy)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA or isinstance(schema, bool):
        raise ParameterError(f"{path}: schema={_shown(schema)}: expected results of schema {SCHEMA}; {remedy}")
    return _converted(content, Bench, Path(path), remedy)


def read_typed(path: Path, content: type[Content], what: str, remedy: str) -> Content:
    """A JSON file as a dataclass, whose fields are its keys; keys that it has no field for are passed over.

    Args:
        path: of the file.
        content: a dataclass.
        what, remedy: what is expected there, and what to do if it is not, in words.

    Raises:
        MissingFileError: there is no such file.
        ParameterError: it is no JSON, or a key is missing or wrong; the sentence names file and key.
        MissingPackageError: msgspec is not installed.
    """
    return _converted(_read(path, what, remedy), content, path, remedy)


def _read(path: Path, what: str, remedy: str) -> Any:
    try:
        return json.loads(read_bytes(path))
    except OSError as error:
        left = partial_path(path)
        there = f"; {left} holds what a bench measured that did not come to its end" if left.is_file() else ""
        raise MissingFileError(
            f"{path}: expected {what}, but it cannot be read ({error.strerror}); {remedy}{there}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"{path}: expected {what}, but it is no JSON; {remedy}") from error


def _converted(value: Any, content: type[Content], path: Path, remedy: str) -> Content:
    try:
        import msgspec
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            'saved results are read with msgspec, which is not installed; run: pip install "genrekit[bench]"'
        ) from error
    try:
        _require_numbers(value, "")
        return msgspec.convert(value, content)
    except msgspec.ValidationError as error:
        raise ParameterError(f"{path}: {_sentence(str(error), value)}; {remedy}") from error
    except (ParameterError, RecursionError) as error:
        raise ParameterError(f"{path}: {error}; {remedy}") from error


def _require_numbers(value: Any, key: str) -> None:
    """Raise ParameterError at the first number that is none or too large, also where nobody uses it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_numbers(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _require_numbers(inner, f"{key}[{index}]")
    elif isinstance(value, (int, float)) and not abs(value) <= LARGEST:
        raise ParameterError(f"{key}={_shown(value)}: expected a finite number")


def _sentence(message: str, content: Any) -> str:
    """Msgspec's message, as "Expected `float`, got `str` - at `$.results[0].bytes`", with key and value in front."""
    fault, _, at = message.partition(" - at `$")
    key = at.rstrip("`").removeprefix(".")
    if missing := re.search("missing required field `(.*)`", fault):
        return f"{key}.{missing[1]} is missing".removeprefix(".")
    expected = re.match("Expected (`.*`), got", fault)
    if not expected:  # of a `__post_init__`, which begins with the name of a field
        return f"{key}.{fault}".removeprefix(".")
    words = " or ".join(WORDS.get(name, name) for name in re.findall(r"\w+", expected[1]))
    return f"{key}={_shown(_at(content, key))}: expected {words}"


def _at(content: Any, key: str) -> Any:
    """The value that a key as ``results[0].bytes`` names; None where msgspec has no name for the step."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", key):
        try:
            content = content[int(index)] if index else content[name]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        text = "a number of too many digits"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
