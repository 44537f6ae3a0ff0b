"""The table of what the documents name: each page opens, each command and test exists, and the search leads there."""

import pytest
from sqlalchemy import select

from benchmarks.surveys_table import PAGE, STATES, rows, surveys_page
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.plugins import brought
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.app.cli.commands import COMMANDS
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs.seeding import add_bundled_models, add_bundled_networks
from pluriscope.app.pages.prose import chapters, items_of, without_marks
from pluriscope.app.pages.scope import SCOPE_FILE
from pluriscope.app.pages.search import SearchOptions, build_search
from tests.checkout import ROOT
from tests.clients import served
from tests.of_plugins import whole

pytestmark = whole
ROWS = rows()
OUT = "What stays out"


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """A client of every bundled network, none analysed."""
    with served(tmp_path_factory.mktemp("surveys"), local=True) as client:
        with client.app.state.store.write() as session:
            add_bundled_networks(session)
            add_bundled_models(session)
        brought("collections")["stories"].seed(client.app.state.settings)
        yield client


def found(client, word):
    """The hits for a word, best first."""
    with client.app.state.store.read() as session:
        groups = build_search(session, client.app.state.addresses, SearchOptions(q=word)).groups
    return [hit for group in groups for hit in group.hits]


def test_the_page_is_current_and_has_all_that_is_named():
    assert PAGE.read_text() == surveys_page()  # python -m benchmarks.surveys_table writes it
    assert [row["n"] for row in ROWS] == [str(n) for n in range(1, 158)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["n"])
def test_a_row_is_whole_or_says_why_not(row):
    assert row["state"] in STATES
    assert bool(row["note"]) == (row["state"] != "whole")
    assert bool(row["test"]) == (row["state"] != "refused")
    assert (row["page"] == "/scope#what-stays-out") == (row["state"] == "refused")
    assert not row["test"] or "def test_" in (ROOT / row["test"]).read_text()
    first, _, asked = row["command"].partition(" ")
    assert not first or row["command"] in COMMANDS or (first == "ask" and asked in BY_KEY)


ASKED = [row for row in ROWS if row["command"].startswith("ask ") and row["page"].startswith("/networks/")]


@pytest.mark.parametrize("row", ASKED, ids=lambda row: row["n"])
def test_what_is_asked_is_offered_of_the_network_of_the_page(bundled, row):
    slug = row["page"].split("/")[2].partition("?")[0]
    with bundled.app.state.store.read() as session:
        (kind,) = session.scalars(select(NetworkRow.kind).where(NetworkRow.slug == slug))
    (kind,) = (one for one in SUBJECT_KINDS if one.key == kind)
    assert not BY_KEY[row["command"].split()[1]].lacks(kind)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({row["page"] for row in ROWS}))
def test_each_page_opens(bundled, page):
    address, _, anchor = page.partition("#")
    answer = bundled.get(address, follow_redirects=True)
    assert answer.status_code == 200
    assert "login" not in answer.url.path
    assert not anchor or f'id="{anchor}"' in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["n"])
def test_the_search_leads_to_the_page_or_where_the_row_says(bundled, row):
    hits = found(bundled, row["word"])
    assert hits
    assert hits[0].url == (row["found"] or row["page"])
    if not hits[0].url.startswith("/docs/"):  # which are there once the site is built
        assert bundled.get(hits[0].url.partition("#")[0], follow_redirects=True).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if row["state"] == "refused"], ids=lambda row: row["n"])
def test_what_stays_out_has_a_line_that_its_word_finds(bundled, row):
    lines = {without_marks(item) for block in dict(chapters(SCOPE_FILE))[OUT] for item in items_of(block)}
    assert lines & {hit.detail for hit in found(bundled, row["word"]) if hit.label == OUT}
