"""Tests of queries of a list: options read, refused and written back; a short list filtered, counted, sorted."""

from dataclasses import replace

import pytest

from pluriscope.errors import InvalidOption
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Choice, Column, Facet, Query, Row, Selection, read_query, toggled

NAME = Column("name", "Name", "What it is called.", "name", first=True)
KIND = Column("kind", "Kind", "Of what kind.", "text", facet="any", choices=("a", "b", "c"))
VALID = Column("valid", "Valid", "Whether it is.", "bool", facet="any", default=("yes",))
EDGES = Column("edges", "Edges", "How many.", "int", facet="range")
SHARE = Column("share", "Share", "Of all.", "float", facet="least")
USES = Column("uses", "Uses", "What it uses.", "labels", facet="all", absence=True)
COLUMNS = (NAME, KIND, VALID, EDGES, SHARE, USES)
ROWS = tuple(
    Row({"name": name, "kind": kind, "valid": valid, "edges": edges, "share": share, "uses": frozenset(uses)})
    for name, kind, valid, edges, share, uses in (
        ("one", "a", True, 3, 0.5, ("x",)),
        ("two", "a", True, 1, None, ("x", "y")),
        ("three", "b", True, 3, 0.25, ()),
        ("four", "b", False, 2, 1.0, ("y",)),
        ("five", "c", True, 1, 0.75, ("x", "y", "z")),
    )
)
LIST = AtHand(COLUMNS, ROWS)


def asked(**options: str | list[str]) -> Query:
    return read_query(COLUMNS, {name: [one] if isinstance(one, str) else one for name, one in options.items()})


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, {"valid": ("yes",)}),
        ({"valid": "any"}, {}),
        ({"valid": ""}, {"valid": ("yes",)}),
        ({"kind": ["a", "b", "a"], "valid": "any"}, {"kind": ("a", "b")}),
        ({"edges_min": "2", "valid": "any"}, {"edges": ("2", "")}),
        ({"edges_max": "2", "valid": "no"}, {"edges": ("", "2"), "valid": ("no",)}),
        ({"share_min": ".5", "valid": "any"}, {"share": (".5",)}),
        ({"uses": ["x", "!y"], "valid": "any"}, {"uses": ("x", "!y")}),
    ],
)
def test_options_are_read_and_written_back(options, wanted):
    query = asked(**options)
    assert query.wanted == wanted
    assert (
        asked(**{name: one if isinstance(one, list) else str(one) for name, one in query.options(COLUMNS).items()})
        == query
    )


@pytest.mark.parametrize(
    ("start", "lines", "begins"), [(0, 0, 0), (7, 0, 0), (2, 3, 2), (3, 3, 2), (4, 4, 2), (99_999, 5, 4), (3, 9, 3)]
)
def test_beyond_the_end_stands_the_last_page(start, lines, begins):
    assert Query(start=start, limit=2).within(lines).start == begins


def facet(name: str, *choices: tuple[str, int], asked: tuple[str, ...] = (), rows: dict[str, bytes] | None = None):
    answer = tuple(Choice(label.lower(), label, n, label.lower() in asked, Query()) for label, n in choices)
    return Facet(replace(USES, name=name), answer, asked=asked, rows=rows or {})


FOUR, SAME = (("Old", 4), ("New", 2)), (("old", 4), ("new", 2))


@pytest.mark.parametrize(
    ("facets", "offered"),
    [
        ([facet("a", *FOUR), facet("b", *SAME)], "a"),
        ([facet("a", *FOUR, ("Other", 1)), facet("b", *SAME)], "a"),
        ([facet("a", *FOUR), facet("b", *SAME, ("other", 1))], "a b"),
        ([facet("a", *FOUR), facet("b", ("old", 4), ("new", 3))], "a b"),
        ([facet("a", *FOUR), facet("b", *SAME, asked=("new",))], "a b"),
        ([facet("a"), facet("b")], "a b"),  # ranges
        ([facet("a", ("all", 9)), facet("b", ("each", 9)), facet("c", ("most", 8))], "a c"),
        ([facet("a", *FOUR), facet("b", ("each", 9), asked=("each",))], "a b"),
    ],
)
def test_filters_that_choose_nothing_or_the_same_are_not_offered(facets, offered):
    assert " ".join(one.column.name for one in Selection(9, 9, (), tuple(facets)).filters) == offered


