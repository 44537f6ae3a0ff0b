"""How long all criteria take on one network: ``./run bench`` has these lines; the second routes are those of the tests.

The references are plain Python, one explanation and one number at a time (``tests/oracles``); where that has no end a
part is done, its results are compared, and its time is scaled by how many explanations it did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.algorithms.candidates import Candidates, candidate_algorithms
from analysis.alignments.permutation_baseline import permuted_network
from analysis.alignments.search import search_alignments
from analysis.certificates.intervals import bisect, decided_alike
from analysis.certificates.programs import circuit_program, decision_regions, network_program
from analysis.circuits.search import search_circuits
from analysis.criteria.alignments import valid_alignments
from analysis.criteria.interpretation_tallies import CountingReadings, Reading
from analysis.criteria.population import Population
from analysis.criteria.registry import criteria_for, criterion_named
from analysis.criteria.steps import parse_steps
from analysis.criteria.verdict import Verdicts
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.observed import observed_classes
from analysis.networks.circuit import Circuit
from analysis.networks.mlp import keep_matrices
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.work import DEFAULT_WORK
from benchmarks.lines import Subject, subject
from benchmarks.survivors.study import INTERPRETATION_KEYS
from benchmarks.table import Line, Reach, same_result
from benchmarks.timing import Effort, timed, timed_cold
from tests.oracles import brute_force_alignments as plain_alignments
from tests.oracles import brute_force_criteria as plain
from tests.oracles import brute_force_interchange as plain_interchange
from tests.oracles.brute_force_algorithms import redundancy, rows
from tests.oracles.brute_force_interpretations import interpretations

TARGET_SECONDS: Final = 60.0
CERTIFIED: Final = ("input-robust",)


def criteria_lines(effort: Effort) -> list[Line]:
    """Every criterion on everything that `complete` finds on the pretrained XOR, and the certified ones apart."""
    s = subject("xor_pretrained")
    masks = search_circuits(ask(s.network, task=s.task, data=s.data)).masks
    whole = Population("circuit", ask(s.network, task=s.task, data=s.data), masks)
    lines = [
        _circuits(whole, effort),
        *_interpretations(whole, effort),
        _algorithms(s, effort),
        _alignments(s, effort),
    ]
    seconds = sum(line.engine_seconds for line in lines)
    note = "the lines above it together"
    lines.append(Line("all criteria but the certified ones", None, seconds, note=note, target_seconds=TARGET_SECONDS))
    return [*lines, *_certified(whole, effort)]


def _judged(population: Population, without: tuple[str, ...] = ()) -> dict[str, Verdicts]:
    return {c.key: c.judge(population) for c in criteria_for(population.kind) if c.key not in without}


# ---- circuits --------------------------------------------------------------------------------------------------------


def _circuits(whole: Population, effort: Effort) -> Line:
    seconds, found = timed_cold(lambda: _judged(replace(whole), CERTIFIED), effort.repetitions)
    some = _some(whole, max(2, min(len(whole), effort.n_drawn // 2_500)))
    plain_seconds, told = timed(lambda: _plainly(some))
    chosen = np.searchsorted(whole.items, some.items)
    same = all(found[key].passed[chosen].tolist() == values for key, values in told.items())
    work = f"{len(found)} criteria on {len(whole)} circuits of a 2-3-3-1"
    note = (
        f"the reference judges {len(told)} of them ({', '.join(sorted(told))}): {same_result(work, same)} on "
        f"{len(some)} circuits, whose time is scaled"
    )
    return Line(work, plain_seconds * len(whole) / len(some), seconds, "scaled", note)


def _some(whole: Population, n: int) -> Population:
    """Circuits spread evenly over the list."""
    return replace(whole, items=whole.items[:: max(1, len(whole) // n)][:n])


def _plainly(some: Population) -> dict[str, list[bool]]:
    """By key, whether each circuit passes; minimality among some circuits is not that among all, so it is left out."""
    network, labels, rule = (
        some.question.cut,
        list(some.question.task.truth_table),
        some.question.protocol.circuit_decision,
    )
    edges, inputs = plain.edges_of(network), [list(map(float, row)) for row in rows(network.n_inputs)]
    kept = [{edge for k, edge in enumerate(edges) if mask >> k & 1} for mask in some.items.tolist()]
    usual = (network, inputs, labels, rule, some.question.protocol.accuracy_threshold)

    def each(judge: Callable[..., bool]) -> list[bool]:
        return [judge(usual[0], one, *usual[1:]) for one in kept]

    passed = {
        "zero-ablation": each(plain.passes_zero),
        "mean-ablation": each(plain.passes_mean),
        "resample-ablation": each(plain.passes_resample),
        "patching-robust": each(plain.survives_patching),
    }
    ablations = [passed[f"{kind}-ablation"] for kind in ("zero", "mean", "resample")]
    passed["all-ablations"] = [all(three) for three in zip(*ablations, strict=True)]
    passed["output-faithfulness"] = [plain.largest_difference(network, one, inputs) <= 0.1 for one in kept]
    alike = [plain.knockouts_alike(network, one, inputs, rule) for one in kept]
    passed["knockout-completeness"] = [a == of for a, of in alike]
    n_right = [plain.complement_right(network, one, inputs, labels, rule) for one in kept]
    passed["necessity"] = [n < len(labels) for n in n_right]
    return passed


# ---- interpretations -------------------------------------------------------------------------------------------------


def _interpretations(whole: Population, effort: Effort) -> list[Line]:
    """All of them without listing, and one of each observed class judged by itself."""
    network, data = whole.question.cut, whole.question.data
    question, steps = ask(network, data=data), parse_steps(INTERPRETATION_KEYS)

    def count() -> dict[str, tuple[Reading, ...]]:
        counting = CountingReadings(question, whole.items, [0] * len(whole), [0] * len(whole), steps)
        counting.advance(DEFAULT_WORK)
        return {step.key: readings for step, readings in counting.found().items()}

    seconds, readings = timed_cold(count, effort.repetitions)
    totals = [one.total for one in readings["observed-class"]]
    total, n_classes = sum(totals), sum(one.passed for one in readings["observed-class"])
    masks, by_total = whole.items.tolist(), sorted(range(len(totals)), key=lambda place: totals[place])
    few = [place for place in by_total if totals[place] <= 200][: max(1, effort.n_drawn // 2_000)] or by_total[:1]

    def plainly() -> list[tuple[int, ...]]:
        found = []
        for mask in (masks[place] for place in few):
            listed, classes = interpretations(network, mask)
            passed = [len(set(classes))]
            for family in ("alone", "joint"):
                scores = plain_interchange.scores(network, mask, listed, family)
                passed.append(0 if scores is None else scores[1].count(scores[0]))
            found.append(tuple(passed))
        return found

    plain_seconds, told = timed(plainly)
    same = told == [tuple(readings[key][place].passed for key in INTERPRETATION_KEYS) for place in few]
    n_listed = sum(totals[place] for place in few)
    work = f"{len(steps)} criteria on all {total:,} interpretations"
    note = (
        f"{same_result(work, same)} on the {n_listed:,} interpretations of {len(few)} circuits, listed; the time is "
        "scaled by interpretations"
    )
    lines = [Line(work, plain_seconds * total / n_listed, seconds, "scaled", note)]

    some = masks if effort.repetitions > 1 else masks[:: max(1, len(masks) // 4)]
    circuits = [Circuit(whole.question.layout, mask) for mask in some]
    firsts = tuple(
        InterpretationSpace(question, circuit).at(index)
        for circuit in circuits
        for index in observed_classes(question, circuit).least_indices
    )
    population = Population("interpretation", question, firsts)
    seconds, found = timed_cold(lambda: _judged(replace(population)), effort.repetitions)
    work = f"{len(found)} criteria on {len(firsts):,} observed classes, one by one"
    n_first = found["observed-class"].tally.passed
    same = n_first == len(firsts) and (len(some) < len(masks) or n_first == n_classes)
    note = f"{same_result(work, same)}: as many pass `observed-class` as are counted"
    return [*lines, Line(work, None, seconds, note=note)]


# ---- algorithms and alignments ---------------------------------------------------------------------------------------


def _algorithms(s: Subject, effort: Effort) -> Line:
    algorithms = candidate_algorithms(s.task, COMPLETE, s.network.n_hidden_layers).algorithms
    seconds, found = timed_cold(
        lambda: _judged(Population("algorithm", ask(s.network, data=s.data), algorithms)), effort.repetitions
    )
    plain_seconds, told = timed(lambda: [redundancy(a.text, s.network.n_inputs) for a in algorithms])
    same = all(found[key].passed.tolist() == [one[key] for one in told] for key in told[0])
    work = f"{len(found)} criteria on {len(algorithms)} algorithms"
    return Line(work, plain_seconds, seconds, note=f"{same_result(work, same)}; representative only by the engine")


def _alignments(s: Subject, effort: Effort) -> Line:
    """Chance is most of the work; its second route searches every alignment on each permuted network."""
    candidates = candidate_algorithms(s.task, COMPLETE, s.network.n_hidden_layers)
    search = search_alignments(ask(s.network, data=s.data), candidates)
    population = Population("alignment", ask(s.network, data=s.data), valid_alignments(search))
    seconds, found = timed_cold(lambda: _judged(replace(population)), effort.repetitions)
    n_networks = int(criterion_named("above-random").defaults["networks"])
    n_tried = n_networks if effort.repetitions > 1 else 5
    chosen = tuple(dict.fromkeys(algorithm for algorithm, _ in population.items))
    rules = COMPLETE.model_copy(update={"n_near_misses": 1, "max_alignments": 1})

    def plainly() -> tuple[list[list[int]], set[str], set[str]]:
        best = []
        for number in range(n_tried):
            permuted = permuted_network(s.network, number, seed=0)
            results = search_alignments(
                ask(permuted, protocol=rules, data=s.data), Candidates(chosen, len(chosen))
            ).algorithms
            best.append([max((a.iia.agreed for a in result.alignments), default=-1) for result in results])
        alone = plain_alignments.Interchange(s.network, rows(s.network.n_inputs))
        marked = [entry for a in chosen for entry in plain_alignments.alignments(alone, a.text)[0]]
        return best, {entry[3] for entry in marked}, {entry[3] for entry in marked if entry[5]}

    plain_seconds, (best, valid, minimal) = timed(plainly)
    ids = [scored.alignment.id for _, scored in population.items]
    same = set(ids) == valid
    same &= {one for one, passed in zip(ids, found["minimal-alignment"].passed, strict=True) if passed} == minimal
    if n_tried == n_networks:
        below = [
            sum(row[chosen.index(algorithm)] < scored.iia.agreed for row in best)
            for algorithm, scored in population.items
        ]
        same &= found["above-random"].numerators is not None and found["above-random"].numerators.tolist() == below
    work = f"{len(found)} criteria on {len(population)} alignments"
    note = f"{same_result(work, same)}: validity, minimality, and chance by searching the permuted networks"
    reach: Reach = "whole" if n_tried == n_networks else "scaled"
    return Line(work, plain_seconds * n_networks / n_tried, seconds, reach, note)


# ---- certified -------------------------------------------------------------------------------------------------------


def _certified(whole: Population, effort: Effort) -> list[Line]:
    """Polygons against bisection, which is certified too."""
    robust = criterion_named("input-robust")
    seconds, found = timed_cold(lambda: robust.judge(replace(whole)), effort.plain_repetitions)
    some = _some(whole, max(2, min(len(whole), effort.n_drawn // 500)))

    def by_bisection() -> list[bool]:
        network, regions = network_program(whole.question.cut), decision_regions(whole.question.cut, "rounding")
        absent, passed = some.question.carried("zero"), []
        for keep in zip(*keep_matrices(some.items, some.question.layout), strict=True):
            judge = decided_alike(network, circuit_program(some.question.cut, keep, absent), regions)
            answers = {bisect(judge, row - 0.1, row + 0.1, 50_000).answer for row in some.question.clean_rows}
            passed.append(answers == {"proved"})
        return passed

    plain_seconds, told = timed(by_bisection)
    chosen = np.searchsorted(whole.items, some.items)
    work = f"`input-robust` on {len(whole)} circuits, certified"
    note = f"{same_result(work, found.passed[chosen].tolist() == told)} by interval bisection on {len(some)} circuits"
    return [Line(work, plain_seconds * len(whole) / len(some), seconds, "scaled", note)]
