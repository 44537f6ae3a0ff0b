"""What the description says of answers that no route declares by itself, held against real ones."""

import pytest

from app.db.writes import save_network
from app.main import interface_of
from tests.factories import pretrained_xor

pytestmark = pytest.mark.one_database

HTML = "text/html"


def answers(application, path, method="get"):
    document = interface_of(application)
    told = document["paths"][path][method]["responses"]
    named = document["components"]["responses"]
    return {status: named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for status, one in told.items()}


@pytest.mark.slow
def test_what_stands_before_every_route_is_told_of_every_operation(application, client):
    long = "x" * 40_000
    for path in ("/api/v1/networks", "/health", "/jobs.{form}"):
        told = answers(application, path)
        assert {"400", "414", "429", "431", "503"} <= set(told), path
        sent = client.get(path.replace("{form}", "csv"), params={"after": long})
        assert sent.status_code == 414
        assert sent.headers["content-type"].partition(";")[0] in told["414"]["content"], path


@pytest.mark.slow
def test_an_error_is_a_page_only_where_it_is_told_to_be_one(application, client):
    assert list(answers(application, "/api/v1/jobs")["400"]["content"]) == ["application/json"]
    assert client.get("/api/v1/jobs?limit=x").headers["content-type"] == "application/json"
    assert HTML in answers(application, "/jobs.{form}")["404"]["content"]
    assert client.get("/jobs.xml").headers["content-type"].startswith(HTML)


@pytest.mark.slow
def test_changes_may_be_refused_and_networks_may_have_gone(application):
    assert {"403", "413", "422", "507"} <= set(answers(application, "/api/v1/train", "post"))
    assert not {"413", "507"} & set(answers(application, "/api/v1/train"))
    for method, moved in (("get", "301"), ("delete", "308")):
        told = answers(application, "/api/v1/networks/{network}", method)
        assert {"404", "410", moved} <= set(told)
        assert "Location" in told[moved]["headers"]


@pytest.mark.slow
def test_a_slash_too_many_leads_to_the_address_without_it(application, client):
    assert "Location" in answers(application, "/api/v1/jobs/{job}")["307"]["headers"]
    assert "307" not in answers(application, "/api/v1/jobs")
    sent = client.get("/api/v1/jobs/none/")
    assert (sent.status_code, sent.headers["location"]) == (307, "/api/v1/jobs/none")


def test_tables_are_told_in_both_forms(application, client):
    told = answers(application, "/networks.{form}")["200"]["content"]
    assert set(told) == {"text/csv", "application/json"}
    for form, media in (("csv", "text/csv"), ("json", "application/json")):
        assert client.get(f"/networks.{form}").headers["content-type"].partition(";")[0] == media
    sent = client.get("/networks.json").json()
    assert set(told["application/json"]["schema"]["required"]) == set(sent)


def test_a_route_keeps_its_own_words(application):
    assert answers(application, "/oembed")["501"]["description"] == "Not in that form"


def test_a_list_of_what_is_not_analysed_yet_is_told_to_wait(application, client, store):
    with store.write() as session:
        save_network(session, pretrained_xor(), slug="bare", origin="bundled", position=0)
    assert client.get("/api/v1/networks/bare/explanations.csv").status_code == 409
    assert "409" in answers(application, "/api/v1/networks/{network}/explanations.csv")


@pytest.mark.slow
def test_the_page_tells_common_answers_once(client):
    page = client.get("/api").text
    assert page.count("Whatever else is said, an operation may answer") == 1
    assert page.count("Retry-After") == 0
    assert page.count(" · 431 ") == 0
