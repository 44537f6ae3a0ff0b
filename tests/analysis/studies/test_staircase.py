"""From the paper's count to ours: against the authors' own code, and against alignments listed one by one."""

from __future__ import annotations

from functools import partial

import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.iia import score_alignment
from analysis.alignments.search import search_alignments
from analysis.protocol import COMPLETE, PAPER
from analysis.question import ask
from analysis.studies.measures.staircase import STEPS, irredundant_algorithms, last_step, one_way_refuted, staircase
from tests.golden_files import NAMES, golden, golden_data, golden_network
from tests.oracles.brute_force_algorithms import split

QUICK = ("xor_pretrained", "xor_3-3_a", "xor_2-2-2", "nimp_3-2")
ALIGNED = tuple(
    pytest.param(name, output, marks=() if name in QUICK else pytest.mark.slow)
    for name in NAMES
    for output, found in enumerate(golden(name)["outputs"])
    if "algorithms" in found
)


def steps_of(name, output=0):
    file = golden_network(name)
    found = staircase(ask(file.network, output=output, task=file.tasks[output], data=golden_data(name)))
    return {step.key: step for step in found}


@pytest.mark.parametrize(("name", "output"), ALIGNED)
@pytest.mark.slow
def test_the_first_two_steps_are_what_the_authors_code_counts(name, output):
    steps, stored = steps_of(name, output), golden(name)["outputs"][output]["algorithms"]
    assert list(steps) == list(STEPS)
    assert steps["paper"].n_minimal + steps["paper"].n_free == len(stored["mappings"])
    both = steps["both-directions"]
    assert both.n_minimal + both.n_free == len(stored["both_directions"]["mappings"])


def annotated(text, places, path="", negated=False):
    """A formula as an and-inverter tree with each variable's place written behind it, read character by character."""
    operator, parts = split(text)
    if operator == "not":
        inner = annotated(parts[0], {key: site for key, site in places.items() if key != path}, path, not negated)
        return inner + places.get(path, "")
    if operator == "leaf":
        return ("!" if negated else "") + text + places.get(path, "")
    flip = operator == "or"
    inside = sorted(annotated(part, places, f"{path}{i}", flip) for i, part in enumerate(parts))
    return ("!" if negated != flip else "") + "(" + "&".join(inside) + ")" + places.get(path, "")


@pytest.mark.parametrize(
    "name", ["xor_3-3_a", *(pytest.param(name, marks=pytest.mark.slow) for name in ("nimp_3-2", "xor_relu_3-3"))]
)
def test_refuted_are_those_that_fail_one_by_one_in_both_directions(name):
    file = golden_network(name)
    asked = partial(ask, file.network, data=golden_data(name))
    rules = PAPER.model_copy(update={"name": "listed", "max_alignments": 100_000})
    both = rules.model_copy(update={"interchange_pairs": "ordered"})
    candidates = candidate_algorithms(file.tasks[0], rules, file.network.n_hidden_layers)
    listed = [
        score_alignment(asked(protocol=both), result.algorithm, scored.alignment).valid
        for result in search_alignments(asked(protocol=rules), candidates).algorithms
        if result.algorithm.responses
        for scored in result.alignments
        if scored.minimal
    ]
    assert len(listed) == steps_of(name)["paper"].n_minimal > 0
    assert one_way_refuted(asked()) == listed.count(False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xor_2-2", "xor_3-3_a", "nimp_3-2", "xor_relu_3-3"])
def test_twins_merged_are_the_listed_alignments_each_counted_once(name):
    file = golden_network(name)
    rules = PAPER.model_copy(
        update={"name": "listed", "interchange_pairs": "ordered", "alignments_kept": "all", "max_alignments": 100_000}
    )
    candidates = candidate_algorithms(file.tasks[0], rules, file.network.n_hidden_layers)
    found = search_alignments(ask(file.network, protocol=rules, data=golden_data(name)), candidates)
    all_of, minimal, trees = set(), set(), set()
    for result in found.algorithms:
        if not result.algorithm.responses:
            continue
        for scored in result.alignments:
            places = {path: f"@{site.layer}{list(site.neurons)}" for path, site in scored.alignment.places}
            text = annotated(result.algorithm.text, places)
            all_of.add(text)
            trees.add(annotated(result.algorithm.text, {}))
            if scored.minimal:
                minimal.add(text)
    merged = steps_of(name)["twins-merged"]
    free = {annotated(r.algorithm.text, {}) for r in found.algorithms if not r.algorithm.responses}
    assert (merged.n_aligned, merged.n_valid, merged.n_minimal) == (len(trees - free), len(all_of), len(minimal))


@pytest.mark.parametrize(
    "name", ["xor_3-3_a", *(pytest.param(name, marks=pytest.mark.slow) for name in ("majority_3-3", "and_3-3"))]
)
def test_the_last_step_is_the_complete_search_of_the_irredundant(name):
    file = golden_network(name)
    candidates = candidate_algorithms(file.tasks[0], COMPLETE, file.network.n_hidden_layers)
    found = search_alignments(ask(file.network, data=golden_data(name)), candidates)
    kept = [r for r in found.algorithms if r.irredundant["irredundant-literals"]]
    last = steps_of(name)["irredundant-literals"]
    assert [r.algorithm for r in kept] == list(irredundant_algorithms(file.tasks[0], file.network.n_hidden_layers))
    placed = [r for r in kept if r.algorithm.responses]
    assert last.n_candidates == len(kept)
    assert last.n_valid == sum(sum(s.valid for s in r.alignments) for r in placed)
    assert last.n_minimal == sum(sum(s.minimal for s in r.alignments) for r in placed)


@pytest.mark.parametrize("name", QUICK)
def test_the_last_step_alone_is_that_of_the_staircase(name):
    file = golden_network(name)
    question = ask(file.network, output=0, task=file.tasks[0], data=golden_data(name))
    assert last_step(question) == staircase(question)[-1]
