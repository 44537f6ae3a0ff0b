import csv
import io
import json
from html import unescape

import numpy as np
import pytest

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import MEASURES, design, rows, settings
from pluriscope.analysis.questions.data import DataRecord, data_file_json
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.analysis.design import FACTORS
from pluriscope_studies.analysis.measures.measure import answer_key
from pluriscope_studies.jobs import queue as study_queue
from pluriscope_studies.reads import study_jobs
from tests.checkout import ROOT

API = "/api/v2/studies"
METHODS = ["acdc", "acdc(tau=0.1)", "random"]


@pytest.fixture
def study(store):
    with store.write() as session:
        store_study(session)
    return "/studies/xor-width"


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
    made = []
    for row in rows(asked):
        valid = {method: number < row["seed"] for number, method in enumerate(METHODS)}
        values = {answer_key("audit-valid", method): good for method, good in valid.items()}
        excess = {answer_key("audit-excess", m): n if valid[m] else None for n, m in enumerate(METHODS)}
        kept = {name: value for name, value in row.items() if name not in MEASURES and name != "inexact"}
        made.append(kept | (values | excess | {"audit-distinct": 2} if row["state"] == "converged" else {}))
    return asked, made


# --- its table as a file


def test_files_hold_every_row_and_exact_integers(client, store, tmp_path):
    made = [row | {"message": "=1+1"} for row in rows()]
    with store.write() as session:
        store_study(session, made=made)
    files = {form: client.get(f"{API}/xor-width/data.{form}") for form in ("csv", "json", "parquet")}
    comma, plain = list(csv.DictReader(io.StringIO(files["csv"].text))), files["json"].json()
    (tmp_path / "all.parquet").write_bytes(files["parquet"].content)
    table = ParquetTable([tmp_path / "all.parquet"])
    assert len(comma) == len(plain) == len(made) == 6 * 2 + 2
    assert [int(row["seed"]) for row in comma] == [row["seed"] for row in plain] == [row["seed"] for row in made]
    assert {row["message"] for row in comma} == {"'=1+1"}
    large = [row.get("interpretations-total") for row in made]
    assert max(filter(None, large)) > 2**64
    assert [int(row["interpretations-total"]) if row["state"] == "converged" else None for row in comma] == large
    assert [None if (n := row["interpretations-total"]) is None else int(n) for row in plain] == large
    assert [None if n is None else int(n) for (n,) in table.ask('SELECT "interpretations-total" FROM {rows}')] == large
    assert [row["inexact"] for row in plain] == [json.loads(row.get("inexact") or "null") for row in made]
    assert [row["irredundant-formulas"] for row in comma[:4]] == ["A ∧ B", "A ∧ B", "A ∧ B ; A ∨ B", "A ∧ B ; A ∨ B"]
    assert "weights" in table.columns
    assert "weights" not in comma[0]
    reply = (ROOT / "docs" / "machine-interface.md").read_text().split("#### Columns", 1)[1].split("\n##", 1)[0]
    assert [name for name in comma[0] if f"`{name}`" not in reply and name not in (*FACTORS, *MEASURES)] == []


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ("nowhere", 404, "is not stored here"),
        ("xor-width?protocol=mine", 400, "not one of this study"),
        ("xor-width?by=loss_target", 400, "does not vary"),
        ("xor-width?colour=red", 400, "unknown"),
        ("xor-width?figure=nothing", 404, "not one of this study"),
        ("xor-width/outcomes?hidden=9", 400, "is unknown"),
        ("xor-width/outcomes?sort=beauty", 400, "is unknown"),
        ("xor-width/outcomes?protocol=mine", 400, "not one of this study"),
        ("xor-width/outcomes?circuits-valid_min=many", 400, "is not a whole number"),
        ("xor-width/data.xlsx", 404, ""),
        ("begun/data.csv", 404, "are not there yet"),
        ("begun/data.parquet", 404, "are not there yet"),
    ],
)
def test_what_no_study_has_is_refused_by_name(client, study, asked, status, words):
    if asked.startswith("begun"):
        client.post(API, json={"design": settings(slug="begun", seeds={"first": 9})})
    answer = client.get(f"{API}/{asked}")
    assert (answer.status_code, words in answer.text) == (status, True)


