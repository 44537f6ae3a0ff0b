"""Tests of the pages of map classes and methods of the network that the authors have pretrained."""

from __future__ import annotations

import csv

import pytest

from benchmarks.parity import reference
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.discovery.sweep import sweep
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from tests.app.test_analyses import record
from tests.clients import served
from tests.factories import pretrained_xor, save_analysis

FINDINGS = {
    "methods": [
        "Under default settings 8 of 8 methods, baselines among them, answer with a valid circuit, and they give "
        "7 different answers.",
        "Those found without asking which circuits are valid have 12 to 18 edges; the smallest has 2 more than "
        "needed. A random order of edges is valid too, with 18 edges. Deleting edges in a random order while the "
        "circuit stays valid leaves 11. Ties decide whether 1 of the answers is valid.",
    ],
    "ladder": [
        "Both irredundant algorithms can be placed on read-outs with an oblique swap.",
        "One of them, not both, can be placed on single neurons, neuron sets, small integer directions and read-outs "
        "with the orthogonal swap.",
        "None can be placed on small integer directions that read the variable.",
    ],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    file = pretrained_xor()
    with served(tmp_path_factory.mktemp("methods")) as client:
        with client.app.state.store.write() as session:
            save_network(session, file, slug="xor")
            row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
            digests = row.protocol_digest, row.data_digest, row.result_digest
        for analysis in map(BY_KEY.__getitem__, (*FINDINGS, "directions", "stories")):
            arguments, handler = (
                arguments_about(file.network.digest, 0, *digests, **analysis.details()),
                handler_of(analysis),
            )
            with client.app.state.store.write() as session:
                handler.save(session, arguments, handler.load(session, arguments)(DEFAULT_WORK))
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("key", FINDINGS)
def test_what_is_found(client, key) -> None:
    assert record(client, "xor", key)["findings"] == FINDINGS[key]


@pytest.mark.slow
def test_where_an_algorithm_can_stand_has_directions_on_its_page_and_the_funnel_what_circuits_carry(client) -> None:
    page = client.get("/networks/xor/analyses/ladder").text
    for words in ("By chance: networks", "exhaustive", "how to read it"):
        assert words.lower() in page.lower()
    for key, there in (("directions", "ladder"), ("stories", "funnel")):
        asked = client.get(f"/networks/xor/analyses/{key}")
        assert asked.headers["location"] == f"/networks/xor/analyses/{there}#{key}"
    assert "196 carry the same algorithms" in client.get("/networks/xor/analyses/funnel").text
    assert client.get("/networks/xor/explanations/c-081ff?part=story").text.count("What it carries") == 1


@pytest.mark.slow
def test_every_answer_of_a_method_is_that_of_the_reference(client) -> None:
    answers = record(client, "xor", "methods")["report"]["answers"]
    asked = sweep(METHODS.by_key.values(), ("pairs",))
    assert {one["method"] for one in answers} == {method.key for method, _ in asked}
    compared = 0
    for one in answers:
        said = {name: value for name, value in one["settings"].items() if (one["method"], name) != ("acdc", "seed")}
        for claim in reference("xor_pretrained")["claims"]:
            if claim["method"] == one["method"] and claim["settings"] == said:
                place = one["place"]
                assert (one["raw_mask"], place["mask"]) == (claim["raw_mask"], claim["mask"])
                assert (place["valid"], place["excess"], place["story"]) == (
                    claim["valid"],
                    claim["excess"],
                    claim["story"],
                )
                compared += 1
    assert compared >= 20


@pytest.mark.slow
def test_ties_stand_on_the_page_and_in_the_files_of_methods(client) -> None:
    path = "/networks/xor/analyses/methods"
    assert "3 of 4 tied edges in 4 ways; 4 circuits, 3 of them valid" in client.get(path).text
    answers = client.get(f"/api/v2{path}").json()["report"]["answers"]
    lines = [line for line in client.get(f"{path}.csv").text.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    assert len(rows) == len(answers)
    for row, one in zip(rows, answers, strict=True):
        answer = {name.removeprefix("ties_"): row[name] for name in row if name.startswith("ties_") and row[name]}
        assert answer == {name: str(value) for name, value in (one["ties"] or {}).items() if value is not None}
        assert (row["method"], row["fragile"]) == (one["method"], str(one["fragile"]).lower())
    assert any(row["ties_ways"] == "6" and row["ties_valid"] == "2" and "after=cut" in row["settings"] for row in rows)
