"""The patterns of scanner rules: what is one, what they find, and that no text makes them slow."""

import time

import pytest

from gwctl.policy.patterns import PatternError, compiled


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(x", "is not a regular expression of RE2 (missing ): (x)"),
        ("(?=x)y", "look-ahead (?=…) is not supported"),
        ("(?!x)y", "look-ahead (?!…) is not supported"),
        ("(?<=x)y", "look-behind (?<=…) is not supported"),
        ("(?<!x)y", "look-behind (?<!…) is not supported"),
        (r"(a)\1", "back references are not supported"),
        (r"\u00e9", r"\u… is not supported, a character is written \x{00e9}"),
        ("x*", "matches the empty text"),
        ("\ud800", "holds half a character"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, reason: str):
    with pytest.raises(PatternError) as raised:
        compiled(pattern)

    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\b(?:\d[ -]?){15}\d\b", "a 4111 1111 1111 1111, 4111-1111-1111-1111", "a [x], [x]"),
        (r"\b(?:\d[ -]?){15}\d\b", "a 41111111111111112", "a 41111111111111112"),
        ("AKIA[0-9A-Z]{16}", "key AKIAIOSFODNN7EXAMPLE.", "key [x]."),
        (r"[\w.+-]+@[\w-]+\.[\w.]+", "mail jörg+a@example.org now", "mail jö[x] now"),
        (r"\b\d{3}-\d{2}-\d{4}\b", "078-05-1120 and 078-05-11201", "[x] and 078-05-11201"),
        (r"\bDE\d{2}(?: ?\d{4}){4} ?\d{2}\b", "DE89 3704 0044 0532 0130 00", "[x]"),
        ("a/b", "a/b", "[x]"),
        (r"a\/b", "a/b", "[x]"),
        ("^x", "x\nx", "[x]\nx"),
        ("x$", "x\nx", "x\n[x]"),
        ("a.b", "a\nb", "a\nb"),
        ("(?i)ärger", "ÄRGER", "[x]"),
        ("🔑+", "a🔑🔑b", "a[x]b"),
        (r"\bx\b|\b", "a x", "a x"),
    ],
)
def test_what_a_pattern_finds_is_replaced(pattern: str, text: str, expected: str):
    assert compiled(pattern).replaced(text, "[x]") == expected


def test_a_replacement_is_taken_as_it_is():
    assert compiled("(a)").replaced("a", r"\1$1$&") == r"\1$1$&"


def test_a_text_without_the_pattern_is_the_same_object():
    text = "half a character: \ud800"

    assert compiled("x").replaced(text, "y") is text


def test_half_a_character_does_not_hide_what_is_beside_it():
    assert compiled("secret").replaced("\ud800secret", "[x]") == "?[x]"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)(.*)(.*)(.*)c"])
def test_no_text_makes_a_pattern_slow(pattern: str):
    """With backtracking each of these takes longer than the age of the universe."""
    started = time.process_time()

    assert not compiled(f"(?:{pattern})x").is_in("a" * 100_000 + "!")

    assert time.process_time() - started < 2