@pytest.mark.parametrize("name", ["nothing", "ladder-9"])
def test_a_figure_that_a_study_does_not_have_is_refused(client, study, name):
    answer = client.get(f"{study}/figures/{name}.svg")
    assert (answer.status_code, "not one of this study" in answer.text) == (404, True)


# --- one study


def test_a_study_shows_its_figure_tests_published_values_and_first_rows(client, study):
    text = client.get(study).text
    for words in (
        "2 failed",
        "From circuits to interpretations",
        "mann-whitney",
        "85 circuits",
        "2-2, seed 3",
        "stopped early",
    ):
        assert words in text, words
    assert text.count("data-chart=") == 1
    other = client.get(f"{study}?figure=one-minimal-alignment&by=hidden&protocol=paper").text
    assert "2 of 3: share of networks 66.67%" in other
    for part, words in (("numbers", "With a value"), ("design", "3-3"), ("delete", "[Its table]"[1:-1])):
        assert words in client.get(f"{study}?part={part}").text, part
    record = client.get(f"{API}/xor-width").json()
    assert (record["progress"]["failed"], record["progress"]["state"]) == (2, "done")
    assert list(record["figures"]) == ["ladder-0", *MEASURES]
    cells = record["summary"]["numbers"]["circuits-valid"]["complete"]["cell"]
    assert [(one["label"], one["of"], one["failed"], one["median"]) for one in cells] == [
        ("2-2", 4, 1, 1),
        ("3-3", 4, 1, 11),
    ]


def begun(session):
    study_queue.start(session, design())


def waiting(session):
    (job,) = study_jobs(session, study_queue.start(session, design()).digest)
    job.found = "The cluster is away."


def failed(session):
    store_study(session, made=[row for row in rows() if row["state"] != "converged"])


def unsummed(session):
    store_study(session, summed=False)


def grown(session):
    store_study(session, made=[row for row in rows() if row["seed"] < 1])
    store_study(session, summed=False)


def paused(session):
    store_study(session, made=[row for row in rows() if row["seed"] < 2])


@pytest.mark.parametrize(
    ("made", "words", "figures"),
    [
        (begun, ("Queued, 0 jobs ahead. 0 of 8 networks", "No network is analysed yet", 'id="progress" data-poll'), 0),
        (waiting, ("Waiting. 0 of 8", "What went wrong: The cluster is away. It is tried again by itself."), 0),
        (failed, ("Paused. 2 of 8 networks", "No network converged"), 0),
        (unsummed, ("Finished. 8 of 8", "Figure, numbers and tests are not made yet", "Valid circuits"), 0),
        (grown, ("numbers and tests are of the first 2 networks of 8", "The others follow.", "2-2, seed 3"), 1),
        (paused, ("Paused. 4 of 8 networks", "Resume"), 1),
    ],
)
def test_a_study_on_its_way_says_how_far_it_is(client, store, made, words, figures):
    with store.write() as session:
        made(session)
    answer = client.get("/studies/xor-width")
    assert answer.text.count("data-chart=") == figures
    for one in words:
        assert one in answer.text, one
    assert client.get(f"{API}/xor-width").status_code == client.get("/findings").status_code == 200
    for name in ("card.svg", "drawing.svg"):
        assert client.get(f"/studies/xor-width/{name}").status_code == (404 if name[0] == "d" and not figures else 200)


def test_a_measure_that_nobody_knows_is_shown_by_its_key(client, store):
    made = [row | ({"kind-of-das": row["seed"] % 2 == 0} if row["state"] == "converged" else {}) for row in rows()]
    with store.write() as session:
        store_study(session, design(measures=[*MEASURES, "kind-of-das"]), made, **{"kind-of-das": "BOOLEAN"})
    assert client.get(f"{API}/xor-width").json()["figures"]["kind-of-das"] == "Kind of das"
    assert "2 of 3: share of networks 66.67%" in client.get("/studies/xor-width?figure=kind-of-das").text
    assert client.get(f"{API}/xor-width/outcomes?kind-of-das=yes").json()["total"] == 4
    more = settings(slug="more", measures=[*MEASURES, "kind-of-das"], loss_target=[0.02])
    assert "'kind-of-das' is unknown" in client.post(API, json={"design": more}).json()["error"]
    for path, sent in (("new", {"file": json.dumps(more)}), ("xor-width/extend", {"seeds": "2"})):
        refused = client.post(f"/studies/{path}", data=sent)
        assert (refused.status_code, "'kind-of-das' is unknown" in unescape(refused.text)) == (422, True), path


