"""Finding things by what addresses call them."""

import pytest

from pluriscope.addresses.naming import Scope
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.app.db.errors import Ambiguous, NotFound
from pluriscope.app.db.reads.analyses import find_analysis, find_network, find_protocol, scope_of
from pluriscope.app.db.reads.networks import STUDY_ORIGIN, analyses_of, networks_named
from pluriscope.app.db.records import save_protocol
from pluriscope.app.db.writes import save_network
from tests.factories import XOR_SLUG, pretrained_xor, small_network, stored_analysis


def test_networks_by_slug_or_digest(store):
    stored_analysis(store)
    digest = pretrained_xor().network.digest
    with store.read() as session:
        for ref in (XOR_SLUG, digest, digest[:6], digest[:40]):
            assert find_network(session, ref).digest == digest
        for ref in ("nothing", digest[:5], digest[:6].upper(), digest + "0", "", "%", "abcdef0"):
            with pytest.raises(NotFound):
                find_network(session, ref)


def test_an_ambiguous_digest_is_refused(store):
    from pluriscope.app.db.tables import NetworkRow

    with store.write() as session:
        rows = [save_network(session, small_network(seed)) for seed in range(2)]
        for row, end in zip(rows, "01", strict=True):
            row.digest = "abcdef" + "0" * 57 + end
        session.flush()
        with pytest.raises(Ambiguous, match="more digits"):
            find_network(session, "abcdef")
        assert isinstance(find_network(session, rows[1].digest), NetworkRow)


def test_protocols_by_name_or_digest(store):
    mine = protocol_from_mapping({"name": "mine", "max_depth": 2})
    with store.read() as session:
        assert find_protocol(session, "complete") == COMPLETE
        assert find_protocol(session, PAPER.digest[:12]) == PAPER
        for ref in ("mine", mine.digest[:12], "", "0" * 12):
            with pytest.raises(NotFound, match="protocol"):
                find_protocol(session, ref)
    with store.write() as session:
        save_protocol(session, mine)
        save_protocol(session, protocol_from_mapping({"name": "twice", "max_depth": 1}))
        save_protocol(session, protocol_from_mapping({"name": "twice", "max_alignments": 1}))
        assert find_protocol(session, "mine") == find_protocol(session, mine.digest[:6]) == mine
        with pytest.raises(Ambiguous):
            find_protocol(session, "twice")


@pytest.mark.slow
def test_analyses_by_scope(store):
    row = stored_analysis(store, PAPER)
    with store.read() as session:
        network = find_network(session, XOR_SLUG)
        assert find_analysis(session, network, Scope(protocol="paper")).id == row.id
        assert find_analysis(session, network, Scope(protocol=PAPER.digest[:12])).id == row.id
        assert find_analysis(session, network, Scope()) is None
        with pytest.raises(NotFound, match="output 1: the network has one output"):
            find_analysis(session, network, Scope(output=1))
        assert [scope_of(a) for a in analyses_of(session, [network.id])] == [Scope(protocol="paper")]


def test_every_word_counts_and_networks_of_studies_are_named_by_slug_or_digest_alone(store):
    with store.write() as session:
        for seed in range(20, 26):
            of_study = small_network(seed, name=f"XOR, seed {seed}")
            slug = f"grid-{of_study.network.digest[:12]}"
            save_network(session, of_study, slug=slug, origin=STUDY_ORIGIN)
        mine = small_network(10, name="Mine, seed 3")
        save_network(session, mine, slug="mine")
    digest = of_study.network.digest
    cases = {
        (): ["mine"],
        ("seed", "3"): ["mine"],
        ("xor",): [],
        ("grid",): [],
        (slug,): [slug],
        (digest[:10],): [slug],
    }
    cases |= {(digest[:5],): [], (mine.network.digest[:6],): ["mine"]}
    with store.read() as session:
        assert {words: [row.slug for row in networks_named(session, words, 4)] for words in cases} == cases
