"""Circuits of a model of any kind, asked of a kind that only tests know."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from pluriscope.analysis.errors import BeyondLimits, Cancelled, InvalidMask
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects import enumeration as engine
from pluriscope.analysis.subjects.enumeration import read_mask
from pluriscope.analysis.subjects.graph import Edge, Graph, Node
from tests.analysis.subjects.transformer.mlp_model import DOCUMENT, TOY, listed, mask_bits, read_perceptron

RULES = TOY.default_rules
AND = read_perceptron(DOCUMENT)


def by_hand(model):
    """Every valid circuit by the definition: all masks, one at a time."""
    space, found = model.space(RULES), {}
    for bits in product((False, True), repeat=space.graph.n_bits):
        mask = np.array([bits])
        if mask.any() and (space.reduce(mask) == mask).all():
            apart = CLASSES.margins(space.run(mask), model.answers)[0]
            if (apart > 0).mean() > 0.99:
                found[space.graph.write(mask[0])] = apart
    return found


def test_a_search_finds_what_the_definition_says():
    (found, circuits), expected = listed(TOY, AND, RULES), by_hand(AND)
    assert [one.mask for one in circuits] == sorted(expected)
    assert found.n_valid == len(expected) > 3
    assert found.complete
    for one in circuits:
        apart, kept = expected[one.mask], int(one.mask, 16)
        assert (one.right, one.worst, one.margin) == ((apart > 0).sum(), apart.min(), np.abs(apart).min())
        assert one.edges == kept.bit_count()
        smaller = [int(other, 16) for other in expected if int(other, 16) & kept == int(other, 16) != kept]
        assert one.outcomes["minimal-subset"] == ("failed" if smaller else "passed")
    assert found.distribution.by_edges == Counter(one.edges for one in circuits)
    masks = [int(mask, 16) for mask in expected]
    assert found.distribution.edge_use == tuple(sum(mask >> bit & 1 for mask in masks) for bit in range(6))
    assert found.possible == AND.space(RULES).possible


def test_the_smallest_are_listed_where_there_are_too_many():
    found, few = listed(TOY, AND, RULES, limit=2)
    every, circuits = listed(TOY, AND, RULES)
    assert (found.method, found.complete, every.complete) == ("counted", False, True)
    assert (found.n_valid, found.distribution) == (every.n_valid, every.distribution)
    smallest = sorted(circuits, key=lambda one: (one.edges, one.mask))[:2]
    assert few == sorted(smallest, key=lambda one: one.mask)


def test_a_mask_means_the_circuit_that_is_left_of_it():
    space = AND.space(RULES)
    assert read_mask(space, "3f") == "3f"
    assert read_mask(space, "13") == "13"
    assert read_mask(space, "1f") == "13"  # the second neuron is not read
    assert mask_bits(space, "13").tolist() == [True, True, False, False, True, False]
    for text, cause in (
        ("", "not hexadecimal"),
        ("3F", "not hexadecimal"),
        ("40", "beyond the 6 edges"),
        ("01", "no path"),
    ):
        with pytest.raises(InvalidMask, match=cause):
            read_mask(space, text)


def test_a_search_can_be_stopped_and_a_large_one_is_not_begun(monkeypatch):
    def stop(progress):
        raise Cancelled("circuits")

    with pytest.raises(Cancelled):
        listed(TOY, AND, RULES, Work(report=stop))
    monkeypatch.setattr(engine, "MAX_MILLISECONDS", 0.5)
    with pytest.raises(BeyondLimits, match=r"there are \d+ of them, which takes about 0 seconds"):
        listed(TOY, AND, RULES)
    monkeypatch.setattr(engine, "MAX_MASKS", 63)
    with pytest.raises(BeyondLimits, match="64 masks of 6 bits to try; the most are 63 of 64 bits"):
        listed(TOY, AND, RULES)


def test_a_mask_may_name_nodes():
    nodes = (Node("x", "x", 0, False), Node("a", "a", 1), Node("b", "b", 1), Node("y", "y", 2, False))
    edges = (Edge(0, 1), Edge(0, 2), Edge(0, 3), Edge(1, 3), Edge(2, 3))
    graph = Graph(nodes, edges, "nodes")
    assert graph.n_bits == 2
    assert graph.bit_names == ("a", "b")
    kept = graph.kept_edges(np.array([[True, False], [False, False]]))
    assert kept.tolist() == [[True, False, True, True, False], [False, False, True, False, False]]
    assert graph.active_nodes(np.array([[True, False]])).tolist() == [[True, False]]
    by_edges = Graph(nodes, edges)
    assert by_edges.bit_names == ("x-a", "x-b", "x-y", "a-y", "b-y")
    assert by_edges.active_nodes(kept).tolist() == [[True, False], [False, False]]
