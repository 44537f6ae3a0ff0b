"""SIGKILL at random moments, a bounded run; ``python -m benchmarks.faults --kills 100`` is the full one."""

import json
from collections import Counter

import numpy as np
import pytest
from sqlalchemy import text

from app.db.shelf_tables import ShelfColumnRow
from app.db.tables import AnalysisRow
from benchmarks.faults.__main__ import main, network_number
from benchmarks.faults.natural import natural_contents
from tests.factories import XOR_SLUG, stored_analysis


@pytest.mark.slow
def test_workers_and_server_are_killed_and_nothing_shows(tmp_path):
    figures = tmp_path / "figures.json"
    chosen = ["--kills", "5", "--longest", "1", "--workers", "2", "--waiting", "2", "--seed", "7"]
    assert main([*chosen, "--folder", str(tmp_path), "--json", str(figures)]) == 0
    told = json.loads(figures.read_text())
    assert sum(told["kills"].values()) >= 5
    assert told["survived"]
    assert told["lost"] == told["ended_twice"] == told["left_behind"] == 0
    assert told["rows_compared"] > 100


def test_networks_of_the_workload_are_always_the_same_and_all_different():
    made = [json.dumps(network_number(number)) for number in range(8)]
    assert made == [json.dumps(network_number(number)) for number in range(8)]
    assert len(set(made)) == 8


def contents(store) -> dict[str, Counter[str]]:
    with store.reader.connect() as connection:
        return natural_contents(connection)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "tables"),
    [
        ("UPDATE analyses SET seconds = '{}'", set()),
        (
            "UPDATE networks SET name = 'another'",
            {"networks", "analyses", "circuit_blocks", "algorithms", "alignments", "shelf_columns"},
        ),
        ("UPDATE alignments SET agreed = agreed - 1 WHERE id = 1", {"alignments", "shelf_columns"}),
        ("DELETE FROM circuit_blocks WHERE block = 0 AND name = 'mask'", {"circuit_blocks"}),
    ],
)
def test_what_is_compared_sees_what_means_something_and_nothing_else(tmp_path, change, tables):
    from tests.factories import temporary_store

    store = temporary_store(tmp_path)
    stored_analysis(store)
    before = contents(store)
    with store.write() as session:
        assert session.query(AnalysisRow).one().network.slug == XOR_SLUG
        session.execute(text(change))
    after = contents(store)
    assert {name for name in before if before[name] != after[name]} == tables
    store.close()


@pytest.mark.slow
def test_row_numbers_mean_nothing_wherever_they_stand(tmp_path):
    from tests.factories import temporary_store

    store = temporary_store(tmp_path)
    stored_analysis(store)
    before = contents(store)
    with store.write() as session:
        session.execute(text("UPDATE alignments SET id = id + 1000"))
        shelf = session.get_one(ShelfColumnRow, (session.query(AnalysisRow).one().id, "alignment", "row"))
        shelf.data = (np.frombuffer(shelf.data, "<i8") + 1000).tobytes()
    assert contents(store) == before
    store.close()
