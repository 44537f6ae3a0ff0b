"""Rows in Parquet files answer as the same rows at hand do."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pluriscope.tables.frames import AtHand
from pluriscope.tables.parquet import ParquetTable
from pluriscope.tables.table import Column, Query, Row
from pluriscope_studies.parquet_listing import ParquetListing
from pluriscope_studies.table import write_part

COLUMNS = (
    Column("name", "Name", "Which.", "text", first=True),
    Column("colour", "Colour", "Of what colour.", "text", facet="any"),
    Column("state", "State", "What became of it.", "text", facet="any", choices=("a", "b")),
    Column("valid", "Valid", "Whether it is.", "bool", facet="any"),
    Column("seed", "Seed", "Of its training.", "int", facet="any"),
    Column("edges", "Edges", "How many.", "int", facet="range", offered=False),
    Column("circuits", "Circuits", "How many.", "big", facet="range", offered=False),
    Column("share", "Share", "Of all.", "float", facet="range", offered=False),
    Column("gone", "Gone", "What no file has.", "float", facet="range", offered=False),
)
TYPES = {"name": "VARCHAR", "colour": "VARCHAR", "state": "VARCHAR", "valid": "BOOLEAN", "seed": "BIGINT"}
TYPES |= {"edges": "BIGINT", "circuits": "DECIMAL(38,0)", "share": "DOUBLE"}
FEW = ("", "a", "b", "B", "é", "🜁", "a b", "'\"")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(lambda one: one + 0.0)  # no negative zero
VALUES = {
    "colour": st.sampled_from(FEW),
    "state": st.sampled_from("abc"),
    "valid": st.booleans(),
    "seed": st.integers(-3, 12),
    "edges": st.integers(-3, 3) | st.integers(-(2**62), 2**62),
    "circuits": st.integers(0, 3) | st.integers(0, 10**38 - 1),
    "share": st.sampled_from([0.0, 0.1, 0.5, 1e-30, 1e22]) | NUMBERS,
}
ROWS = st.lists(st.fixed_dictionaries({}, optional=VALUES), max_size=25)
ENDS = {"share": NUMBERS, "edges": VALUES["edges"] | st.just(10**60), "circuits": VALUES["circuits"], "gone": NUMBERS}
WANTED = {
    **{name: st.lists(values.map(str), min_size=1, max_size=3) for name, values in VALUES.items() if name not in ENDS},
    "valid": st.lists(st.sampled_from(["yes", "no"]), min_size=1),
    **{name: st.lists(st.just("") | ends.map(str), min_size=2, max_size=2) for name, ends in ENDS.items()},
}
QUERIES = st.builds(
    Query,
    wanted=st.fixed_dictionaries({}, optional={name: one.map(tuple) for name, one in WANTED.items()}),
    sort=st.sampled_from(["", *(column.name for column in COLUMNS if column.sortable)]),
    descending=st.booleans(),
    start=st.integers(0, 5),
    limit=st.integers(1, 30),
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(ROWS, min_size=1, max_size=3), queries=st.lists(QUERIES, min_size=1, max_size=8))
def test_files_answer_as_rows_at_hand(tmp_path, parts, queries):
    named = [[{**row, "name": f"{number}"} for row in rows] for number, rows in enumerate(parts)]
    paths = [tmp_path / f"{number}.parquet" for number, _ in enumerate(parts)]
    for path, rows in zip(paths, named, strict=True):
        write_part(path, rows, TYPES, {})
    at_hand = AtHand(
        COLUMNS, [Row({column.name: row.get(column.name) for column in COLUMNS}) for rows in named for row in rows]
    )
    for query in queries:
        expected = replace(at_hand.select(query), n_rows=None)
        assert ParquetListing(COLUMNS, ParquetTable(paths)).select(query) == expected


def test_a_listing_has_rows_under_its_condition_in_its_order_as_its_page_needs_them(tmp_path):
    rows = [{"seed": seed, "protocol": "pq"[seed % 2], "note": f"n{seed}"} for seed in range(6)]
    write_part(tmp_path / "a.parquet", rows, {"seed": "BIGINT", "protocol": "VARCHAR", "note": "VARCHAR"}, {})
    listing = ParquetListing(
        (
            Column("seed", "Seed", "Which.", "int", facet="range", offered=False),
            Column("half", "Half", "Of it.", "float"),
        ),
        ParquetTable([tmp_path / "a.parquet"]),
        lambda lines: [Row(line, url=f"/{line['note']}") for line in lines],
        sql={"half": "seed / 2"},
        also=("note",),
        where="protocol = 'q'",
        order=("seed % 3", "seed"),
    )
    found = listing.select(Query())
    assert [(row["seed"], row["half"], row.url) for row in found.rows] == [
        (3, 1.5, "/n3"),
        (1, 0.5, "/n1"),
        (5, 2.5, "/n5"),
    ]
    assert (found.total, found.facets) == (3, ())


def test_a_table_without_files_is_an_empty_list():
    found = ParquetListing(COLUMNS, ParquetTable([])).select(Query())
    assert (found.total, found.of, found.rows) == (0, 0, ())
    assert [(facet.column.name, facet.choices) for facet in found.facets] == [
        *(("colour", ()), ("state", ()), ("valid", ()), ("seed", ()))
    ]


def test_answers_that_are_kept_are_of_the_files_as_they_are(tmp_path):
    listing = ParquetListing(COLUMNS, ParquetTable([tmp_path / "part.parquet"]))
    for colour in ("a", "b", "a"):
        write_part(tmp_path / "part.parquet", [{"name": "0", "colour": colour}], TYPES, {})
        assert [row["colour"] for row in listing.select(Query(limit=1)).rows] == [colour]
