"""Tests that a result has what the engine found, and is kept and read back without loss."""

import csv
import json
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet

import pluriscope
from pluriscope.analysis.errors import (
    AnalysisError,
    BeyondLimits,
    InvalidClaim,
    InvalidCriterion,
    InvalidMask,
    InvalidNetwork,
    InvalidTask,
)
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS
from pluriscope.analysis.network_files.result_file import result_json
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.pages.counted import counts_of
from pluriscope.errors import InvalidOption
from pluriscope.library import circuits
from pluriscope.library.result import Result
from pluriscope.objects.counts import Count
from tests.factories import exact_xor, pretrained_xor, real_analysis, save_analysis
from tests.plugin_files import look_again, write_plugin

LIMITS = {
    "listed": Limits(),
    "truncated": Limits(max_possible=9_625, max_valid=10, max_candidates=7),
    "counted": Limits(max_possible=9_624, n_draws=50, n_smallest=5),
    "sampled": Limits(max_possible=100, max_seconds=0.0, n_samples=500, n_draws=20, n_smallest=3),
}


def analysed(limits: Limits):
    file = pretrained_xor()
    return analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))


@pytest.mark.slow
@pytest.mark.parametrize("how", LIMITS)
def test_counts_say_how_sure_they_are_as_the_pages_do(how, store):
    analysis = analysed(LIMITS[how])
    result = Result(pretrained_xor(), analysis.question, result_json([analysis]))
    with store.write() as session:
        save_network(session, pretrained_xor(), slug="xor", origin="bundled", position=0)
        row = save_analysis(session, analysis)
    assert result.counts == counts_of(row)
    assert len(result.circuits) == row.circuits_listed
    assert result.exhaustive is (how == "listed")
    assert bool(result.missing) is (how != "listed")
    for reply in (result, result.circuits, result.interpretations, result.algorithms):
        assert reply._repr_html_()


def test_a_count_is_an_integer_only_where_it_is_exact():
    assert int(Count(147_899_020)) == 147_899_020
    assert str(Count(147_899_020)) == "147,899,020"
    assert str(Count(5_000_000, "at_least")) == "≥ 5,000,000"
    assert repr(Count(120, "about", 100, 140, 0.99)) == "≈ 120 (100–140) (guaranteed, 99% confidence)"
    assert str(Count(0, "unknown")) == "not searched"
    with pytest.raises(AnalysisError, match="not exact, but at least"):
        int(Count(5, "at_least"))


@pytest.mark.slow
@pytest.mark.parametrize("counted", [0, 10])
def test_interpretations_that_were_not_counted_are_unknown_and_not_none(counted):
    analysis = real_analysis()
    known = analysis.interpretations.by_circuit[:counted]
    partial = replace(
        analysis.interpretations, by_circuit=known + (0,) * (197 - counted), truncated_at=counted, complete=False
    )
    document = result_json([replace(analysis, interpretations=partial)])
    result = Result(pretrained_xor(), analysis.question, json.loads(json.dumps(document)))
    assert list(result.circuits.to_pandas().interpretations) == [*known, *[None] * (197 - counted)]
    assert len(result.interpretations) == sum(known)
    assert result.counts.interpretations.bound == ("at_least" if counted else "unknown")


def test_circuits_are_filtered_and_found(xor):
    circuits = xor.circuits
    assert {one.n_edges for one in circuits.where(edges=(None, 11))} == {10, 11}
    assert {one.n_neurons for one in circuits.where(edges=10, neurons=4)} == {4}
    assert [one.n_edges for one in circuits.smallest] == [10, 10, 10]
    assert circuits["081ff"].mask == circuits[0].mask == circuits[-197].mask
    assert [one.mask for one in circuits[:2]] == [circuits[0].mask, circuits[1].mask]
    bits = [*map(int, f"{0x81FF:018b}"[::-1])]
    assert all(xor.circuit(one).mask == "081ff" for one in (bits, np.array(bits, float), circuits.masks[0], 0x81FF))
    head, names, first = repr(circuits[:2]).split("\n")[:3]
    reply = dict(zip(names.split(), first.split(), strict=True))
    assert head == "2 valid circuits, a selection"
    assert (reply["mask"], reply["edges"], reply["neurons"], reply["margin"]) == ("081ff", "10", "4", "0.004152")
    with pytest.raises(KeyError, match="not among the 197 valid circuits"):
        circuits["081fe"]
    with pytest.raises(InvalidMask):
        xor.circuit("zz")