@pytest.mark.parametrize(
    ("rows", "asked", "boxes"),
    [
        ({}, (), "one, IIA, Two, Three"),
        ({"one": b"1", "iia": b"1", "two": b"2", "three": b"1"}, (), "one (IIA, Three), Two"),
        ({"one": b"1", "iia": b"2", "two": b"2", "three": b"3"}, ("two",), "one, Two* (IIA), Three"),
    ],
)
def test_labels_on_the_same_rows_are_one_choice(rows, asked, boxes):
    shown = facet("a", ("one", 2), ("IIA", 2), ("Two", 2), ("Three", 2), asked=asked, rows=rows).boxes
    answer = [one.label + "*" * one.chosen + (f" ({', '.join(one.alike)})" if one.alike else "") for one in shown]
    assert ", ".join(answer) == boxes
    assert [one.value for one in shown if one.chosen] == [*asked]


@pytest.mark.parametrize(
    ("kinds", "lines", "asked", "state"),
    [
        ("aaa", 3, {}, "a"),
        ("aab", 3, {}, ""),
        ("a", 1, {}, ""),  # of one row it is what people ask for
        ("aaa", 9, {"a": 9}, "a"),
        ("aaa", 9, {"a": 6, "b": 3}, ""),  # another page has the others
        ("aaa", 9, {"a": 9, "b": 0}, "a"),
    ],
)
def test_a_state_that_all_rows_share_is_no_column(kinds, lines, asked, state):
    rows = tuple(Row({"kind": kind}) for kind in kinds)
    counts = tuple(Choice(value, value, n, False, Query()) for value, n in asked.items())
    found = Selection(lines, lines, rows, (Facet(KIND, counts),))
    assert (found.state(KIND), found.state(NAME)) == (state, "")


@pytest.mark.parametrize(
    ("options", "field", "cure"),
    [
        ({"colour": "red"}, "colour", "use one of kind, valid, edges_min"),
        ({"name": "one"}, "name", "use one of kind"),
        ({"kind": "d"}, "kind", "use a, b, c"),
        ({"valid": "maybe"}, "valid", "use yes, no, or any"),
        ({"edges_min": "two"}, "edges_min", "give a whole number"),
        ({"share_min": "nan"}, "share_min", "give a number"),
        ({"edges_min": "3", "edges_max": "2"}, "edges_min", "swap them"),
        ({"edges_min": ["1", "2"]}, "edges_min", "give it once"),
        ({"sort": "uses"}, "sort", "use name, kind"),
        ({"order": "up"}, "order", "use asc, desc"),
        ({"start": "-1"}, "start", "give such a whole number"),
        ({"limit": "201"}, "limit", "give such a whole number"),
        ({"uses": [f"n{number}" for number in range(65)]}, "uses", "use at most 64"),
    ],
)
def test_what_a_list_does_not_have_is_refused(options, field, cure):
    with pytest.raises(InvalidOption) as refused:
        asked(**options)
    assert refused.value.field == field
    assert cure in refused.value.cure


@pytest.mark.parametrize(
    "query", [asked(), asked(valid="any"), asked(kind="a"), asked(edges_max="2", valid="any"), asked(uses="x")]
)
def test_each_count_is_what_its_choice_leaves(query):
    facets = LIST.select(query).facets
    assert [facet.column.name for facet in facets] == ["kind", "valid", "edges", "share", "uses"]
    for facet in facets:
        bare = query if facet.column.facet == "all" else query.but(facet.column.name)
        for choice in facet.choices:
            one = choice.query if facet.column is EDGES else toggled(bare, facet.column, choice.value)
            if not choice.chosen:
                assert LIST.select(one).total == choice.count


@pytest.mark.parametrize(
    ("sort", "order", "names"),
    [
        ("", "asc", ["one", "two", "three", "four", "five"]),
        ("edges", "asc", ["two", "five", "four", "one", "three"]),
        ("edges", "desc", ["three", "one", "four", "five", "two"]),
        ("share", "asc", ["three", "one", "five", "four", "two"]),
        ("share", "desc", ["four", "five", "one", "three", "two"]),
    ],
)
def test_ties_turn_with_the_order_and_what_has_no_value_stays_last(sort, order, names):
    found = LIST.select(asked(valid="any", sort=sort, order=order))
    assert [row["name"] for row in found.rows] == names


def test_a_short_list_is_sorted_by_its_kinds_as_by_any_text():
    found = AtHand((NAME, KIND), ROWS[::-1]).select(Query(sort="kind"))
    assert [row["name"] for row in found.rows] == ["two", "one", "four", "three", "five"]


def test_the_filter_that_leaves_nothing_is_named():
    found = LIST.select(asked(kind="c", edges_min="2"))
    assert (found.total, found.of) == (0, 4)
    assert found.removed_by.words == "edges at least 2"
    assert found.removed_by.before == 1
    assert LIST.select(found.removed_by.query).total == 1
