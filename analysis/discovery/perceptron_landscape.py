"""Landscape of a perceptron: the location of answers among all its valid circuits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, Final

import numpy as np

from pluriscope.analysis.carried_algorithms.relation import Relation, relation_of
from pluriscope.analysis.carried_algorithms.search import Stories, Unasked, all_stories
from pluriscope.analysis.circuits.search import decide_right
from pluriscope.analysis.criteria.ablations import MEAN_ABLATION, RESAMPLE_ABLATION, ZERO_ABLATION
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criteria_for
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.discovery.landscape import Judged, Landscape
from pluriscope.analysis.discovery.masked_perceptron import ROW_RULES, MaskedPerceptron, Rows
from pluriscope.analysis.discovery.masked_subject import Closed
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.question import Carried, Question

QUICK: Final[tuple[Criterion, ...]] = tuple(c for c in criteria_for("circuit") if c.cost == "quick")
"""The criteria that every answer is judged by; those with a budget judge where one circuit is looked at."""
MAX_JUDGED: Final = 20_000
"""Circuits up to which one is judged by criteria within a moment, since minimality looks at all of them."""
UNDER: Final[Mapping[str, Criterion]] = {"zero": ZERO_ABLATION, "mean": MEAN_ABLATION, "resample": RESAMPLE_ABLATION}
"""What says whether a circuit is valid with absent edges carrying 0, means, or any other row's values."""


@dataclass(frozen=True, eq=False)
class PerceptronLandscape(Landscape[Question]):
    """The valid circuits of one output of a perceptron."""

    ablations, swept = ROW_RULES, ("pairs",)

    @property
    def about(self) -> dict[str, Any]:
        story = self.story
        known = None if isinstance(story, Unasked) else sorted(story.algorithms[one].id for one in story.whole)
        return {**super().about, "story": known}

    @cached_property
    def _masked(self) -> dict[object, MaskedPerceptron]:
        return {}

    def under(self, ablation: object) -> MaskedPerceptron:
        """Return the perceptron under an ablation
        (:meth:`~pluriscope.analysis.discovery.masked_perceptron.MaskedPerceptron.of`); each is made once.
        """
        ablation = ablation or "zero"
        if ablation not in self._masked:
            self._masked[ablation] = MaskedPerceptron.of(self.question, ablation)
        return self._masked[ablation]

    @cached_property
    def story(self) -> Stories | Unasked:
        """The algorithms that the whole network carries."""
        return all_stories(self.question, mask_array([], self.question.layout), self.work)

    @property
    def judges_quickly(self) -> bool:
        return len(self.known.masks) <= MAX_JUDGED

    @property
    def undecided(self) -> Sequence[str]:
        story = self.story
        if not isinstance(story, Unasked) or not story.arises:
            return []
        return [f"carried algorithms are undecided: {story.reason}"]

    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """Ablations of all that are in the protocol's space, and criteria and stories of the valid ones."""
        inside = sorted(mask for mask, one in circuits.items() if self.under("").in_space(one))
        if not inside:
            return {mask: Judged(valid=False, under=dict.fromkeys(UNDER, False)) for mask in circuits}
        asked = mask_array(inside, self.question.layout)
        some = Population("circuit", self.question, asked, work=self.work)
        right = {name: one.judge_in_time(some).passed.tolist() for name, one in UNDER.items()}
        under = {mask: {name: all_[position] for name, all_ in right.items()} for position, mask in enumerate(inside)}
        valid = list(compress(inside, decide_right(self.question, asked).tolist()))
        criteria, stories = self._criteria(valid), self._stories(valid)
        return {
            mask: Judged(
                mask in valid,
                under.get(mask, dict.fromkeys(UNDER, False)),
                criteria.get(mask),
                *stories.get(mask, (None, None)),
            )
            for mask in circuits
        }

    def is_right(self, raw: int) -> bool:
        """Decide whether a mask is right on enough of the judged rows."""
        question = self.question
        inputs, labels = question.judged

        def enough(carried: Carried) -> bool:
            absent = tuple(np.repeat(np.asarray(v)[:, None], len(inputs), axis=1) for v in carried)
            right = MaskedPerceptron(question, Rows(inputs, labels, absent)).right_rows(raw)
            return bool(np.count_nonzero(right) / len(labels) > question.share)

        return any(all(map(enough, members)) for members in question.ablations)

    def _criteria(self, masks: Sequence[int]) -> dict[int, dict[str, str]]:
        """The outcome of every quick criterion for each mask."""
        if not masks or not self.judges:
            return {}
        asked = mask_array(masks, self.question.layout)
        some = Population("circuit", self.question, asked, work=self.work)
        everything = np.unique(np.concatenate([self.known.masks, asked]))
        whole = Population("circuit", self.question, everything, complete=self.complete, work=self.work)
        positions = np.searchsorted(everything, asked)
        outcomes: dict[int, dict[str, str]] = {mask: {} for mask in masks}
        for criterion in QUICK:
            over_all = criterion.over == "population"
            judged = criterion.judge_in_time(whole if over_all else some).outcomes
            found = judged[positions] if over_all else judged
            for mask, code in zip(masks, found.tolist(), strict=True):
                outcomes[mask][criterion.key] = OUTCOMES[code]
        return outcomes

    def _stories(self, masks: Sequence[int]) -> dict[int, tuple[Relation, tuple[str, ...]]]:
        """Find the algorithms that each mask carries; empty where the question does not arise or a limit ended it."""
        if not masks:
            return {}
        found = all_stories(self.question, mask_array(masks, self.question.layout), self.work)
        if isinstance(found, Unasked):
            return {}
        answer: dict[int, tuple[Relation, tuple[str, ...]]] = {}
        for mask, number in zip(masks, found.story_of.tolist(), strict=True):
            story = found.stories[number]
            relation: Relation = relation_of(story, found.whole) if story else "none"
            answer[mask] = relation, tuple(sorted(found.algorithms[one].id for one in story))
        return answer