@pytest.mark.parametrize(
    ("criterion", "n"),
    [("minimal-local-structural", 37), ("minimal-local", 5), ("minimal-subset", 5), ("minimal-cardinal", 3)],
)
def test_criteria_are_asked_of_one_circuit_as_of_all(xor, criterion, n):
    passing = xor.circuits.passing(criterion)
    assert len(passing) == n
    assert all(one.verdict(criterion).outcome == "passed" for one in passing[:3])
    failing = [one for one in xor.circuits if one.mask not in {two.mask for two in passing}][:3]
    assert all(one.verdict(criterion).outcome == "failed" for one in failing)


def test_verdicts_are_said_of_every_kind(xor):
    circuit = xor.circuits.smallest[0]
    assert circuit.verdicts["minimal-cardinal"].outcome == "passed"
    assert circuit.verdict("output-faithfulness(tolerance=10)").outcome == "passed"
    assert circuit.classes[0].verdicts["observed-class"].outcome == "passed"
    assert set(xor.algorithms.aligned[0].verdicts) >= {"irredundant-gates"}
    assert xor.alignments.passing("both-directions", "minimal-alignment")[0].minimal
    assert xor.placements[0].verdicts["both-directions"].outcome == "passed"
    assert "shortest-enumerative" not in xor.placements[0].verdicts  # which looks at all of them
    with pytest.raises(InvalidCriterion, match="Use one of zero-ablation"):
        circuit.verdict("causal-order")
    with pytest.raises(InvalidCriterion, match="not about circuits"):
        xor.circuits.passing("causal-order")


@pytest.mark.slow
def test_placements_on_neurons_have_the_names_of_those_on_sites(xor):
    placement = xor.placements[0]
    assert list(xor.placements) == list(xor.alignments)
    assert list(placement.algorithm.placements) == list(placement.algorithm.alignments)
    assert placement.sites == placement.places
    assert (placement.score.agreed, placement.score.of) == (placement.iia.agreed, placement.iia.of) == (24, 24)


def test_interpretations_are_fetched_by_index_across_circuits(xor):
    everything, first = xor.interpretations, xor.circuits[0]
    n = len(first.interpretations)
    assert (everything[0].address, everything[n - 1].address) == (
        first.interpretations[0].address,
        first.interpretations[n - 1].address,
    )
    assert (everything[n].circuit.mask, everything[n].index) == (xor.circuits[1].mask, 0)
    last = everything[-1]
    assert (last.circuit.mask, last.index) == (xor.circuits[-1].mask, len(xor.circuits[-1].interpretations) - 1)
    assert [one.index for one in everything[n - 1 : n + 1]] == [n - 1, 0]
    assert next(iter(everything)).index == 0
    with pytest.raises(IndexError):
        everything[147_899_020]
    classes = first.classes
    assert len(classes) == first.space.n_observed
    assert len({tuple(one.gates.items()) for one in classes}) == len(classes)
    with pytest.raises(IndexError):
        classes[len(classes)]


def test_a_comparison_says_where_explanations_part(xor):
    first, second = xor.circuits.smallest[0].classes[:2]
    pair = xor.compare(first, second)
    apart = [(row["P"], row["Q"]) for row in pair]
    assert set(apart) == {(0, 1), (1, 0)}
    asked = ~np.eye(4, dtype=bool) & (first.predictions >= 0) & (second.predictions >= 0)
    assert len(apart) == (asked & (first.predictions != second.predictions)).sum()
    assert [row["P"] == row["network"] for row in pair[:4]] in ([True, False] * 2, [False, True] * 2)
    assert all(row["network"] == (row["output"] > 0.5) for row in pair)
    several = xor.compare(first, second, xor.alignments[0], xor.circuits[0])
    assert {row["S"] for row in several} == {None}  # a circuit alone predicts nothing
    assert all({row["P"], row["Q"], row["R"]} >= {0, 1} for row in several)
    run = xor.compare(xor.circuits[0], xor.circuits[-1])  # among themselves they are run
    assert [{row["P"], row["Q"]} for row in run] == [{0, 1}] * len(run) != []
    for wrong, cause in (((first,), "1 explanation"), ((first,) * 7, "7 explanations")):
        with pytest.raises(AnalysisError, match=cause):
            xor.compare(*wrong)
    other = pluriscope.explain(exact_xor()).circuits[0]
    with pytest.raises(AnalysisError, match="another network"):
        xor.compare(first, other)


def test_an_audit_is_what_the_command_writes(xor):
    audit = xor.audit(["weights", "random(seed=3)"], {"mine": xor.circuits[0]})
    *_, mine = audit["claims"]
    assert (audit["format"], audit["valid"], len(audit["claims"])) == ("pluriscope-audit/1", 197, 3)
    assert (mine["name"], mine["nearest"]) == ("mine", {"distance": 0, "mask": "081ff"})


