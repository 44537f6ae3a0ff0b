import csv
import io
import json
from dataclasses import replace
from html import unescape
from urllib.parse import urlsplit

import pytest

from analysis.studies.design import FACTORS
from analysis.studies.measures.measure import Measured, answer_key
from analysis.studies.outcome import figures_of
from analysis.studies.result_file import StudyResults
from app.db.reads.studies import find_study
from app.db.studies import save_outcomes, save_results
from app.jobs import study_queue
from tests.checkout import ROOT
from tests.study_factories import MEASURES, design, judged_on_rows, results, settings

API = "/api/v2/studies"
CHAPTER = "/findings/transformers"


@pytest.fixture
def study(store):
    with store.write() as session:
        save_results(session, results())
    return "/studies/xor-width"


def test_data_hold_every_network_and_exact_integers(client, study):
    rows = list(csv.DictReader(io.StringIO(client.get(f"/api/v2{study}/data.csv").text)))
    assert len(rows) == 6 * 2 + 2
    assert {row["state"] for row in rows} == {"converged", "stopped_early"}
    assert rows[-2]["interpretations-total"] == str(3**50 + 2)
    assert any(row["inexact"] == "interpretations-total" for row in rows)
    assert set(MEASURES) < set(rows[0])


METHODS = ["acdc", "acdc(tau=0.1)", "random"]


def answered():
    """A study of methods: of seed s at width w the first s methods are valid, with so many edges too many."""
    asked = design(
        protocols=["complete"],
        methods=METHODS,
        measures=["audit-valid", "audit-excess", "audit-distinct"],
        comparisons=[{"measure": "audit-valid", "factor": "method", "test": "friedman"}],
        ladders=[],
        references=[],
    )
    outcomes = []
    for one in results(asked).outcomes:
        valid = {method: Measured(number < one.seed) for number, method in enumerate(METHODS)}
        excess = {
            method: Measured(number) if good.value else Measured(None, note="the answer is not valid")
            for number, (method, good) in enumerate(valid.items())
        }
        told = {answer_key("audit-valid", method): value for method, value in valid.items()}
        told |= {answer_key("audit-excess", method): value for method, value in excess.items()}
        values = {"complete": (told | {"audit-distinct": Measured(2)},)}
        outcomes.append(replace(one, figures=figures_of(values) if one.converged else {}))
    return StudyResults(asked, tuple(outcomes))


def test_every_column_of_the_data_is_described_or_a_factor_or_a_measure(client, study):
    columns = client.get(f"/api/v2{study}/data.csv").text.splitlines()[0].split(",")
    told = (ROOT / "docs" / "machine-interface.md").read_text().split("#### Columns", 1)[1].split("\n##", 1)[0]
    assert [name for name in columns if f"`{name}`" not in told and name not in (*FACTORS, *MEASURES)] == []


@pytest.mark.slow
def test_a_study_is_paused_resumed_extended_and_cancelled(client):
    assert client.post(API, json={"design": settings()}).headers["location"] == f"{API}/xor-width"
    states = []
    for action in ("pause", "resume", "extend", "cancel"):
        answer = client.post(f"/studies/xor-width/{action}", data={"seeds": "3"} if action == "extend" else None)
        assert (answer.status_code, answer.headers["location"]) == (303, "/studies/xor-width")
        states.append(client.get(f"{API}/xor-width").json()["progress"])
    assert [one["state"] for one in states] == ["paused", "queued", "queued", "cancelled"]
    assert states[2]["networks"] == 14
    assert client.post("/studies/xor-width/extend", data={"seeds": "none"}).status_code == 422
    assert client.post("/studies/xor-width/dance").status_code == 404


ABOUT_INPUTS = ("play",)


