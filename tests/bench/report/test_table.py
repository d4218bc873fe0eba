"""One table in each of its forms."""

import io

from rich.console import Console

from genrekit.bench.report.html import page_environment
from genrekit.bench.report.table import Table

TABLE = Table("Files", ("file", "milliseconds of a clip", "verdict"), [["a|b", "1.5", "slow"], ["c", "20", "fast"]])


def test_markdown_sets_numbers_to_the_right_and_escapes_bars():
    assert TABLE.to_markdown().splitlines() == [
        "| file | milliseconds of a clip | verdict |",
        "| --- | ---: | ---: |",
        "| a\\|b | 1.5 | slow |",
        "| c | 20 | fast |",
    ]


def test_a_note_stands_under_it():
    assert Table("", ("x",), [["1"]], note="measured").to_markdown().endswith("| 1 |\n\nmeasured\n")


def test_headings_on_a_terminal_are_no_wider_than_they_must_be():
    console = Console(width=100, file=io.StringIO())
    console.print(TABLE.to_rich())
    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert ["a|b", "1.5", "slow"] in lines
    assert max(len(line) for line in console.file.getvalue().splitlines()[1:]) < 35


def test_sections_end_where_they_are_said_to():
    table = Table("", ("x",), [["1"], ["2"], ["3"]], section_ends={1, 2})
    page = page_environment().get_template("tables.html.j2").module.show(table)
    assert [part.count("<tr>") for part in page.split("</tbody>")] == [3, 1, 0]  # the first with the heading
