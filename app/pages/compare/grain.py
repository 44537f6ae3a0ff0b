"""Whether two alignments are rivals, or say the same at different grains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from pydantic import Field

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.refinement import Grain, grain_of
from analysis.alignments.alignment import Aligned, Alignment
from analysis.alignments.iia import score_alignment
from analysis.errors import BeyondLimits
from analysis.question import Question
from analysis.stories.grain import common_refinement, refinements_of
from app.options import PageModel
from app.pages.explanations import Explanation
from app.pages.formulas import AlgorithmView, PlacedView, algorithm_view, placed_views
from app.pages.reports.stories import MAX_CANDIDATES_ON_PAGES


class GrainView(PageModel):
    """How two valid alignments of different algorithms stand to each other."""

    first: str
    second: str
    relation: Grain = Field(description="Of the first algorithm to the second.")
    words: str
    algorithm: AlgorithmView | None = Field(description="One from which both follow on these places, if there is one.")
    placements: list[PlacedView] = Field(description="Where its variables are.")


def grain_views(letters: Sequence[str], explanations: Sequence[Explanation]) -> list[GrainView]:
    """One for each pair of valid alignments on neuron sets whose algorithms differ; none of formula trees."""
    question = explanations[0].place.question
    if question.protocol.algorithm_form == "formula_trees" or not question.data.boolean:
        return []
    try:
        asked = [
            (letter, one.item)
            for letter, one in zip(letters, explanations, strict=True)
            if one.alignment is not None
            and one.alignment.places
            and score_alignment(question, one.item.algorithm, one.item.alignment).valid
        ]
    except BeyondLimits:
        return []
    pairs = [
        (first, second)
        for first, second in combinations(asked, 2)
        if first[1].algorithm.text != second[1].algorithm.text
    ]
    among = refinements_of(question, MAX_CANDIDATES_ON_PAGES) if pairs else ()
    return [_view(question, first, second, among) for first, second in pairs]


def _view(
    question: Question,
    first: tuple[str, Aligned[Alignment]],
    second: tuple[str, Aligned[Alignment]],
    among: Sequence[HighLevelModel] | None,
) -> GrainView:
    (p, one), (q, other) = first, second
    relation = grain_of(one.algorithm, other.algorithm, among)
    found = None
    if relation == "compatible":
        found = common_refinement(
            question, (one.algorithm, one.alignment), (other.algorithm, other.alignment), among or ()
        )
    words = {
        "same": f"{p} and {q} say the same: every network that carries the one algorithm carries the other.",
        "finer": f"{p} is finer than {q}: every network that carries its algorithm carries that of {q}.",
        "coarser": f"{p} is coarser than {q}: every network that carries the algorithm of {q} carries that of {p}.",
        "compatible": f"{p} and {q} do not contradict each other: both follow from one valid alignment of a finer "
        "algorithm with a shared gate."
        if found
        else f"Algorithms finer than both {p} and {q} exist, but on these places none of them is valid.",
        "rival": f"{p} and {q} are rivals: no irredundant algorithm within this depth is finer than both.",
        "undecided": f"Whether some algorithm is finer than both {p} and {q} is not known: the task has too many "
        "candidate algorithms to list.",
    }[relation]
    return GrainView(
        first=p,
        second=q,
        relation=relation,
        words=words,
        algorithm=None if found is None else algorithm_view(found[0]),
        placements=[] if found is None else placed_views(*found),
    )
