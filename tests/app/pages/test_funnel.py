"""The funnel: what is left after each criterion, from stored verdicts alone."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from analysis.network_files.files import NetworkFile
from analysis.networks.network import Network
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.tasks import named_task
from app.db.job_tables import JobRow
from app.db.writes import save_analysis, save_network
from app.main import create_app
from tests.app.pages.conftest import judge
from tests.factories import on_a_copy

FUNNEL = "/networks/xor/funnel"


@pytest.fixture(scope="module")
def client(app):
    """A program on this machine, which may ask for things."""
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1), follow_redirects=False)


def twin(client, *criteria, address=FUNNEL):
    answer = client.get("/api/v1" + address, params={"criteria": criteria})
    assert answer.status_code == 200, answer.text
    return answer.json()


def kind(page, name):
    return next(one for one in (*page["circuits"], *page["algorithms"]) if one["kind"] == name)


def left(page, name="circuit"):
    return [row["left"] for row in kind(page, name)["rows"]]


def test_each_criterion_alone_has_the_published_numbers(client):
    published = {
        "zero-ablation": 197,
        "mean-ablation": 191,
        "resample-ablation": 100,
        "all-ablations": 100,
        "output-faithfulness": 12,
        "necessity": 197,
        "minimal-quasi": 197,
        "minimal-local": 5,
        "minimal-subset": 5,
        "minimal-cardinal": 3,
        "representative": 197,
    }
    for key, passed in published.items():
        (row,) = kind(twin(client, key), "circuit")["rows"]
        assert row["outcomes"]["passed"] == row["left"] == passed, key
    (row,) = kind(twin(client, "patching-robust"), "circuit")["rows"]
    assert row["outcomes"] is None, "what is not computed is not made up"


def test_the_order_changes_the_way_and_not_the_end(client):
    one = twin(client, "mean-ablation", "resample-ablation", "output-faithfulness")
    other = twin(client, "output-faithfulness", "resample-ablation", "mean-ablation")
    assert left(one) == [191, 100, 12]
    assert left(other) == [12, 12, 12]
    assert [row["before"] for row in kind(one, "circuit")["rows"]] == [197, 191, 100]
    assert kind(one, "circuit")["left_url"] != kind(other, "circuit")["left_url"]


def test_settings_are_part_of_the_address_and_looser_ones_keep_more(client):
    assert left(twin(client, "output-faithfulness(tolerance=.05)")) < left(twin(client, "output-faithfulness"))
    page = twin(client, "output-faithfulness(tolerance=.05)")
    assert page["criteria"] == ["output-faithfulness(tolerance=0.05)"]
    assert page["steps"][0]["settings"] == "tolerance 0.05 (default 0.1)"
    assert parse_qs(urlsplit(page["url"]).query)["criteria"] == page["criteria"]


SEQUENCES = (
    ("resample-ablation", "output-faithfulness", "irredundant-gates", "minimal-alignment"),
    ("patching-robust", "mean-ablation", "causal-order", "both-directions"),  # the first of each is not computed
    ("none",),
)


def told_lists(page):
    """Every list that the page leads to, with how many it should have."""
    for one in (*page["circuits"], *page["algorithms"]):
        if one["kind"] != "interpretation":
            yield one["begin_url"], one["begin"]
            yield one["left_url"], one["left"]
            yield from ((row["left_url"], row["left"]) for row in one["rows"] if row["outcomes"])


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.slow
def test_every_list_has_as_many_as_the_page_says(client, sequence):
    told = [(url, number) for url, number in told_lists(twin(client, *sequence)) if number]
    assert told
    for url, number in told:
        assert url, "survivors are one click away"
        assert client.get("/api/v2" + url).json()["total"] == number, url


@pytest.mark.slow
def test_alignments_of_the_algorithms_left_are_a_list_too(tmp_path):
    network = Network.from_arrays(  # one neuron is A ∧ B, the other A, and the output both of them
        [[[1, 1], [1, 0]], [[1, 1]]], [[-1, 0], [-1]], activation="relu", output_activation="linear"
    )
    task = named_task("AND", 2)
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        with app.state.store.write() as session:
            save_network(session, NetworkFile("AND", network, (task,)), slug="and")
            row = save_analysis(session, analyse_output(ask(network, task=task)))
        judge(app.state.store, row, ("irredundant-literals", "both-directions"))
        page = twin(client, "irredundant-literals", "both-directions", address="/networks/and/funnel")
        alignments = kind(page, "alignment")
        assert 0 < alignments["begin"] < page["counts"]["alignments_valid"], "some are of redundant algorithms"
        told = [(url, number) for url, number in told_lists(page) if number]
        assert (alignments["left_url"], alignments["left"]) in told
        for url, number in told:
            assert client.get("/api/v2" + url).json()["total"] == number, url


def test_none_survives_is_an_outcome_with_its_meaning(client):
    sequence = ("output-faithfulness", "minimal-subset", "mean-ablation")
    circuits = kind(twin(client, *sequence), "circuit")
    assert (circuits["left"], circuits["whole"]) == (0, True)
    fatal = next(row for row in circuits["rows"] if not row["left"])
    assert f"“{fatal['label']}” removes the last" in circuits["verdict"]
    text = client.get(FUNNEL, params={"criteria": sequence}).text
    assert "Bars are logarithmic" in text, "a length says nothing without its scale"
    assert "No circuit survives" in text
    assert 'data-empty="none"' in text
    last = client.get("/api/v2" + circuits["last_url"]).json()["total"]
    assert last == fatal["before"] > 0


def test_algorithms_then_the_alignments_of_those_left(client):
    page = twin(client, "irredundant-literals", "both-directions", "minimal-alignment")
    algorithms, alignments = kind(page, "algorithm"), kind(page, "alignment")
    assert (algorithms["begin"], algorithms["left"], algorithms["algorithms"]) == (250, 2, 1)
    assert alignments["begin"] == 3
    assert left(page, "alignment") == [3, 1]


@pytest.mark.slow
def test_what_is_not_computed_is_offered_and_nothing_else(client, app):
    page = twin(client, "mean-ablation", "patching-robust", "resample-ablation")
    rows = kind(page, "circuit")["rows"]
    assert [row["state"] for row in rows] == ["stored", "not_computed", "stored"]
    assert [row["left"] for row in rows] == [191, 191, 100]
    assert [row["whole"] for row in rows] == [True, False, False]
    assert page["pending"]["wanted"] == ["patching-robust"]
    assert "at most 100 circuits" in kind(page, "circuit")["verdict"]
    text = client.get(FUNNEL, params={"criteria": ["patching-robust"]}).text
    fields = re.findall(r'<input type="hidden" name="(criteria|sequence)" value="([^"]*)">', text)
    assert ("sequence", "patching-robust") in fields
    sent = {"criteria": ["output-faithfulness(tolerance=0.3)"], "sequence": ["patching-robust", "mean-ablation"]}
    answer = client.post(page["pending"]["url"], data=sent, headers={"origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["criteria"] == sent["sequence"]
    waiting = twin(client, *sent["criteria"])
    assert kind(waiting, "circuit")["rows"][0]["state"] == "computing"
    assert waiting["pending"]["job"]["state"] == "queued"
    assert waiting["pending"]["wanted"] == []
    text = client.get(FUNNEL, params={"criteria": sent["criteria"]}).text
    assert re.search(r'<div id="left" data-poll hx-get="[^"]+" hx-trigger="every 2s" hx-select="#left"', text)
    assert "Verdicts are being computed" in text
    with app.state.store.write() as session:
        session.delete(session.get(JobRow, waiting["pending"]["job"]["id"]))


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        (["no-such"], "minimal-cardinal"),
        (["output-faithfulness(tolerance=-1)"], "a number from 0 to 1e+06"),
        (["output-faithfulness(width=1)"], "use tolerance"),
        (["mean-ablation("], "write key or key(name=value"),
        (["x" * 300], "at most 200"),
        (["mean-ablation"] * 40, "at most"),
    ],
)
def test_bad_criteria_are_refused_with_what_is_allowed(client, criteria, told):
    for prefix in ("", "/api/v1"):
        answer = client.get(prefix + FUNNEL, params={"criteria": criteria})
        assert answer.status_code == 400
        assert told.lower() in unescape(answer.text).lower()


@pytest.mark.slow
def test_a_forms_change_leads_to_an_address_worth_keeping(client):
    query = {
        "criteria": ["mean-ablation", "output-faithfulness"],
        "edit": 1,
        "parameter": ["tolerance"],
        "value": ["0,05"],
    }
    answer = client.get(FUNNEL, params=query)
    assert answer.status_code == 303
    kept = {"criteria": ["mean-ablation", "output-faithfulness(tolerance=0.05)"]}
    assert parse_qs(urlsplit(answer.headers["location"]).query) == kept
    part = client.get(FUNNEL, params=query, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert part.headers["HX-Push-Url"] == answer.headers["location"]
    assert part.text.lstrip().startswith('<div id="funnel"')
    for value, told in (("many", "a number from 0"), ("-3", "a number from 0")):
        assert told in client.get(FUNNEL, params={**query, "value": [value]}).text
    assert client.get(FUNNEL, params={**query, "edit": 7}).status_code == 400
    assert client.get(FUNNEL, params={**query, "value": ["1", "2"]}).status_code == 400
    assert client.get("/api/v1" + FUNNEL, params=query).status_code == 400, "the twin has no forms"


def test_a_network_without_an_analysis_says_so(client):
    answer = client.get("/networks/untouched/funnel")
    assert answer.status_code == 200
    assert "Not analysed yet" in answer.text
    assert twin(client, address="/networks/untouched/funnel")["counts"] is None
    assert client.get("/networks/nowhere/funnel").status_code == 404


@pytest.mark.slow
def test_an_address_with_a_key_that_changed_its_meaning_leads_to_what_changed(client):
    here = FUNNEL + "?criteria="
    told = client.get(here + "minimal-local").text
    assert "once meant something else" in told
    assert 'href="/scope#changed-meanings"' in told
    assert "once meant something else" not in client.get(here + "mean-ablation").text
    changed = client.get("/scope").text.partition('id="changed-meanings"')[2]
    keys = [f"minimal-{kind}" for kind in ("quasi", "local", "subset", "cardinal")]
    formers = [f"{key}-structural" for key in keys] + ["knockout-completeness(network=1)"]
    for key in (*keys, "knockout-completeness", *formers):
        assert f"<code>{key}</code>" in changed
