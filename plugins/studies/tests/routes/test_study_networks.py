"""A study's network is stored when somebody who may change things says so; looking at its row stores nothing."""

import pytest
from sqlalchemy import func, select

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import rows
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs.deletion import delete
from pluriscope_studies.reads import find_study

DIGEST = rows()[0]["network"]
ROW, SLUG = f"/studies/xor-width/networks/{DIGEST}", f"xor-width-{DIGEST[:12]}"
PAGE = f"/networks/{SLUG}"


@pytest.fixture
def study(store):
    with store.write() as session:
        store_study(session, summed=False)


def stored(store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(NetworkRow))


@pytest.mark.slow
def test_a_row_leads_to_its_network_which_lists_do_not_show(client, store, study):
    row = client.get(ROW, follow_redirects=True)
    assert (row.status_code, row.url.path) == (200, "/studies/xor-width/outcomes")
    assert f'method="post" action="{ROW}"' in row.text
    assert [one["network"] for one in client.get(f"/api/v2{ROW}", follow_redirects=True).json()["items"]] == [DIGEST]
    other = client.get(f"{ROW}?protocol=paper", follow_redirects=True)
    assert f'action="{ROW}?protocol=paper"' in other.text
    assert stored(store) == 0
    for ask in (client.post, client.post, client.get):
        answer = ask(ROW)
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
        assert "nofollow" in answer.headers["x-robots-tag"]
        assert stored(store) == 1
    assert client.get(f"{ROW}?protocol=paper").headers["location"] == f"{PAGE}?protocol=paper"
    assert client.get(f"/api/v2{ROW}").headers["location"] == f"/api/v2{PAGE}"
    assert "XOR 2-2-2-1, seed 0" in client.get(PAGE).raise_for_status().text
    assert SLUG not in client.get("/networks").text


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}/explanations?kind=circuit", f"/api/v2{PAGE}"])
def test_an_address_of_before_leads_to_the_row(client, study, address):
    answer = client.get(address)
    assert (answer.status_code, answer.headers["location"]) == (307, ("/api/v2" if "/api/" in address else "") + ROW)
    changed = client.post(f"{PAGE}/delete")
    assert (changed.status_code, changed.headers["location"]) == (303, ROW)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/studies/xor-width/networks/{'0' * 64}", 404),
        (f"/studies/yor-width/networks/{DIGEST}", 404),
        (f"/networks/xor-width-{'0' * 12}", 404),
        (f"/networks/yor-width-{DIGEST[:12]}", 404),
    ],
)
def test_what_is_no_network_of_the_study_is_said(client, store, study, address, status):
    for asked in (address, f"/api/v2{address}"):
        assert client.get(asked).status_code == status
    assert stored(store) == 0


@pytest.mark.parametrize(("headers", "words"), [({}, "This network is not stored"), ({"via": "a proxy"}, "Log in")])
def test_a_stranger_sees_the_row_and_stores_nothing(client, store, study, headers, words):
    assert words in client.get(ROW, headers=headers, follow_redirects=True).text
    assert client.post(ROW, headers={"via": "a proxy"}).status_code == 403
    assert stored(store) == 0


def test_networks_of_a_deleted_study_are_opened_no_more(client, store, study):
    with store.write() as session:
        delete(session, find_study(session, "xor-width"))
    assert client.get(ROW).status_code == 410
    assert client.get(PAGE).status_code == 404
