"""Criteria of interchange, one way, both ways and jointly: whether a network does what an aligned algorithm says."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.criteria import on_sites, placements
from pluriscope.analysis.criteria.criterion import Criterion, Judge, Parameter, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Outcome, Verdict, Verdicts, Witness, put_together, verdicts_of
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.interchange import Site
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.iia import PairRule, tested_pairs
from pluriscope.analysis.placements.joint import MAX_RUNS
from pluriscope.analysis.placements.placement import JointScore, ScoredPlacement


def _iia(rule: PairRule) -> Judge:
    """Make the judge of whether alignments reach an interchange accuracy of 1 on the pairs that a rule tests."""

    def judge(population: Population, _: Settings) -> Verdicts:
        n_pairs = int(tested_pairs(population.question.network.n_inputs, rule).sum())
        n_wrong: dict[tuple[HighLevelModel, str, Site], int] = {}
        agreed, of = [], []
        for algorithm, scored in population.work.each("criteria", population.items, "interchanges", every=1024):
            wrong = 0
            for path, site in scored.alignment.places:
                key = (algorithm, path, site)
                if key not in n_wrong:
                    population.work.check()
                    n_wrong[key] = int(placements.disagreements(population, algorithm, path, site, rule).sum())
                wrong += n_wrong[key]
            of.append(n_pairs * len(scored.alignment.places))
            agreed.append(of[-1] - wrong)
        passed = np.array(agreed, dtype=np.int64) == np.array(of, dtype=np.int64)

        def explain(position: int) -> tuple[str, Witness]:
            reason = f"The network does what the algorithm says on {agreed[position]} of {of[position]} interchanges."
            algorithm, scored = population.items[position]
            return reason, _first_wrong(population, algorithm, scored, rule)

        return verdicts_of(passed, explain, numerators=agreed, denominators=of)

    return judge


def _first_wrong(
    population: Population, algorithm: HighLevelModel, scored: ScoredPlacement[Any], rule: PairRule
) -> Witness:
    for path, site in scored.alignment.places:
        differ = np.argwhere(placements.disagreements(population, algorithm, path, site, rule))
        if len(differ):
            source, base = (int(i) for i in differ[0])
            return {
                "variable": path,
                "layer": site.layer,
                **({"neurons": list(site.neurons)} if isinstance(site, NeuronSet) else {}),
                "source": population.question.clean_rows[source].tolist(),
                "base": population.question.clean_rows[base].tolist(),
                "output": float(placements.outputs(population, site)[source, base]),
            }
    return {}


def _joint(population: Population, settings: Settings) -> Verdicts:
    scores = placements.joint_scores(population, int(settings["max_runs"]))
    pairs = zip(population.items, scores, strict=True)
    return put_together([_joint_verdict(population, scored, score) for (_, scored), score in pairs])


def _joint_verdict(population: Population, scored: ScoredPlacement[Any], score: JointScore | BeyondLimits) -> Verdict:
    if isinstance(score, BeyondLimits):
        return Verdict("undecided", f"Not tried: {score.cause}.")
    reason = f"The network does what the algorithm says on {score.agreed:,} of {score.of:,} joint interchanges."
    witness: Witness = {}
    if score.first_wrong is not None:
        wrong = score.first_wrong
        witness = {
            "sources": {
                path: population.question.clean_rows[source].tolist()
                for (path, _), source in zip(scored.alignment.places, wrong.sources, strict=True)
            },
            "base": population.question.clean_rows[wrong.base].tolist(),
            "expected": wrong.expected,
            "output": wrong.output,
        }
    outcome: Outcome = "passed" if score.first_wrong is None else "failed"
    return Verdict.of_share(outcome, score.agreed, score.of, reason, witness)


ONE_DIRECTION: Final = Criterion(
    key="one-direction",
    label="Interchange, one direction",
    definition="The network does what the algorithm says under every interchange of one variable with the source "
    "before the base.",
    formula="IIA over pairs source < base, first input least significant = 1",
    source="Méloux et al., ICLR 2025 (arXiv:2502.20914), as their code does it",
    judges={"alignment": _iia("one_direction"), on_sites.SITES: on_sites.right_one_way},
    direction="higher",
    score="IIA over one direction of each pair",
    term="interchange-intervention-accuracy",
)
BOTH_DIRECTIONS: Final = Criterion(
    key="both-directions",
    label="Interchange, both directions",
    definition="The network does what the algorithm says under every interchange of one variable.",
    formula="IIA over all ordered pairs source ≠ base = 1",
    source="Geiger et al., NeurIPS 2021 (arXiv:2106.02997)",
    judges={"alignment": _iia("ordered"), on_sites.SITES: on_sites.right_alone},
    direction="higher",
    score="IIA over all ordered pairs",
    term="interchange-intervention-accuracy",
)
JOINT_INTERCHANGE: Final = Criterion(
    key="joint-interchange",
    label="Joint interchange",
    definition="The network does what the algorithm says for every base and every choice of one source for each "
    "variable, equal ones included.",
    formula="for all b, s_1 … s_v: d(N(b; τ(v_i) ← N(s_i) for all i)) = A(b; v_i ← v_i(s_i) for all i)",
    source="Geiger et al., JMLR 2025 (arXiv:2301.04709): interchange of several variables at once",
    judges={"alignment": _joint, on_sites.SITES: on_sites.right_together},
    method="Every run is made. A variable in a later layer is held at its own source instead of following the earlier "
    "one. No algorithm with two variables fails: where a set carries one, the rest of its layer carries the other.",
    direction="higher",
    parameters=(
        Parameter("max_runs", MAX_RUNS, 1, 1 << 30, "most runs for one placement; beyond, undecided", "runs", True),
    ),
    score="share of joint interchanges that agree",
)
