import csv
import gzip
import io
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from analysis.studies.design import FACTORS
from analysis.studies.measures.measure import Measured, answer_key
from analysis.studies.outcome import figures_of
from analysis.studies.result_file import StudyResults, read_results, result_bytes
from app.db.reads.jobs import jobs_of_network
from app.db.reads.studies import find_study, study_jobs
from app.db.studies import save_outcomes, save_results, sum_up
from app.jobs import study_queue
from app.pages.studies.outcomes import value_words
from tests.checkout import ROOT
from tests.study_factories import MEASURES, design, judged_on_rows, results, settings

API = "/api/v1/studies"


@pytest.fixture
def study(store):
    with store.write() as session:
        save_results(session, results())
    return "/studies/xor-width"


@pytest.mark.slow
def test_a_page_follows_its_study_until_it_is_summed_up(client, store):
    with store.write() as session:
        row = study_queue.start(session, design())
        save_outcomes(session, row, results(design()).outcomes)
        for job in study_jobs(session, row.digest):
            job.state = "done"
        study_queue.ask_for_summary(session, row)
    page, text = client.get(f"{API}/xor-width").json(), client.get("/studies/xor-width").text
    assert (page["progress"]["state"], page["moving"], page["summed"]) == ("done", True, 0)
    assert text.count("data-poll") == 1
    assert "Not summed up yet" in text
    assert "<noscript>Without scripts" in text
    with store.write() as session:
        for job in jobs_of_network(session, row.digest, unfinished=True):
            job.state = "failed"
    text = client.get("/studies/xor-width").text
    assert "data-poll" not in text
    assert "could not be summed up" in text
    assert 'class="empty computing"' not in text
    with store.write() as session:
        sum_up(session, find_study(session, "xor-width"))
    text = client.get("/studies/xor-width").text
    assert "data-poll" not in text
    assert text.count('class="diagram study-figure"') == len(page["figures"]) == 3


def test_a_study_that_is_stopped_is_summed_up_as_far_as_it_got(client, store):
    with store.write() as session:
        row = study_queue.start(session, design())
        save_outcomes(session, row, results(design()).outcomes[:3])
    client.post(f"{API}/xor-width/pause")
    assert client.get(f"{API}/xor-width").json()["moving"]
    with store.read() as session:
        assert [job.kind for job in jobs_of_network(session, row.digest, unfinished=True)] == ["study-summary"]


@pytest.mark.slow
def test_pages_of_a_study_answer_and_their_twins_too(client, study):
    for path in (
        "/studies",
        "/studies/new",
        "/studies/new?study=xor-width",
        study,
        f"{study}?protocol=paper&by=hidden",
        f"{study}/progress",
        f"{study}/outcomes",
        f"{study}/outcomes?state=failed",
    ):
        assert client.get(path).status_code == 200, path
        assert client.get(f"/api/v1{path}").status_code == 200, path


@pytest.mark.slow
def test_what_no_study_has_is_refused_by_name(client, study):
    for path, status, words in (
        ("/studies/nowhere", 404, "is not stored here"),
        (f"{study}?protocol=mine", 400, "not one of this study"),
        (f"{study}?by=loss_target", 400, "does not vary"),
        (f"{study}?colour=red", 400, "unknown"),
        (f"{study}/outcomes?cell=9", 400, "not one of this study"),
        (f"{study}/outcomes?after=xyz", 400, "cursor"),
        (f"{study}/outcomes?sort=beauty", 400, "not one of this study"),
    ):
        answer = client.get(f"/api/v1{path}")
        assert (answer.status_code, words in answer.json()["error"]) == (status, True), (path, answer.text)
    for name in ("nothing", "ladder-9"):
        answer = client.get(f"{study}/figures/{name}.svg")
        assert (answer.status_code, "not one of this study" in answer.text) == (404, True)


