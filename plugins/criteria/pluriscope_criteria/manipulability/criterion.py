"""Criterion of whether one explanation predicts more of doses and edits than that nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pluriscope.analysis.common_ground.interpreted import choose_classes
from pluriscope.analysis.criteria.criterion import Criterion, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, put_together
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope_criteria.manipulability.manipulations import Manipulations
from pluriscope_criteria.manipulability.report import class_of
from pluriscope_methods.steering.predicting import Bits


def _interpretation(asked: Manipulations, one: Interpretation) -> Bits:
    rank = class_of(asked.question, one.circuit.mask, one.index)
    predicted: Bits = asked.of_classes(choose_classes(asked.question, one.circuit, ranks=[rank]).classes)[0]
    return predicted


def _placement(asked: Manipulations, one: Any) -> Bits:
    algorithm, scored = one
    places = scored.alignment.places
    if isinstance(scored.alignment, NeuronPlacement):
        sizes = asked.question.network.hidden_sizes
        places = [(path, Subspace.on_neurons(site, sizes[site.layer - 1])) for path, site in places]
    return asked.of_placement(algorithm, places)


def _judged(says: Callable[[Manipulations, Any], Bits]) -> Callable[[Population, Settings], Verdicts]:
    def judge(population: Population, _: Settings) -> Verdicts:
        asked = Manipulations(population.question)
        meant = asked.happens >= 0
        guess, n = int((meant & (asked.happens == asked.unchanged)).sum()), int(meant.sum())
        verdicts = []
        for one in population.work.each("criteria", list(population.items), "doses and edits"):
            right, changed, wrong = (int(some) for some in asked.right(says(asked, one)))
            reason = (
                f"It predicts {right:,} of {n:,} doses and edits right and {wrong:,} wrong; that nothing changes is "
                f"right on {guess:,}. Of those that change the answer it predicts {changed:,} of {n - guess:,}."
            )
            verdicts.append(Verdict.of_share("passed" if right > guess else "failed", right, n, reason))
        return put_together(verdicts)

    return judge


PREDICTS_EDITS: Final = Criterion(
    key="predicts-edits",
    label="Predicts edits and doses",
    definition="Of edits of one weight and doses along each neuron and the difference of the means it predicts more "
    "right than the guess that nothing changes.",
    formula="#{(m, x) : E(m, x) = [f_m(x) > 1/2]} > #{(m, x) : f_m(x) decided as f(x)}, over edits and doses m, rows x",
    source="the manipulability standard of Méloux et al., ICLR 2025 (arXiv:2502.20914), as a number: Pluriscope",
    judges={"interpretation": _judged(_interpretation), "alignment": _judged(_placement)},
    method="A weight is set to 0, negated or doubled, which an interpretation reads as an edge that carries so many "
    "times what its source does; a dose is one of twenty from −2 to 2. Of an interpretation that counts which all "
    "members of its observed class say, gate by gate, and silence is no prediction. Of all interpretations this is "
    "undecided, and judged where one is asked for; the analysis *Edits and doses* has every observed class, and doses "
    "along the directions of placements.",
    direction="higher",
    score="share of edits and doses that it predicts right",
    cost="slow",
    term="standards-of-explanation",
)
