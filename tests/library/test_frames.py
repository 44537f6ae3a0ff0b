"""Rows of several kinds in one frame: counts against a brute count, orders over kinds, weights of any size."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from pluriscope.errors import InvalidOption
from pluriscope.kinds.columns import KIND, NAME, REF, URL
from pluriscope.tables.frames import Coded, Frame, Overview, Part
from pluriscope.tables.table import Column, Query, read_query, toggled

VALID = Column("valid", "Valid", "", "bool", facet="any", default=("yes",), choices=("yes", "no"))
EDGES = Column("edges", "Edges", "", "int", facet="range")
GATES = Column("gates", "Gates", "", "int", facet="any")
MARGIN = Column("margin", "Margin", "", "float", facet="range")
FRAGILE = Column("fragile", "Fragile", "", "bool", facet="any")
FORMULA = Column("formula", "Formula", "", "text", facet="any")
COUNT = Column("count", "Count", "", "big")
USES = Column("uses", "Uses", "", "labels", facet="all", absence=True)
COLUMNS = (KIND, NAME, REF, URL, VALID, EDGES, GATES, MARGIN, FRAGILE, FORMULA, COUNT, USES)
HUGE = 3 * 2**80 + 1


def frame(n: int = 300, seed: int = 0) -> Frame:
    """Circuits, their readings that weigh up to 2^80 each, and algorithms; every kind lacks some columns."""
    draw = np.random.default_rng(seed)
    margins = np.where(draw.random(n) < 0.1, np.nan, draw.integers(0, 9, n) / 8)
    counts = Coded.of([int(one) * HUGE // 7 for one in draw.integers(1, 6, n)])
    uses = {"uses": {name: draw.random(n) < share for name, share in (("x", 0.2), ("y", 0.9), ("z", 0.0))}}
    held = {
        "valid": np.ones(n, np.bool_),
        "edges": draw.integers(2, 9, n),
        "margin": margins,
        "fragile": np.where(np.isnan(margins), np.nan, margins < 0.3),
        "count": counts,
        **uses,
    }
    circuits = Part.of("circuit", "circuits", n, COLUMNS, held, ref=lambda at: f"c-{at}", own=("edges", False))
    readings = Part.of(
        *("interpretation", "interpretations", n, COLUMNS, held | {"uses": {"x": uses["uses"]["x"]}}),
        ref=lambda at: f"i-{at}",
        weights=counts,
        own=("count", True),
    )
    of_algorithms = {
        "valid": draw.random(n) < 0.5,
        "gates": draw.integers(1, 5, n),
        "formula": [None if one > 6 else f"f{one}" for one in draw.integers(0, 9, n)],
        "count": counts,
    }
    algorithms = Part.of("algorithm", "algorithms", n, COLUMNS, of_algorithms, ref=lambda at: f"g-{at}")
    return Frame(COLUMNS, (circuits, readings, algorithms))


FRAME = frame()


@pytest.mark.parametrize(
    ("column", "values", "bins"),
    [
        ("edges", [2, 3, 5], [("2", "2"), ("3", "3"), ("5", "5")]),
        ("edges", [1, 2, 40], [("1", "1"), ("2", "2"), ("40", "40")]),
        ("edges", range(10, 44, 2), [(str(low), str(min(low + 2, 42))) for low in range(10, 43, 3)]),
        ("margin", [0.5, 0.5], []),
        ("margin", [0.0, 0.25, 1.0], None),
    ],
)
def test_a_range_of_many_values_stands_in_bins_that_lead_to_as_many_rows(column, values, bins):
    answer = [column for column in COLUMNS if column.name in ("kind", "name", "ref", "url", "edges", "margin")]
    part = Part.of("circuit", "circuits", len(values), COLUMNS, {column: values}, ref=lambda at: f"c-{at}")
    some = Frame(tuple(answer), (part,))
    found = next(one for one in some.select(Query()).facets if one.column.name == column)
    assert (found.low, found.high) == (str(min(values)), str(max(values)))
    assert sum(choice.count for choice in found.choices) in (0, len(values))
    assert bins is None or [choice.query.wanted[column] for choice in found.choices] == bins
    assert (len(found.choices) == 16) == (bins is None)
    for choice in found.choices:
        assert some.select(choice.query).total == choice.count


FILTERS = (
    {},
    {"valid": ["any"]},
    {"valid": ["no"]},
    {"kind": ["circuit"]},
    {"kind": ["interpretation", "algorithm"], "valid": ["any"]},
    {"edges_min": ["3"], "edges_max": ["6"]},
    {"margin_min": ["0.5"], "uses": ["!x"]},
    {"gates": ["2", "3"]},
    {"fragile": ["no"], "uses": ["y"]},
    {"uses": ["!y"]},
    {"formula": ["f1", "f2"], "valid": ["any"]},
)


def weight(part: Part, at: int) -> int:
    return 1 if part.weights is None else part.weights.values[part.weights.codes[at]]


def brute(query: Query) -> tuple[int, list[str]]:
    """The weight of the rows that pass, and their references, row by row."""
    total, refs = 0, []
    for part in FRAME.parts:
        rows = part.values(COLUMNS, np.arange(part.n))
        for at, row in enumerate(rows):
            row["uses"] = {label for label, mask in part.labels.get("uses", {}).items() if mask[at]}
            if all(passes(part, row, name, wanted) for name, wanted in query.wanted.items()):
                total += weight(part, at)
                refs.append(part.ref(at))
    return total, refs


def passes(part: Part, row: dict, name: str, wanted: tuple[str, ...]) -> bool:
    if name == "uses":
        return all(
            one.removeprefix("!") in part.labels.get("uses", ())
            and (one[0] != "!") == (one.removeprefix("!") in row[name])
            for one in wanted
        )
    value = row.get(name)
    if value is None:
        return False
    if name in ("edges", "margin"):
        low, high = (*wanted, "")[:2]
        return (not low or value >= float(low)) and (not high or value <= float(high))
    return ("yes" if value is True else "no" if value is False else str(value)) in wanted


@pytest.mark.parametrize("options", FILTERS)
def test_totals_and_every_facet_are_those_of_a_brute_count(options):
    query = read_query(COLUMNS, options)
    found = FRAME.select(query)
    total, refs = brute(query)
    assert (found.total, found.lines) == (total, len(refs))
    assert {facet.column.name for facet in found.facets} >= {"kind", "valid"}
    for facet in found.facets:
        bare = query if facet.column.facet == "all" else query.but(facet.column.name)
        for choice in facet.choices:
            one = choice.query if facet.column.facet == "range" else toggled(bare, facet.column, choice.value)
            if not choice.chosen:
                assert brute(one)[0] == choice.count, (facet.column.name, choice.value)


@pytest.mark.parametrize(
    ("sort", "descending"), list(product(("kind", "edges", "margin", "count", "gates", "formula"), (False, True)))
)
def test_one_order_over_all_kinds(sort, descending):
    """Ties stand by kind and place, turn with the order, and what has no value stays last."""
    rows = [
        row
        for part in FRAME.parts
        for row in zip(part.values(COLUMNS, np.arange(part.n)), map(part.ref, range(part.n)), strict=True)
    ]
    kinds = [part.kind for part in FRAME.parts]

    def key(pair):
        return kinds.index(pair[0]["kind"]) if sort == "kind" else pair[0][sort]

    has = [pair for pair in rows if pair[0].get(sort) is not None]
    has.sort(key=key)
    lacks = [pair for pair in rows if pair[0].get(sort) is None]
    expected = [*reversed(has), *reversed(lacks)] if descending else [*has, *lacks]
    found = FRAME.select(Query({}, sort, descending, limit=1000), facets=False)
    assert [row.ref for row in found.rows] == [ref for _, ref in expected]


def test_a_filter_that_leaves_none_is_named_beside_the_rows_that_there_are_without_it():
    left, any_standing = (FRAME.select(read_query(COLUMNS, {**of})).total for of in ({}, {"valid": ["any"]}))
    found = FRAME.select(read_query(COLUMNS, {"kind": ["direction"]}))
    assert found.total == 0
    assert found.removed_by.before == left < any_standing


def test_a_kind_without_a_column_goes_and_the_list_says_what_the_filter_is_about():
    found = FRAME.select(read_query(COLUMNS, {"kind": ["algorithm"], "edges_min": ["2"], "valid": ["any"]}))
    assert (found.total, found.of) == (0, 300)
    assert found.removed_by.about == ("circuits", "interpretations")
    assert FRAME.select(found.removed_by.query).total > 0
    applies = FRAME.select(read_query(COLUMNS, {"kind": ["circuit"], "edges_min": ["99"]}))
    assert (applies.removed_by.about, applies.removed_by.before, applies.removed_by.words) == (
        (),
        300,
        "edges at least 99",
    )


def test_a_label_that_nothing_has_is_refused():
    with pytest.raises(InvalidOption, match="Use x, y, z"):
        FRAME.select(read_query(COLUMNS, {"uses": ["w"]}))


def test_whole_numbers_are_read_however_they_are_written():
    assert read_query(COLUMNS, {"gates": ["+2", "03"]}).wanted["gates"] == ("2", "3")


def overview(of: Frame = FRAME) -> Overview:
    return Overview(of, ("kind", "valid"), ("circuit", "edges"))


def test_an_overview_shows_a_few_of_each_kind_until_something_is_asked():
    found = overview().select(read_query(COLUMNS, {}))
    assert [group.title for group in found.groups] == ["Circuits", "Interpretations", "Algorithms"]
    assert [row.kind for row in found.rows] == ["circuit"] * 3 + ["interpretation"] * 3 + ["algorithm"] * 3
    assert [row["edges"] for row in found.rows[:3]] == [2] * 3, "in the kind's own order"
    assert sum(group.total for group in found.groups) == found.total == FRAME.select(read_query(COLUMNS, {})).total
    for group in found.groups:
        of_kind = overview().select(group.query)
        assert (of_kind.total, [one.title for one in of_kind.groups]) == (group.total, [group.title])
    assert not overview().select(read_query(COLUMNS, {"edges_max": ["4"]})).groups


def test_an_overview_offers_few_filters_before_a_kind_is_chosen():
    facets = overview().select(read_query(COLUMNS, {})).facets
    assert [facet.column.label for facet in facets] == ["Kind", "Valid", "Circuits by edges"]
    for choice in facets[2].choices:
        assert overview().select(choice.query).total == choice.count
    asked = overview().select(read_query(COLUMNS, {"uses": ["y"]})).facets
    assert "uses" in [facet.column.name for facet in asked], "what is asked for can be taken back"


def test_an_overview_leaves_aside_what_is_not_asked_for_and_shows_other_rows_where_it_has_some():
    circuits, readings, algorithms = FRAME.parts
    best = replace(circuits, kind="interpretation", n=1, ref=lambda _: "i-best", labels={})
    parts = (circuits, replace(readings, few=best), replace(algorithms, aside=True))
    found = overview(Frame(COLUMNS, parts)).select(read_query(COLUMNS, {}))
    assert [row.ref for row in found.rows if row.kind != "circuit"] == ["i-best"]
    asked = overview(Frame(COLUMNS, parts)).select(read_query(COLUMNS, {"kind": ["algorithm"]}))
    assert asked.total == FRAME.select(read_query(COLUMNS, {"kind": ["algorithm"]})).total
    assert not any(row.picks for row in asked.rows)


def test_figures_without_a_column_are_refused():
    with pytest.raises(ValueError, match=r"kind circuit: no column shows \['edges', 'margin'\]"):
        Frame(tuple(one for one in COLUMNS if one not in (EDGES, MARGIN)), FRAME.parts)
    Frame(tuple(one for one in COLUMNS if one is not EDGES), FRAME.parts, also=(EDGES,))