@pytest.mark.slow
def test_on_rows_that_are_no_inputs_only_circuits_are_shown_and_asked_for(client, store):
    known = judged_on_rows(results())
    with store.write() as session:
        save_results(session, known)
    first = known.outcomes[0]
    base, data = f"/networks/{first.network[:16]}", first.data.digest[:12]
    assert client.get(f"{base}/explanations?data={data}").status_code == 200
    listed = client.get(f"/api/v2{base}/explanations?data={data}&valid=any").json()
    assert ([item["kind"] for item in listed["items"]], listed["pending"]) == ([], [])
    for asked in ("kind=algorithm", "kind=circuit&kind=probe", "passes=necessity", "fails=necessity", "story=same"):
        for path in (f"{base}/explanations", f"/api/v2{base}/explanations", f"{base}/explanations.csv"):
            refused = client.get(f"{path}?data={data}&{asked}", headers={"accept": "application/json"})
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (404, "data"), (path, asked)
            assert refused.json()["parent"].endswith(f"/explanations?data={data}")
    every_edge = f"{(1 << 10) - 1:x}"
    circuit = client.get(f"{base}/explanations/c-{every_edge}?data={data}")
    assert circuit.status_code == 200
    assert "/play?" not in circuit.text.split("<main", 1)[1]
    for part in (*ABOUT_INPUTS, f"explanations/c-{every_edge}/criteria"):
        refused = client.get(f"/api/v2{base}/{part}?data={data}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (404, "data"), part
        assert "no Boolean inputs" in refused.json()["error"]
    for key in ("ladder", "funnel", "common-ground"):
        told = client.get(f"/api/v2{base}/analyses/{key}?data={data}").json()
        assert told["state"] == "not_applicable"
        assert "no Boolean inputs" in told["reason"]
    for part in ("v2{}/analyses/directions", "v2{}/analyses/ladder", "v2{}/analyses/common-ground"):
        refused = client.post(f"/api/{part.format(base)}", json={"data": data})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (404, "data"), part


# --- one study


@pytest.mark.slow
def test_a_page_follows_its_study_and_sums_it_up_anew_when_it_has_grown(client, store):
    study = design(seeds={"first": 0, "count": 20})
    outcomes = results(study).outcomes
    with store.write() as session:
        study_queue.start(session, study)
    seen = []
    for n in (10, 20, 21, 22):
        with store.write() as session:
            save_outcomes(session, find_study(session, "xor-width"), outcomes[:n])
        page = client.get(f"{API}/xor-width").json()
        assert page["moving"]
        seen.append(page["summed"])
    assert seen == [10, 20, 21, 21]
    text = client.get("/studies/xor-width").text
    assert 'id="progress" data-poll' in text
    assert "These are of the first 21 networks of 22" in text
    assert "Queued, 0 jobs ahead" in text
    client.post("/studies/xor-width/pause")
    text = client.get("/studies/xor-width").text
    assert "data-poll" not in text
    assert "These are of the first" not in text
    assert text.count("<figure id=") == 3


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ("nowhere", 404, "is not stored here"),
        ("xor-width?protocol=mine", 400, "not one of this study"),
        ("xor-width?by=loss_target", 400, "does not vary"),
        ("xor-width?colour=red", 400, "unknown"),
        ("xor-width/outcomes?cell=9", 400, "is unknown"),
        ("xor-width/outcomes?sort=beauty", 400, "is unknown"),
        ("xor-width/outcomes?protocol=mine", 400, "not one of this study"),
    ],
)
def test_what_no_study_has_is_refused_by_name(client, study, asked, status, words):
    answer = client.get(f"{API}/{asked}")
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    for name in ("nothing", "ladder-9"):
        answer = client.get(f"{study}/figures/{name}.svg")
        assert (answer.status_code, "not one of this study" in answer.text) == (404, True)


def test_a_study_counts_failed_networks(client, study):
    page = client.get(f"{API}/xor-width").json()
    assert (page["progress"]["failed"], page["progress"]["state"]) == (2, "done")
    circuits, interpretations, one, formulas = page["numbers"].values()
    assert (circuits[0]["outcomes"], circuits[0]["failed"], circuits[0]["median"]) == (4, 1, 1)
    assert (one[0]["yes"], one[0]["with a value"], one[0]["failed"]) == (2, 3, 1)
    assert one[0]["share"] == 2 / 3
    assert interpretations[0]["not exact"] == 1
    assert {row["which"]: row["how many"] for row in formulas[:2]} == {"A ∧ B": 3, "A ∨ B": 1}
    assert page["references"][0]["ours"] == "median 11"
    assert page["tests"][0]["effect"] == -1
    notes = {(test["compared"].partition(":")[0], test["test"]): test["note"] for test in page["tests"]}
    ignoring = "takes the levels as independent samples, though they share seeds"
    assert ignoring in notes["hidden layers", "mann-whitney"]
    assert ignoring in notes["hidden layers", "fisher"]
    assert "independent" not in notes["protocol", "wilcoxon"]
    text = client.get(study).text
    assert "2 failed." in text
    assert "stopped early" in client.get(f"{study}/outcomes").text
    for part, words in (("numbers", "Does not apply"), ("references", "from the authors"), ("design", "3-3")):
        assert words in client.get(f"{study}?part={part}").text


def test_a_network_that_is_seen_at_several_losses_is_counted_once(client, store):
    with store.write() as session:
        save_results(session, results(design(hidden=[[3, 3]], loss_target=[0.1, 0.01], comparisons=[])))
    page = client.get(f"{API}/xor-width").json()
    assert "4 networks at 2 losses; 6 moments of 8; 2 of 8 trained failed." in page["figures"]["circuits-valid"]
    assert "4 networks at 2 losses; 8 of 8 moments have their outcome" in client.get("/studies/xor-width").text


