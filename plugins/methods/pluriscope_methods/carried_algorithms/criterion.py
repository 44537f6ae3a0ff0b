"""The criterion that a circuit carries the algorithms of the whole network
(:mod:`pluriscope.analysis.carried_algorithms`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.carried_algorithms.relation import RELATIONS, Relation
from pluriscope.analysis.carried_algorithms.search import Unasked, all_stories
from pluriscope.analysis.criteria.criterion import Criterion, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of

WORDS: Final[dict[Relation, str]] = {
    "same": "as the whole network does",
    "narrower": "fewer than the whole network does",
    "wider": "more than the whole network does",
    "opposite": "and the whole network carries others only",
    "none": "although the whole network carries some",
    "overlapping": "and the whole network carries some of these and others",
}


def _same_story(population: Population, _: Settings) -> Verdicts:
    found = all_stories(population.question, population.items, population.work)
    if isinstance(found, Unasked):
        return same_for_all(len(population), "undecided" if found.arises else "not_applicable", found.reason)
    n_algorithms = len(found.algorithms)
    every = "the one irredundant algorithm" if n_algorithms == 1 else f"{n_algorithms:,} irredundant algorithms"

    def explain(position: int) -> tuple[str, Witness]:
        number = int(found.story_of[position])
        story, relation = found.stories[number], found.relations[number]
        carried = "none" if not story else str(len(story))
        of = "" if n_algorithms == 1 and story else f" of {every}"
        what = every if n_algorithms == 1 and story else f"{carried}{of}"
        reason = f"Its ablated network carries {what}, {WORDS[relation]}."
        return reason, {
            "relation": relation,
            "circuit": [found.algorithms[one].text for one in sorted(story)],
            "network": [found.algorithms[one].text for one in sorted(found.whole)],
        }

    return verdicts_of(np.equal(found.codes, RELATIONS.index("same")), explain)


SAME_STORY: Final = Criterion(
    key="same-story",
    label="Same carried algorithms",
    definition="The ablated network carries the same irredundant algorithms as the whole network.",
    formula="{a irredundant, with variables: a has a valid placement on N_C} = {the same on N}",
    source="Bayat Makou et al., 2026 (arXiv:2606.06267) ask it of samples: here of every circuit",
    judges={"circuit": _same_story},
    method="Every neuron set of active neurons is interchanged for all tested pairs on the network with absent edges "
    "carrying what the protocol's ablation says. It does not apply to tasks whose irredundant algorithms have no "
    "variable, and is undecided where not all candidate algorithms are listed.",
    cost="bounded",
    term="carried-algorithms",
)
