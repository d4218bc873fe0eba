"""Numbers and texts as C99 writes them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable

import numpy as np

LINE = 118
C_TYPES = {"float32": "float", "int8": "int8_t", "int16": "int16_t", "int32": "int32_t", "uint16": "uint16_t"}


def array(name: str, values: np.ndarray) -> str:
    """``static const`` of one dimension, or of as many as `values` has."""
    sides = "".join(f"[{side}]" for side in values.shape)
    return f"static const {C_TYPES[values.dtype.name]} {name}{sides} = {{\n{_rows(values)}}};\n"


def _rows(values: np.ndarray) -> str:
    if values.ndim > 1:
        return "".join(f"{{\n{_rows(row)}}},\n" for row in values)
    return textwrap.fill(", ".join(map(number, values)), LINE, break_long_words=False, break_on_hyphens=False) + "\n"


def number(value: float | np.generic) -> str:
    """A literal: of a float the shortest that is read as the same float32."""
    if isinstance(value, (float, np.floating)):
        return f"{np.float32(value)!s}f"
    return str(value)


def numbers(values: Iterable[float | np.generic]) -> str:
    """`number` of each, with commas between."""
    return ", ".join(map(number, values))


def string(text: str) -> str:
    """A string literal; bytes beyond ASCII as octal escapes, which end after three digits."""
    return f'"{"".join(map(_escaped, text.encode()))}"'


def _escaped(byte: int) -> str:
    if not 32 <= byte < 127:
        return f"\\{byte:03o}"
    return f"\\{byte:c}" if byte in b'"\\?' else f"{byte:c}"


def json_comment(text: str) -> str:
    """JSON that stands within a comment and still means the same."""
    ascii_only = json.dumps(json.loads(text), indent=1)
    return ascii_only.replace("*/", "*\\/").replace("/*", "\\/*").replace("??/", "??\\/")