@pytest.mark.parametrize(("protocol", "told"), [("paper", True), ("complete", True), ("learned", False)])
def test_a_network_says_what_its_study_counted_and_leads_back(client, study, protocol, told):
    url = client.get(f"{API}/xor-width/outcomes").json()["items"][5]["url"].partition("?")[0]
    text = client.get(f"{url}?protocol={protocol}").text
    assert ("XOR by width counted 11 valid circuits here" in text) == told
    assert (f'href="{study}/outcomes?protocol={protocol}"' in text) == told


def test_answers_of_methods_are_one_figure_and_no_columns(client, store):
    with store.write() as session:
        save_results(session, answered())
    page = client.get(f"{API}/xor-width").json()
    assert list(page["figures"]) == ["audit-valid", "audit-excess", "audit-distinct"]
    valid, excess, _ = page["numbers"].values()
    labels = [f"{method}, {width}" for method in METHODS for width in ("2-2", "3-3")]
    assert [row["networks"] for row in valid] == labels
    assert [row["yes"] for row in valid] == [2, 2, 1, 1, 0, 0]
    assert [row["median"] for row in excess] == [0.0, 0.0, 1.0, 1.0, None, None]
    (test,) = page["tests"]
    assert (test["compared"], test["values"]) == (f"discovery method: {', '.join(METHODS)}", "6")
    assert "3 methods of the same 6 networks; 2 of 8 trained failed." in page["figures"]["audit-valid"]
    assert "33% (1 of 3)" in client.get("/studies/xor-width/figures/audit-valid:acdc(tau=0.1).svg").text
    rows = list(csv.DictReader(io.StringIO(client.get(f"{API}/xor-width/data.csv").text)))
    assert [row["audit-valid:acdc(tau=0.1)"] for row in rows] == ["false", "false", "true", ""] * 2
    first = client.get(f"{API}/xor-width/outcomes").json()["items"][0]
    assert [name for name in first if name.startswith("audit")] == ["audit-distinct"]


# --- its networks


def test_the_mean_over_a_last_epoch_does_not_stand_beside_an_exact_error(client, store):
    asked = design(source="drawn", prior=["", "normal 1"], hidden=[[3, 3]], comparisons=[], ladders=[], references=[])
    with store.write() as session:
        save_results(session, results(asked))
        save_results(session, results(design(slug="trained")))
    for slug, there in (("xor-width", False), ("trained", True)):
        first = client.get(f"{API}/{slug}/outcomes").json()["items"][0]
        (names, *_) = csv.reader(io.StringIO(client.get(f"{API}/{slug}/data.csv").text))
        assert ("loss" in first, "loss" in names) == (there, there)


