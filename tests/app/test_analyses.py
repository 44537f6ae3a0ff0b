"""The analyses of a network: each as a page, a record and a job, in every state; what is refused; old addresses."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markupsafe import escape
from sqlalchemy import select

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.registry import BY_KEY, RIVALS, of_kind
from pluriscope.analyses.registry import PAIR as PAIR_FOUND
from pluriscope.analyses.shown import AnalysisContext, shown
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.discovery.report import MethodsReport
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions.experiments import run_interventions, standing_of
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from tests.app.pages.conftest import judge
from tests.checkout import ROOT
from tests.clients import served
from tests.factories import pretrained_xor, save_analysis, small_network
from tests.of_plugins import given

KEYS = [one.key for one in of_kind(PERCEPTRON) if one.find and not one.refuses(ask(pretrained_xor().network))]
NETWORK = "(A ∨ B) ∧ ¬(A ∧ B)"
FINDINGS = {
    "funnel": [
        "Some verdicts are not computed yet; at most 12 circuits can be left.",
        "Some verdicts are not computed yet; at most 3 placements can be left.",
    ],
    "common-ground": [
        "No explanation predicts all 756 interventions right.",
        "The best of 147,899,020 interpretations is right on 723 of 756, the worst on 415.",
        "The best placement that predicts every set is right on 707 of 756.",
        "3 placements are right wherever they predict, on at most 36 of 756.",
    ],
    "pair": [
        "i·2b1ef.224 and i·2b1ef.352 differ in 2 neurons and contradict each other on 108 of 756 interventions: the "
        "one is right on 79, the other on 29.",
        "8,096,027 pairs meet them; none of them comes before it.",
    ],
    "rivals": [
        "Of the 197 valid circuits no two are farther apart than 18b9f and 2f0ef: they share 6 of the 17 edges that "
        "either keeps, a Jaccard distance of 11/17 (0.65)."
    ],
    "lenses": [
        "Of the 14 pairs of a Boolean function and a hidden layer that are asked about, 14 are decodable. "
        "Interchanging the read-out changes some answer in 7 of them, "
        "and 2 are carried by a valid placement of an irredundant algorithm."
    ],
    "directions": [
        "Algorithms with a valid placement on directions, by class. Small integer directions that read "
        "the variable: 0 of 2; Small integer directions: 1 of 2; Read-outs with the orthogonal swap: 1 of 2; "
        "Read-outs with an oblique swap: 2 of 2."
    ],
    "stories": [f"The whole network carries {NETWORK}.", "Of its 197 valid circuits, 196 carry the same algorithms."],
}
"""Of the network that the authors have pretrained; what others find their own tests say."""


NETWORKS = {"other": 3, "third": 5, "fourth": 6}
"""Small ones, of which nothing but circuits was asked, each with the seed of its weights."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("analyses"), local=True) as client:
        store = client.app.state.store
        files = {"xor": pretrained_xor()} | {name: small_network(seed) for name, seed in NETWORKS.items()}
        for slug, file in files.items():
            with store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                key = row.protocol_digest, row.data_digest, row.result_digest
            if slug == "xor":
                judge(store, row, ("mean-ablation", "resample-ablation", "output-faithfulness", "both-directions"))
            for analysis in [BY_KEY[key] for key in KEYS if not BY_KEY[key].sums] if slug == "xor" else ():
                arguments = arguments_about(file.network.digest, 0, *key, **analysis.details())
                with store.write() as session, pytest.MonkeyPatch.context() as patch:
                    for hasten in given("HASTENED"):
                        hasten(patch)
                    handler = handler_of(analysis)
                    handler.save(session, arguments, handler.load(session, arguments)(DEFAULT_WORK))
        with store.write() as session:
            save_network(session, small_network(4), slug="untouched")
            save_network(session, small_network(8), slug="queued")
        yield client


def record(client, network: str, key: str, **query):
    return client.get(f"/api/v2/networks/{network}/analyses/{key}", params=query).raise_for_status().json()


