"""Sentences fit the terminal; what is to be copied does not break."""

import sys

import pytest

from gwctl.cli.prose import fitted

LONG = "the policy file /a/very/long/path/that/does/not/fit/into/forty/columns has a problem; correct it and save it"


class Terminal:
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_sentence_stays_as_it_is():
    assert fitted(LONG) == LONG


def test_a_terminal_gets_whole_words_and_whole_paths(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "40")
    assert fitted(f"{LONG}\n  indented {LONG}").splitlines() == [
        "the policy file",
        "/a/very/long/path/that/does/not/fit/into/forty/columns",
        "has a problem; correct it and save it",
        "  indented the policy file",
        "  /a/very/long/path/that/does/not/fit/into/forty/columns",
        "  has a problem; correct it and save it",
    ]
