"""What commands print of names, labels and messages that a stranger chose."""

from __future__ import annotations

import ast
import csv
import dataclasses
import json
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.converters.attach import attach
from genrekit.runtime import read_description

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "quickstart.json"
EVIL = "$x_$ [red]x[/red] :boom: \x1b]0;owned\x07\x9b31m\u202e|`*<b>&amp;\r\n# y"
MARKERS = "<!-- genrekit results -->\r\n<!-- end of genrekit results -->\r\n"


def obeyed(text):
    return {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


def harmless(process):
    assert not obeyed(process.stdout)
    assert not obeyed(process.stderr)
    return process


def test_everything_goes_through_what_makes_it_harmless():
    """No command writes by itself: `terminal` does, and the version of genrekit is our own."""
    writing = []
    for path in (ROOT / "toolkit" / "cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "typer.echo", "Console"):
                writing.append((path.name, ast.unparse(node)))
    others = {text for name, text in writing if name != "terminal.py"}
    assert others == {"typer.echo(importlib.metadata.version('genrekit'))"}


@pytest.fixture
def evil_file(tmp_path):
    """A track whose name a terminal would obey."""
    path = tmp_path / "\x1b]0;owned\x07\u202e[red].wav"
    soundfile.write(tmp_path / "x.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 8000), 8000)
    return (tmp_path / "x.wav").rename(path)


@pytest.mark.parametrize("options", [(), ("--json",), ("--recursive",), ("--recursive", "--json")])
def test_names_of_files(genrekit, tiny_models, evil_file, options):
    audio = evil_file.parent if "--recursive" in options else evil_file
    process = harmless(genrekit("classify", tiny_models("dense", "onnx"), audio, *{*options, "--json"}))
    assert json.loads(process.stdout)["file"] == str(evil_file)
    process = harmless(genrekit("classify", tiny_models("dense", "onnx"), audio, *options))
    assert "[red].wav" in process.stdout


def test_names_of_files_in_errors(genrekit, tiny_models, evil_file):
    evil_file.write_bytes(b"nothing")
    process = harmless(genrekit("classify", tiny_models("dense", "onnx"), evil_file))
    assert "\\x1b]0;owned\\x07\\u202e[red].wav" in process.stderr
    harmless(genrekit("stream", tiny_models("dense", "onnx"), evil_file))
    harmless(genrekit("inspect", evil_file))


def test_the_description_of_a_model(genrekit, tiny_models, tmp_path):
    path = Path(shutil.copy(tiny_models("dense", "onnx"), tmp_path / "m.onnx"))
    description = dataclasses.replace(read_description(path), model=EVIL, recipe=EVIL, notes=(EVIL,))
    path.write_bytes(attach(path.read_bytes(), description))
    process = harmless(genrekit("inspect", path))
    assert "$x_$ [red]x[/red] :boom: \\x1b]0;owned\\x07\\x9b31m\\u202e" in process.stdout
    assert json.loads(harmless(genrekit("inspect", path, "--json")).stdout)["model"] == EVIL


@pytest.fixture
def evil_results(tmp_path):
    """Results whose texts are all like that, or formulas."""

    def replaced(value, key=""):
        if isinstance(value, dict):
            return {name: replaced(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [replaced(inner, key) for inner in value]
        return f"={EVIL}" if key in ("file", "text", "error", "cpu", "os", "recipe", "note") else value

    path = tmp_path / "evil.json"
    path.write_text(json.dumps(replaced(json.loads(RESULTS.read_text()))))
    return path


def test_results(genrekit, evil_results, tmp_path):
    (tmp_path / "doc.md").write_bytes(MARKERS.encode())
    outputs = ("--html", "a.html", "--csv", "a.csv", "--markdown", "a.md", "--into", "doc.md")
    process = harmless(genrekit("report", evil_results, *outputs, cwd=tmp_path))
    assert process.returncode == 0, process.stderr
    assert "[red]x[/red]" in process.stdout
    harmless(genrekit("report", evil_results, "--json"))
    for extra in ((), ("--markdown",), ("--json",)):
        assert harmless(genrekit("compare", evil_results, evil_results, *extra)).returncode == 0
    for name in ("a.md", "doc.md"):
        text = (tmp_path / name).read_bytes().decode()
        assert not obeyed(text) - {"\r"}
        assert "<b>" not in text
        assert "\\|\\`\\*&lt;b&gt;&amp;amp;" in text
        assert not [line for line in text.splitlines() if line.startswith("# y")]
    page = (tmp_path / "a.html").read_text()
    assert "<b>&amp;" not in page
    assert not obeyed(page) - {"\t"}
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {f"'={EVIL}"}
    assert all(float(row["bytes"]) > 0 for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@", "\t", "\r"))]


def test_results_go_through_links_with_mode_and_ends_of_lines(genrekit, tmp_path):
    (tmp_path / "real").mkdir()
    real, link, hard = tmp_path / "real" / "doc.md", tmp_path / "link.md", tmp_path / "hard.md"
    real.write_bytes(b"a\r\n" + MARKERS.encode() + b"z\r\n")
    real.chmod(0o600)
    link.symlink_to(real)
    assert genrekit("report", RESULTS, "--into", link).returncode == 0
    once = real.read_bytes()
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert b"| file |" in once
    assert once.count(b"\n") == once.count(b"\r\n")
    hard.hardlink_to(real)
    assert genrekit("report", RESULTS, "--into", hard).returncode == 0
    assert real.stat().st_ino == hard.stat().st_ino
    assert real.read_bytes() == once  # the same results: nothing else changes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hard.md", "link.md", "real"]


def test_labels_that_are_not_printable_are_refused(genrekit, shared_data):
    for command in ("inspect", "classify"):
        audio = [shared_data / "hostile" / "one.wav"] * (command == "classify")
        process = harmless(genrekit(command, shared_data / "hostile" / "evil-labels.tflite", *audio))
        assert process.returncode == 2
        assert "labels=" in process.stderr
        assert "printable" in process.stderr
