"""Networks of studies are found apart from all others."""

import pytest

from app.db.reads.finding import networks_named
from app.db.reads.networks import STUDY_ORIGIN
from app.db.writes import save_network
from tests.factories import small_network


@pytest.fixture
def filled(store):
    with store.write() as session:
        for seed in range(6):
            save_network(
                session, small_network(seed, name=f"XOR, seed {seed}"), slug=f"grid-{seed}", origin=STUDY_ORIGIN
            )
        save_network(session, small_network(10, name="Mine, seed 3"), slug="mine")
    return store


def test_each_kind_is_found_by_itself(filled):
    with filled.read() as session:
        own, more = networks_named(session, ["seed", "3"], 5)
        assert ([row.slug for row in own], more) == (["mine"], False)
        theirs, more = networks_named(session, ["seed", "3"], 5, of_studies=True)
        assert ([row.slug for row in theirs], more) == (["grid-3"], False)
        theirs, more = networks_named(session, ["xor"], 4, of_studies=True)
        assert ([row.slug for row in theirs], more) == (["grid-0", "grid-1", "grid-2", "grid-3"], True)
        assert networks_named(session, ["mine"], 4, of_studies=True) == ([], False)


def test_words_in_a_row_come_first(filled):
    with filled.write() as session:
        save_network(session, small_network(11, name="3 seed"), slug="a-first", origin=STUDY_ORIGIN)
    with filled.read() as session:
        rows, _ = networks_named(session, ["seed", "3"], 5, of_studies=True)
        assert [row.slug for row in rows] == ["grid-3", "a-first"]


def test_a_digest_finds_a_network_of_a_study(filled):
    with filled.read() as session:
        (row,), _ = networks_named(session, ["grid-4"], 5, of_studies=True)
        assert [one.slug for one in networks_named(session, [row.digest[:10]], 5, of_studies=True)[0]] == ["grid-4"]
