"""Under `paper` the whole pipeline agrees with the authors' program on every golden network, with no difference."""

from __future__ import annotations

import hashlib
import json

import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.questions.data import data_file_json, parse_data_file
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import NAMES, golden, golden_data, golden_network, node_paths

CASES = [
    pytest.param(name, output, id=f"{name}:{output}")
    for name in NAMES
    for output in range(len(golden(name)["outputs"]))
]
CIRCUITS_ONLY = {"majority_3-3", "xor_4-4"}  # the authors' program could not do the rest in the time it had
WITHOUT_FULL_ONES = {"xor_4", "xor_4-4"}


def analysed(name: str, output: int, protocol=PAPER) -> OutputAnalysis:
    file, data = golden_network(name), golden_data(name)
    if not data.is_clean:  # the record also survives its file
        raw = json.dumps(data_file_json(data)).encode()
        data = parse_data_file(raw, file.network.n_inputs, file.network.n_outputs)
        assert data.digest == golden_data(name).digest
    return analyse_output(ask(file.network, output=output, task=file.tasks[output], protocol=protocol, data=data))


@pytest.mark.parametrize(("name", "output"), CASES)
@pytest.mark.slow
def test_every_number_of_the_authors_program_is_found(name, output):
    expected = golden(name)["outputs"][output]
    analysis = analysed(name, output)
    assert analysis.exhaustive

    circuits = expected["circuits"]
    masks = [analysis.circuits.layout.to_hex(mask) for mask in analysis.circuits.masks.tolist()]
    assert analysis.circuits.possible == circuits["n_enumerated"]
    assert len(masks) == circuits["n_valid"]
    assert hashlib.sha256("\n".join(masks).encode()).hexdigest() == circuits["sha256_sorted_masks"]
    if circuits.get("masks") is not None:
        assert masks == circuits["masks"]

    assert ("interpretations" not in expected) == ("algorithms" not in expected) == (name in CIRCUITS_ONLY)
    if name in CIRCUITS_ONLY:
        return
    assert list(analysis.interpretations.by_circuit) == expected["interpretations"]["n_factored"]

    algorithms = expected["algorithms"]
    assert [r.algorithm.text for r in analysis.algorithms.algorithms] == [c["str"] for c in algorithms["candidates"]]
    paths = {candidate["str"]: node_paths(candidate["ast"]) for candidate in algorithms["candidates"]}
    theirs = sorted(
        (m["str"], sorted((paths[m["str"]][n["node"]], n["layer"], tuple(n["neurons"])) for n in m["nodes"]))
        for m in algorithms["mappings"]
    )
    ours = sorted(
        (result.algorithm.text, sorted((path, site.layer, site.neurons) for path, site in scored.alignment.places))
        for result in analysis.algorithms.algorithms
        for scored in result.alignments
    )
    assert ours == theirs
    assert sum(1 for r in analysis.algorithms.algorithms if r.n_minimal) == algorithms["n_formulas_with_mapping"]
    both = analysis.criteria["both-directions"]
    assert (both.passed, both.of) == (algorithms["n_mappings_surviving_both_directions"], algorithms["n_mappings"])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "output"), CASES)
def test_the_circuits_that_the_authors_leave_out_are_found_too(name, output):
    expected = golden(name)["outputs"][output].get("circuits_full_node_mask")
    assert (expected is None) == (name in WITHOUT_FULL_ONES)
    if expected is None:
        return
    file, data = golden_network(name), golden_data(name)
    cut = file.network.for_output(output)
    everything, without = (
        search_circuits(ask(cut, output=output, task=file.tasks[output], protocol=protocol, data=data))
        for protocol in (COMPLETE, PAPER)
    )
    left_out = sorted(set(everything.masks.tolist()) - set(without.masks.tolist()))
    texts = [everything.layout.to_hex(mask) for mask in left_out]
    assert everything.possible - without.possible == expected["n_enumerated"]
    assert len(texts) == expected["n_valid"]
    assert hashlib.sha256("\n".join(texts).encode()).hexdigest() == expected["sha256_sorted_masks"]


def test_the_complete_protocol_looks_everywhere():
    analysis = analysed("xor_pretrained", 0, COMPLETE)
    assert (analysis.circuits.possible, analysis.circuits.n_valid) == (9_625, 197)
    assert (analysis.interpretations.total, analysis.interpretations.observed) == (147_899_020, 7_836)
    assert analysis.algorithms.n_candidates == 250
    tallies = {key: (tally.passed, tally.of) for key, tally in analysis.criteria.items()}
    assert tallies["zero-ablation"] == (197, 9_625)
    assert tallies["observed-class"] == (7_836, 147_899_020)
    assert tallies["irredundant-gates"] == (194, 250)
    assert tallies["irredundant-functions"] == (18, 250)
    assert tallies["irredundant-literals"] == (2, 250)
    assert tallies["minimal-alignment"] == (1, 3)