@pytest.mark.parametrize("key", sorted({"networkx", "graphml", "circuit-tracer"}.intersection(GRAPH_FORMATS)))
def test_a_graph_of_a_circuit_or_of_an_answer_is_a_claim_again(xor, key):
    circuit, (answer,) = xor.circuits[0], xor.audit(["exact-edge(k=11)"])["claims"]
    claims = {"circuit": circuit.to_graph(key), "answer": xor.to_graph(answer, key)}
    mine, again = xor.audit(claims=claims)["claims"]
    assert (mine["raw_mask"], again["raw_mask"]) == (circuit.mask, answer["raw_mask"])
    assert "note" not in mine
    with pytest.raises(InvalidClaim, match="placement"):
        xor.audit(claims={"placed": xor.alignments[0].to_graph(key)})


def test_a_graph_of_an_answer_takes_a_raw_mask_that_is_no_circuit_and_none_of_another_network(xor):
    (answer,) = xor.audit(claims={"loose": ["A-n1.0"]})["claims"]
    graph = xor.to_graph(answer)
    assert [graph.edges[one]["name"] for one in graph.edges if graph.edges[one]["kept"]] == ["x0-1.0"]
    for mask in ("0", "fffff", "no mask", 3):
        with pytest.raises(InvalidClaim, match="another network"):
            xor.to_graph(answer | {"raw_mask": mask})


@pytest.mark.slow
def test_a_saved_result_is_the_same_when_it_is_loaded(xor, tmp_path):
    again = pluriscope.load(xor.save(tmp_path / "xor.json"))
    assert again.document == json.loads((tmp_path / "xor.json").read_text())
    assert (again.counts, again.name, again.address) == (xor.counts, xor.name, xor.address)
    assert again.circuits[0].verdicts == xor.circuits[0].verdicts


def test_a_result_of_the_command_is_loaded_with_its_network(tmp_path):
    analyses = [analyse_output(ask(exact_xor().network, task=exact_xor().tasks[0], protocol=PAPER))]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result_json(analyses)))
    assert pluriscope.load(path, exact_xor()).protocol.name == "paper"
    with pytest.raises(InvalidNetwork, match="does not hold it"):
        pluriscope.load(path)
    with pytest.raises(InvalidNetwork, match="is about network"):
        pluriscope.load(path, pretrained_xor())
    with pytest.raises(InvalidNetwork, match="output 3"):
        pluriscope.load(path, exact_xor(), output=3)
    path.write_text(json.dumps(result_json(analyses, masks=False)))
    with pytest.raises(InvalidNetwork, match="lists no circuits"):
        pluriscope.load(path, exact_xor())
    for wrong, cause in (("[]", "list"), ('{"format": "pluriscope-network/1"}', "network/1"), ("{", "no JSON")):
        path.write_text(wrong)
        with pytest.raises(InvalidNetwork, match=cause):
            pluriscope.load(path)


@pytest.mark.parametrize(
    "lost",
    [("outputs",), ("network",), ("protocol",), ("data",), ("outputs", 0, "circuits"), ("outputs", 0, "algorithms")],
)
def test_a_damaged_result_is_refused(xor, tmp_path, lost):
    path = xor.save(tmp_path / "xor.json")
    document = json.loads(path.read_text())
    *way, last = lost
    inner = document
    for key in way:
        inner = inner[key]
    del inner[last]
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidNetwork, match=r"result file: is damaged: KeyError .* Write it anew"):
        pluriscope.load(path)


def test_a_result_of_another_task_is_refused(tmp_path):
    path = pluriscope.explain(exact_xor()).save(tmp_path / "xor.json")
    document = json.loads(path.read_text())
    document["network_file"]["tasks"] = [{"name": "XNOR", "truth_table": [1, 0, 0, 1]}]
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidTask, match="another one"):
        pluriscope.load(path)


def test_rules_are_a_name_settings_or_a_file(tmp_path):
    (tmp_path / "rules.json").write_text('{"name": "single", "alignment_sites": "single_neurons"}')
    by_file = pluriscope.explain(exact_xor(), protocol=str(tmp_path / "rules.json"))
    by_settings = pluriscope.explain(exact_xor(), protocol={"name": "single", "alignment_sites": "single_neurons"})
    single = COMPLETE.model_copy(update={"name": "single", "alignment_sites": "single_neurons"})
    assert by_file.protocol == by_settings.protocol == single
    assert f"protocol={by_file.protocol.digest[:12]}" in by_file.address
    assert "protocol=paper" in pluriscope.explain(exact_xor(), protocol=PAPER).algorithms[0].address