def test_the_page_counts_failed_networks(client, study):
    page = client.get(f"/api/v1{study}").json()
    assert page["progress"]["failed"] == 2
    assert page["progress"]["state"] == "done"
    assert [cell["reasons"] for cell in page["cells"]] == [{"stopped_early": 1}] * 2
    group = page["tables"][0]["groups"][0]
    assert (group["of"], group["failed"], group["spread"]["median"]) == (4, 1, 1)
    assert page["references"][0]["ours"] == {"median": 11}
    assert page["tests"][0]["effect"] == -1
    notes = {(test["factor"], test["test"]): test["note"] for test in page["tests"]}
    ignoring = "takes the levels as independent samples, though they share seeds"
    assert ignoring in notes["hidden layers", "mann-whitney"]
    assert ignoring in notes["hidden layers", "fisher"]
    assert "independent" not in notes["protocol", "wilcoxon"]
    html = client.get(study).text
    assert "are included in all percentages" in html
    assert "from the authors" in html


def test_figures_have_a_dot_for_each_network_and_say_so(client, study):
    ladder, circuits, interpretations = client.get(f"/api/v1{study}").json()["figures"]
    assert [one["name"] for one in (ladder, circuits, interpretations)] == ["ladder-0", *MEASURES[:2]]
    assert "6 networks of 8 trained, 2 failed." in circuits["caption"]
    assert client.get(circuits["svg_url"]).text.count('<circle class="m-dot"') == 6
    assert client.get(interpretations["svg_url"]).text.count('<circle class="m-hollow"') == 2


@pytest.mark.slow
def test_figures_are_files(client, study):
    for name in ("circuits-valid", "one-irredundant-algorithm", "irredundant-formulas", "interpretations-total"):
        svg = client.get(f"{study}/figures/{name}.svg")
        assert svg.headers["content-type"].startswith("image/svg")
        assert "XOR by width" in svg.text
    png = client.get(f"{study}/figures/circuits-valid.png?width=300")
    assert png.content.startswith(b"\x89PNG")
    assert client.get(f"{study}/figures/circuits-valid.png?width=9").status_code == 400


def test_data_hold_every_network_and_exact_integers(client, study):
    rows = list(csv.DictReader(io.StringIO(client.get(f"/api/v1{study}/data.csv").text)))
    assert len(rows) == 6 * 2 + 2
    assert {row["state"] for row in rows} == {"converged", "stopped_early"}
    assert rows[-2]["interpretations-total"] == str(3**50 + 2)
    assert any(row["inexact"] == "interpretations-total" for row in rows)
    told = client.get(f"/api/v1{study}/data.json").json()
    assert len(told["rows"]) == len(rows)
    assert set(MEASURES) < set(told["columns"])
    assert told["rows"][-2]["interpretations-total"] == str(3**50 + 2)


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


@pytest.mark.slow
def test_what_methods_answer_is_one_figure_and_one_table(client, store):
    with store.write() as session:
        save_results(session, answered())
    page = client.get(f"{API}/xor-width").json()
    assert [figure["name"] for figure in page["figures"]] == ["audit-valid", "audit-excess", "audit-distinct"]
    valid, excess, _ = page["tables"]
    labels = [f"{method}, {width}" for method in METHODS for width in ("2-2", "3-3")]
    assert [group["label"] for group in valid["groups"]] == labels
    assert [(group["yes"]["hits"], group["yes"]["of"], group["of"]) for group in valid["groups"]] == [
        *[(2, 3, 4)] * 2,
        *[(1, 3, 4)] * 2,
        *[(0, 3, 4)] * 2,
    ]
    assert [group["spread"]["median"] for group in excess["groups"]] == [0.0, 0.0, 1.0, 1.0, None, None]
    (test,) = page["tests"]
    assert (test["label"], test["factor"], test["groups"], test["sizes"]) == ("valid", "discovery method", METHODS, [6])
    assert "3 methods asked about the same 6 networks; 2 of 8 trained failed." in page["figures"][0]["caption"]
    assert client.get("/studies/xor-width/figures/audit-excess.svg").text.count("<svg") == 1
    assert "2-2: 1 of 3 (" in client.get("/studies/xor-width/figures/audit-valid:acdc(tau=0.1).svg").text
    text = client.get("/studies/xor-width").text
    assert "acdc · acdc(tau=0.1) · random" in text
    assert text.count("<summary>valid</summary>") == 1


def test_answers_of_methods_are_in_the_data_and_not_in_the_list(client, store):
    with store.write() as session:
        save_results(session, answered())
    rows = list(csv.DictReader(io.StringIO(client.get(f"{API}/xor-width/data.csv").text)))
    assert [row["audit-valid:acdc(tau=0.1)"] for row in rows] == ["false", "false", "true", ""] * 2
    listed = client.get(f"{API}/xor-width/outcomes").json()
    assert [measure["key"] for measure in listed["measures"]] == ["audit-distinct"]


