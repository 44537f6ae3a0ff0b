"""Crucial experiments as a comparison shows them: ranked, in pages, each with an address of its own, and scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import (
    CrucialExperiment,
    InterventionSpace,
    NetworkAnswers,
    crucial_experiments,
    experiment_at,
    scores_where_divided,
)
from app.errors import BadQuery
from app.listing.page import read_cursor, write_cursor
from app.pages.candidates import input_text
from app.pages.compare.options import CompareOptions, read_experiment, write_experiment
from app.pages.compare.views import CrucialList, CrucialScore, CrucialView
from app.pages.placements import neurons_label

ORDER = "margin"
Link = Callable[..., str]
"""The comparison's own address with other view options."""


@dataclass(frozen=True, eq=False)
class Said:
    """What everyone says of every intervention.

    Args:
        space: the interventions.
        answers: what the network does.
        predictions: ``[set, source, base]`` for each explanation on the page.
        letters: of these explanations.
    """

    space: InterventionSpace
    answers: NetworkAnswers
    predictions: Sequence[NDArray[np.int8]]
    letters: Sequence[str]


def crucial_list(said: Said, options: CompareOptions, link: Link) -> CrucialList:
    """One page of the crucial experiments, between all or between two.

    Raises:
        BadQuery: letters that the page has not, a cursor of another list.
    """
    among = _among(said, options.between)
    order = f"{ORDER} {options.between}".strip()
    (start,) = read_cursor(options.after, order, (int,)) if options.after else (0,)
    predictions = [said.predictions[i] for i in among]
    found = crucial_experiments(predictions, said.answers, said.space, start=max(start, 0), limit=options.limit)
    end = max(start, 0) + len(found.shown)
    scores = scores_where_divided(predictions, said.answers)
    following = write_cursor(order, [end]) if end < found.total else None
    everyone = [_in_full(said, experiment) for experiment in found.shown]
    return CrucialList(
        between=[said.letters[i] for i in among],
        total=found.total,
        start=max(start, 0),
        shown=[crucial_view(said, experiment, link) for experiment in everyone],
        scores=[
            CrucialScore(letter=said.letters[i], predicted=score.predicted, right=score.right)
            for i, score in zip(among, scores, strict=True)
        ],
        next=following,
        next_url=None if following is None else link(after=following),
        first_url=link() if start else None,
    )


def one_experiment(said: Said, text: str, link: Link) -> CrucialView:
    """The intervention that an address names, crucial or not.

    Raises:
        BadQuery: it names none.
    """
    at = read_experiment(text, said.space)
    return crucial_view(said, experiment_at(said.predictions, said.answers, said.space, at), link)


def crucial_view(said: Said, experiment: CrucialExperiment, link: Link) -> CrucialView:
    """An experiment in words, with who was right and a link to it alone."""
    n_inputs = said.space.n_inputs
    text = write_experiment(experiment.sites, experiment.source, experiment.base, n_inputs)
    by_letter = list(zip(said.letters, experiment.predictions, strict=True))
    return CrucialView.showing(
        experiment,
        experiment=text,
        anchor="x-" + text.replace("+", "-").replace(":", "-"),
        url=link(experiment=text),
        site=neurons_label(experiment.sites),
        neurons=list(experiment.sites),
        source=input_text(experiment.source, n_inputs),
        base=input_text(experiment.base, n_inputs),
        predictions=list(experiment.predictions),
        divides=0 in experiment.predictions and 1 in experiment.predictions,
        right=[letter for letter, said_bit in by_letter if said_bit == experiment.decision],
        wrong=[letter for letter, said_bit in by_letter if said_bit == 1 - experiment.decision],
    )


def _among(said: Said, between: str) -> list[int]:
    """Positions of the explanations that experiments are to divide."""
    if not between:
        return list(range(len(said.letters)))
    missing = [letter for letter in between if letter not in said.letters]
    if missing or between[0] == between[1]:
        cause = f"there is no {missing[0]} among {', '.join(said.letters)}" if missing else "names one twice"
        raise BadQuery(f"between {between!r}", cause, "name two letters of this comparison", "between")
    return sorted(said.letters.index(letter) for letter in between)


def _in_full(said: Said, experiment: CrucialExperiment) -> CrucialExperiment:
    """The same experiment with what everyone on the page says."""
    at = (said.space.position[frozenset(experiment.sites)], experiment.source, experiment.base)
    return experiment_at(said.predictions, said.answers, said.space, at)
