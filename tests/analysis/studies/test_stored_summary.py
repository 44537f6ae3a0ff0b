"""What a study says is the same read back as worked out."""

from __future__ import annotations

import json

import pytest

from analysis.studies.cells import cells_of
from analysis.studies.stored_summary import Summed, summed
from analysis.studies.summary import Record, StudySummary
from tests.study_factories import followed, results


def summary_of(known):
    place = {cell.key: position for position, cell in enumerate(cells_of(known.design))}
    records = [
        Record(place[o.cell], o.seed, o.state, o.network, o.figures, "abc" if o.seed else "") for o in known.outcomes
    ]
    return StudySummary(known.design, records)


def read_back(summary):
    return Summed(summary.design, json.loads(json.dumps(summed(summary))))


@pytest.mark.parametrize("known", [results(), followed()], ids=["xor-width", "followed"])
def test_everything_is_the_same_read_back(known):
    summary = summary_of(known)
    again = read_back(summary)
    assert again.tests() == summary.tests()
    assert again.states == summary.states
    for measure, kind in summary.measures.items():
        for protocol in summary.design.labels("protocol"):
            for by in (None, *summary.design.varying):
                if by == "protocol":
                    continue
                pairs = zip(summary.groups(measure, protocol, by), again.groups(measure, protocol, by), strict=True)
                for ours, theirs in pairs:
                    assert (ours.label, ours.of, ours.failed, ours.silent) == (
                        theirs.label,
                        theirs.of,
                        theirs.failed,
                        theirs.silent,
                    )
                    assert ours.spread == theirs.spread if kind.numeric else ours.categories == theirs.categories
                    assert ours.bounded == theirs.bounded
                    if kind.kind != "set":
                        assert ours.points == theirs.points
            assert summary.together(measure, protocol).spread == again.together(measure, protocol).spread


def test_nothing_is_worked_out_again(monkeypatch):
    again = read_back(summary_of(results()))
    for name in ("spread_of", "share_of", "mann_whitney", "wilcoxon", "independence"):
        monkeypatch.setattr(f"analysis.studies.summary.{name}", None)
    (reference,) = again.design.references
    assert again.together(reference.measure, reference.protocol, reference.where).spread.n == 3
    assert again.together("circuits-valid", "complete").spread.n == 6
    for by in (None, "hidden"):
        assert [group.spread.n for group in again.groups("circuits-valid", "paper", by)] == [3, 3]
        assert [g.yes.of for g in again.groups("one-irredundant-algorithm", "paper", by)] == [3, 3]
        assert [g.yes_of_all.of for g in again.groups("one-irredundant-algorithm", "paper", by)] == [4, 4]
    assert len(again.tests()) == 4
