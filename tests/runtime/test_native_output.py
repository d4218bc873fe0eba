"""What native code prints is held back, and comes out when something goes wrong."""

from __future__ import annotations

import os

import pytest

from genrekit.runtime.util.native_output import held_back


def test_greetings_are_held_back_and_later_words_are_not(capfd):
    with held_back():
        os.write(2, b"greetings\n")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_words_before_an_error_come_out(capfd):
    with pytest.raises(ValueError, match="broken"):
        _fail_after_words()
    assert capfd.readouterr().err == "what went wrong\n"


def test_words_can_be_read_while_they_are_held_back(capfd):
    with held_back() as written:
        os.write(2, b"arena 12 bytes\n")
        assert written() == "arena 12 bytes\n"
    assert capfd.readouterr().err == ""


def _fail_after_words():
    with held_back():
        os.write(2, b"what went wrong\n")
        raise ValueError("broken")
