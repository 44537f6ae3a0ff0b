"""Pages of analyses whose circuits were counted or estimated, and what is told before any analysis."""

import re
from dataclasses import replace
from importlib.util import find_spec
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient

from pluriscope.analysis.circuits.formula_solver import formula_solver
from pluriscope.analysis.circuits.planning import plan_circuits
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.numerics.large_numbers import estimate
from pluriscope.analysis.questions.protocol import protocol_from_mapping
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.results.result import memory_words, seconds_words
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from pluriscope.app.pages.plan import METHOD_WORDS
from tests.app.db.test_counted_circuits import BRACKET
from tests.app.pages.test_circuit_tree import FIRST, boxes, picture
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis, small_network

COUNTED = protocol_from_mapping({"name": "counted", "max_alignments": 1_000})
ESTIMATED = protocol_from_mapping({"name": "sampled", "max_alignments": 1_001})
HASHED = protocol_from_mapping({"name": "hashed", "max_alignments": 1_003})
NOTHING = protocol_from_mapping({"name": "nothing", "max_alignments": 1_002})
LIMITS = {
    COUNTED: Limits(max_possible=1, n_draws=20, n_smallest=5),
    ESTIMATED: Limits(max_possible=1, max_seconds=0, n_draws=20, n_samples=2_000, n_smallest=5, n_tried=200),
    NOTHING: Limits(max_possible=1, max_seconds=0, n_draws=20, n_samples=1, n_smallest=0),
}
HERE = "/networks/xor"
SOLVED = formula_solver() is not None and all(map(find_spec, ("z3", "pysat")))
"""Whether a solver proves what the order of size cannot."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("counted")))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        with app.state.store.write() as session:
            file = pretrained_xor()
            save_network(session, file, slug="xor")
            for protocol, limits in LIMITS.items():
                save_analysis(
                    session,
                    analyse_output(ask(file.network, task=file.tasks[0], protocol=protocol), Work(limits=limits)),
                )
            found = analyse_output(
                ask(file.network, task=file.tasks[0], protocol=HASHED), Work(limits=LIMITS[ESTIMATED])
            )
            hashed = {"method": "hashed", "interval": (58, 439), "confidence": 0.8, "bracket": BRACKET}
            save_analysis(session, replace(found, circuits=replace(found.circuits, **hashed, edge_use=None)))
            for slug, sizes in (("five", (2, 5, 5, 1)), ("eight", (2, 8, 8, 1)), ("linear", (2, 1))):
                save_network(session, small_network(5, sizes), slug=slug)
            wide = [np.ones((60, 2)), np.ones((60, 60)), np.ones((1, 60))]
            network = Network.from_arrays(wide, [np.zeros(60), np.zeros(60), np.zeros(1)])
            save_network(session, NetworkFile("Wide", network, (named_task("XOR", 2),)), slug="wide")
        yield client


def words(client, address, **query) -> str:
    """The text of a page."""
    answer = client.get(address, params=query).raise_for_status()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("</header>")[2]))


def twin(client, address, **query):
    return client.get("/api/v2" + address, params=query).raise_for_status().json()


@pytest.mark.slow
def test_an_exact_count_is_exact_and_its_list_is_draws(client):
    scope = {"protocol": COUNTED.digest[:12]}
    page = twin(client, HERE, **scope)
    counts = page["counts"]
    assert (counts["valid_circuits"]["value"], counts["method"], counts["listed_circuits"]) == (197, "counted", 25)
    text = words(client, HERE, **scope).replace(" :", ":")  # a word of the glossary ends before
    assert "of 9,625 possible" in text
    assert "≥ 197" not in text
    assert "≈ 197" not in text
    assert "of 9,625 possible, exact: counted, not listed" in re.sub(" ([,:])", r"\1", text)
    shown = "the 5 smallest (proved smallest) and 20 drawn at random"
    assert "&lt;" not in text
    assert f"The list shows 25 valid circuits: {shown}. The fewest edges of any valid circuit are 10, exact" in text
    assert "of the 25 circuits listed" in text
    assert "A search stopped at its limit" not in text
    assert f"The list shows 25 valid circuits: {shown}." in words(client, HERE + "/explanations", **scope)
    items = client.get(f"/api/v2{HERE}/explanations", params={"kind": "circuit", **scope}).json()["items"]
    assert (len(items), items[0]["edges"]) == (25, 10), "the true smallest come first"
    assert (counts["valid_circuits"]["bound"], counts["interpretations"]["bound"]) == ("exact", "at_least")


@pytest.mark.slow
def test_an_estimate_is_never_shown_as_exact(client):
    scope = {"protocol": ESTIMATED.digest[:12]}
    counts = twin(client, HERE, **scope)["counts"]
    low, value, high = (counts["valid_circuits"][name] for name in ("low", "value", "high"))
    assert (counts["method"], counts["valid_circuits"]["bound"]) == ("sampled", "about")
    assert low <= value <= high
    text = words(client, HERE, **scope)
    assert f"≈ {estimate(value, low, high)} ({low:,}–{high:,})" in text
    assert f"99% interval {low:,}–{high:,}, guaranteed" in text
    assert "of 9,625 possible, guaranteed (99%)" in re.sub(" ,", ",", text)
    assert f"5 smallest ({'proved smallest' if SOLVED else 'the smallest found, not proved'})" in text
    assert "drawn uniformly from the possible ones; 99% interval" in words(client, HERE + "/explanations", **scope)
    item = client.get(f"/api/v2{HERE}/explanations", params={"kind": "circuit", **scope}).json()["items"][0]
    assert re.search(r"c·\w+, a valid circuit", words(client, item["url"], **scope)), "one of an unknown number"


@pytest.mark.parametrize("protocol", [COUNTED, ESTIMATED])
def test_of_a_sample_the_picture_has_shares_that_hold_the_truth(client, protocol):
    every = real_analysis().circuits
    names, masks = labels_of(real_analysis().question), every.masks.tolist()
    text = picture(client, HERE, protocol=protocol.digest[:12])
    reply, drawn = FIRST, protocol == ESTIMATED
    if drawn and SOLVED:  # a solver proves what of a sample is not known
        reply = FIRST.replace("All 197", "All").replace("→y.", "→y (exact).")
    elif drawn:
        reply = "valid circuits drawn keep"
    assert reply in words(client, HERE + "/explanations", view="tree", protocol=protocol.digest[:12])
    shares = 0
    for url, _, number, _ in boxes(text):
        asked = parse_qs(urlsplit(url).query)["uses"]
        truth = sum(
            all((mask >> names.index(one.lstrip("!")) & 1) != one.startswith("!") for one in asked) for mask in masks
        )
        if number.endswith("%"):
            low, high = map(float, number[:-1].split("–"))
            assert low <= 100 * truth / len(masks) <= high
            shares += 1
        else:
            assert (int(number), len(asked), protocol) == (truth, 1, COUNTED)
    assert shares >= 8


@pytest.mark.parametrize("protocol", [COUNTED, ESTIMATED])
@pytest.mark.parametrize("asked", [{"uses": "n1.2-n2.0"}, {"edges_max": "12"}, {"edges_max": "3"}])
def test_a_filter_of_drawn_circuits_says_which_share_of_all_passes(client, protocol, asked):
    every = real_analysis().circuits
    bit = labels_of(real_analysis().question).index("n1.2-n2.0")
    most = int(asked.get("edges_max", 99))
    kept = [
        mask for mask in every.masks.tolist() if mask.bit_count() <= most and ("uses" not in asked or mask >> bit & 1)
    ]
    query = {"kind": "circuit", "protocol": protocol.digest[:12], **asked}
    share = twin(client, HERE + "/explanations", **query)["share"]
    assert (share["certainty"], share["confidence"]) == ("guaranteed", 0.99)
    assert share["low"] <= len(kept) / 197 <= share["high"]
    assert f"{share['passing']} of {share['drawn']} drawn, so " in words(client, HERE + "/explanations", **query)
    assert twin(client, HERE + "/explanations", kind="circuit", protocol=protocol.digest[:12])["share"] is None


def test_draws_of_hashing_are_nearly_uniform_so_that_shares_are_estimated(client):
    scope = {"protocol": HASHED.digest[:12]}
    text = re.sub(
        " ([,:])", r"\1", words(client, HERE, **scope) + words(client, HERE + "/explanations", view="tree", **scope)
    )
    assert "of 9,625 possible, guaranteed (80%)" in text
    assert "by the edges that they keep: those drawn alone, " in text
    assert "With weights rounded to multiples of 2⁻⁸, about 106 circuits are right by more than rounding can" in text
    assert "about 244 are not wrong by more than that, and every valid one is among them" in text
    assert "1 + ε = 1.8 with probability 1 − δ = 90%. So the interval holds for the network as given" in text
    assert "valid circuits drawn keep" in text
    assert "Shares of all valid circuits are estimated (99%)" in text
    listed = client.get(f"/api/v2{HERE}/explanations", params={"kind": "circuit", "edges_max": "12", **scope}).json()
    assert listed["share"]["certainty"] == "estimated"


def test_nothing_found_in_a_sample_is_not_nothing(client):
    text = words(client, HERE + "/explanations", protocol=NOTHING.digest[:12], kind="circuit")
    assert "The list shows 0 of 17 to 9,577 valid circuits" in text
    assert "No explanation is here" in text


@pytest.mark.parametrize(("slug", "method"), [("xor", "listed"), ("five", "counted"), ("eight", "sampled")])
def test_the_plan_is_shown_before_anyone_starts(client, slug, method):
    sizes = tuple(twin(client, f"/networks/{slug}")["sizes"])
    network = pretrained_xor().network if slug == "xor" else small_network(5, sizes).network
    reply = plan_circuits(ask(network, task=named_task("XOR", 2)))
    assert reply.method == method
    text = words(client, f"/networks/{slug}")
    assert f"An analysis would {METHOD_WORDS[method]}" in text
    assert reply.reason in text
    assert ("never exact" in text) is (method == "sampled")


def test_what_an_analysis_takes_is_shown_before_anyone_starts(client, monkeypatch):
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))  # the page adds what else the machine does
    plan = twin(client, "/networks/five/plan", protocol="paper")
    assert (plan["method"], plan["protocol"]) == ("listed", "paper")
    stages = [one["stage"] for one in plan["stages"]]
    assert stages == ["circuits", "interpretations", "algorithms", "alignments", "criteria"]
    assert all(one["seconds"][0] <= one["seconds"][1] < 600 for one in plan["stages"])
    text = words(client, "/networks/five", protocol="paper", part="plan")
    assert memory_words(plan["peak_bytes"]) in text
    assert seconds_words(plan["seconds"]) in text
    refused = client.get("/api/v2/networks/linear/plan")
    assert (refused.status_code, "no hidden layer" in refused.text) == (422, True)


@pytest.mark.parametrize(("slug", "cause"), [("wide", "the limit is 3,300 edges"), ("linear", "no hidden layer")])
def test_what_cannot_be_analysed_is_refused_before_work_starts(client, slug, cause):
    text = client.get(f"/networks/{slug}").text
    assert cause in text
    assert ">Analyse<" not in text
    answer = client.post(f"/api/v2/networks/{slug}/analyses", json={})
    assert answer.status_code == 422
    assert cause in answer.json()["error"]
