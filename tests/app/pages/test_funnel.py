"""The funnel: what is left after each criterion, from stored verdicts alone."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.app.db.job_tables import JobRow

FUNNEL = "/networks/xor/analyses/funnel"


@pytest.fixture(scope="module")
def client(app):
    """A program on this machine, which may ask for things."""
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1), follow_redirects=False)


def reply(client, *criteria, address=FUNNEL):
    return client.get(f"/api/v2{address}/chosen", params={"criteria": criteria}).raise_for_status().json()


def page_of(client, *criteria, address=FUNNEL) -> str:
    return unescape(client.get(f"{address}/chosen", params={"criteria": criteria}).text)


def kind(report, name):
    return next(one for one in report["kinds"] if one["kind"] == name)


def left(report, name="circuit"):
    return [int(row["left"]) for row in kind(report, name)["rows"]]


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
        (row,) = kind(reply(client, key), "circuit")["rows"]
        assert row["passed"] == row["left"] == str(passed), key
    (row,) = kind(reply(client, "knockout-completeness"), "circuit")["rows"]
    assert (row["known"], row["passed"]) == (False, None), "what is not computed is not made up"


def test_the_order_changes_the_way_and_not_the_end(client):
    one = reply(client, "mean-ablation", "resample-ablation", "output-faithfulness")
    assert left(one) == [191, 100, 12]
    assert left(reply(client, "output-faithfulness", "resample-ablation", "mean-ablation")) == [12, 12, 12]
    assert [row["before"] for row in kind(one, "circuit")["rows"]] == ["197", "191", "100"]


def test_outcomes_are_of_those_before(client):
    """Of interpretations they are not known one by one."""
    for found in reply(client, "mean-ablation", "representative", "irredundant-gates", "both-directions")["kinds"]:
        for row in found["rows"]:
            outcomes = [row[name] for name in ("passed", "failed", "undecided", "not_applicable")]
            if found["kind"] == "interpretation":
                assert outcomes == [None] * 4
            else:
                assert sum(map(int, outcomes)) == int(row["before"])


def test_settings_are_part_of_the_address_and_looser_ones_keep_more(client):
    strict = reply(client, "output-faithfulness(tolerance=.05)")
    assert left(strict) < left(reply(client, "output-faithfulness"))
    assert strict["criteria"] == ["output-faithfulness(tolerance=0.05)"]
    assert "(tolerance 0.05)" in page_of(client, *strict["criteria"])


SEQUENCES = (
    ("resample-ablation", "output-faithfulness", "irredundant-gates", "minimal-alignment"),
    ("knockout-completeness", "mean-ablation", "causal-order", "both-directions"),  # the first of each is not computed
)


def lists_agree(client, report, page):
    """Every list that the page leads to has as many as it says."""
    links = dict(re.findall(r'href="([^"]*/explanations\?[^"]*)"[^>]*>([^<]+)<', page))
    assert links
    for url, label in links.items():
        name = parse_qs(urlsplit(url).query)["kind"][0]
        rows = {CriterionStep.parse(row["criterion"]).criterion.label: row for row in kind(report, name)["rows"]}
        if name != "interpretation":
            assert client.get("/api/v2" + url).json()["total"] == int(rows[label]["left"]), url


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.slow
def test_every_list_has_as_many_as_the_page_says(client, sequence):
    lists_agree(client, reply(client, *sequence), page_of(client, *sequence))


def test_none_survives_is_an_outcome_with_its_meaning(client):
    sequence = ("output-faithfulness", "minimal-subset", "mean-ablation")
    assert left(reply(client, *sequence))[-1] == 0
    page = page_of(client, *sequence)
    expected = (
        "No circuit survives: “Subset-minimal” removes the last 12 circuits, which “Output faithfulness” had left."
    )
    assert expected in page
    stood = re.search(r'href="([^"]*)"[^>]*>The last 12<', page)
    assert client.get("/api/v2" + unescape(stood[1])).json()["total"] == 12
    assert "Bars are logarithmic" in client.get(f"{FUNNEL}?part=how-to-read-it").text, "a length needs its scale"


def test_algorithms_then_the_alignments_of_those_left(client):
    report = reply(client, "irredundant-literals", "both-directions", "minimal-alignment")
    algorithms = kind(report, "algorithm")
    assert (algorithms["begin"], left(report, "algorithm"), algorithms["carriers"]) == ("250", [2], 1)
    assert kind(report, "alignment")["begin"] == "3"
    assert left(report, "alignment") == [3, 1]


def test_what_is_not_computed_is_offered_and_nothing_else(client, app):
    report = reply(client, "mean-ablation", "knockout-completeness", "resample-ablation")
    rows = kind(report, "circuit")["rows"]
    assert [row["known"] for row in rows] == [True, False, True]
    assert left(report) == [191, 191, 100]
    assert [row["whole"] for row in rows] == [True, False, False]
    page = page_of(client, *report["criteria"])
    assert "at most 100 circuits" in page
    fields = dict(re.findall(r'<input type="hidden" name="(criteria|sequence)" value="([^"]*)"', page))
    assert fields == {"criteria": "knockout-completeness", "sequence": " ".join(report["criteria"])}
    sent = {"criteria": "output-faithfulness(tolerance=0.3)", "sequence": fields["sequence"]}
    answer = client.post("/networks/xor/analyses/funnel", data=sent, headers={"origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["criteria"] == [sent["sequence"]]
    with app.state.store.write() as session:
        session.delete(session.query(JobRow).filter_by(kind="criteria", state="queued").one())


@pytest.mark.parametrize(
    ("path", "criteria", "words"),
    [
        ("chosen", ["no-such"], "minimal-cardinal"),
        ("chosen", ["output-faithfulness(tolerance=-1)"], "a number from 0 to 1000000"),
        ("chosen", ["output-faithfulness(width=1)"], "use tolerance"),
        ("chosen", ["mean-ablation("], "write key or key(name=value"),
        ("chosen", [f"output-faithfulness(tolerance={n})" for n in range(1, 40)], "leave some out"),
        ("nonsense", [], "use chosen, recommended, paper"),
        ("paper", ["margin"], "use chosen with criteria"),
    ],
)
def test_bad_criteria_are_refused_with_what_is_allowed(client, path, criteria, words):
    for prefix in ("", "/api/v2"):
        answer = client.get(f"{prefix}{FUNNEL}/{path}", params={"criteria": criteria})
        assert answer.status_code in (400, 422)
        assert words.lower() in unescape(answer.text).lower()


def test_ready_made_sequences_have_addresses_and_one_criterion_can_be_added(client):
    paper = client.get(f"/api/v2{FUNNEL}/paper").json()
    assert paper["criteria"] == ["zero-ablation", "one-direction", "minimal-alignment"]
    assert 'href="/networks/xor/analyses/funnel/paper"' in client.get(FUNNEL).text
    more = client.get(f"/api/v2{FUNNEL}/chosen?criteria=margin&add=necessity").json()
    assert more["criteria"] == ["margin", "necessity"]
    assert client.get(f"/api/v2{FUNNEL}/chosen?criteria=none").json()["criteria"] == []