def test_analyses_are_asked_of_a_result(xor):
    rivals = xor.ask("rivals")
    (finding,) = rivals.findings(xor.question)
    assert finding.startswith("Of the 197 valid circuits no two are farther apart than 18b9f and 2f0ef: they share 6")


@pytest.mark.parametrize(
    ("key", "words"), [("nonsense", "unknown of a network. Use one of funnel, "), ("rivals", "does all there is")]
)
def test_an_analysis_that_a_result_cannot_be_asked_is_refused(xor, key, words):
    with pytest.raises(AnalysisError, match=words):
        xor.ask(key, thorough=True)


def test_interpretations_come_as_arrays_and_files(xor, tmp_path):
    every = xor.circuits.smallest[0].interpretations
    tables = every.tables()
    assert tables.shape == (len(every), len(every[0].value.gates))
    for place in (0, len(every) // 2, len(every) - 1):
        gates = every[place].value.gates
        assert tables[place].tolist() == [sum(bit << row for row, bit in enumerate(gate.table)) for gate in gates]
    assert np.array_equal(every[5:30].tables(2, 9), tables[7:14])
    assert every.tables(len(every) + 5).shape == (0, tables.shape[1])
    for name in ("one.csv", "one.parquet"):
        every.save(tmp_path / name)
    rows = list(csv.DictReader((tmp_path / "one.csv").read_text().splitlines()))
    columns = parquet.read_table(tmp_path / "one.parquet").to_pydict()
    wanted = {"index": list(range(len(every))), "y table": tables[:, -1].tolist()}
    for name, values in wanted.items():
        assert [int(row[name]) for row in rows] == columns[name] == values
    assert len(rows[0]) == len(columns) == 2 + 2 * tables.shape[1]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda one, _: one.interpretations.tables(), "of one circuit"),
        (lambda one, _: one.circuits[0].interpretations[::2].tables(), "follow each other"),
        (lambda one, path: one.circuits[0].interpretations.save(path / "one.xlsx"), "neither .csv nor .parquet"),
    ],
)
def test_interpretations_that_no_array_can_hold_are_refused(xor, ask, words, tmp_path):
    with pytest.raises(AnalysisError, match=words):
        ask(xor, tmp_path)


def test_a_file_for_which_the_disk_has_no_room_is_refused_with_its_size(xor, tmp_path, monkeypatch):
    full = namedtuple("Usage", "total used free")(10, 10, 0)
    monkeypatch.setattr(circuits.shutil, "disk_usage", lambda _: full)
    with pytest.raises(BeyondLimits, match=r"interpretations, at most .* GB; 0\.0 GB are free"):
        xor.circuits[0].interpretations.save(tmp_path / "one.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_time_ended_is_said_and_goes_on():
    said = []
    early = pluriscope.explain(pretrained_xor(), seconds=1e-9, report=said.append)
    assert early.counts.valid_circuits.bound == "about"
    assert any("the time was up" in sentence for sentence in early.missing)
    assert any(line.startswith("circuits: about ") for line in said)
    assert early.continued(seconds=None) == pluriscope.explain(pretrained_xor(), seconds=None)
    with pytest.raises(AnalysisError, match="is finished"):
        early.continued(seconds=None).continued()


SHOUT = """
def shout(self, times: int = 1) -> str:
    \"\"\"Say its name.\"\"\"
    return self.name.upper() * times
"""


def test_a_plugin_brings_a_method_of_results(xor, tmp_path, monkeypatch):
    write_plugin(tmp_path, "of-stranger", {"result": {"shout": "tests_shout:shout"}}, {"tests_shout.py": SHOUT})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PLURISCOPE_PLUGINS", "of-stranger")  # others would leave their tables in this process
    look_again()
    try:
        assert xor.shout(2) == xor.name.upper() * 2
        assert xor.shout.__doc__ == "Say its name."
        assert "shout" in dir(xor)
        with pytest.raises(InvalidOption):
            xor.shout("twice")
    finally:
        monkeypatch.undo()
        look_again()
    with pytest.raises(AttributeError, match="shout"):
        xor.shout(2)


def test_an_error_in_a_property_is_raised_as_it_is(xor):
    broken = Result(xor.network_file, xor.question, {"outputs": [{"output": 0, "circuits": None}]})
    with pytest.raises((AttributeError, TypeError, KeyError)) as reply:
        broken.counts  # noqa: B018
    assert "counts" not in str(reply.value)
