"""Nulls of placements: the scores of the same sets in untrained networks, and of random subspaces of equal size.

An untrained network rarely answers the task, so that its score by the task's answers alone refutes little. By its *own*
decisions it is asked whether the set carries all that the inputs before it do: the exchange of the set is to decide as
the exchange of the inputs that it is computed from. A whole recurrent state does in every network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pluriscope.analysis.algorithms.causal_model import CausalModel, read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.alignments.on_sites import AskedModel, Interchange, Place, Places, Score, places_text
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.recombination import Recombination, untrained
from pluriscope.analysis.placements.report import NullScore, PlacedModel, PlacementNull, PlacementsReport, SiteScore
from pluriscope.analysis.placements.scores import STAGE
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import GraphQuestion


def untrained_null(
    question: GraphQuestion,
    model: CausalModel,
    placing: Sequence[tuple[str, Places]],
    work: Work = DEFAULT_WORK,
    *,
    n: int = 20,
    seed: int = 0,
) -> list[PlacementNull]:
    """Score variables on sets of places in untrained networks of the same shape.

    Args:
        question: about the trained network.
        model: whose variables they are.
        placing: variables with sets of places.
        work: reports "placements"; may cancel.
        n: networks.
        seed: of the first, the others follow.
    """
    inputs = inputs_of(question)
    asked, draws = AskedModel(model, inputs), [list[NullScore]() for _ in placing]
    parts = Recombination(Interchange(question.subject, inputs))
    for number in work.each(STAGE, range(seed, seed + n), "untrained networks"):
        there = Interchange(untrained(question.subject, number), inputs)
        itself = there.decisions([])[:, 0]
        for (name, places), found in zip(placing, draws, strict=True):
            table, wanted = there.table(places), there.table(parts.inputs_of(places)).pairs
            equal, changed = table.pairs == wanted, wanted != itself[:, None]
            pairs = ~np.eye(len(itself), dtype=np.bool_)
            agreed, of, changed_agreed, changed_of = (
                int((one & pairs).sum()) for one in (equal, pairs, equal & changed, changed)
            )
            found.append(
                NullScore(
                    seed=number,
                    right=int((itself == question.subject.answers).sum()),
                    task=SiteScore.showing(asked.score(name, table)),
                    own=SiteScore.showing(Score(agreed, of, changed_agreed, changed_of, 0)),
                )
            )
    return [
        PlacementNull(variable=name, sites=places_text(places), dimensions=0, draws=found)
        for (name, places), found in zip(placing, draws, strict=True)
    ]


def subspace_null(
    question: GraphQuestion,
    model: CausalModel,
    variable: str,
    place: Place,
    dimensions: int,
    work: Work = DEFAULT_WORK,
    *,
    n: int = 20,
    seed: int = 0,
) -> PlacementNull:
    """Score a variable on random orthogonal subspaces of a vector; arguments as of :func:`untrained_null`."""
    there = Interchange(question.subject, inputs_of(question))
    asked, draws = AskedModel(model, there.inputs), list[NullScore]()
    width = there.clean[place.site].shape[2]
    right = int((there.decisions([])[:, 0] == question.subject.answers).sum())
    for number in work.each(STAGE, range(seed, seed + n), "random subspaces"):
        basis, _ = np.linalg.qr(np.random.default_rng(number).normal(size=(width, dimensions)))
        drawn = Place(place.site, place.at, None, Subspace.of(1, basis.T))
        task = SiteScore.showing(asked.score(variable, there.table((drawn,))))
        draws.append(NullScore(seed=number, right=right, task=task, own=None))
    return PlacementNull(variable=variable, sites=str(place), dimensions=dimensions, draws=draws)


def with_nulls(
    question: GraphQuestion, report: PlacementsReport, work: Work = DEFAULT_WORK, *, n: int = 20, seed: int = 0
) -> PlacementsReport:
    """A report with nulls of the first placement of each model that is placed and not folded: the same sets in
    untrained networks, and where a set is part of one vector random subspaces of it of equal size.

    Args:
        question: that the report is about.
        report: whose placements they are of.
        work: reports "placements"; may cancel.
        n: draws of each null.
        seed: of the first.
    """
    there = Interchange(question.subject, inputs_of(question))

    def nulls(shown: PlacedModel) -> list[PlacementNull]:
        if shown.folded_onto or not shown.valid:
            return []
        model = read_causal_model(shown.text)
        placing = [(one.variable, tuple(map(there.read, one.sites.split()))) for one in shown.valid[0].places]
        found = untrained_null(question, model, placing, work, n=n, seed=seed)
        for name, (place, *others) in placing:
            whole = Place(place.site, 0 if there.clean[place.site].shape[1] == 1 else place.at)
            size = place.directions.dimension if place.directions else len(place.coordinates or ())
            if not others and whole.at is not None and 0 < size < there.clean[place.site].shape[2]:
                found.append(subspace_null(question, model, name, whole, size, work, n=n, seed=seed))
        return found

    models = [one.model_copy(update={"nulls": nulls(one)}) for one in report.algorithms]
    return report.model_copy(update={"algorithms": models})
