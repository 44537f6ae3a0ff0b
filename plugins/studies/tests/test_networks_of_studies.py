"""Networks of stored studies among the others: read, saved under another name, and found by the search."""

import pytest

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import rows
from pluriscope.addresses.address import Addresses
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.app.db.codecs import network_of, tasks_of
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.networks import STUDY_ORIGIN, known_as
from pluriscope.app.db.writes import save_network
from pluriscope.app.pages.search import SearchOptions, build_search
from pluriscope_studies.pages.findings import FOLDER
from pluriscope_studies.reads import networks_named_by_study, studies_of_network, table_of
from pluriscope_studies.writes import open_network, read_files, save_table
from tests.app.db.test_writes import found_in_list
from tests.factories import small_network


def test_networks_of_studies_are_counted_by_study(store):
    with store.write() as session:
        for seed in range(20, 26):
            file = small_network(seed, name=f"XOR, seed {seed}")
            save_network(session, file, slug=f"grid-{file.network.digest[:12]}", origin=STUDY_ORIGIN)
    with store.read() as session:
        counts = {words: networks_named_by_study(session, words) for words in (("xor", "seed"), ("25",), ("5",))}
    assert counts == {("xor", "seed"): {"grid": 6}, ("25",): {"grid": 1}, ("5",): {}}


def test_weights_known_from_a_study_enter_the_list_under_the_name_given(store):
    with store.write() as session:
        study = store_study(session)
        row = open_network(session, study, rows()[0]["network"])
        by_study, digest, options = (row.slug, row.name), row.digest, row.training["options"]
        file = NetworkFile("My network", network_of(row), tasks_of(row))
    assert found_in_list(store) == found_in_list(store, "my network") == []
    with store.write() as session:
        row = save_network(session, file, origin="trained", training={"options": options, "losses": [[1, 0.5]]})
        assert (row.digest, row.slug, row.name, row.origin) == (digest, "my-network", "My network", "trained")
        assert row.training["losses"]
        assert known_as(session, row, "My network") == [by_study[1]]
        assert find_network(session, by_study[0]) is row, "the study's address leads on"
        assert studies_of_network(session, digest)
    assert found_in_list(store) == found_in_list(store, "my network") == ["my-network"]
    assert found_in_list(store, by_study[0]) == ["my-network"]


@pytest.mark.slow
def test_networks_of_a_study_are_one_row_of_the_study(store):
    with store.write() as session:
        study, _ = save_table(session, read_files([FOLDER.parent / "studies" / "paper-xor.parquet"]), origin="bundled")
        for (digest,) in table_of(session, study).ask("SELECT DISTINCT network FROM {rows} LIMIT 3"):
            slug = open_network(session, study, digest).slug
    with store.read() as session:
        found = {
            text: [
                hit for group in build_search(session, Addresses(), SearchOptions(q=text)).groups for hit in group.hits
            ]
            for text in ("seed", "xor", slug, digest[:2])
        }
    of_study = [(hit.url, hit.detail[:10]) for hit in found["seed"] if hit.kind in ("network", "study")]
    assert of_study == [("/studies/paper-xor/outcomes", "3 networks")]
    assert [hit.url for hit in found["xor"] if hit.kind in ("network", "study")] == ["/studies/paper-xor"]
    assert [hit.url for hit in found[slug]] == [f"/networks/{slug}"]
    assert not [hit for hit in found[digest[:2]] if hit.kind == "network"]


@pytest.mark.parametrize("text", ["study", "studies"])
def test_studies_are_found_by_what_they_are_before_the_term(store, text):
    with store.read() as session:
        groups = build_search(session, Addresses(), SearchOptions(q=text)).groups
    titles = [group.title.lower() for group in groups]
    assert groups[titles.index("studies")].hits[0].url.endswith("/findings#studies")
    assert "glossary" not in titles[: titles.index("studies")]
