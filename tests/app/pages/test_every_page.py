"""Tests of every page: it is there, its twin is its model, it asks the store little, its links stay inside."""

import re
from functools import cache
from html import unescape

import pytest
from sqlalchemy import event
from starlette.routing import Match

from tests.app.pages.conftest import MINE, NOISY, XOR

ONE = XOR + "/explanations/c-"
ALGORITHM = "a2e8546f11f80df4"
PAGES = {  # address → most statements that it may send
    "/": 3,
    "/networks": 12,
    "/networks?q=xor": 10,
    XOR: 26,  # a checkpoint? what do the recommended criteria leave, which directions were searched, what are neurons
    XOR + "?protocol=paper": 19,  # with what was surveyed
    f"{XOR}?protocol={MINE.digest[:12]}": 22,  # truncated: were placements searched?
    "/networks/two?output=1": 18,
    "/networks/two": 11,
    "/networks/linear": 11,
    "/networks/queued": 11,
    "/networks/failed": 11,
    "/networks/cancelled": 11,
    "/networks/untouched": 11,
    XOR + "/analyses/funnel": 20,  # the first that reads the verdicts, which are kept then, and four further analyses
    XOR + "/analyses/funnel/chosen?criteria=mean-ablation&criteria=output-faithfulness(tolerance=0.05)": 16,
    XOR + "/analyses/funnel/chosen?criteria=none": 15,
    XOR + "/analyses/funnel?protocol=paper": 15,
    "/networks/untouched/analyses/funnel": 7,
    "/networks/queued/analyses/funnel": 8,  # with the jobs ahead
    "/networks/none/analyses/funnel": 14,
    XOR + "/play": 20,
    XOR + "/play?e=i-081ff.0&e=i-081ff.300&now=01_1.0s10_2.0.1z": 6,
    "/networks/untouched/play": 6,
    "/networks/linear/play": 6,
    XOR + "/analyses/common-ground": 7,
    "/networks/untouched/analyses/common-ground": 6,
    ONE + "081ff?part=standing": 12,
    "/networks/none": 18,
    ONE + "081ff": 10,  # with the circuits beside it: sizes (kept afterwards), its place, and these two, not all masks
    ONE + "081ff?classes=any&start=300": 10,
    ONE + "081ff?part=criteria": 20,
    ONE + "081ff?part=verify": 30,  # each figure beside the stored one
    ONE + "3ffff?protocol=paper": 10,
    ONE + "3fffe": 10,
    "/networks/linear/explanations/c-3": 6,
    XOR + "/analyses/methods": 10,
    "/networks/untouched/analyses/methods": 10,
    "/networks/queued/analyses/methods": 11,
    XOR + "/own?c=3f1cf": 10,
    f"{XOR}/explanations/g-{ALGORITHM}": 18,  # with the rows of its list, which are kept
    f"{XOR}/explanations/a-{ALGORITHM}.0%3A1.2_1%3A2.0%2B1": 10,
    f"{XOR}/explanations/d-{ALGORITHM}.0%3A1%3D0%2C1%2C0%3B1%3A1%3D1%2C0%2C0": 10,
    XOR + "/explanations": 23,
    XOR + "/explanations?kind=circuit&edges_max=12&passes=mean-ablation": 22,
    f"{XOR}/explanations?protocol={MINE.digest[:12]}&sort=interpretations&order=desc": 22,
    "/networks/none/explanations": 20,
    "/networks/linear/explanations": 8,
    XOR + "/explanations?kind=algorithm&kind=alignment&sort=iia&order=desc": 20,
    "/networks/untouched/explanations": 8,
    "/networks/queued/explanations": 9,
    XOR + "/explanations/i-081ff.0": 5,
    XOR + "/explanations/i-081ff.367": 5,
    XOR + "/explanations/i-081ff.21?part=cut": 5,
    "/glossary": 0,
    "/api/docs": 0,
    "/criteria": 0,
    "/criteria/zero-ablation": 0,
    "/search": 3,
    "/search?q=xor": 8,
    "/search?q=c·081ff": 24,
    "/search?q=A%26B": 16,
}


@pytest.fixture
def statements(app):
    sent = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    event.listen(app.state.store.reader, "before_cursor_execute", note)
    yield sent
    event.remove(app.state.store.reader, "before_cursor_execute", note)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_there_asks_the_store_little_and_leads_somewhere_known(client, app, statements, address):
    answer = client.get(address).raise_for_status()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.count("<h1") == 1
    assert len(statements) <= PAGES[address]
    twins = re.findall(r'<link rel="alternate" type="application/json" href="([^"]+)"', answer.text)
    assert len(twins) == (not address.startswith(("/glossary", "/api/docs")) and address != "/")
    assert all(client.get(unescape(twin)).status_code == 200 for twin in twins)
    for link in set(re.findall(r'(?:href|action|hx-get)="([^"]*)"', answer.text)):
        path = (
            unescape(link).removeprefix("http://127.0.0.1").partition("?")[0].partition("#")[0]
        )  # previews name the host
        if path.startswith("/"):
            assert known(app, path), link
        else:
            assert link.startswith(("#", "https://")), link
    linked = set(re.findall(r'href="/glossary#([^"]+)"', answer.text))
    assert linked <= terms(client), linked - terms(client)


@cache
def terms(client):
    """Anchors that a link into the glossary may lead to."""
    return set(re.findall(r' id="([^"]+)"', client.get("/glossary").text))


@cache
def known(app, path):
    """Whether some route has this path, for whatever method."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "query_string": b""}
    return any(route.matches(scope)[0] is not Match.NONE for route in app.routes)


def test_the_list_of_networks_asks_no_more_for_many_than_for_one(client, statements):
    client.get("/networks?q=two")
    for_one = len(statements)
    client.get("/networks?q=n")
    assert len(statements) - for_one == for_one


def test_integers_beyond_the_exact_range_are_strings_in_json(get):
    page = get(XOR, protocol=MINE.digest[:12])
    total = page["counts"]["interpretations"]["value"]
    assert isinstance(total, str)
    assert int(total) > 10**29
    assert page["counts"]["valid_circuits"]["value"] == 197


def test_a_truncated_search_marks_its_counts(get, client):
    truncated = get(XOR, protocol=MINE.digest[:12])
    assert truncated["state"] == "truncated"
    page = client.get(f"{XOR}?protocol={MINE.digest[:12]}").text
    assert "Counts marked ≥ are lower bounds" in page
    assert "Counts marked ≥ are lower bounds" not in client.get(XOR).text


@pytest.mark.slow
def test_a_data_record_of_its_own_is_named_and_linked(get, client):
    page = get(XOR, protocol="paper", data=NOISY.digest[:12])
    assert (page["n_judged_right"], page["n_judged"]) == (12, 12)
    assert page["rows"] == "every input thrice, slightly off"
    assert page["state"] == "done"
    every = get(XOR + "/explanations", kind="circuit", protocol="paper", data=NOISY.digest[:12])
    assert 0 < every["total"] <= get(XOR + "/explanations", kind="circuit", protocol="paper")["total"]
    assert all(f"data={NOISY.digest[:12]}" in item["url"] for item in every["items"])
    one = get(every["items"][0]["url"].partition("?")[0], protocol="paper", data=NOISY.digest[:12])
    assert (one["n_right"], one["n_rows"]) == (12, 12)
    assert "every input thrice, slightly off" in client.get(page["url"]).text
