"""Results as Markdown, and the part of a README that is made of them."""

import pytest

from genrekit.bench import report
from genrekit.bench.report.markdown import BEGIN, END
from genrekit.runtime.errors import ParameterError

from .shown import bench_of_24


@pytest.fixture
def bench():
    return bench_of_24()


def test_a_report_holds_table_recommendations_warnings_and_machine(bench):
    text = report.markdown_report(bench)
    sections = dict(part.split("\n\n", 1) for part in text.split("\n## ")[1:])
    assert list(sections) == [
        *("Which file", "Results", "What could not be measured", "Beside the fastest, mlp-float32.tflite"),
        *("Training", "Warnings", "Machine"),
    ]
    assert sections["Which file"].count("- The ") == len(bench.recommendations) == 4
    for line in report.recommendation_lines(bench):
        assert f"- {line}\n" in sections["Which file"]
    assert "| cnn-int8.tflite | tflite | int8 | 190 kB | 0.700 |" in sections["Results"]
    assert "| cnn-int8.tflite | 1.05 | 1.05 to 1.05 | 1.05 times as slow |" in text
    assert "- odd-int8.tflite: the process was ended by SIGSEGV\n" in sections["What could not be measured"]
    assert "| cnn | 3.25 | 500 | 6.50 | 18 | 2.81 | 15 epochs |" in sections["Training"]
    assert "- spread: wide by 20% (mlp-float32.tflite)\n- demo-corpus: not music (every row)" in sections["Warnings"]
    assert "- Processor: Some CPU, 4 cores\n" in sections["Machine"]
    assert "200 clips of 3 s" in text


def test_tables_are_whole(bench):
    for text in (report.markdown_report(bench), report.readme_table(bench)):
        for block in text.split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith("|")]
            assert len({line.count("|") for line in lines}) <= 1


def test_the_table_of_a_readme_is_narrow_and_names_machine_and_date(bench):
    text = report.readme_table(bench)
    lines = text.splitlines()
    assert lines[0].count("|") == 11
    assert lines[1].startswith("| --- | ---: |")
    assert "Some CPU" in lines[-1]
    assert "2026-01-02" in lines[-1]


def test_what_stands_between_the_lines_is_replaced_and_nothing_else():
    before = f"# Title\r\n\n{BEGIN}\nold\nolder\n  {END}\n\nthe end without a line"
    after = report.replaced_between(before, "| new |\n", "README.md")
    assert after == f"# Title\r\n\n{BEGIN}\n\n| new |\n\n  {END}\n\nthe end without a line"
    assert report.replaced_between(after, "| new |\n", "README.md") == after


@pytest.mark.parametrize(
    "document",
    ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n", f"say {BEGIN} here\n{END}\n"],
)
def test_a_document_without_both_lines_is_refused(document):
    with pytest.raises(ParameterError, match=r"doc.md: .*<!-- genrekit results -->"):
        report.replaced_between(document, "new\n", "doc.md")
