"""Counts of the valid circuits of every graph that meet a condition, against plain lists."""

from __future__ import annotations

from time import perf_counter

import pytest

from pluriscope.analysis.errors import BeyondLimits, InvalidMask
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.kinds.circuits import facet_of
from tests.graph_questions import GRAPHS, asked, every_valid


def counted(question, *condition):
    work = Work(clock=perf_counter).for_seconds(60)
    return question.kind.explaining.count(question, work, None, 0, facet_of(question, *condition))


def kept(graph, mask, name):
    """Whether a circuit keeps an edge or a node by its name."""
    if name in graph.bit_names:
        return mask >> graph.bit_names.index(name) & 1
    names = [node.name for node in graph.nodes]
    return any(mask >> bit & 1 for bit, (_, reader) in enumerate(graph.ends) if names[reader] == name)


@pytest.mark.parametrize(("slug", "rules"), GRAPHS)
def test_they_are_those_of_a_list(slug, rules):
    question, valid = asked(slug, rules), every_valid(slug, rules)
    graph, node = question.graph, question.graph.nodes[question.graph.removable[0]].name
    masks = graph.bits(range(1 << min(graph.n_bits, 14)))
    sizes = masks[are_circuits(question.space, masks)].sum(axis=1)
    for most in (1, min(map(int.bit_count, valid)), graph.n_bits - 1):
        for keeps in ((), (node,), (graph.bit_names[0], graph.bit_names[-1])):
            meet = [
                one.bit_count()
                for one in valid
                if one.bit_count() <= most and all(kept(graph, one, name) for name in keeps)
            ]
            found = counted(question, most, keeps)
            assert (found.circuits.how, found.circuits.low, found.circuits.high) == ("exact", len(meet), len(meet))
            assert {one.size: one.low for one in found.by_size} == {size: meet.count(size) for size in meet}
            assert (found.smallest.high, found.smallest.proved) == (min(meet, default=None), True)
            if graph.n_bits <= 14:
                assert found.circuits.possible == (sizes <= most).sum()
    assert counted(question, None, (node,)).circuits.low == sum(bool(kept(graph, one, node)) for one in valid)
    assert counted(question, graph.n_bits, ()).circuits.low == len(valid) == counted(question, None, ()).circuits.low
    with pytest.raises(InvalidMask, match="no hidden neuron or edge"):
        counted(question, None, ("nobody",))


def test_what_cannot_be_listed_is_refused_with_its_reason(monkeypatch):
    question = asked("majority-5-attention", "complete")
    monkeypatch.setitem(question.__dict__, "refusal", "there are too many")
    with pytest.raises(BeyondLimits, match=r"under a condition.*there are too many"):
        counted(question, 5, ())
