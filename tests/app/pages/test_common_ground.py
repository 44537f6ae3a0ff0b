"""The common ground from the job to the page: stored, shown, listed in any order, and never confused with nothing."""

import csv
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from analysis.data import clean_data
from analysis.experiments import decide_under_interventions, intervention_space, standing_of
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import circuit_from_hex
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.tasks import input_table
from app.bundled import bundled_networks
from app.db.job_tables import JobRow
from app.db.tables import AnalysisRow, CommonGroundBlockRow, CommonGroundRow
from app.db.writes import delete_network, save_analysis, save_network
from app.jobs import queue, surveying
from app.main import create_app
from tests.factories import on_a_copy, small_network

pytestmark = pytest.mark.slow  # the everyday run opens the page among all others
XOR = "/networks/xor/common-ground"
FILE = next(file for file in bundled_networks() if file.slug == "xor-2-2-2")


def survey(store, slug: str, *, thorough: bool = False) -> None:
    """Do what the queued job does."""
    with store.write() as session:
        analysis = session.scalars(
            select(AnalysisRow).where(AnalysisRow.network.has(slug=slug), AnalysisRow.so_far == "")
        ).one()
        job = queue.enqueue_about(session, analysis, "common-ground", thorough=thorough)
        arguments = job.arguments
    with store.read() as session:
        inputs = surveying.load_survey_inputs(session, arguments)
    prepared = surveying.compute_survey(inputs)
    with store.write() as session:
        surveying.save_survey(session, arguments, prepared)
        session.get(JobRow, job.id).state = "done"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("ground")))
    with TestClient(app):
        store = app.state.store
        with store.write() as session:
            save_network(session, FILE, slug="xor", origin="bundled", position=0)
            save_analysis(session, analyse_output(ask(FILE.network, task=FILE.tasks[0])))
            for seed, slug in ((4, "none"), (6, "waiting"), (7, "failed"), (8, "unasked")):
                file = small_network(seed)
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                if slug in ("waiting", "failed"):
                    job = queue.enqueue_about(session, row, "common-ground", thorough=False)
                    job.state = "queued" if slug == "waiting" else "failed"
                    job.error = "" if slug == "waiting" else "memory: too little. Add some."
            save_network(session, small_network(9), slug="untouched")
        survey(store, "xor")
        survey(store, "none")
        yield app


@pytest.fixture(scope="module")
def client(app):
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)