@pytest.mark.parametrize("key", KEYS)
def test_what_is_done_has_its_findings_in_every_face(client, key) -> None:
    reply = record(client, "xor", key)
    assert (reply["state"], reply["analysis"], reply["scope"]["protocol"]) == ("done", key, "complete")
    assert reply["findings"] == FINDINGS.get(key, reply["findings"])
    page, index = client.get(reply["url"]), client.get("/networks/xor/analyses").text.replace("&amp;", "&")
    assert page.status_code == 200
    assert "JSON of this page" in page.text
    if BY_KEY[key].page:
        moved = client.get(f"/networks/xor/analyses/{key}")
        assert (moved.status_code, moved.headers["location"]) == (307, reply["url"])
    if BY_KEY[key].page not in BY_KEY:
        assert f'href="{reply["url"]}"><b>{BY_KEY[key].title}' in index
        assert BY_KEY[key].question in index
    if BY_KEY[key].page != "compare":
        assert all(one in page.text for one in map(escape, reply["findings"] if not BY_KEY[key].page else ()))
        assert "How this was counted" in page.text or BY_KEY[key].sums


def test_what_waits_for_the_search_for_circuits_is_on_its_way(client) -> None:
    assert client.post("/networks/queued/analyses", data={"protocol": "complete"}).status_code == 303
    assert record(client, "queued", "rivals")["state"] == "computing"
    for page in ("analyses", "analyses/methods", "compare?network=queued"):
        shown = client.get(f"/networks/queued/{page}" if page[0] == "a" else f"/{page}").text
        assert "This page fills itself" in shown or "aiting for a worker" in shown
        assert "Not analysed yet" not in shown


@pytest.mark.parametrize("key", KEYS)
def test_each_state_says_what_is_and_what_can_be_done(client, key) -> None:
    path, block = f"/networks/other/analyses/{key}", f"progress-{key}" if BY_KEY[key].page else "progress"

    def page_of(path: str, **headers: str) -> str:
        return client.get(path, follow_redirects=True, headers=headers).text

    assert record(client, "untouched", key)["state"] == "not_analysed"
    assert "Not analysed yet" in page_of(f"/networks/untouched/analyses/{key}")
    assert record(client, "other", key)["state"] == "not_asked"
    page = page_of(path)
    assert f'action="{path}"' in page
    assert BY_KEY[key].price in page
    asked = client.post(path, data={"output": "0", "protocol": "complete", "data": ""})
    assert (asked.status_code, asked.headers["location"]) == (303, path)
    reply = record(client, "other", key)
    assert reply["state"] == "computing"
    page = page_of(path)
    assert "waiting for a worker" in page
    stands = client.get(path, follow_redirects=True).url.copy_merge_params({"part": block})
    assert f'id="{block}"' in page_of(str(stands), **{"HX-Request": "true"})
    job = reply["job"].removeprefix("/jobs/")
    with client.app.state.store.write() as session:
        queue.cancel(session, job)
    assert record(client, "other", key)["state"] == "cancelled"
    assert "was cancelled" in page_of(path)
    with client.app.state.store.write() as session:
        row = session.get(JobRow, job)
        row.state, row.error = "failed", "network 'other' is too large"
    reply = record(client, "other", key)
    assert (reply["state"], reply["reason"]) == ("failed", "network 'other' is too large")
    assert "is too large" in page_of(path)
    assert client.get("/networks/other/analyses").status_code == 200


@pytest.mark.parametrize("key", KEYS)
def test_asking_over_http_is_asking_once(client, key) -> None:
    path = f"/api/v2/networks/third/analyses/{key}"
    first, again = (client.post(path, json={}) for _ in range(2))
    assert (first.status_code, first.headers["Location"]) == (202, again.headers["Location"])
    thorough = client.post(path, json={"thorough": True})
    if BY_KEY[key].thoroughly:
        assert thorough.headers["Location"] != first.headers["Location"]
    else:
        assert (thorough.status_code, "does all there is" in thorough.text) == (400, True)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "words"),
    [
        ("get", "/networks/xor/analyses/KEY?size=3", None, 400, "size"),
        ("get", "/networks/xor/analyses/KEY?protocol=mine", None, 404, "protocol"),
        ("get", "/networks/nobody/analyses/KEY", None, 404, "nobody"),
        ("get", "/api/v2/networks/xor/analyses/KEY?size=3", None, 400, "size"),
        ("post", "/api/v2/networks/untouched/analyses/KEY", {}, 409, "is not stored"),
        ("post", "/api/v2/networks/xor/analyses/KEY", {"size": 3}, 422, "size"),
        ("post", "/networks/untouched/analyses/KEY", {}, 409, "is not stored"),
    ],
)
def test_what_is_refused(client, key, method, path, sent, status, words) -> None:
    more = {} if sent is None else {"json": sent} if path.startswith("/api") else {"data": sent}
    answer = getattr(client, method)(path.replace("KEY", key), **more)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_those_that_nobody_asked_for_are_asked_for_at_once(client) -> None:
    page = client.get("/networks/fourth/analyses").text
    assert "Not asked yet: " in page
    assert client.post("/networks/fourth/analyses/all", data={"protocol": "complete"}).status_code == 303
    page = client.get("/networks/fourth/analyses").text
    assert "On their way: " in page
    assert "Not asked yet" not in page


