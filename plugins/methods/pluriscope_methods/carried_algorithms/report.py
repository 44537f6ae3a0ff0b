"""The stories of all circuits of one analysis, as they are stored, sent and shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.carried_algorithms.relation import CODES, LETTERS, NOT_ASKED, RELATIONS, Relation
from pluriscope.analysis.carried_algorithms.search import CONFIDENCE, Stories, Unasked, find_stories
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.methods.report import Analysed, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion


class Story(Part):
    """One set of algorithms, and the circuits that carry exactly these."""

    algorithms: list[int]
    relation: Relation
    circuits: int


class StoriesReport(Report):
    """See :class:`pluriscope.analysis.carried_algorithms.search.Stories`; without ``algorithms`` it says why there is
    none.
    """

    arises: bool
    reason: str = ""
    algorithms: list[str] = Field([], description="Those that were asked for.")
    whole: list[int] = Field([], description="Positions of those that the whole network carries.")
    asked: int = 0
    of: int = Field(0, description="Circuits that they stand for.")
    exact: bool = Field(False, description="Whether every valid circuit was asked.")
    drawn: bool = Field(False, description="Whether those asked are a uniform sample of all valid ones.")
    confidence: float = CONFIDENCE
    counts: dict[Relation, int] = Field({})
    intervals: dict[Relation, tuple[float, float]] = Field({})
    by_edges: list[tuple[int, list[int]]] = Field([], description="Edges, and circuits by relation.")
    stories: list[Story] = Field([])

    @property
    def has_asked(self) -> bool:
        """Whether circuits were asked."""
        return bool(self.algorithms)

    def values(self, question: Question) -> list[HighLevelModel]:
        """The algorithms that were asked for."""
        form, n_inputs = question.protocol.algorithm_form, question.subject.n_inputs
        return [parse_algorithm(text, form, n_inputs) for text in self.algorithms]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        if not self.has_asked or not isinstance(question, Question):
            return [self.reason]
        values = self.values(question)
        whole = " and ".join(values[one].formula for one in self.whole) or "no irredundant algorithm"
        network = f"The whole network carries {whole}."
        if not self.asked:
            return [network, "No circuit is valid, so there is none to ask."]
        same, opposite = self.counts["same"], self.counts["opposite"]
        asked = f"{self.asked:,} valid circuit{'' if self.asked == 1 else 's'}"
        show = f"{same:,} carr{'ies' if same == 1 else 'y'} the same algorithms"
        if self.exact and same == self.asked:
            answer = f"{'Its' if same == 1 else f'All {same:,}'} valid circuit"
            answer += " carries the same algorithms." if same == 1 else "s carry the same algorithms."
        elif self.exact:
            answer = f"Of its {asked}, {show}."
        elif self.drawn:
            low, high = self.intervals["same"]
            answer = (
                f"Of {asked} drawn uniformly from {self.of:,}, {show}: with {self.confidence:.0%} confidence between "
                f"{low:.1%} and {high:.1%} of all."
            )
        else:
            answer = f"Of the {self.asked:,} valid circuits that are listed, {show}; others exist."
        show = "tells" if opposite == 1 else "tell"
        rest = f" {opposite:,} of those {self.asked:,} {show} the opposite one." if opposite else ""
        return [network, answer + rest]


class StoriesWithDrawings(StoriesReport):
    """A report on its way to the store, which keeps each circuit's relation beside it, a letter each."""

    beside: str = Field(exclude=True)


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> StoriesReport:
    """Ask every circuit, or a uniform sample where that would take too long."""
    question, masks = of.question, of.circuits.masks
    found = find_stories(question, masks, work)
    report = stories_report(found, of.circuits)
    letters = relation_column(found, masks).tobytes().translate(bytes.maketrans(CODES, LETTERS)).decode()
    return StoriesWithDrawings.showing(report, beside=letters)


def stories_report(found: Stories | Unasked, circuits: CircuitSearch) -> StoriesReport:
    """Stories in sum. Figures are of uniform draws alone, where not every circuit is listed."""
    if isinstance(found, Unasked):
        return StoriesReport(arises=found.arises, reason=found.reason)
    truncated = circuits.truncated_at is not None
    undrawn = () if circuits.smallest is None else circuits.smallest.undrawn
    answer = found.of_draws(circuits.method, truncated, undrawn, circuits.n_valid)
    drawn = answer.sampled and (circuits.method != "listed" or not truncated)
    return StoriesReport(
        arises=True,
        algorithms=[algorithm.text for algorithm in answer.algorithms],
        whole=sorted(answer.whole),
        asked=answer.n_asked,
        of=answer.of,
        exact=not answer.sampled and not truncated,
        drawn=drawn,
        counts=dict(answer.counts),
        intervals={r: (float(answer.interval(r)[0]), float(answer.interval(r)[1])) for r in RELATIONS} if drawn else {},
        by_edges=[(edges, [row[r] for r in RELATIONS]) for edges, row in answer.by_edges.items()],
        stories=[
            Story(
                algorithms=sorted(story), relation=relation, circuits=int(np.count_nonzero(answer.story_of == number))
            )
            for number, (story, relation) in enumerate(zip(found.stories, found.relations, strict=True))
        ],
    )


def relation_column(found: Stories | Unasked, masks: NDArray[Any]) -> NDArray[np.uint8]:
    """``[listed]`` positions in :data:`~pluriscope.analysis.carried_algorithms.relation.RELATIONS`, or
    :data:`NOT_ASKED`.
    """
    column = np.full(len(masks), NOT_ASKED, dtype=np.uint8)
    if isinstance(found, Stories):
        column[np.searchsorted(masks, found.masks)] = found.codes
    return column
