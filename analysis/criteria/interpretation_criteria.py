"""Criteria for interpretations: whether one is first of its kind, and whether it predicts what the whole network does.

These judge interpretations one by one. How many of *all* interpretations pass is counted without listing them by
:mod:`pluriscope.analysis.criteria.interpretation_tallies`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria import interpretations, on_variables
from pluriscope.analysis.criteria.criterion import Change, Criterion, Judge, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, Witness, put_together
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explanations.circuits import predict_by_interpretation
from pluriscope.analysis.interpretations.predicting import Family, family_sets
from pluriscope.analysis.interventions.experiments import SILENT, NetworkAnswers


def _observed(population: Population, _: Settings) -> Verdicts:
    found = []
    for interpretation in population.work.each("criteria", population.items, "observed classes"):
        try:
            every = interpretations.space_of(population, interpretation.circuit)
            least = every.least_index_of_class(interpretation.gates)
        except BeyondLimits as refusal:
            found.append(Verdict("undecided", f"Not tried: {refusal.cause}."))
            continue
        found.append(_first_of_class(interpretation.index, least))
    return put_together(found)


def _first_of_class(index: int, least: int) -> Verdict:
    if least == index:
        return Verdict("passed", "No interpretation with a lower index is the same on every input.")
    reason = f"Interpretation {least} gives every neuron the same bits on every input."
    return Verdict("failed", reason, {"index": str(least)})


def _observed_variables(_: on_variables.Readings, item: on_variables.Item) -> Verdict:
    every, one = item[1:]
    return _first_of_class(one.index, every.index_of_observed(one.observed_class))


def _interchange(family: Family, *, on_circuit: bool = False) -> Judge:
    """Make the judge of whether interpretations predict interchanges of a family of neuron sets."""

    def judge(population: Population, _: Settings) -> Verdicts:
        each = population.work.each("criteria", range(len(population)), "interchanges", every=64)
        network, found = interpretations.interventions(population)[1], []
        for number in each:
            circuit = population.items[number].circuit
            answers = interpretations.answers_in(population, circuit) if on_circuit else network
            found.append(_judge_one(population, number, family, answers))
        return put_together(found)

    return judge


def _judge_one(population: Population, number: int, family: Family, answers: NetworkAnswers) -> Verdict:
    """Judge how many interchanges one interpretation predicts right."""
    interpretation, (space, _) = population.items[number], interpretations.interventions(population)
    chosen = family_sets(interpretation.circuit, space, family)
    everything = predict_by_interpretation(interpretation, space)
    predictions = everything[chosen]
    counted = space.counted[chosen]
    if not counted.any() or (predictions == SILENT).all():
        reason = "Its output has no gate, so it predicts nothing." if counted.any() else "No hidden neuron is active."
        return Verdict("not_applicable", reason)
    decisions = answers.decisions[chosen]
    wrong = np.argwhere((predictions != decisions) & counted)
    of = int(counted.sum())
    right = of - len(wrong)
    reason = f"{right} of {of} interchanges of its active neurons are predicted right."
    if len(wrong):
        index = (int(chosen[wrong[0][0]]), int(wrong[0][1]), int(wrong[0][2]))
        return Verdict.of_share("failed", right, of, reason, _witness(population, everything, index, answers))
    if family == "joint" and space.largest is not None:
        tried = f" Sets of up to {space.largest} neurons were tried."
        return Verdict.of_share("undecided", right, of, reason + tried)
    return Verdict.of_share("passed", right, of, reason)


def _witness(
    population: Population, predictions: NDArray[np.int8], index: tuple[int, int, int], answers: NetworkAnswers
) -> Witness:
    """The first intervention that is predicted wrong, at ``[set, source, base]``."""
    members, source, base = index
    return {
        "patched": [list(site) for site in interpretations.interventions(population)[0].sets[members]],
        "source": population.question.clean_rows[source].tolist(),
        "base": population.question.clean_rows[base].tolist(),
        "predicted": int(predictions[index]),
        "output": float(answers.outputs[index]),
    }


_METHOD: Final = (
    "Patched neurons with a gate take their bit on the source, the others follow their local gates; active neurons "
    "without a gate are said to change nothing. How many of all interpretations pass is counted without listing them; "
    "where that is too much work they are undecided."
)
_CHANGES: Final = (
    Change(
        "of each observed class only the completion with the lowest index was asked",
        "a class passes where any of its completions does",
    ),
)

OBSERVED_CLASS: Final = Criterion(
    key="observed-class",
    label="One per observed class",
    definition="No interpretation of the same circuit with a lower index gives every neuron the same bits on every "
    "input.",
    formula="index(I) = min of index(J) over J with g_J(x) = g_I(x) for every neuron g and input x",
    source="Pluriscope: free completions differ only on parent combinations that no input reaches",
    judges={"interpretation": _observed, on_variables.VARIABLES: on_variables.each(_observed_variables)},
)
_ON_CIRCUIT: Final = (
    "Sources and bases are runs of the circuit: what fails here is wrong about the gates, what fails on the network "
    "alone may be due to the circuit not being the network. " + _METHOD
)


def _interchanges(*, on_circuit: bool) -> tuple[Criterion, Criterion]:
    """Make the two criteria about interchanges of single neurons and of sets, in the whole network or in the circuit
    itself.
    """
    where, suffix = (" in the circuit", "-on-circuit") if on_circuit else ("", "")
    whose = "the circuit itself" if on_circuit else "the unablated network"
    run, own = ("f_C", " in C") if on_circuit else ("N", "")
    one, some = (
        ("one of its neurons", "set of its neurons") if on_circuit else ("one active neuron", "set of active neurons")
    )
    method, scored = _ON_CIRCUIT if on_circuit else _METHOD, "share of interchanges predicted right"
    alone = Criterion(
        key=f"interchange{suffix}",
        label=f"Predicts single interchanges{where}",
        definition=f"It predicts what {whose} decides when any {one} takes its activation from another input.",
        formula=f"for every active neuron v and s ≠ b: I(b; v ← v(s)) = [{run}(b; h_v ← h_v(s){own}) > 1/2]",
        source="Geiger et al., NeurIPS 2021 (arXiv:2106.02997), on the interpretations of Méloux et al. "
        "(arXiv:2502.20914)",
        judges={
            "interpretation": _interchange("alone", on_circuit=on_circuit),
            on_variables.VARIABLES: on_variables.upheld(jointly=False, on_circuit=on_circuit),
        },
        method=method,
        direction="higher",
        score=scored,
        term="interchange-intervention",
        changes=_CHANGES,
    )
    joint = Criterion(
        key=f"interchange-joint{suffix}",
        label=f"Predicts joint interchanges{where}",
        definition=f"It predicts what {whose} decides when any {some} takes its activations from another input.",
        formula="for every set S of active neurons and s ≠ b: I(b; v ← v(s), v ∈ S) = "
        f"[{run}(b; h_S ← h_S(s){own}) > 1/2]",
        source="Geiger et al., JMLR 2025 (arXiv:2301.04709): causal abstraction, on the interpretations of Méloux et "
        "al. (arXiv:2502.20914)",
        judges={
            "interpretation": _interchange("joint", on_circuit=on_circuit),
            on_variables.VARIABLES: on_variables.upheld(jointly=True, on_circuit=on_circuit),
        },
        method=method,
        direction="higher",
        score=scored,
        implies=(alone.key,),
        term="joint-interchange",
        changes=_CHANGES,
    )
    return alone, joint


INTERCHANGE, INTERCHANGE_JOINT = _interchanges(on_circuit=False)
INTERCHANGE_ON_CIRCUIT, INTERCHANGE_JOINT_ON_CIRCUIT = _interchanges(on_circuit=True)
