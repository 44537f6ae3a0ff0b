"""Numbers that words of chapters ask for, which studies share networks, and how numbers are written."""

from __future__ import annotations

import pytest

from benchmarks.findings import asked, further
from benchmarks.findings.asked import answered
from benchmarks.findings.rows import CONVERGED, Rows
from benchmarks.findings.words import amount, probability

STUDY = {
    "one": {("3-3", ""): [(0, "true", ""), (1, "false", "")], ("4-4", ""): [(0, "true", "")]},
    "class": {("3-3", ""): [(0, "Bob only", ""), (1, "both", ""), (2, "", "")]},
    "n": {("3-3", ""): [(seed, str(value), "") for seed, value in enumerate((1, 3, 1_000, 20))]},
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("{hits s one}", "2 of 3"),
        ("{hits s one hidden=3-3}", "1 of 2"),
        ("of these {share s one hidden=3-3}.", "of these 50% (9–91)."),
        ("{count s class==Bob~only} {percent s class==both}", "1 50%"),
        ("{median s n} {largest s n} {quartiles s n}", "11.5 1,000 2.5 / 11.5 / 265"),
        ("{hits s n>2} {tenths s one} {fine s n}", "3 of 4 66.7% 11.5000"),
        ("{hits} {other s}", "{hits} {other s}"),
    ],
)
def test_words_ask_the_rows_for_their_numbers(monkeypatch, words, found):
    monkeypatch.setattr(asked, "rows_of", lambda slug: Rows(slug, ("hidden", "protocol"), STUDY))
    assert answered(words) == found


def test_studies_that_share_networks_stand_together(monkeypatch):
    networks = {"alice-or-bob": "ab", "part": "b", "more": "bc", "next": "cd", "p": "xy", "q": "yz", "alone": "w"}
    rows = {
        slug: Rows(slug, (), {CONVERGED: {(): [*((0, "true", one) for one in own), (1, "false", "w")]}})
        for slug, own in networks.items()
    }
    monkeypatch.setattr(further, "files", lambda: rows)
    monkeypatch.setattr(further, "rows_if_run", rows.get)
    largest, others, alone = further.groups().split("\n")
    assert "3 studies have networks of the 2 of" in largest
    assert "`alice-or-bob` 2, `more` 1 of 2 and `part` 1. `next` has some of others" in largest
    assert others == "- Together 3 networks: `p` 2 and `q` 2."
    assert alone.endswith("another study: `alone`.")


@pytest.mark.parametrize(
    ("number", "said"),
    [(2, "2"), (38.5, "38.5"), (54_011, "54,011"), (9_999_999, "9,999,999"), (2.7e10, "2.7 · 10^10")],
)
def test_amounts(number, said):
    assert amount(number) == said


@pytest.mark.parametrize(("p", "said"), [(2e-12, "p < .001"), (0.0224, "p = .022"), (0.05, "p = .05"), (1.0, "p = 1")])
def test_probabilities(p, said):
    assert probability(p) == said
