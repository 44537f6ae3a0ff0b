"""The table of what the documents name: each page opens, each command and test exists, and the search leads there."""

import re

import pytest
from sqlalchemy import delete, select

from benchmarks.surveys_table import PAGE, STATES, answer_in, answers, rows, store_bundled, surveys_page
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.subjects.registry import kind_called
from pluriscope.app.cli.commands import COMMANDS
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.pages.prose import chapters, items_of, without_marks
from pluriscope.app.pages.scope import SCOPE_FILE
from pluriscope.app.pages.search import SearchOptions, build_search
from tests.app.jobs.executors import work
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
        store_bundled(client)
        yield client


def found(client, word):
    """The hits for a word, best first."""
    with client.app.state.store.read() as session:
        groups = build_search(session, client.app.state.addresses, SearchOptions(q=word)).groups
    return [hit for group in groups for hit in group.hits]


def test_the_page_is_current_and_has_all_that_is_named():
    assert PAGE.read_text() == surveys_page()  # python -m benchmarks.surveys_table writes it
    assert [row["n"] for row in ROWS] == [str(n) for n in range(1, 167)]


def test_the_page_counts_its_rows():
    text = PAGE.read_text()
    states = re.findall(r"^\| \d.* \| (\w+)(?=: .*\|$| \|$)", text, re.MULTILINE)
    whole, half, refused = (states.count(state) for state in STATES)
    assert f"\n{len(ROWS)} rows: {whole} whole, {half} half, {refused} refused.\n" in text
    assert whole + half + refused == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["n"])
def test_a_row_is_whole_or_says_why_not(row):
    assert row["state"] in STATES
    assert bool(row["note"]) == (row["state"] != "whole")
    assert bool(row["test"]) == bool(row["answer"]) == (row["state"] != "refused")
    assert not row["answer"] or any(letter == "#" or letter.isupper() for letter in row["answer"])  # number or name
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
    assert not BY_KEY[row["command"].split()[1]].lacks(kind_called(kind))


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


@pytest.mark.parametrize(
    ("html", "words", "anchor", "answer"),
    [
        ("<p>197 of <b>9,625</b> circuits</p>", "# of # circuits", "", "197 of 9,625 circuits"),
        ("<p>from 5.2e-17 to 1</p>", "from # to #", "", "from 5.2e-17 to 1"),
        ("<p>of 9,625 circuits</p>", "# of # circuits", "", ""),
        ("<dt>Circuits</dt><dd>—</dd>", "Circuits #", "", ""),
        ("<p>Circuits: 3 of 5, not computed yet</p>", "# of #", "", ""),
        ("<p>3 circuits: waiting for a worker, 2 jobs ahead</p>", "# circuits", "", ""),
        ("<p>It takes about 3 minutes.</p>", "#", "", ""),
        ("<form>1 <button>2</button></form>", "#", "", ""),
        ('<h2 id="a">A</h2><p>one</p><h3>B</h3><p>2</p><h2 id="c">C</h2><p>3</p>', "#", "a", "2"),
        ('<h2 id="a">A</h2><p>one</p><h2 id="c">C</h2><p>3</p>', "#", "a", ""),
        ("<p>3</p>", "#", "a", ""),
    ],
)
def test_an_answer_is_a_value_in_the_part_that_is_asked(html, words, anchor, answer):
    assert answer_in(f"<p>7 of 7 circuits</p><main>{html}</main>", words, anchor) == answer


AT_ONCE = {"2", "19", "31", "46", "52", "70", "72", "73", "88", "103", "111", "130", "138", "157", "158"}
BY_JOBS = {"5", "8", "36", "83", "132"}
KINDS = ("analyse", "simplicity", "robust")


@pytest.mark.slow
def test_pages_answer_once_what_rows_name_is_computed(tmp_path):
    chosen = [row for row in ROWS if row["n"] in AT_ONCE | BY_JOBS]
    with served(tmp_path, local=True) as client:
        store_bundled(client)
        store, asked = client.app.state.store, set()
        with store.write() as session:
            session.execute(delete(JobRow))  # only what rows name is computed
        found = answers(client, chosen, asked)
        assert {number for number, answer in found.items() if answer} == AT_ONCE
        for _ in range(3):  # circuits, what starts from them
            work(store, KINDS)
            found = answers(client, chosen, asked)
    assert not [number for number, answer in found.items() if not answer]
