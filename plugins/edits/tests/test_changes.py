"""Kept, lost and gained, against sets that are listed one by one, and against estimates of the same."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.carried_algorithms.search import all_stories
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuits.search import decide_right, search_circuits
from pluriscope.analysis.errors import BeyondLimits, InvalidNetwork
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.numerics.large_numbers import interval
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope_edits import changes
from pluriscope_edits.changes import ChangesReport, compare, find_changes
from tests.analysis.circuits.test_circuit_search import random_network
from tests.analysis.subjects.transformer.mlp_model import judged_each
from tests.golden_files import golden_network
from tests.oracles.brute_force_interpretations import interpretations
from tests.trained_networks import trained_xor


def noisy(network: Network, size: float, seed: int = 0) -> Network:
    draw = np.random.default_rng(seed).normal
    return replace(network, weights=tuple(weight + size * draw(size=weight.shape) for weight in network.weights))


def answer(report: ChangesReport, kind: str) -> tuple[int, int, int]:
    change = getattr(report, kind)
    return int(change.kept), int(change.lost), int(change.gained)


def readings(question: Question, mask: int) -> set[object]:
    """All interpretations of a circuit, each as its gates' functions and tables."""
    every, _ = interpretations(question.network, mask, ablation=question.protocol.ablation)
    return {tuple((layer, neuron, bits, table) for layer, neuron, _, _, bits, table in one) for one in every}


@pytest.mark.parametrize("protocol", [COMPLETE, PAPER, COMPLETE.model_copy(update={"ablation": "mean"})])
@pytest.mark.parametrize(("seed", "scale", "size"), [(32, 1, 0.0), (32, 1, 0.1), (39, 2, 0.1)])
def test_counts_are_those_of_sets_listed_one_by_one(protocol, seed, scale, size):
    drawn = random_network(seed, (2, 3, 1))
    network = replace(drawn, weights=(drawn.weights[0], drawn.weights[1] * scale))
    asked = ask(network, protocol=protocol)
    both = [analyse_output(one) for one in (asked, replace(asked, subject=noisy(network, size)))]
    report = compare(*both)
    masks = [set(one.circuits.masks.tolist()) for one in both]
    listed = [{mask: readings(one.question, mask) for mask in of} for one, of in zip(both, masks, strict=True)]
    pairs = [{(mask, one) for mask, every in of.items() for one in every} for of in listed]
    placed = [
        {
            (of.algorithm.id, one.alignment.id)
            for of in found.algorithms.algorithms
            for one in of.alignments
            if one.valid
        }
        for found in both
    ]
    for kind, (first, second) in {"circuits": masks, "interpretations": pairs, "alignments": placed}.items():
        assert answer(report, kind) == (len(first & second), len(first - second), len(second - first))
    classes = [{(mask, tuple((*site, bits) for *site, bits, _ in one)) for mask, one in of} for of in pairs]
    by_class = report.criteria["interpretation"]["observed-class"]
    assert (by_class.kept, by_class.lost, by_class.gained) == (
        len(classes[0] & classes[1]),
        len(classes[0] - classes[1]),
        len(classes[1] - classes[0]),
    )
    differ = {mask for mask in masks[0] & masks[1] if listed[0][mask] != listed[1][mask]}
    assert {int(mask, 16) for mask in report.masks["changed"]} == differ  # these tasks have no stories
    assert int(report.circuits.changed) == len(differ)
    assert size > 0 or answer(report, "circuits")[1:] == (0, 0)


@pytest.mark.parametrize(("seed", "size"), [(27, 0.8), (28, 0.3), (50, 0.3)])
def test_neurons_of_one_value_in_one_network_alone_are_no_gates_in_common(seed, size):
    asked = ask(replace(random_network(seed, (2, 3, 1)), negative_slope=0.0))
    other = replace(asked, subject=noisy(asked.subject, size))
    masks = np.intersect1d(*(search_circuits(one).masks for one in (asked, other)))
    listed = [len(readings(asked, mask) & readings(other, mask)) for mask in masks.tolist()]
    assert list(count_interpretations(asked, masks, shared_with=other).by_circuit) == listed


def test_both_directions_give_the_same():
    network = golden_network("xor_pretrained").network
    asked = ask(network)
    other = replace(asked, subject=noisy(network, 0.1))
    there, back = find_changes(asked, other.subject), find_changes(other, network)
    for kind in ("circuits", "interpretations", "alignments"):
        kept, lost, gained = answer(there, kind)
        assert answer(back, kind) == (kept, gained, lost)
    assert {one.where for one in there.placings["kept"]} == {"n1.1+n1.2, n1.0", "n1.1, n1.0+n1.2", "n1.1, n1.0"}
    for masks in there.masks.values():
        sizes = [int(mask, 16).bit_count() for mask in masks]
        assert sizes == sorted(sizes)
    by_mean = COMPLETE.model_copy(update={"ablation": "mean"})
    first, second = (
        {*search_circuits(one).masks.tolist()} & {*search_circuits(replace(one, protocol=by_mean)).masks.tolist()}
        for one in (asked, other)
    )
    passing = there.criteria["circuit"]["mean-ablation"]
    assert (passing.kept, passing.lost, passing.gained) == tuple(
        map(len, (first & second, first - second, second - first))
    )
    for kind, every in there.criteria.items():
        for key, one in every.items():
            other_way = back.criteria[kind][key]
            assert (one.kept, one.lost, one.gained) == (other_way.kept, other_way.gained, other_way.lost)


