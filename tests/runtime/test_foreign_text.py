"""Texts from outside, shown harmlessly: on a terminal, in JSON, CSV, Markdown and C."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime.util.foreign_text import (
    c_comment,
    csv_original,
    csv_text,
    markdown_text,
    printable,
    printable_json,
)

HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\x9d0;title\x9c", "\u202etxt.exe", "\u2066a\u2069", "\u200f",
    "a\rb", "a\nb", "\x08\x7f", "\u2028", "\ud800", "\U000e0041",
]  # fmt: skip
HARMLESS = ["blues", "métal", "雅楽", "R&B [live] <3", "a\u3000b", "a\u00a0b", "\\x1b"]
texts = st.text(st.sampled_from("ab 1.)#-+=@_*`|[]<>&~!\\'\"/?\n\r\t\x1b\x9b\u202eé") | st.characters(), max_size=30)


def obeyed(text):
    """What of `text` a terminal would obey, or would use to reorder the rest."""
    return [one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_terminal_would_obey_is_escaped(text):
    assert obeyed(text)
    assert not obeyed(printable(text))
    assert not obeyed(printable_json([text]))


@pytest.mark.parametrize("text", HARMLESS)
def test_letters_of_any_script_stay(text):
    assert printable(text) == text


@given(st.recursive(texts | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_json_means_the_same(value):
    for indent in (None, 1):
        text = printable_json(value, indent)
        assert json.loads(text) == json.loads(json.dumps(value))
        assert not set(obeyed(text)) - {"\n"}


@given(texts)
def test_no_cell_is_a_formula_and_each_is_found_again(text):
    file = io.StringIO()
    csv.writer(file).writerow([csv_text(text)])
    file.seek(0)
    (cell,) = next(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert not cell.startswith(tuple("=+-@\t\r\n"))
    assert csv_original(cell) == text


@pytest.mark.parametrize("number", [-1.5, 0, 7, None, True])
def test_numbers_stay_numbers(number):
    assert csv_text(number) is number


@given(texts)
def test_markdown_shows_the_text_and_nothing_else(text):
    """Rendered by a library of others, as a line of a list and as a cell of a table."""
    markdown_it = pytest.importorskip("markdown_it")
    render = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render
    shown = " ".join(printable(text).split(" ")).strip()
    for document, pattern in (
        (f"- {markdown_text(text)}\n", r"<ul>\n<li>(.*?)</li>\n</ul>\n"),
        (f"| x |\n| --- |\n| {markdown_text(text)} |\n", r"<table>.*<tbody>\n<tr>\n<td>(.*?)</td>\n</tr>\n</tbody>.*"),
    ):
        found = re.fullmatch(pattern, render(document), re.DOTALL)
        assert found, render(document)
        assert "<" not in found[1], found[1]
        assert html.unescape(found[1]).split() == shown.split()


@given(texts)
def test_a_comment_of_c_holds_nothing_that_ends_it(text):
    comment = c_comment(text)
    assert comment.isascii()
    assert not obeyed(comment)
    assert not any(sign in comment for sign in ("*/", "/*", "??/"))


def test_a_compiler_agrees(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("there is no C compiler")
    names = ["*/ int x = }; /*", "line\n#error broken", "??/\n", "ends with \\", "*\\\n/ #error", "é\u202e"]
    lines = [
        f"/* {c_comment(name)} */\n// {c_comment(name)}\nextern int used_{index};" for index, name in enumerate(names)
    ]
    (tmp_path / "x.c").write_text("\n".join(lines) + "\n")
    command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "x.c"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