@pytest.mark.parametrize(("sort", "order"), [("", "asc"), ("loss", "desc"), ("interpretations-total", "asc")])
def test_outcomes_are_sorted_page_by_page_with_those_without_a_value_last(client, study, sort, order):
    items, url = [], f"{API}/xor-width/outcomes?limit=3&sort={sort}&order={order}"
    while url:
        page = client.get(url).json()
        items += page["items"]
        url = page["next"]
    assert len({item["digest"] for item in items}) == len(items) == page["total"] == 8
    values = [item.get(sort) if sort else (int(item["cell"]), item["seed"]) for item in items]
    numbers = [int(value) if sort.endswith(("valid", "total")) and value is not None else value for value in values]
    known = [value for value in numbers if value is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert numbers == known + [None] * (8 - len(known))


@pytest.mark.parametrize(
    ("options", "left"), [("state=stopped_early", 2), ("state=converged&cell=1", 3), ("cell=0&cell=1", 8)]
)
def test_outcomes_are_filtered_and_each_count_is_what_choosing_it_leaves(client, study, options, left):
    page = client.get(f"{API}/xor-width/outcomes?{options}").json()
    assert page["total"] == len(page["items"]) == left
    for facet in page["facets"]:
        for choice in facet["choices"]:
            kept = "&".join(one for one in options.split("&") if not one.startswith(facet["name"]))
            alone = client.get(f"{API}/xor-width/outcomes?{kept}&{facet['name']}={choice['value']}").json()
            assert alone["total"] == choice["count"], (facet["name"], choice)


@pytest.mark.slow
def test_a_deleted_network_stays_an_outcome_and_says_so(client, study):
    gone = client.get(f"{API}/xor-width/outcomes").json()["items"][0]
    slug = urlsplit(gone["url"]).path.rsplit("/", 1)[1]
    client.post(f"/networks/{slug}/delete")
    after = client.get(f"{API}/xor-width/outcomes").json()["items"][0]
    assert after == gone | {"url": ""}
    assert f'href="/networks/{slug}">Undo' in client.get(f"{study}/outcomes").text


# --- another one


def test_the_form_shows_what_it_would_train_before_anything_starts(client):
    fields = {"name": "By width", "question": "How many?", "hidden": "2-2; 3-3", "count": "20"}
    fields |= {"tasks": "XOR", "n_inputs": "2", "loss_target": "0.01"}
    fields |= {"protocols": "complete", "measures": "circuits-valid"}
    shown = client.post("/studies/new", data=fields)
    assert shown.status_code == 200
    assert "40 networks" in shown.text
    assert ">valid circuits</td>" in shown.text
    back = client.post("/studies/new", data={**fields, "change": "yes"}).text
    assert 'value="2-2; 3-3"' in back
    assert back.count(" checked") == 2
    assert client.get(API).json()["items"] == []
    text = unescape(shown.text.partition('name="design" value="')[2].partition('"')[0])
    started = client.post("/studies/new", data={"design": text})
    assert (started.status_code, started.headers["location"]) == (303, "/studies/by-width")
    page = client.get(f"{API}/by-width").json()
    assert page["progress"]["state"] == "queued"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"count": "many", "hidden": "3-x", "loss_target": ";"}, "'many' is no whole number"),
        ({"hidden": "3-3; 3-3"}, "is there twice"),
        ({"count": "many", "hidden": "3-x", "loss_target": ";"}, "'x' is no whole number. Levels between semicolons"),
        ({"name": "", "measures": ""}, "Give one entry or more"),
        ({"name": "", "measures": ""}, "Fill this in"),
    ],
)
def test_what_is_wrong_in_the_form_is_named(client, changed, words):
    fields = {"name": "x", "question": "y", "hidden": "3-3", "count": "3", "tasks": "XOR"}
    fields |= {"protocols": "paper", "measures": "circuits-valid"}
    answer = client.post("/studies/new", data=fields | changed)
    assert (answer.status_code, words in unescape(answer.text)) == (422, True)
    assert client.post("/studies/new", data={"file": '{"slug": "x"}'}).status_code == 422


def test_a_study_with_a_measure_that_is_unknown_is_shown_and_not_run(client, store):
    with store.write() as session:
        save_results(session, results(design(measures=[*MEASURES, "told-das"])))
    assert "1 measure of this study cannot be taken here" in client.get("/studies/xor-width").text
    said = "'told-das' is unknown"
    more = settings(slug="more", measures=[*MEASURES, "told-das"], loss_target=[0.02])
    assert said in client.post(API, json={"design": more}).json()["error"]
    for path, sent in (("new", {"file": json.dumps(more)}), ("xor-width/extend", {"seeds": "2"})):
        refused = client.post(f"/studies/{path}", data=sent)
        assert (refused.status_code, said in unescape(refused.text)) == (422, True)


def test_a_duplicate_has_a_name_and_slug_of_its_own_and_says_where_nothing_was_changed(client, study):
    assert "seeds" in client.get(f"{API}/schema").json()["properties"]
    text = client.get("/studies/new?study=xor-width").text
    file = json.loads(unescape(text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]))
    own = client.get(f"{API}/xor-width/design").json()
    assert file == {**own, "slug": "xor-width-2", "name": "Copy of XOR by width"}
    assert "This design is stored" in client.post("/studies/new", data={"file": json.dumps(file)}).text
    file["seeds"]["first"] = 50
    assert "This design is stored" not in client.post("/studies/new", data={"file": json.dumps(file)}).text
    assert client.post(API, json={"design": file}).status_code == 202
    assert client.get(f"{API}/xor-width-2").json()["name"] == "Copy of XOR by width"


def test_a_duplicate_that_the_fields_can_say_fills_them(client):
    plain = {"slug": "plain", "name": "Plain", "question": "How many?", "hidden": [[2, 2], [4]], "seeds": {"count": 7}}
    client.post(API, json={"design": {**plain, "measures": ["circuits-valid", "one-circuit"]}})
    text = client.get("/studies/new?study=plain").text
    for value in ("Copy of Plain", "2-2; 4", "7"):
        assert f'value="{value}"' in text
    assert text.count(" checked") == 3
    assert "plain-2" not in text


# --- addresses from before


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("/studies/xor-width/figures/circuits-valid?by=hidden", "/studies/xor-width?by=hidden"),
        ("/studies/one-induction-circuit", CHAPTER),
        ("/studies/one-induction-circuit/outcomes?cell=1", CHAPTER),
        ("/findings/one-induction-circuit", CHAPTER),
    ],
)
def test_pages_that_were_lead_to_the_study(client, study, former, now):
    answer = client.get(former, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, now)