@pytest.fixture(scope="module")
def get(client):
    def fetch(path: str, **query):
        answer = client.get("/api/v1" + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return fetch


def test_every_point_is_what_its_explanation_predicts(get):
    network, data = FILE.network.for_output(0), clean_data(2)
    space = intervention_space(network.hidden_sizes, 2)
    answers = decide_under_interventions(network, input_table(2), space)
    for item in get(XOR, kind="interpretation", limit=200)["items"][::7]:
        mask, index = item["ref"].removeprefix("i-").split(".")
        one = InterpretationSpace(ask(network, data=data), circuit_from_hex(mask, network.sizes)).at(int(index))
        standing = standing_of(predict_by_interpretation(one, space), answers)
        assert item["coverage"] == {"agreed": standing.predicted, "of": 756}
        assert item["accuracy"] == {"agreed": standing.right, "of": standing.predicted}
        assert item["worst"] <= standing.right <= item["best"]
        alone = get(XOR + "/standing", e=item["ref"])
        assert (alone["coverage"], alone["accuracy"]) == (item["coverage"], item["accuracy"])
        assert "of all 705 interpretations" in alone["place"]


@pytest.mark.parametrize("sort", ["accuracy", "coverage", "best", "worst"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_each_other_without_gap(get, sort, order):
    query = {"sort": sort, "order": order, "kind": ["interpretation", "valid"], "limit": 20}
    page = get(XOR, **query)
    seen, pages = [item["ref"] for item in page["items"]], 1
    while page["next"]:
        page = get(XOR, **query, after=page["next"])
        seen += [item["ref"] for item in page["items"]]
        pages += 1
    assert len(seen) == len(set(seen)) == page["total"]
    assert pages > 2
    whole = get(XOR, **{**query, "limit": 200})["items"]
    assert [item["ref"] for item in whole] == seen
    value = {
        "accuracy": lambda item: item["accuracy"]["agreed"] / item["accuracy"]["of"],
        "coverage": lambda item: item["coverage"]["agreed"],
        "best": lambda item: (
            (item["best"] if item["best"] is not None else item["accuracy"]["agreed"]) / item["accuracy"]["of"]
        ),
        "worst": lambda item: (
            (item["worst"] if item["worst"] is not None else item["accuracy"]["agreed"]) / item["accuracy"]["of"]
        ),
    }[sort]
    values = [value(item) for item in whole]
    assert values == sorted(values, reverse=order == "desc")


def test_filters_leave_what_they_say(get):
    everything = get(XOR, limit=200)
    one = everything["cloud"][0]
    at = f"{one['coverage']['agreed']}.{one['accuracy']['agreed']}"
    here = get(XOR, kind=one["kind"], at=at, limit=200)
    assert here["total"] == one["count"]
    mask = get(XOR, kind="interpretation")["items"][0]["mask"]
    of_circuit = get(XOR, circuit=mask, limit=200)
    assert {item["mask"] for item in of_circuit["items"]} == {mask}
    some = get(XOR, accuracy_min=0.8, coverage_min=0.9, limit=200)
    assert all(item["accuracy"]["agreed"] >= 0.8 * item["accuracy"]["of"] for item in some["items"])
    algorithm = get(XOR, kind="failing")["items"][0]["alignment"]["algorithm"]
    aligned = get(XOR, algorithm=algorithm, limit=200)
    assert {item["alignment"]["algorithm"] for item in aligned["items"]} == {algorithm}
    assert len(some["filters"]) == 2


def test_the_table_holds_every_point(client, get):
    lines = client.get(f"/api/v1{XOR}.csv").text.splitlines()
    assert any(line.startswith("# Valid means:") for line in lines)
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == get(XOR)["total"]
    assert {row["kind"] for row in rows} <= {"interpretation", "valid", "failing"}
    assert sum(int(row["members"]) for row in rows if row["members"]) == 705
    assert all(int(row["right"]) <= int(row["predicted"]) <= int(row["of"]) == 756 for row in rows)


def test_states_are_told_apart(client, get):
    words = {
        "waiting": ("computing", "Still computing"),
        "failed": ("failed", "memory: too little. Add some."),
        "unasked": ("not_surveyed", "Not surveyed yet"),
        "untouched": ("not_analysed", "Not analysed yet"),
        "none": ("done", "No explanation speaks"),
    }
    for slug, (state, phrase) in words.items():
        page = get(f"/networks/{slug}/common-ground")
        assert page["state"] == state
        text = unescape(client.get(f"/networks/{slug}/common-ground").text)
        assert phrase in text or (slug == "none" and page["total"] > 0)
        assert ("every 3s" in text) == (state == "computing")
    assert client.get("/api/v1/networks/unasked/common-ground.csv").status_code == 404


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"circuit": "xyz"}, "circuit"),
        ({"algorithm": "0000000000000000"}, "algorithm"),
        ({"at": "12"}, "at"),
        ({"accuracy_min": 2}, "accuracy_min"),
        ({"sort": "size"}, "sort"),
        ({"after": "nonsense"}, "after"),
        ({"unknown": 1}, "unknown"),
        ({"limit": 10_000}, "limit"),
    ],
)
def test_bad_options_are_named(client, query, named):
    answer = client.get(f"/api/v1{XOR}", params=query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == named


def test_a_survey_is_asked_for_once(client, app):
    answer = client.post("/api/v1/networks/unasked/common-ground", json={"thorough": True})
    assert answer.status_code == 202
    again = client.post("/api/v1/networks/unasked/common-ground", json={"thorough": True})
    assert again.headers["location"] == answer.headers["location"]
    assert client.post("/api/v1/networks/untouched/common-ground", json={}).status_code == 409
    with app.state.store.read() as session:
        job = session.get(JobRow, answer.json()["job"]["id"] if "job" in answer.json() else answer.json()["id"])
        assert (job.kind, job.priority) == ("common-ground", queue.ASKED_PRIORITY)


def test_the_same_again_changes_nothing_and_a_quick_one_never_replaces_a_thorough_one(app):
    store = app.state.store

    def stored():
        with store.read() as session:
            row = session.scalars(select(CommonGroundRow).order_by(CommonGroundRow.analysis_id)).first()
            return row.created_at, row.thorough

    before = stored()
    survey(store, "xor")
    assert stored() == before
    survey(store, "xor", thorough=True)
    assert stored()[1]
    survey(store, "xor")
    assert stored()[1]


def test_it_goes_with_its_network(app):
    store = app.state.store
    with store.write() as session:
        file = small_network(20)
        row = save_network(session, file, slug="gone")
        save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
    with store.read() as session:
        before = session.scalar(select(func.count()).select_from(CommonGroundBlockRow))
        rows = session.scalar(select(func.count()).select_from(CommonGroundRow))
    survey(store, "gone")
    with store.write() as session:
        delete_network(session, session.merge(row))
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(CommonGroundBlockRow)) == before
        assert session.scalar(select(func.count()).select_from(CommonGroundRow)) == rows
