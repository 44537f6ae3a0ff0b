"""Criteria of unmapped neurons: whether an alignment holds whatever they carry, exhaustively and by draws.

Which neurons an alignment claims to be inert is decided by :mod:`pluriscope_methods.unmapped.claims`.

Source: Méloux, Pimentel, Portet & Peyrard 2026 (arXiv:2607.00267): the causal abstraction error with faithfulness over
the unmapped variables Φ. Their form without Φ is the weak one: exhaustively, it is joint interchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.alignments.alignment import JointCase, OnNeurons
from pluriscope.analysis.alignments.joint import MAX_RUNS
from pluriscope.analysis.criteria import alignments
from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, Witness, put_together
from pluriscope.analysis.errors import BeyondLimits
from pluriscope_methods.robustness.noise import true_share
from pluriscope_methods.unmapped.claims import InertClaim, abstraction_errors, inert_claims, score_inert

CLEAN, ZERO = range(2)
_CARRIED: Final = ("what they are on any input", "0 or what they are")
_NO_CLAIM: Final = Verdict(
    "not_applicable",
    "In no layer do the variables decide all that comes after it: the neurons without a variable mediate.",
)


def _inert(population: Population, settings: Settings) -> Verdicts:
    every = alignments.on_neuron_sets(population)
    found = []
    for algorithm, scored in population.work.each("criteria", every, "placements with unmapped neurons"):
        claims = inert_claims(population.question.network, algorithm, scored.alignment)
        found.append(_judge_claims(population, algorithm, claims, settings) if claims else _NO_CLAIM)
    return put_together(found)


def _judge_claims(
    population: Population, algorithm: HighLevelModel, claims: Sequence[InertClaim], settings: Settings
) -> Verdict:
    values, n_agreed, n_runs = int(settings["values"]), 0, 0
    witness: Witness = {}
    try:
        for claim in claims:
            score = score_inert(
                population.question,
                algorithm,
                claim,
                population.work,
                zero=values == ZERO,
                max_runs=int(settings["max_runs"]),
            )
            n_agreed, n_runs = n_agreed + score.agreed, n_runs + score.of
            if score.first_wrong is not None and not witness:
                witness = _witness(population, claim, score.first_wrong, zero=values == ZERO)
    except BeyondLimits as problem:
        if not witness:
            return Verdict("undecided", f"Not tried: {problem.cause}.")
        reason = f"In another layer a run goes wrong. Not tried in layer {claim.layer}: {problem.cause}."
        return Verdict("failed", reason, witness)
    named = ", ".join(f"{claim.layer}.{neuron}" for claim in claims for neuron in claim.neurons)
    carried = f"Where unmapped neurons ({named}) carry {_CARRIED[values]}" if named else "All are mapped"
    reason = f"{carried}: the network does what the algorithm says in {n_agreed:,} of {n_runs:,} runs."
    return Verdict.of_share("failed" if witness else "passed", n_agreed, n_runs, reason, witness)


def _witness(population: Population, claim: InertClaim, wrong: JointCase, *, zero: bool) -> Witness:
    """The first run that goes wrong; of each unmapped neuron the input that its value is from, or whether it is 0."""
    rows, chosen = population.question.clean_rows, wrong.sources[len(claim.places) :]
    return {
        "sources": _sources(population, claim, wrong.sources),
        "unmapped": [
            {
                "layer": claim.layer,
                "neuron": neuron,
                **({"zero": choice == 0} if zero else {"input": rows[choice].tolist()}),
            }
            for neuron, choice in zip(claim.neurons, chosen, strict=True)
        ],
        "base": rows[wrong.base].tolist(),
        "expected": wrong.expected,
        "output": wrong.output,
    }


def _sources(population: Population, claim: InertClaim, sources: Sequence[int]) -> dict[str, list[float]]:
    return {
        path: population.question.clean_rows[source].tolist()
        for (path, _), source in zip(claim.places, sources, strict=False)
    }


def _abstraction_error(population: Population, settings: Settings) -> Verdicts:
    return put_together(
        [
            _judge_error(population, algorithm, scored, settings)
            for algorithm, scored in population.work.each(
                "criteria", alignments.on_neuron_sets(population), "abstraction errors"
            )
        ]
    )


def _judge_error(population: Population, algorithm: HighLevelModel, scored: OnNeurons, settings: Settings) -> Verdict:
    question, alignment, draws = population.question, scored.alignment, int(settings["draws"])
    claims = inert_claims(question.network, algorithm, alignment)
    if not claims:
        return _NO_CLAIM
    free = [(claim.layer, neuron) for claim in claims for neuron in claim.neurons] if settings["faithful"] else []
    wrong = abstraction_errors(
        question.network,
        question.clean_activations,
        algorithm,
        alignment,
        question.protocol.alignment_decision,
        free=free,
        draws=draws,
        at_once=int(settings["at_once"]),
        deviation=float(settings["deviation"]),
        seed=int(settings["seed"]),
    )
    n_wrong = int(wrong.sum())
    exact = _judge_claims(population, algorithm, claims, UNMAPPED_INERT.defaults)
    reason = (
        f"{n_wrong:,} of {draws:,} interventions drawn at random are predicted wrongly; {true_share(n_wrong, draws)}. "
        f"Exhaustively: {exact.reason}"
    )
    return Verdict.of_share("failed" if n_wrong else "passed", n_wrong, draws, reason)


_NONE_LEFT_OUT: Final = {"direction": "A direction leaves no neuron of its layer out."}
UNMAPPED_INERT: Final = Criterion(
    key="unmapped-inert",
    label="Unmapped neurons inert",
    definition="Where the variables of a layer decide all that comes after it, every interchange of them holds "
    "whatever the other neurons of the layer carry: each what it is on any input.",
    formula="for all b, s_1 … s_v and t: Φ → D: d(N(b; τ(v_i) ← N(s_i); φ ← h_φ(t_φ))) = A(b; v_i ← v_i(s_i))",
    source="Méloux, Pimentel, Portet & Peyrard 2026 (arXiv:2607.00267): faithfulness over unmapped variables Φ, there "
    "by Gaussian noise; their weak form, without Φ (“nf”), is exhaustively `joint-interchange`",
    judges={"alignment": _inert},
    idle=_NONE_LEFT_OUT,
    direction="higher",
    parameters=(
        Parameter(
            "values",
            CLEAN,
            CLEAN,
            ZERO,
            "what they may carry: 0 their values on any input, 1 any of them 0 instead of what it is",
            whole=True,
        ),
        Parameter("max_runs", MAX_RUNS, 1, 1 << 30, "most runs for one placement; beyond, undecided", "runs", True),
    ),
    score="share of runs that agree",
    method="Φ is the rest of each layer whose variables decide the output and every variable of a later layer. "
    "Elsewhere the rest of a layer mediates: it carries an input that a later gate reads, or a variable on its way. "
    "Then nothing is claimed of it, and a placement without any such layer is not asked. Every run is made.",
    retired={"budget": 4096},
    cost="bounded",
    term="unmapped-neuron",
)
ABSTRACTION_ERROR: Final = Criterion(
    key="abstraction-error",
    label="No causal abstraction error (CAE)",
    definition="No intervention drawn at random, some of which overwrite the neurons without a variable by noise, is "
    "predicted wrongly.",
    formula="CAE = mean over draws of [d(N under the draw) ≠ A under the draw] = 0",
    source="Méloux, Pimentel, Portet & Peyrard 2026 (arXiv:2607.00267) with the defaults of their package "
    "causal-abstraction-eval 1.1.0, which names the form with noise CAE_up and CAE_down, and that without it “_nf”",
    judges={"alignment": _abstraction_error},
    idle=_NONE_LEFT_OUT,
    direction="lower",
    parameters=(
        Parameter("draws", 30, 1, 10_000, "interventions drawn; the paper recommends 30", "draws", True),
        Parameter("at_once", 1, 1, 16, "most targets of one draw", "targets", True),
        Parameter("deviation", 0.1, 0.0, 100.0, "of the noise on neurons without a variable"),
        Parameter("faithful", 1, 0, 1, "whether these neurons are among the targets, all of them as one", whole=True),
        Parameter("seed", 0, 0, 2**31 - 1, "of the draws", whole=True),
    ),
    score="share of the draws that are predicted wrongly, the CAE",
    method="Values of a variable are drawn with equal probability and its neurons get what they are on an input with "
    "this value, so that drawing from the algorithm (CAE↓) and from the network (CAE↑) is the same. The output alone "
    "is scored. An estimate, the same for the same seed: the reason names Clopper and Pearson's 95% interval, and the "
    "same question asked exhaustively of clean values, which draws may miss.",
    cost="bounded",
    term="unmapped-neuron",
)