def test_circuits_that_a_criterion_had_no_time_for_are_undecided():
    network, work = (
        golden_network("xor_pretrained").network,
        Work(clock=time.perf_counter, limits=Limits(criterion_seconds=0.0)),
    )
    found = find_changes(ask(network), noisy(network, 0.1), work).criteria["circuit"]["margin"]
    assert (found.kept, found.undecided) == (0, 197 + 240)


def test_a_circuit_with_another_story_is_changed():
    (network,) = trained_xor(3, 1)
    asked = ask(network)
    other = replace(asked, subject=noisy(network, 0.05))
    both = [analyse_output(one) for one in (asked, other)]
    kept = np.intersect1d(*(one.circuits.masks for one in both))
    stories = [all_stories(one, kept) for one in (asked, other)]
    by_hand = [[one.stories[number] for number in one.story_of.tolist()] for one in stories]
    apart = {mask for mask, *answer in zip(kept.tolist(), *by_hand, strict=True) if answer[0] != answer[1]}
    counts = [count_interpretations(one, kept).by_circuit for one in (asked, other)]
    shared = count_interpretations(asked, kept, shared_with=other).by_circuit
    read = {mask for mask, *n in zip(kept.tolist(), *counts, shared, strict=True) if len({*n}) > 1}
    assert apart - read
    report = compare(*both)
    assert {int(mask, 16) for mask in report.masks["changed"]} == apart | read


LIMITED = {
    "counted": Limits(max_valid=20, n_draws=150, n_smallest=2),
    "sampled": Limits(max_possible=100, max_seconds=0, n_samples=20_000, n_draws=150, n_smallest=2),
}


@pytest.mark.parametrize("method", LIMITED)
def test_what_cannot_be_listed_is_counted_or_estimated(method):
    network = golden_network("xor_pretrained").network
    other, asked = noisy(network, 0.1), ask(network)
    work = Work(limits=LIMITED[method])
    both = [analyse_output(one, work) for one in (asked, replace(asked, subject=other))]
    truth, found = find_changes(asked, other), compare(*both, work)
    if method == "counted":
        assert (answer(found, "circuits"), found.circuits.estimated) == (answer(truth, "circuits"), None)
    kinds = ("circuits", "interpretations") if method == "sampled" else ("interpretations",)
    for kind in kinds:
        change = getattr(found, kind)
        assert change.estimated
        assert 0.9 < change.confidence < 1
        for name, at in zip(("kept", "lost", "gained"), answer(truth, kind), strict=True):
            low, high = map(int, change.intervals[name])
            assert low <= at <= high
            assert low <= int(getattr(change, name)) <= high
    before, after = both[0].circuits, both[1].question
    drawn = np.setdiff1d(before.masks, np.array(before.smallest.undrawn, dtype=before.masks.dtype))
    in_both = drawn[decide_right(after, drawn)]
    same = sum(count_interpretations(asked, in_both, shared_with=after).by_circuit)
    assert int(found.interpretations.kept) == pytest.approx(same / len(drawn) * before.n_valid)
    if method == "sampled":
        assert int(found.circuits.kept) == round(len(in_both) / len(drawn) * before.n_valid)
        assert found.circuits.confidence == pytest.approx(1 - 3 * 0.01)  # the share, and both numbers
    assert not found.masks
    assert any("too many to be listed" in reason for reason in found.reasons)
    assert found.alignments == truth.alignments
    assert any("drawn uniformly" in reason for reason in found.reasons)


def test_what_no_drawn_circuit_has_may_still_be_there():
    first, second = trained_xor(3, 2)
    found = find_changes(ask(first), second, Work(limits=LIMITED["sampled"])).interpretations
    low, high = found.intervals["kept"]
    assert (found.kept, low, found.in_words("kept")) == (0, 0, f"about 0 ({interval(0, int(high))})")
    assert int(high) > 1e8


def test_rows_that_a_network_has_wrong_are_named():
    network = golden_network("xor_pretrained").network
    silent = replace(network, weights=(*network.weights[:-1], network.weights[-1] * 0))
    there, back = find_changes(ask(network), silent), find_changes(ask(silent), network)
    unlisted = find_changes(ask(network), silent, Work(limits=LIMITED["sampled"])).circuits
    assert unlisted.intervals["kept"] == unlisted.intervals["gained"]  # no more than the second network may have
    for task, report in (("XOR", there), ("always 0", back)):
        wrong = f"Judged on {task}, the second network is wrong on 2 of 4 inputs: 01, 10."
        assert report.findings(None)[0].startswith(
            f"{wrong} What it has are no explanations of a network that computes"
        )
    assert answer(back, "alignments") == (0, 473_296, 0)  # not all are listed, but the second network has none
    assert back.alignments.estimated is None


