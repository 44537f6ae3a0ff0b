"""Which intervention to try next: a crucial experiment of two explanations, or the one that divides most of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import (
    CrucialExperiment,
    InterventionSpace,
    NetworkAnswers,
    decide_under_interventions,
    intervention_space,
)
from analysis.sandbox.choosing import At, most_divided
from analysis.sandbox.intervention import Change, Intervention
from analysis.sandbox.running import Bench
from app.pages.compare.contrast import LETTERS
from app.pages.explanations import Explanation
from app.pages.sandbox.state import Links, State, default_tool
from app.pages.sandbox.views import JumpView
from app.pages.sandbox.words import intervention_words

MAX_INTERVENTIONS: Final = 2**15
"""Sought among the sets of up to as many neurons as stay below this, so that a page takes no longer than others."""


def jumps_of(
    links: Links, state: State, explanations: Sequence[Explanation], bench: Bench
) -> tuple[list[JumpView], int]:
    """Interventions worth trying next, and among how many they were sought; none for fewer than two explanations."""
    sizes = bench.network.sizes
    space = intervention_space(sizes[1:-1], bench.network.n_inputs, max_interventions=MAX_INTERVENTIONS)
    if len(explanations) < 2 or not space.sets:
        return [], space.n_interventions
    answers = decide_under_interventions(bench.network, bench.rows, space)
    predictions = [explanation.predictions(space) for explanation in explanations]
    known = [state.now.intervention, *(tried.intervention for tried in state.tried)]
    tried = {at for intervention in known if (at := _place_in(intervention, space)) is not None}

    def jump(label: str, letters: Sequence[int], tail: str) -> JumpView:
        return _jump(links, state, label, [predictions[i] for i in letters], answers, space, tried, tail)

    everyone = range(len(explanations))
    found = []
    if len(explanations) > 2:
        found.append(jump("Where they disagree most", everyone, "divides no two of them"))
    for a, b in combinations(everyone, 2):
        found.append(jump(f"Crucial between {LETTERS[a]} and {LETTERS[b]}", (a, b), "divides them"))
    return found, space.n_interventions


def _jump(
    links: Links,
    state: State,
    label: str,
    predictions: Sequence[NDArray[np.int8]],
    answers: NetworkAnswers,
    space: InterventionSpace,
    tried: set[At],
    tail: str,
) -> JumpView:
    found = most_divided(predictions, answers, space, tried)
    if found is None:
        left = " that is not tried yet" if tried else ""
        size = "" if space.largest is None else f" of up to {space.largest} neurons"
        none = f"none of {space.n_interventions:,} interventions{size}{left} {tail}"
        return JumpView(label=label, words="", url=None, none_because=none)
    intervention = as_intervention(found)
    words = intervention_words(intervention, links.place.cut.sizes, links.n_inputs)
    return JumpView(label=label, words=words, url=links.to(fresh(state, intervention)), none_because="")


def fresh(state: State, intervention: Intervention) -> State:
    """On to another intervention, with the tool that goes with it."""
    return replace(state.next(intervention), tool=default_tool(intervention))


def as_intervention(experiment: CrucialExperiment) -> Intervention:
    """An intervention of the common ground as one by hand."""
    changes = sorted(
        (Change(layer, neuron, None, "source", source=experiment.source) for layer, neuron in experiment.sites),
        key=lambda change: change.site,
    )
    return Intervention(experiment.base, tuple(changes))


def _place_in(intervention: Intervention, space: InterventionSpace) -> At | None:
    """Where the common ground has an intervention, None if it has not."""
    sources = {change.source for change in intervention.changes if change.written == "source"}
    if not intervention.changes or len(sources) != 1 or len(intervention.neurons) < len(intervention.changes):
        return None
    if any(change.written != "source" for change in intervention.changes):
        return None
    index = space.position.get(frozenset(intervention.neurons))
    return None if index is None else (index, sources.pop() or 0, intervention.base)
