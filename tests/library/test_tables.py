"""What a list is asked for: options read, refused and written back; a short list filtered, counted and sorted."""

import pytest

from pluriscope.errors import InvalidOption
from pluriscope.tables import AtHand, Column, Query, Row, read_query, toggled

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
    ("options", "field", "cure"),
    [
        ({"colour": "red"}, "colour", "use kind, valid, edges_min"),
        ({"name": "one"}, "name", "use kind"),
        ({"kind": "d"}, "kind", "use a, b, c"),
        ({"valid": "maybe"}, "valid", "use yes, no, or any"),
        ({"edges_min": "two"}, "edges_min", "give a whole number"),
        ({"edges_min": "1.5"}, "edges_min", "give a whole number"),
        ({"share_min": "nan"}, "share_min", "give a number"),
        ({"share_max": "1"}, "share_max", "use kind"),
        ({"edges_min": "3", "edges_max": "2"}, "edges_min", "swap them"),
        ({"edges_min": ["1", "2"]}, "edges_min", "give it once"),
        ({"sort": "uses"}, "sort", "use name, kind"),
        ({"order": "up"}, "order", "use asc, desc"),
        ({"start": "-1"}, "start", "give such a whole number"),
        ({"limit": "0"}, "limit", "give such a whole number"),
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
            if not choice.chosen:
                assert LIST.select(toggled(bare, facet.column, choice.value)).total == choice.count


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


def test_the_filter_that_leaves_nothing_is_told():
    found = LIST.select(asked(kind="c", edges_min="2"))
    assert (found.total, found.of) == (0, 4)
    assert found.removed_by.words == "edges at least 2"
    assert found.removed_by.before == 1
    assert LIST.select(found.removed_by.query).total == 1
