"""Networks are found by their words, those of studies after all others."""

from app.db.reads.networks import STUDY_ORIGIN, networks_named
from app.db.writes import save_network
from tests.factories import small_network


def test_every_word_counts_and_networks_of_studies_come_last(store):
    with store.write() as session:
        for seed in range(6):
            name = f"XOR, seed {seed}"
            save_network(session, small_network(seed, name=name), slug=f"grid-{seed}", origin=STUDY_ORIGIN)
        save_network(session, small_network(10, name="Mine, seed 3"), slug="mine")
    with store.read() as session:
        found = {words: networks_named(session, words, 4) for words in ((), ("seed", "3"), ("xor",), ("grid-4",))}
        assert [[row.slug for row in rows] for rows in found.values()] == [
            ["mine"],
            ["mine", "grid-3"],
            ["grid-5", "grid-4", "grid-3", "grid-2"],
            ["grid-4"],
        ]
        (row,) = found["grid-4",]
        assert networks_named(session, [row.digest[:10]], 4) == [row]
