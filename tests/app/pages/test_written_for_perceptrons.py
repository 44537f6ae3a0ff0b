"""Algorithms with finite variables on perceptrons: by the library, the command and the pages, beside formulas."""

import json
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest

import pluriscope
from pluriscope.addresses.naming import text_in_ref
from pluriscope.analysis.algorithms.candidates import candidates_of
from pluriscope.analysis.algorithms.written import fitting
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explaining import placing as analysis_of_placements
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.interchange import Interchange
from pluriscope.analysis.placements.search import find
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.db.writes import save_network
from pluriscope.library.result import read_result
from tests.app.cli.test_analyse import run
from tests.clients import served
from tests.factories import found_out, save_analysis

FORMULA = "(A ∨ B) ∧ ¬(A ∧ B)"
GATES = "u = a or b; v = a and b; y = u and not v"
MAJORITY = "s = a + b + c; y = 1 if s > 1 else 0"
"""Of a variable with four values, which no gate has."""
FILES = {one.slug: one.file for one in bundled_networks()}
SLUG = "majority-3-3"
LIST = f"/networks/{SLUG}/explanations"


def about(slug):
    return ask(FILES[slug].network, task=FILES[slug].tasks[0], protocol=COMPLETE)


@pytest.mark.parametrize(("slug", "placed", "minimal"), [("xor-pretrained", 3, 1), ("xor-2-2-2", 4, 4)])
def test_both_searches_place_one_formula_alike(slug, placed, minimal):
    question = about(slug)
    (quick,) = (one for one in search_formulas(question, candidates_of(question)).algorithms if one.n_valid)
    assert quick.algorithm.formula == FORMULA
    (found,) = find(question, [fitting(GATES, question)]).algorithms
    assert (quick.n_valid, quick.n_minimal) == (found.n_placed, found.n_minimal) == (placed, minimal)
    names = {"A ∨ B": "u", "¬(A ∨ B)": "u", "A ∧ B": "v", "¬(A ∧ B)": "v"}
    shown = {one.path: names[one.shown] for one in quick.algorithm.variables}

    def sites(alignment):
        each = ((shown[path], site.layer, ",".join(map(str, site.neurons))) for path, site in alignment.places)
        return frozenset((name, f"h{layer}[{neurons}]") for name, layer, neurons in each)

    by_sites = {frozenset((each.variable, each.sites) for each in one.places): one for one in found.valid}
    valid = [one for one in quick.alignments if one.valid]
    assert valid
    for one in valid:
        other = by_sites[sites(one.alignment)]
        assert (other.score.agreed, other.score.of, other.minimal) == (one.iia.agreed, one.iia.of, one.minimal)
        assert min(each.gap for each in other.places) <= one.margin  # of runs that are their own source, too


def test_an_output_that_rounds_to_neither_agrees_with_nothing():
    question = about("xor-pretrained")
    there = Interchange.of(replace(question, protocol=protocol_from_mapping({"alignment_decision": "rounding"})))
    outputs = [[1 - y, y] for y in (-0.6, -0.5, 0.5, 0.6, 1.5, 1.6)]
    decisions, gaps = there.decided(np.array(outputs))
    assert decisions.tolist() == [-1, 0, 0, 1, -1, -1]
    assert gaps == pytest.approx([0.1, 0, 0, 0.1, 0, 0.1])


def test_the_library_places_what_is_written_before_the_candidates():
    result = pluriscope.explain(FILES[SLUG].network, FILES[SLUG].tasks[0].name, algorithms=[MAJORITY, "y = a"])
    first, second = result.algorithms[:2]
    assert (first.formula, first.is_placed, first.n_valid, second.wrong != "") == (MAJORITY, True, 4, True)
    assert len(result.algorithms) == len(result.algorithms.formulas) + 2
    assert int(result.counts.candidate_algorithms) == len(result.algorithms.formulas)
    placement = first.placements[0]
    assert (placement.sites, placement.score.agreed, placement.valid) == ({"s": "h1[0,1]"}, 56, True)
    assert placement.verdict("both-directions").outcome == "passed"
    assert [data["function"] for _, data in placement.to_graph().nodes(data=True) if "function" in data] == ["s", "s"]
    assert "0 rows or interchanges on which they contradict" in str(result.compare(placement, result.circuits[0]))
    with pytest.raises(AnalysisError, match="finite variables are about sites"):
        result.compare(first, result.algorithms.formulas[0])
    with pytest.raises(AnalysisError, match="predicts no interventions"):
        first.predictions  # noqa: B018


def test_rows_that_stand_for_no_boolean_inputs_place_nothing():
    few = [[0.2, 0.7], [0.9, 0.1], [0.3, 0.3], [0.8, 0.9]]
    rows = {"format": "pluriscope-data/1", "representatives": few, "boolean": False}
    rows |= {"validation_inputs": few, "validation_labels": [[1], [1], [0], [0]]}
    with pytest.raises(AnalysisError, match="stand for no Boolean inputs"):
        pluriscope.explain(FILES["xor-2-2-2"].network, "XOR", data=rows, algorithms=["y = a"])