def test_answers_of_methods_are_one_figure(client, store):
    with store.write() as session:
        store_study(session, *answered())
    figures = client.get(f"{API}/xor-width").json()["figures"]
    assert list(figures) == ["audit-valid", "audit-excess", "audit-distinct"]
    text = client.get("/studies/xor-width").text
    assert all(method in text for method in METHODS)
    assert (
        "1 of 3: share of networks 33.33%"
        in client.get("/studies/xor-width/figures/audit-valid:acdc(tau=0.1).svg").text
    )
    first = client.get(f"{API}/xor-width/outcomes").json()["items"][0]
    assert first["audit-valid:acdc(tau=0.1)"] is False


def test_what_a_study_compares_is_drawn_first(client, store):
    compared = [{"measure": MEASURES[1], "factor": "hidden", "test": "kruskal-wallis"}]
    with store.write() as session:
        store_study(session, design(comparisons=compared, ladders=[]))
    record = client.get(f"{API}/xor-width").json()
    assert list(record["figures"]) == [MEASURES[1], MEASURES[0], *MEASURES[2:]]


def test_a_network_that_is_seen_at_several_losses_is_counted_once(client, store):
    with store.write() as session:
        store_study(session, design(hidden=[[3, 3]], loss_target=[0.1, 0.01], comparisons=[]))
    text = client.get("/studies/xor-width").text
    assert "4 networks at 2 losses; 8 of 8 moments have their outcome" in text
    assert "4 networks at 2 losses; 6 moments of 8, 2 failed." in text


def test_of_many_networks_some_of_each_group_are_drawn(client, store):
    asked = design(seeds={"first": 0, "count": 2500}, measures=["circuits-valid"], comparisons=[], ladders=[])
    shared = {"protocol": "complete", "output": 0, "state": "converged", "seconds": 1.0}
    cells = [row["cell"] for row in rows(design(seeds={"first": 0, "count": 1})) if row["protocol"] == "paper"]
    made = [{"cell": cell, "seed": seed, "circuits-valid": seed, **shared} for cell in cells for seed in range(2500)]
    with store.write() as session:
        store_study(session, asked, made)
    assert client.get("/studies/xor-width/figures/circuits-valid.svg").text.count("<circle") > 600
    assert "600 of 5,000 networks are drawn." in client.get("/studies/xor-width").text
    with store.write() as session:
        made = [{**row, "interpretations-total": 1} for row in made]
        steps = [{"label": "Two", "measures": ["circuits-valid", "interpretations-total"]}]
        two = {"slug": "two", "measures": ["circuits-valid", "interpretations-total"], "ladders": steps}
        store_study(session, design(seeds={"first": 0, "count": 2500}, comparisons=[], **two), made)
    words = "600 of 10,000 dots, one for each network and row, are drawn."
    assert words in client.get("/studies/two").text
    chart = client.get("/studies/xor-width?part=circuits-valid.plotly").json()
    (dots,) = (one for one in chart["data"] if one["name"] == "networks")
    assert len(dots["x"]) == 600
    median = next(one for one in chart["data"] if one["name"] == "median, quartiles")
    assert median["x"] == [1249.5] * 2
    assert client.get(median["customdata"][1]).text.count("data-item") == 50


# --- its rows


