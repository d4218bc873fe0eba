"""Texts from outside (labels, names, paths, messages), so written that each kind of output shows them and no more."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_MARKDOWN = re.compile(r"([\\`*\[\]|~]|(?<!\w)_|_(?!\w))")  # of underscores those that stand at the edge of a word
_BLOCK = re.compile(r"(#+|[-+]|\d+(?=[.)]))(?=[.)]?(\s|$))")  # what makes a heading or an item of a list of a line
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, keep: str = "") -> str:
    """`text` with every character escaped that a terminal would obey or that reorders what stands around it.

    These are control characters, formats such as right-to-left marks, line and paragraph separators, and halves of
    surrogate pairs; spaces of any width and the characters in `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(one if one in keep or _harmless(one) else _escaped(one) for one in text)


def _harmless(one: str) -> bool:
    return one.isprintable() or unicodedata.category(one) == "Zs"


def _escaped(one: str) -> str:
    code = ord(one)
    if code < 0x100:
        return _SHORT.get(one, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable_json(value: Any, indent: int | None = None) -> str:
    """`value` as JSON that means the same and that a terminal shows: letters as they are, all else escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    if text.isprintable():
        return text
    return "".join(one if one == "\n" or _harmless(one) else json.dumps(one)[1:-1] for one in text)


def csv_text(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: ' stands before a text that would be one; numbers stay.

    A text that already begins so gets another one, so that `csv_original` finds each again.
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def csv_original(text: str) -> str:
    """The inverse of `csv_text` for texts."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def markdown_text(text: str) -> str:
    """`text` as Markdown, in a line or a cell of a table, that shows just that: no markup, HTML, entity or new line."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _MARKDOWN.sub(r"\\\1", text)
    return _BLOCK.sub(_with_backslash, text) if _BLOCK.match(text) else text


def _with_backslash(found: re.Match[str]) -> str:
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"


def picture_text(text: str) -> str:
    """`text` in a picture of matplotlib, which otherwise takes what stands between dollars for mathematics."""
    return printable(text, keep="\n").replace("$", r"\$")


def c_comment(text: str) -> str:
    """`text` within a comment of C or C++ of either kind: ASCII, and nothing that ends it or joins lines."""
    escaped = printable(text).encode("ascii", "backslashreplace").decode()
    return escaped.replace("*/", "* /").replace("/*", "/ *").replace("??/", "? ?/").rstrip("\\")