def test_every_column_of_the_data_is_described_or_a_factor_or_a_measure(client, study):
    columns = client.get(f"/api/v1{study}/data.json").json()["columns"]
    told = (ROOT / "docs" / "machine-interface.md").read_text().split("#### Columns", 1)[1].split("\n##", 1)[0]
    assert [name for name in columns if f"`{name}`" not in told and name not in (*FACTORS, *MEASURES)] == []


@pytest.mark.slow
def test_parquet_says_what_to_install_or_holds_the_same(client, study):
    answer = client.get(f"/api/v1{study}/data.parquet")
    try:
        from pyarrow import parquet
    except ImportError:
        assert answer.status_code == 501
        assert "pluriscope[parquet]" in answer.json()["error"]
    else:
        table = parquet.read_table(io.BytesIO(answer.content))
        told = client.get(f"/api/v1{study}/data.json").json()
        assert table.column_names == told["columns"]
        same = [{name: str(row.get(name)) for name in told["columns"]} for row in told["rows"]]
        assert [{name: str(value) for name, value in row.items()} for row in table.to_pylist()] == same
        assert table.num_rows == 14


def test_results_travel_over_http(client, study):
    raw = client.get(f"/api/v1{study}/data.jsonl.gz").content
    assert read_results(raw).content == results().content
    again = client.post(f"{API}/results", content=raw)
    assert (again.status_code, again.json()["finished"]) == (201, 8)
    assert client.post(f"{API}/results", content=gzip.compress(b"{}\n")).status_code == 422


@pytest.mark.slow
def test_outcomes_are_paged(client, study):
    seen, url = [], f"{study}/outcomes?limit=3"
    while url:
        page = client.get(f"/api/v1{url}").json()
        seen += [(item["cell"], item["seed"]) for item in page["items"]]
        url = page["next_url"]
    assert len(set(seen)) == len(seen) == 8
    first = client.get(f"/api/v1{study}/outcomes").json()["items"]
    assert first[0]["analysed"] is False


def test_each_outcome_shows_what_was_measured_of_it(client, study):
    page = client.get(f"{API}/xor-width/outcomes?protocol=complete").json()
    measured = {one.network: one.values.get("complete", ()) for one in results().outcomes}
    assert {item["network"]: [value["text"] for value in item["values"]] for item in page["items"]} == {
        network: [
            " | ".join(value_words(output[measure["key"]]) for output in outputs) or "–" for measure in page["measures"]
        ]
        for network, outputs in measured.items()
    }


