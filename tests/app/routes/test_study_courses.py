"""One network of a study along its training."""

import pytest

from app.db.studies import save_results
from tests.study_factories import followed, results

TARGETS = ("0.1", "0.01", "0.001")


@pytest.fixture
def study(store):
    with store.write() as session:
        save_results(session, followed())
    return "/studies/followed"


def test_what_appears_and_disappears_is_told(client, study):
    page = client.get(f"/api/v1{study}/courses/5").json()
    assert [moment["target"] for moment in page["moments"]] == list(TARGETS)
    assert [moment["circuits"] for moment in page["moments"]] == [3, 3, None]
    assert [moment["state"] for moment in page["moments"]] == ["converged", "converged", "stopped_early"]
    alice, bob = page["alignments"]
    assert (alice["present"], alice["appears"], alice["disappears"]) == ([True, True, None], "0.1", "")
    assert (bob["present"], bob["appears"]) == ([False, True, None], "0.01")
    assert "layer 1, neurons 1 2" in bob["words"]
    assert len(page["algorithms"]) == 2
    assert (page["n_circuits"], page["n_lasting"]) == (4, 2)
    groups = {tuple(group["masks"]): group for group in page["circuits"]}
    assert groups["00001", "00003"]["present"] == [True, True, None]
    assert groups[("00002",)]["disappears"] == "0.01"
    assert groups[("00004",)]["appears"] == "0.01"
    assert (page["before_url"], page["after_url"]) == ("", f"{study}/courses/6")


def test_links_lead_to_explanations_of_the_network_that_has_them(client, study):
    page = client.get(f"/api/v1{study}/courses/6").json()
    network = page["moments"][1]["network_url"]
    assert page["alignments"][1]["url"].startswith(f"{network}/algorithms/")
    assert page["circuits"][0]["urls"][0].startswith(f"{network}/circuits/")


def test_the_page_and_the_way_to_it(client, study):
    text = client.get(f"{study}/courses/5").text
    assert "Seed 5 along its training" in text
    assert "target was not reached" in text
    assert f'href="{study}/courses/5"' in client.get(study).text


def test_what_is_not_followed_is_refused(client, study, store):
    with store.write() as session:
        save_results(session, results())
    for path, words in (
        ("/studies/xor-width/courses/0", "does not vary the loss target alone"),
        (f"{study}/courses/99", "has no outcome"),
        ("/studies/nowhere/courses/0", "not stored"),
    ):
        answer = client.get(f"/api/v1{path}")
        assert (answer.status_code, words in answer.json()["error"]) == (404, True), answer.text
    assert client.get(f"/api/v1{study}/courses/-1").status_code == 404