@pytest.mark.parametrize("item", ["funnel/chosen?criteria=none", "funnel/paper"])
def test_what_needs_circuits_says_before_there_are_any_what_runs_and_how_to_ask(client, item) -> None:
    client.post("/networks/queued/analyses", data={"protocol": "complete"})
    with client.app.state.store.write() as session:
        (job,) = session.scalars(select(JobRow).where(JobRow.kind == "analyse", JobRow.state == "queued"))
        job.so_far = {"circuits": KnownCircuits(49, 2, 2, 48).as_json()}
    for slug, words in (("untouched", 'action="/networks/untouched/analyses"'), ("queued", 'id="progress"')):
        page, reply = (
            client.get(f"/networks/{slug}/analyses/{item}"),
            client.get(f"/api/v2/networks/{slug}/analyses/{item}"),
        )
        assert (page.status_code, words in page.text) == (200, True)
        assert ("Known so far: ≥ 2 valid circuits" in page.text) == (slug == "queued")
        assert (reply.status_code, "is not stored" in reply.text) == (404, True)


def test_an_analysis_or_part_that_there_is_not_is_refused(client) -> None:
    for path in ("/networks/xor/analyses/nonsense", "/networks/xor/analyses/stories/one"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "/networks/xor/analyses" in answer.text


# --- rivals


def test_of_a_list_that_was_cut_is_said_that_others_may_differ_more() -> None:
    question = ask(pretrained_xor().network, task=named_task("XOR", 2))
    whole = search_circuits(question)
    cut = replace(
        whole, masks=whole.masks[:60], outputs=whole.outputs[:60], margins=whole.margins[:60], truncated_at=60
    )
    report = RIVALS.finds(Analysed(question, cut), Settings())
    assert (report.of, report.complete) == (60, False)
    subject = AnalysisContext(question, "XOR", "xor", Scope(), Addresses(), lambda: None)
    page = "".join(block.html() for block in shown(RIVALS).page(report, subject))
    assert "Of the 60 listed circuits no two are farther apart" in re.sub("<[^>]*>", "", page)
    assert report.findings(question)[0].startswith("Of the 60 listed circuits no two are farther apart")
    none = RIVALS.finds(Analysed(question, replace(cut, masks=whole.masks[:0])), Settings())
    assert none.findings(question) == ["No circuit is listed."]


def test_reports_of_earlier_versions_are_read() -> None:
    kept = {"of": 0, "complete": False, "pair": None, "contradicting": None, "map": None}
    different = {"masks": ["081ff", "18b9f", "2b0cf"], "distance": "1/2", "exact": True}
    assert RIVALS.report.model_validate({**kept, "different": different}) == RIVALS.report.model_validate(kept)


# --- methods


def test_a_method_that_came_after_a_report_is_listed_as_not_asked() -> None:
    question = ask(pretrained_xor().network, task=named_task("XOR", 2))
    subject = AnalysisContext(question, "XOR", "xor", Scope(), Addresses(), lambda: None)
    earlier = MethodsReport(thorough=False, complete=True, answers=[], refused={})
    html = "".join(block.html() for block in shown(BY_KEY["methods"]).page(earlier, subject))
    assert html.count("not asked yet") == sum(not method.learns for method in METHODS.by_key.values())


def test_an_analysis_with_a_list_has_it_as_csv_and_a_button_and_another_says_that_it_has_none(client) -> None:
    for key in set(KEYS) - {"funnel"}:  # whose button keeps its criteria
        path, status = f"/networks/xor/analyses/{key}", 404 if shown(BY_KEY[key]).table is None else 200
        assert client.get(f"{path}.csv").status_code == status, key
        assert (f'href="{path}.csv"' in client.get(path).text) == (status == 200), key
    assert "has no list" in client.get("/networks/xor/analyses/rivals.csv").text
    assert client.get("/networks/xor/analyses/nothing.csv").status_code == 404


# --- what stands out


@pytest.mark.parametrize(
    ("address", "reply"),
    [
        ("?view=list", "A ∧ B, A ∨ B, B, then A ⊕ B, A ∨ B P i·2b1ef.224 , of the pair"),
        ("?view=list", "best i·18fff.71261 , of all"),
        ("?view=list", "worst i·3f29f.1923 , of all"),
        ("?view=sheet", "best A ∧ B, A ∨ B, A ∧ B, then A ∨ B, A ∧ B c-18fff right on 723 of 756"),
        ("?kind=interpretation&uses=!n2.2&view=sheet", "best A ∧ B, A ∨ B, A ∧ B, then A ∨ B, A ∧ B c-18fff right"),
        ("?kind=circuit&limit=200", "c·2b1ef of P and Q, without n2.1"),
        ("?kind=circuit&limit=200", "c·3f29f of the worst"),
        ("?kind=interpretation&edges_max=12&view=list", "i·2b1ef of P and Q"),
        ("/c-2b1ef", "i·224 P A ∧ B, A ∨ B, B"),
        ("/c-2b1ef", "i·352 Q A ∧ B, A ∨ B, B"),  # not the first of its class
        ("/c-2b1ef?classes=any&start=350", "i·352 Q A ∧ B"),
        ("/i-2b1ef.352", "Q i·2b1ef.352, one of 384"),
    ],
)
def test_the_pair_the_best_and_the_worst_are_marked_where_they_stand(client, address, reply):
    text = client.get(f"/networks/xor/explanations{address}").text
    assert reply in " ".join(re.sub(r"<[^>]+>", " ", text).split())


# --- the fair pair


def test_the_pair_is_headed_as_what_it_is(client) -> None:
    assert "Two that contradict each other" in client.get("/networks/xor/analyses/pair", follow_redirects=True).text
    file = parse_network_file((ROOT / "app/bundled/alice-and-bob.json").read_bytes())
    question = ask(file.network, task=file.tasks[0])
    subject = AnalysisContext(question, "A", "a", Scope(), Addresses(), lambda: None)
    found = analyse_output(question)
    observed = found.interpretations.observed_by_circuit
    report = PAIR_FOUND.finds(Analysed(question, found.circuits, observed), Settings())
    text = " ".join(
        re.sub("<[^>]*>", " ", "".join(block.html() for block in shown(PAIR_FOUND).page(report, subject))).split()
    )
    assert text.startswith("No two contradict each other fairly these come nearest")


# --- the common ground


def test_every_place_is_what_its_explanation_predicts_and_the_list_has_the_same(client) -> None:
    report = record(client, "xor", "common-ground")["report"]
    question = ask(pretrained_xor().network, task=named_task("XOR", 2))
    space, answers = run_interventions(question)
    assert (report["n_interventions"], report["drawn"], len(answers.decisions)) == (756, False, 63)
    assert sum(int(many) for _, many in report["spread"]) == int(report["interpretations"]) == 147_899_020
    every = "/api/v2/networks/xor/explanations?kind=alignment&valid=any&limit=200"
    listed = [one for start in range(0, 1_400, 200) for one in client.get(f"{every}&start={start}").json()["items"]]
    shares = {one["ref"]: (one["coverage"], one["accuracy"]) for one in listed}
    for place in report["places"][::9]:
        if place["kind"] == "interpretation":
            circuit = circuit_from_hex(place["first"], question.network.sizes)
            value = InterpretationSpace(question, circuit).at(int(place["second"]))
            found = standing_of(KIND_OF["interpretation"].predict(question, [value], space)[0], answers)
            assert (found.predicted, found.right) == (place["predicted"], place["right"])
        else:
            share = shares[f"a-{place['first']}.{place['second']}"]
            assert share == pytest.approx((place["predicted"] / 756, place["right"] / place["predicted"]))
    assert sum(one["count"] for one in report["places"] if one["kind"] != "interpretation") == len(
        [one for one in shares.values() if one[0]]
    )