@pytest.mark.parametrize(("sort", "order"), [("", "asc"), ("loss", "desc"), ("interpretations-total", "asc")])
def test_rows_are_sorted_page_by_page_with_those_without_a_value_last(client, study, sort, order):
    items, url = [], f"{API}/xor-width/outcomes?limit=3&sort={sort}&order={order}"
    while url:
        page = client.get(url).json()
        items += page["items"]
        url = page["next"]
    assert len({(item["cell"], item["seed"]) for item in items}) == len(items) == page["total"] == 8
    if not sort:
        assert [item["seed"] for item in items] == [0, 1, 2, 3] * 2
        return
    values = [None if item[sort] is None else float(item[sort]) for item in items]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert values == known + [None] * (8 - len(known))


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ("state=stopped_early", 2),
        ("state=converged&hidden=3-3", 3),
        ("hidden=2-2&hidden=3-3&protocol=paper", 8),
        ("circuits-valid_min=2&circuits-valid_max=11", 3),
        ("one-minimal-alignment=yes&hidden=2-2", 2),
    ],
)
def test_rows_are_filtered_and_each_count_is_what_choosing_it_leaves(client, study, options, left):
    page = client.get(f"{API}/xor-width/outcomes?{options}").json()
    assert page["total"] == len(page["items"]) == left
    for facet in page["facets"]:
        for choice in facet["choices"]:
            kept = "&".join(one for one in options.split("&") if not one.startswith(facet["name"]))
            alone = client.get(f"{API}/xor-width/outcomes?{kept}&{facet['name']}={choice['value']}").json()
            assert alone["total"] == choice["count"], (facet["name"], choice)


def test_a_row_leads_to_its_network_which_can_be_stored_there(client, store):
    inputs, labels = np.arange(18.0).reshape(9, 2) / 16, np.arange(9.0)[:, None] % 2
    record = DataRecord(inputs[:4], inputs, labels, None, "made-up activations", boolean=False)
    made = [row | {"data": json.dumps(data_file_json(record))} if row["seed"] == 2 else row for row in rows()]
    with store.write() as session:
        store_study(session, made=made)
    items = client.get(f"{API}/xor-width/outcomes?protocol=paper").json()["items"]
    first, on_rows = items[0], items[2]
    assert first["url"] == f"/studies/xor-width/networks/{first['network']}?protocol=paper"
    text = client.get("/studies/xor-width/outcomes").text
    assert f'href="/studies/xor-width/networks/{first["network"]}" rel="nofollow"' in text
    assert "judged networks on data of their own, such as made-up activations" in text
    opened = client.post(first["url"])
    assert opened.status_code == 303, opened.text
    page = opened.headers["location"]
    assert page.endswith("protocol=paper")
    assert client.get(f"{API}/xor-width/outcomes?protocol=paper").json()["items"][0]["url"] == page
    opened = client.post(on_rows["url"])
    assert opened.status_code == 303, opened.text
    assert record.digest[:12] in opened.headers["location"]


# --- another one


FIELDS = {"name": "By width", "question": "How many?", "hidden": "2-2; 3-3", "count": "20", "tasks": "XOR"}
FIELDS |= {"protocols": "complete", "measures": "circuits-valid"}


def test_the_form_shows_what_it_would_train_before_anything_starts(client):
    shown = client.post("/studies/new", data=FIELDS)
    assert shown.status_code == 200
    assert "2 cells, 40 networks" in shown.text
    assert client.get(API).json()["items"] == []
    text = unescape(shown.text.partition('name="design" value="')[2].partition('"')[0])
    started = client.post("/studies/new", data={"design": text})
    assert (started.status_code, started.headers["location"]) == (303, "/studies/by-width")
    assert client.get(f"{API}/by-width").json()["progress"]["state"] == "queued"
    assert "created here" not in client.get("/findings").text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"count": "many", "hidden": "3-x"}, "'many' is no whole number"),
        ({"count": "many", "hidden": "3-x"}, "'x' is no whole number"),
        ({"hidden": "3-3; 3-3"}, "is there twice"),
        ({"tasks": ";"}, "give one entry or more"),
        ({"name": "", "measures": ""}, "name: fill this in; measures: "),
        ({"file": '{"slug": "x"}'}, "fill this in"),
        ({"file": "[]"}, "study file"),
    ],
)
def test_what_is_wrong_in_the_form_is_named_and_stays_filled_in(client, changed, words):
    answer = client.post("/studies/new", data=FIELDS | changed)
    text = unescape(answer.text)
    assert (answer.status_code, words in text) == (422, True), text
    assert 'value="How many?"' in text


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
