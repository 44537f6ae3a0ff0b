"""Elapsed and expected time: honest when the estimate is exceeded."""

from analysis.expected_time import Outlook, chain_outlook, outlook


def test_what_is_left_is_the_difference():
    assert outlook(10.0, 4.0) == Outlook(4.0, 10.0, 6.0, longer=False)


def test_beyond_the_estimate_nothing_is_said_to_be_left():
    assert outlook(10.0, 11.0) == Outlook(11.0, 10.0, None, longer=True)


def test_without_an_estimate_nothing_is_said():
    assert outlook(None, 11.0) == Outlook(11.0, None, None, longer=False)


def test_a_chain_counts_what_is_ahead():
    stages, expected = ("a", "b", "c"), {"a": 2.0, "b": 10.0, "c": 5.0}
    told = chain_outlook(stages, expected, {"a": 1.0, "b": 4.0}, "b")
    assert told == Outlook(5.0, 17.0, 11.0, longer=False)


def test_a_chain_in_a_stage_that_takes_longer_says_so():
    stages, expected = ("a", "b"), {"a": 2.0, "b": 10.0}
    told = chain_outlook(stages, expected, {"a": 3.0}, "a")
    assert told == Outlook(3.0, 12.0, None, longer=True)


def test_a_chain_with_an_unknown_stage_has_no_whole():
    told = chain_outlook(("a", "b"), {"a": 2.0, "b": None}, {"a": 1.0}, "a")
    assert told == Outlook(1.0, None, None, longer=False)