@pytest.mark.parametrize("sort", ["state", "epochs", "loss", "circuits-valid"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_outcomes_are_sorted_page_by_page_with_those_without_a_value_last(client, study, sort, order):
    items, url = [], f"{study}/outcomes?limit=3&sort={sort}&order={order}"
    while url:
        page = client.get(f"/api/v1{url}").json()
        items += page["items"]
        url = page["next_url"]
    assert len({(item["position"], item["seed"]) for item in items}) == len(items) == 8
    shown = [item.get(sort) or next(v["text"] for v in item["values"] if v["measure"] == sort) for item in items]
    values = [None if value == "–" else int(value) if str(value).isdecimal() else value for value in shown]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert values == known + [None] * (8 - len(known))
    assert [s["current"] for s in page["sorts"] if s["key"] == sort] == [order]


def test_the_order_of_outcomes_is_another_by_direction_and_with_more_outcomes(client, study, store):
    def shown(order):
        page = client.get(f"/api/v1{study}/outcomes?sort=epochs&order={order}&limit=200").json()
        return [item["epochs"] for item in page["items"]]

    assert shown("asc") == sorted(shown("asc"))
    assert shown("desc") == shown("asc")[::-1]
    before = len(shown("asc"))
    with store.write() as session:
        save_results(session, results(design(seeds={"first": 0, "count": 6})))
    assert len(shown("asc")) == before * 6 // 4
    assert shown("asc") == sorted(shown("asc"))


def test_the_form_shows_what_it_would_train_before_anything_starts(client):
    fields = {"name": "By width", "question": "How many?", "hidden": "2-2; 3-3", "count": "20"}
    fields |= {"tasks": "XOR", "n_inputs": "2", "loss_target": "0.01"}
    fields |= {"protocols": "complete", "measures": "circuits-valid"}
    shown = client.post("/studies/new", data=fields)
    assert shown.status_code == 200
    assert "40 networks" in shown.text
    assert client.get(API).json()["items"] == []
    text = shown.text.partition('name="design" value="')[2].partition('"')[0].replace("&#34;", '"')
    started = client.post("/studies/new", data={"design": text})
    assert (started.status_code, started.headers["location"]) == (303, "/studies/by-width")
    page = client.get(f"{API}/by-width").json()
    assert page["progress"]["state"] == "running"
    assert page["design"]["comparisons"] == ["circuits-valid by hidden layers: mann-whitney"]


def test_contradictions_in_the_form_are_all_named(client):
    fields = {"name": "x", "question": "y", "hidden": "3-3; 3-3", "count": "many", "tasks": "XOR"}
    answer = client.post("/studies/new", data=fields)
    assert answer.status_code == 422
    assert "many" in answer.text
    fields |= {"count": "3", "measures": "circuits-valid", "protocols": "paper"}
    answer = client.post("/studies/new", data=fields)
    assert answer.status_code == 422
    assert "is there twice" in answer.text
    sent = client.post("/studies/new", files={"upload": ("s.json", b'{"slug": "x"}', "application/json")})
    assert sent.status_code == 422


def test_a_study_file_can_be_uploaded(client):
    file = json.dumps(settings()).encode()
    shown = client.post("/studies/new", files={"upload": ("s.json", file, "application/json")})
    assert shown.status_code == 200
    assert "2 cells, 8 networks" in shown.text


@pytest.mark.slow
def test_a_study_is_paused_resumed_extended_and_cancelled(client):
    assert client.post(API, json={"design": settings()}).headers["location"] == f"{API}/xor-width"
    told = {
        action: client.post(f"{API}/xor-width/{action}", json={"seeds": 3} if action == "extend" else None).json()
        for action in ("pause", "resume", "extend", "cancel")
    }
    assert [told[name]["state"] for name in told] == ["paused", "running", "running", "cancelled"]
    assert told["extend"]["networks"] == 14
    assert client.post("/studies/xor-width/resume").status_code == 303
    assert client.post("/studies/xor-width/extend", data={"seeds": "none"}).status_code == 422
    assert client.post("/studies/xor-width/dance").status_code == 404


def test_a_visitor_from_elsewhere_changes_nothing(client, study):
    answer = client.post(f"{API}/xor-width/resume", headers={"host": "elsewhere.example"})
    assert answer.status_code == 403


def test_the_schema_and_the_study_file(client, study):
    assert "seeds" in client.get(f"{API}/schema").json()["properties"]
    file = client.get(f"/api/v1{study}/design").json()
    shown = client.get("/api/v1/studies/new?study=xor-width").json()
    named = {"slug": "xor-width-2", "name": "Copy of XOR by width"}
    assert json.loads(shown["file"]) == {**file, **named}
    assert parse_qs(urlsplit(client.get(f"/api/v1{study}").json()["outcomes_url"]).query) == {}


def test_large_results_are_taken_in_whole(client):
    assert client.post(f"{API}/results", content=result_bytes(results())).status_code == 201


def test_a_study_is_passed_on_like_other_pages(client, study):
    page = client.get(study).text
    assert 'property="og:image" content="http://127.0.0.1/studies/xor-width/card.png"' in page
    assert "study design" in page  # in the citation
    for made in ("card.svg", "drawing.svg"):
        assert "valid circuits" in client.get(f"{study}/{made}").text
    frame = client.get(f"/embed{study}?hide=title")
    assert "frame-ancestors" in frame.headers["content-security-policy"]
    assert "6 of 8" in frame.text
    told = client.get("/oembed", params={"url": f"http://127.0.0.1{study}"}).json()
    assert (told["type"], told["title"]) == ("rich", "XOR by width")
    refused = client.get(f"/api/v2/verified?url={study}")
    assert refused.status_code == 404


@pytest.mark.slow
def test_a_deleted_network_stays_an_outcome_and_says_so(client, study):
    before = client.get(f"/api/v1{study}/outcomes").json()["items"]
    gone = before[0]
    slug = urlsplit(gone["network_url"]).path.rsplit("/", 1)[1]
    page = client.get(f"/networks/{slug}/delete")
    assert page.status_code == 200
    assert client.post(f"/networks/{slug}/delete", follow_redirects=False).status_code in (200, 303)
    after = client.get(f"/api/v1{study}/outcomes").json()["items"]
    assert [item["values"] for item in after] == [item["values"] for item in before]
    assert (after[0]["network_url"], after[0]["deleted_url"]) == ("", f"/networks/{slug}/delete")
    assert "Undo" in client.get(f"{study}/outcomes").text
    assert client.get(f"/api/v1{study}").json()["progress"]["converged"] == 6
    assert client.get(gone["network_url"]).status_code == 410


@pytest.mark.slow
def test_a_page_says_of_how_many_networks_its_figures_are(client, store):
    known = results(design(seeds={"first": 0, "count": 20}))
    with store.write() as session:
        row, _ = save_results(session, replace(known, outcomes=known.outcomes[:10]))
        save_outcomes(session, row, known.outcomes)
    page = client.get("/api/v1/studies/xor-width").json()
    assert (page["summed"], page["progress"]["finished"]) == (10, 40)
    assert sum(group["of"] for group in page["tables"][0]["groups"]) == 10
    assert "are of the first 10 networks of 40" in client.get("/studies/xor-width").text


@pytest.mark.slow
def test_outcomes_lead_to_networks_on_the_rows_that_they_were_judged_on(client, store):
    known = judged_on_rows(results())
    with store.write() as session:
        save_results(session, known)
    first = known.outcomes[0]
    address = f"/networks/{first.network[:16]}?protocol=paper&data={first.data.digest[:12]}"
    items = client.get(f"{API}/xor-width/outcomes?protocol=paper").json()
    assert items["data_kept"]
    assert items["items"][0]["network_url"].endswith(f"?protocol=paper&data={first.data.digest[:12]}")
    page = client.get(f"/api/v1{address}").json()
    assert (page["scope"]["data"]["boolean"], page["counts"]) == (False, None)
    assert page["network"]["input_data"] == first.data.digest


@pytest.mark.slow
def test_a_ladder_says_what_it_takes_together(client, store):
    wide = results(design(hidden=[[width] for width in range(2, 9)], references=[]))
    with store.write() as session:
        save_results(session, wide)
    caption = client.get(f"{API}/xor-width").json()["figures"][0]["caption"]
    assert caption.startswith("2 measures of the same 21 networks; 7 of 28 trained failed.")
    assert "The networks of all 7 cells are taken together" in caption
    apart = client.get(f"{API}/xor-width?by=hidden").json()["figures"][0]["caption"]
    assert "taken together" not in apart


ABOUT_INPUTS = ("directions", "funnel", "common-ground", "sandbox")


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
    assert "/sandbox?" not in circuit.text.split("<main", 1)[1]
    for part in (*ABOUT_INPUTS, f"explanations/c-{every_edge}/criteria"):
        refused = client.get(f"/api/v{1 + part.startswith('explanations')}{base}/{part}?data={data}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (404, "data"), part
        assert "no Boolean inputs" in refused.json()["error"]
    ladder = client.get(f"/api/v2{base}/analyses/ladder?data={data}").json()
    assert ladder["state"] == "not_applicable"
    assert "no Boolean inputs" in ladder["reason"]
    for part in ("v1{}/common-ground", "v1{}/criteria", "v1{}/directions", "v2{}/analyses/ladder"):
        refused = client.post(f"/api/{part.format(base)}", json={"data": data})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (404, "data"), part


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("courses/5?theme=dark", "?theme=dark"),
        ("side-by-side?n=0123456789ab&n=ba9876543210&protocol=paper", "?protocol=paper"),
        ("figures/circuits-valid?by=hidden", "?by=hidden"),
        ("figures/audit-valid:acdc(tau=0.1)", ""),
        ("figures/circuits-valid.json", ""),
    ],
)
def test_pages_that_were_lead_to_the_study(client, study, former, now):
    for prefix in ("", "/api/v1"):
        answer = client.get(f"{prefix}{study}/{former}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (301, f"{prefix}{study}{now}")
