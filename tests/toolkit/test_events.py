"""Files of events: what is read, and what is refused with file and line."""

from __future__ import annotations

import pytest

from genrekit.runtime.errors import CorpusError
from genrekit.toolkit.evaluation.events import Event, read_events, require_within

LABELS = ("no", "yes", "métal, heavy")
HEADER = "start_s,end_s,label"


def read(tmp_path, content, **options):
    path = tmp_path / "events.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_events(path, LABELS, **options)


def test_events_come_by_their_start_with_their_lines(tmp_path):
    assert read(tmp_path, f"{HEADER}\n5,6.5,no\n1,2,yes\n") == (Event(1.0, 2.0, "yes", 3), Event(5.0, 6.5, "no", 2))


@pytest.mark.parametrize(
    "content",
    [
        f'\ufeff{HEADER}\r\n\r\n 1 , 2.5 , yes \r\n   \r\n4,5,"métal, heavy"\r\n',
        '"start_s", end_s ,label\n\n"1","2.5","yes"\n,,\n4,5, "métal, heavy"',
        'note,label,end_s,start_s\n\nclear,yes,2.5,1e0\n# a comment\n,"métal, heavy",5,4\n',
    ],
    ids=["windows", "quoted", "other columns"],
)
def test_however_it_was_saved(tmp_path, content):
    assert read(tmp_path, content) == (Event(1.0, 2.5, "yes", 3), Event(4.0, 5.0, "métal, heavy", 5))


def test_a_header_alone_says_that_nothing_sounds(tmp_path):
    assert read(tmp_path, HEADER) == ()


def test_events_may_touch(tmp_path):
    assert len(read(tmp_path, f"{HEADER}\n2,3,yes\n1,2,yes\n3,4,no\n")) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["header=None", HEADER]),
        ("1,2,yes\n", ["header=", HEADER]),
        ("start_s;end_s;label\n", ["header=", HEADER]),
        ("start_s,end_s\n1,2\n", ["header=", HEADER]),
        (f"{HEADER}\n1,2\n", ["line 2", "found no label"]),
        (f"{HEADER}\n\n1,2,yes\nx,4,no\n", ["line 4", "start_s=x"]),
        (f"{HEADER}\n1,,no\n", ["line 2", "end_s="]),
        (f"{HEADER}\n0:01,2,no\n", ["line 2", "start_s=0:01"]),
        (f"{HEADER}\nnan,2,no\n", ["line 2", "start_s=nan"]),
        (f"{HEADER}\n1,inf,no\n", ["line 2", "end_s=inf"]),
        (f"{HEADER}\n-1,2,no\n", ["line 2", "start_s=-1"]),
        (f"{HEADER}\n2,2,no\n", ["line 2", "start_s=2, end_s=2", "ends after its start"]),
        (f"{HEADER}\n1,2,maybe\n", ["line 2", "label=maybe", "no, yes"]),
        (f"{HEADER}\n1,2,\n", ["line 2", "label=:"]),
        (f"{HEADER}\n1,2,yes\n4,9,no\n8.5,10,yes\n", ["line 4: expected events that do not overlap", "beside line 3"]),
        (f"{HEADER}\n4,9,no\n1,4.5,no\n", ["line 3", "beside line 2"]),
        (f"{HEADER}\n1,9,no\n2,3,yes\n", ["line 3", "beside line 2"]),
        (f"{HEADER}\n1,2,{'x' * 200_000}\n", ["cannot be read"]),
        (b"start_s,end_s,label\n1,2,m\xe9tal\n", ["UTF-8"]),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path, content, words):
    with pytest.raises(CorpusError) as refused:
        read(tmp_path, content)
    sentence = str(refused.value)
    assert sentence.startswith(str(tmp_path / "events.csv"))
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


def test_no_event_is_of_the_background(tmp_path):
    with pytest.raises(CorpusError, match="line 2: label=no: expected one that the model detects"):
        read(tmp_path, f"{HEADER}\n1,2,no\n", background=("no",))


def test_events_end_with_the_recording(tmp_path):
    found = read(tmp_path, f"{HEADER}\n9,10.004,no\n1,2,yes\n")
    require_within(found, tmp_path / "events.csv", 10.0)
    with pytest.raises(CorpusError, match=r"events.csv, line 2: end_s=10.004: .* which has 9.900 s"):
        require_within(found, tmp_path / "events.csv", 9.9)
