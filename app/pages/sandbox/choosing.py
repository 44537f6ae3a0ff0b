"""Which intervention to try next: a crucial experiment of two explanations, or the one that divides most of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from analysis.directions.self_interventions import ask_own_swaps
from analysis.experiments import (
    CrucialExperiment,
    InterventionSpace,
    decide_under_interventions,
    intervention_space,
    most_telling,
)
from analysis.sandbox.choosing import At, most_divided
from analysis.sandbox.direction_edits import Along
from analysis.sandbox.intervention import Change, Intervention
from analysis.sandbox.running import Bench
from app.pages.explanations import Explanation
from app.pages.sandbox.asking import ask
from app.pages.sandbox.state import Links, State, default_tool
from app.pages.sandbox.views import JumpView
from app.pages.sandbox.words import intervention_words
from pluriscope.naming import LEAST, LETTERS

MAX_INTERVENTIONS: Final = 2**15
"""Sought among the sets of up to as many neurons as stay below this, so that a page takes no longer than others."""


@dataclass(frozen=True)
class Next:
    """What to try next.

    Args:
        jumps: interventions, each once.
        undivided: pairs of letters that no intervention divides.
        space: among which they were sought.
    """

    jumps: tuple[JumpView, ...]
    undivided: tuple[str, ...]
    space: InterventionSpace


def next_of(links: Links, state: State, explanations: Sequence[Explanation], bench: Bench) -> Next:
    """Where the explanations disagree most, and the crucial experiment of each two; the one on the page is left out.
    Nothing for fewer than two explanations.
    """
    sizes = bench.network.sizes
    space = intervention_space(sizes[1:-1], bench.network.n_inputs, max_interventions=MAX_INTERVENTIONS)
    if len(explanations) < LEAST or not space.sets:
        return Next((), (), space)
    answers = decide_under_interventions(bench.network, bench.rows, space)
    predictions = [explanation.predictions(space) for explanation in explanations]
    now = state.now.intervention
    tried = {at for at in (_place_in(now, space),) if at is not None}
    most = most_divided(predictions, answers, space, tried) if len(explanations) > LEAST else None
    pairs: dict[Intervention, list[str]] = {} if most is None else {as_intervention(most): []}
    undivided = []
    on_directions = {at for at, explanation in enumerate(explanations) if explanation.directions is not None}
    for a, b in combinations(range(len(explanations)), 2):
        found = most_divided([predictions[a], predictions[b]], answers, space, tried)
        intervention = None if found is None else as_intervention(found)
        if intervention is None and {a, b} & on_directions:
            intervention = _own_swap_that_divides([explanations[a], explanations[b]], bench, now)
        if intervention is None:
            undivided.append(LETTERS[a] + LETTERS[b])
        else:
            pairs.setdefault(intervention, []).append(LETTERS[a] + LETTERS[b])
    jumps = [
        JumpView(
            crucial=most is None or position > 0,
            pairs=letters,
            words=intervention_words(intervention, sizes, links.n_inputs),
            url=links.to(fresh(state, intervention)),
        )
        for position, (intervention, letters) in enumerate(pairs.items())
    ]
    return Next(tuple(jumps), tuple(undivided), space)


def _own_swap_that_divides(two: Sequence[Explanation], bench: Bench, now: Intervention) -> Intervention | None:
    """Of two explanations' own swaps the one that divides them with the largest margin, as an intervention by hand;
    None if none does. Directions do not speak on the common ground.
    """
    asked = ask_own_swaps(bench.network, bench.rows, [one.item for one in two])
    for swap, source, base in most_telling(asked.divided, asked):
        places = sorted(
            (Along(place, "source", source) for place in asked.swaps[swap].places), key=lambda change: change.key
        )
        intervention = Intervention(base, (), tuple(places))
        said = [ask(one, intervention, bench) for one in two]
        if intervention != now and len({one.bit for one in said if one.speaks}) > 1:
            return intervention
    return None


def fresh(state: State, intervention: Intervention) -> State:
    """On to another intervention, with the tool that goes with it."""
    return replace(state.at(intervention), tool=default_tool(intervention))


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
    if (
        not intervention.changes
        or intervention.along
        or len(sources) != 1
        or len(intervention.neurons) < len(intervention.changes)
    ):
        return None
    if any(change.written != "source" for change in intervention.changes):
        return None
    index = space.position.get(frozenset(intervention.neurons))
    return None if index is None else (index, sources.pop() or 0, intervention.base)
