"""One network along its training."""

from __future__ import annotations

import pytest

from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import Alignment
from analysis.alignments.iia import score_alignment
from analysis.circuits.search import search_circuits
from analysis.data import clean_data
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.question import ask
from analysis.studies.measures.registry import MEASURES
from analysis.studies.measures.sets import alignment_word
from analysis.studies.running import circuits_alone
from analysis.studies.subject import Studied
from analysis.tasks import named_task
from benchmarks.findings.series import Course, follow, named, summarised
from tests.golden_files import golden, golden_data, golden_network

XOR, DATA = named_task("XOR", 2), clean_data(2)


def stored_sets(network, task=XOR, data=DATA):
    question = ask(network, task=task, data=data)
    studied = Studied(question, circuits_alone(question, search_circuits(question)))
    return named(*(MEASURES[f"which-{kind}"].function(studied).value for kind in ("circuits", "alignments")))


def alignment_of_word(word):
    text, *places = word.split("|")
    split = [place.replace("@", ":").split(":") for place in places]
    return Alignment(
        text, tuple((path, NeuronSet(int(layer), tuple(map(int, ns.split(","))))) for path, layer, ns in split)
    )


def test_what_is_named_is_what_the_authors_code_lists():
    file, stored = golden_network("xor_3-3_a"), golden("xor_3-3_a")["outputs"][0]
    found = stored_sets(file.network, file.tasks[0], golden_data("xor_3-3_a"))
    assert found["circuit"] == {*stored["circuits"]["masks"], *stored["circuits_full_node_mask"]["masks"]}
    assert found["algorithm"] == {"!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"}
    for word in found["alignment"]:
        alignment = alignment_of_word(word)
        assert alignment_word(alignment) == word
        algorithm = parse_algorithm(alignment.algorithm_text, "and_inverter", 2)
        scored = score_alignment(ask(file.network, data=DATA), algorithm, alignment)
        assert scored.valid
        assert scored.minimal


@pytest.mark.slow
def test_a_lower_target_is_the_same_network_further_on():
    targets = (0.1, 0.01, 0.001)
    outcomes = train_networks([TrainingSpec(seed=4, loss_target=target) for target in targets])
    assert outcomes[1].losses[: outcomes[0].epochs] == outcomes[0].losses
    assert outcomes[2].losses[: outcomes[1].epochs] == outcomes[1].losses
    found = [stored_sets(outcome.network) for outcome in outcomes]
    courses = follow([*found, None])
    assert all(course.present[3] is None for course in courses)
    for moment, sets in enumerate(found):
        for kind, items in sets.items():
            assert {c.item for c in courses if c.kind == kind and c.present[moment]} == items


def test_what_is_kept_lost_and_gained():
    one = [Course("circuit", "a", (True, True, False)), Course("circuit", "b", (False, True, True))]
    two = [Course("circuit", "a", (True, False, None)), Course("algorithm", "x", (True, True, None))]
    first, second, third = summarised([one, two], "circuit", 3)
    assert (first.networks, first.present, first.one, first.final, first.of_final) == (2, 2, 2, 0, 1)
    assert (second.kept, second.lost, second.gained, second.none, second.items) == (1, 1, 1, 1, 1.0)
    assert (third.networks, third.lost, third.final, third.of_final) == (1, 1, 1, 1)