def test_the_command_says_where_it_is_placed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=()))
    path = tmp_path / "majority.json"
    path.write_text(json.dumps(network_file_json(FILES[SLUG])))
    assert run("analyse", path, "-o", "-", "--algorithm", MAJORITY) == 0
    captured = capsys.readouterr()
    (found,) = json.loads(captured.out)["outputs"]
    assert [one["n_placed"] for one in found["placements"]["algorithms"]] == [4]
    assert f"“{MAJORITY}” is placed: 56 of 56 interchanges are right on s: h1[0,1]" in captured.err


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("perceptrons"), local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, FILES[SLUG], slug=SLUG)
            row = save_analysis(session, analyse_output(about(SLUG)))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=()))
                found_out(session, row, "algorithms", algorithms=[MAJORITY])
        yield client


def test_the_form_leads_to_the_page_of_what_was_placed(client):
    answer = client.get(f"/networks/{SLUG}/analyses/algorithms/written", params={"text": MAJORITY})
    assert answer.status_code == 303
    record = client.get(f"/api/v2{answer.headers['location']}").json()
    assert (record["stored"], record["algorithm"]["n_placed"]) == (True, 4)
    page = unescape(client.get(record["url"]).text)
    assert "an algorithm with 1 variable for MAJ" in page
    assert "h1[0,1]" in page
    for one in record["algorithm"]["placements"]:
        url = f"{LIST}/a-{record['algorithm']['id']}.{one['id']}"
        placed = client.get(f"/api/v2{url}").json()
        assert (placed["stored"], placed["placement"]["score"]["agreed"]) == (True, 56)
        shown = client.get(url)
        assert shown.status_code == 200
        assert "every interchange is right" in shown.text
        assert client.get("/api/v2/verified", params={"url": url}).json()["verdict"] == "equal"
        criteria = client.get(f"/api/v2{url}/criteria").json()
        assert {"both-directions", "irredundant-values"} <= {each["criterion"] for each in criteria}
    assert client.get(f"/networks/{SLUG}/analyses/algorithms").status_code == 200


def test_sites_that_somebody_names_are_scored(client):
    url = f"{LIST}/g-{text_in_ref('t = b + c; y = 1 if a + t > 1 else 0')}"
    assert "Nobody asked where" in client.get(url).text
    leads = client.get(url, params={"place": "t:h1[0]"})
    assert leads.status_code == 302
    record = client.get(f"/api/v2{leads.headers['location']}").json()
    assert (record["stored"], record["placement"]["placed"]) == (False, "")
    assert "hidden layer 1" in client.get(leads.headers["location"]).text
    kept = client.get(f"{LIST}/g-{text_in_ref(MAJORITY)}", params={"place": "s:h2[0,1]"})
    assert client.get(f"/api/v2{kept.headers['location']}").json()["stored"]


def test_formulas_keep_their_pages_and_lists_and_are_not_compared_with_what_is_written(client):
    listed = client.get(f"/api/v2{LIST}", params={"kind": "algorithm", "valid": "any"}).json()
    assert {"s = a + b + c" in one["formula"] for one in listed["items"]} == {False}
    assert client.get(f"/api/v2{listed['items'][0]['url']}").json()["form"] == "and_inverter"
    refs = [f"g-{text_in_ref(MAJORITY)}", listed["items"][0]["ref"]]
    answer = client.get(f"/api/v2/networks/{SLUG}/compare", params={"e": refs})
    assert answer.status_code == 400
    assert "algorithms with finite variables are about sites" in answer.json()["error"]
    for ref in ("g-0123456789abcdef", "d-" + text_in_ref(MAJORITY) + ".0:1=1,0,0"):
        assert client.get(f"{LIST}/{ref}").status_code == 404


def test_a_placement_is_compared_with_another_and_a_circuit_and_what_they_say_is_tried_in_play(client):
    right = f"a-{text_in_ref(MAJORITY)}.s:h1[0,1]"
    wrong = f"a-{text_in_ref(MAJORITY)}.s:h2[0]"
    circuit = client.get(f"/api/v2{LIST}", params={"kind": "circuit"}).json()["items"][0]["ref"]
    about = {"e": [right, wrong, circuit], "limit": 200}
    record = client.get(f"/api/v2/networks/{SLUG}/compare", params=about).raise_for_status().json()
    assert (record["trials"], record["explanations"][0]["right"]) == ("rows and interchanges", 64)
    assert [one["predicted"] for one in record["explanations"]] == [64, 64, 8]
    assert record["n_contradictions"] == 0  # on sets of their own they cannot contradict each other
    page = client.get("/compare", params={"network": SLUG, "e": [right, wrong]})
    assert (page.status_code, "1 when the output is above 0.5" in page.text) == (200, True)
    for base, source in ((0, 7), (3, 4), (6, 1)):
        state = {"e": right, "row": base, "source": source, "change": "h1[0,1]"}
        said = client.get(f"/api/v2/networks/{SLUG}/play", params=state).json()
        first = said["explanations"][0]
        assert (first["letter"], first["says"], first["right"]) == ("P", said["after"]["gives"], True)
    assert client.get("/compare", params={"network": SLUG, "e": right}).status_code == 200
    assert "change=h1" in client.get(f"{LIST}/{right}").text


def test_the_result_that_is_served_holds_them(client):
    document = client.get(f"/api/v2/networks/{SLUG}/result", params={"whole": "true"}).json()
    assert read_result(document).algorithms[0].formula == MAJORITY
