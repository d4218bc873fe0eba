"""`corpus check`: each kind of trouble in a corpus that holds it, and nothing in one that does not."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import soundfile
import soxr

from genrekit.runtime.audio import read_file
from genrekit.toolkit.compute import Processes
from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus_audit import report as corpus_report
from genrekit.toolkit.corpus_audit.audit import check

RATE = 22050
FIXED = {
    "tracks",
    "genres",
    "seconds",
    "unusable",
    "duplicates",
    "suggested_front_end",
    "demo",
}  # what CONTRACT.md names


@pytest.fixture(scope="module")
def troubled(corpus_folder, tmp_path_factory):
    """The small corpus with a file of each kind of trouble, and two more genres, one of them large."""
    folder = tmp_path_factory.mktemp("corpus") / "troubled"
    shutil.copytree(corpus_folder, folder)
    bells, flutes = folder / "bells", folder / "flutes"
    generator = np.random.default_rng(0)

    def noise(seconds, rate=RATE):
        return generator.normal(0, 0.1, round(seconds * rate)).astype(np.float32)

    (bells / "text.wav").write_text("this is no audio")
    (bells / "empty.wav").write_bytes(b"")
    soundfile.write(bells / "short.wav", noise(1), RATE)
    soundfile.write(bells / "padded.wav", noise(2), RATE)
    shutil.copy(folder / "drones" / "drones.00000.wav", flutes / "again.wav")
    original = read_file(bells / "bells.00002.wav", RATE)
    soundfile.write(bells / "later.flac", 0.4 * original[RATE:], RATE)
    soundfile.write(flutes / "silent.wav", np.concatenate([noise(5), np.zeros(4 * RATE)]), RATE)
    soundfile.write(flutes / "clipped.wav", np.clip(20 * noise(9), -1, 1), RATE)
    soundfile.write(flutes / "other rate.wav", noise(9, 16000), 16000)
    soundfile.write(flutes / "upsampled.wav", soxr.resample(noise(9, 8000), 8000, RATE), RATE)
    soundfile.write(flutes / "stereo.wav", np.stack([noise(9), noise(9)], axis=1), RATE)
    soundfile.write(flutes / "long.wav", noise(20), RATE)
    whole = flutes / "cut.wav"
    soundfile.write(whole, noise(9), RATE)
    whole.write_bytes(whole.read_bytes()[:300_000])
    soundfile.write(flutes / "nan.wav", np.append(noise(9), np.nan), RATE, subtype="FLOAT")
    (folder / "gongs").mkdir()
    soundfile.write(folder / "gongs" / "alone.wav", noise(9), RATE)
    return folder


@pytest.fixture(scope="module")
def result(troubled):
    return check(corpus.scan(troubled))


def files(rows):
    return [row["file"] for row in rows]


def test_it_counts(result):
    assert result["tracks"] == 15 + 15
    assert result["genres"] == {"bells": 10, "drones": 5, "flutes": 14, "gongs": 1}
    assert result["seconds"] == pytest.approx(16 * 9.5 + 1 + 2 + 8.5 + 9 + 9 + 9 + 9 + 9 + 20 + 6.8 + 9 + 9, abs=0.01)
    assert not result["demo"]


def test_unusable_files_are_those_that_training_leaves_out(result, troubled):
    assert files(result["unusable"]) == ["bells/empty.wav", "bells/short.wav", "bells/text.wav", "flutes/nan.wav"]
    left_out = {item.file: item.reason for item in extract(corpus.scan(troubled)).unusable}
    assert {row["file"]: row["reason"] for row in result["unusable"]} == left_out


def test_exact_and_near_duplicates_are_apart(result):
    assert result["duplicates"] == [["drones/drones.00000.wav", "flutes/again.wav"]]
    assert result["near_duplicates"] == [["bells/bells.00002.wav", "bells/later.flac"]]
    (match,) = result["near_duplicate_matches"]
    assert match["similarity"] > 0.5
    assert match["shift_s"] == pytest.approx(-1.0, abs=0.13)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("damaged", ["flutes/cut.wav"]),
        ("silent", ["flutes/silent.wav"]),
        ("clipped", ["flutes/clipped.wav"]),
        ("rates", ["flutes/other rate.wav"]),
        ("narrow", ["flutes/upsampled.wav"]),
        ("channels", ["flutes/stereo.wav"]),
        ("lengths", ["bells/padded.wav", "bells/short.wav", "flutes/long.wav"]),
        ("padded", ["bells/padded.wav"]),
    ],
)
def test_each_kind_of_trouble_is_found_where_it_is(result, key, expected):
    assert files(result[key]) == expected


def test_figures_stand_beside_the_files(result):
    assert result["silent"][0]["silent_s"] == pytest.approx(4.0, abs=0.1)
    assert result["rates"][0] | {"file": ""} == {"file": "", "rate": 16000, "usual": 22050}
    assert result["narrow"][0]["bandwidth_hz"] == pytest.approx(4000, rel=0.1)
    assert result["channels"][0]["channels"] == 2
    assert result["lengths"][2] == {"file": "flutes/long.wav", "seconds": 20.0, "usual": 9.5}
    assert [row["genre"] for row in result["unbalanced"]] == ["gongs"]
    assert result["too_small"] == [{"genre": "gongs", "usable": 1, "needed": 3}]


def test_a_sound_corpus_has_nothing(corpus_folder):
    result = check(corpus.scan(corpus_folder))
    assert result.keys() >= FIXED
    assert not [key for key in corpus_report.FINDINGS if result[key]]
    assert list(corpus_report.report(result))[-1].startswith("nothing found")


def test_processes_find_what_one_process_finds(troubled, result):
    told = []
    assert check(corpus.scan(troubled), Processes(2), progress=lambda *arguments: told.append(arguments)) == result
    assert told[:30] == [(done, 30) for done in range(1, 31)]
    assert told[-1] == (1, 1, "comparing")


def test_the_report_says_how_many_and_what_to_do(result):
    lines = list(corpus_report.report(result))
    for key, (sentence, _) in corpus_report.FINDINGS.items():
        assert f"{len(result[key])} {sentence}" in lines
    assert "  bells/text.wav" in "\n".join(lines)
    assert sum(line.startswith("  flutes/") for line in lines) >= 7


def test_long_lists_are_cut_and_say_so(result):
    many = result | {"clipped": [{"file": f"{number}.wav", "fraction": 0.5} for number in range(30)]}
    lines = list(corpus_report.report(many))
    assert "  9.wav: 50.00% of the samples" in lines
    assert "  10.wav: 50.00% of the samples" not in lines
    assert "  and 20 more, all with --json" in lines


def test_every_list_of_findings_has_words(result):
    lists = {key for key, value in result.items() if isinstance(value, list)}
    assert lists - corpus_report.FINDINGS.keys() == {"near_duplicate_matches"}


@pytest.mark.parametrize("genres", [("Müsik & Tanz", "rock 'n' roll"), ("日本", "a.b.c", "x y")], ids=["two", "three"])
def test_any_number_of_classes_with_any_names(genrekit, corpus_folder, tmp_path, genres):
    for genre, source in zip(genres, ("bells", "drones", "flutes"), strict=False):
        shutil.copytree(corpus_folder / source, tmp_path / genre)
        for path in list((tmp_path / genre).iterdir()):
            path.rename(path.with_name(f"Ä {path.name}"))
    process = genrekit("corpus", "check", tmp_path, "--json", "--jobs", 1)
    found = json.loads(process.stdout)
    assert process.returncode == 0
    assert found["genres"] == dict.fromkeys(sorted(genres), 5)
    segments = extract(corpus.scan(tmp_path))
    from genrekit.toolkit.splits import assign as splits

    assert set(segments.labels) == set(range(len(genres)))
    assert set(splits.assign(segments, "track", 0)) == set(splits.SUBSETS)


def test_the_command_says_it_in_lines(genrekit, troubled):
    process = genrekit("corpus", "check", troubled, "--jobs", 1)
    assert process.returncode == 0
    assert process.stderr == ""
    assert "1 clipped: find a better copy" in process.stdout


@pytest.mark.parametrize("content", [None, "one genre", "no audio"])
def test_what_is_no_corpus_is_the_users_mistake(genrekit, corpus_folder, tmp_path, content):
    if content == "one genre":
        shutil.copytree(corpus_folder / "bells", tmp_path / "bells")
    if content == "no audio":
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "a.txt").write_text("notes")
    process = genrekit("corpus", "check", tmp_path if content else tmp_path / "nowhere")
    assert process.returncode == 2
    assert len(process.stderr.splitlines()) == 1
    assert process.stdout == ""


def test_no_processes_at_all_is_refused(genrekit, corpus_folder):
    process = genrekit("corpus", "check", corpus_folder, "--jobs", 0)
    assert process.returncode == 2
    assert "jobs=0" in process.stderr