# --- transformers


def bundled(name: str, rules: str = "") -> GraphQuestion:
    kind, subject = read_subject((Path("app/bundled/models") / f"{name}.json").read_bytes())
    return GraphQuestion(kind, subject, kind.rules(rules))


def fewer_rows(subject):
    return replace(subject, tokens=subject.tokens[:-1], answers=subject.answers[:-1])


def noise(subject, size=0.1):
    """The same transformer with normal noise on its parameters, a share of the deviation of each array."""
    draw = np.random.default_rng(0).normal
    return subject.with_parameters(
        {name: values + size * values.std() * draw(size=values.shape) for name, values in subject.parameters.items()}
    )


def quantised(subject):
    return subject.with_parameters({name: np.round(values * 4) / 4 for name, values in subject.parameters.items()})


def without_head(subject):
    return subject.with_parameters(
        {name: values * (not name.startswith("1.1.")) for name, values in subject.parameters.items()}
    )


CHANGED = [
    ("majority-5-attention", "", noise),
    ("majority-5-attention", "mean", quantised),
    ("majority-5-attention", "nodes", without_head),
    ("tracr-histogram", "heads", partial(noise, size=0.3)),
]


@pytest.mark.parametrize(("name", "rules", "change"), CHANGED)
def test_circuits_of_a_changed_transformer_are_those_found_in_each_by_itself(name, rules, change):
    before = bundled(name, rules)
    edit = change(before.subject)
    report = find_changes(before, edit, thorough=True)
    after = replace(before, subject=replace(edit, answers=before.subject.answers))
    found = [judged_each(one, find_masks(one), ()) for one in (before, after)]
    first, second = ({one.mask for one in each} for each in found)
    parts = {"kept": first & second, "lost": first - second, "gained": second - first}
    assert {name: set(masks) for name, masks in report.masks.items()} == parts
    assert answer(report, "circuits") == tuple(map(len, parts.values()))
    known = [{one.mask: one.worst for one in each} for each in found]
    for part, at in (("kept", 0), ("kept", 1), ("lost", 0), ("gained", 1)):
        margins = [pair[at] for pair in report.margins[part]]
        assert margins == [known[at][mask] for mask in report.masks[part]]
    whole = largest(after.space.run(np.ones((1, before.graph.n_bits), dtype=np.bool_)))[0]
    wrong = int((whole != before.subject.answers).sum())
    assert any(f"the second network is wrong on {wrong} of" in one for one in report.reasons) == (wrong > 0)
    smallest = [{one.mask for one in each if one.edges == min(other.edges for other in each)} for each in found]
    passing = report.criteria["circuit"]["minimal-cardinal"]
    assert (passing.kept, passing.lost) == (len(smallest[0] & smallest[1]), len(smallest[0] - smallest[1]))


def test_lists_too_long_are_estimated_from_circuits_drawn_uniformly(monkeypatch):
    before = bundled("majority-5-attention")
    edit = noise(before.subject)
    exact = find_changes(before, edit).circuits
    monkeypatch.setattr(changes, "MAX_MASKS", 5)
    report = find_changes(before, edit)
    assert (report.circuits.estimated, report.masks) == (True, {})
    for name, (low, high) in report.circuits.intervals.items():
        assert int(low) <= int(getattr(exact, name)) <= int(high)
    assert "Lists of circuits are truncated at 5: none is named." in report.reasons


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (ask(trained_xor(2, 1)[0]), trained_xor(3, 1)[0], "one has the shape 2-2-2-1, the other 2-3-3-1"),
        (bundled("majority-5-attention"), trained_xor(2, 1)[0], "are not both transformers"),
        (ask(trained_xor(2, 1)[0]), bundled("majority-5-attention").subject, "are not both perceptrons"),
        (bundled("majority-5-attention"), bundled("induction-attention").subject, "layers 1 and 2"),
        (bundled("indirect-object-2x2"), bundled("indirect-object-2x4").subject, "heads 2 and 4"),
        (bundled("indirect-object-2x2"), bundled("induction-attention").subject, "tasks of other tokens"),
        (bundled("tracr-reverse", "nodes"), fewer_rows(bundled("tracr-reverse").subject), "tasks of other rows"),
        (bundled("tracr-distinct"), bundled("tracr-induction").subject, "MLP blocks in one alone"),
    ],
)
def test_another_kind_shape_or_task_is_refused(first, second, words):
    with pytest.raises(InvalidNetwork, match=words):
        find_changes(first, second)


def test_transformers_too_large_to_search_are_refused_with_their_number():
    before = bundled("tracr-reverse")
    with pytest.raises(BeyondLimits, match="of them, which takes"):
        find_changes(before, noise(before.subject))
