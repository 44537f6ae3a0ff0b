"""The figures of known stories, measured on their networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pluriscope.analysis.algorithms.written import written
from pluriscope.analysis.explaining.explanation import search
from pluriscope.analysis.placements.interchange import AskedModel, Interchange, Place, SiteScore
from pluriscope.analysis.placements.recombination import Recombination
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.transformer.head_scores import positions_looked_for, read_from
from pluriscope.analysis.subjects.transformer.heads import attention_to
from pluriscope.app.bundled import bundled_models
from pluriscope_stories.story import Checkpoint, Figure, Story, own_checkpoints, own_networks


def question_of(story: Story) -> Any:
    """The question about the network of a story, under the usual rules."""
    return question_in({**bundled_models(), **own_networks()}[story.network])


def figures_of(story: Story) -> dict[str, Figure]:
    """The figures of all that a story asks, measured on its network.

    Raises:
        InvalidAlgorithm: an algorithm does not compute the network's task.
    """
    there = _Measuring(question_of(story))
    return {key: there.figure(story.algorithms[one.algorithm], one.sites) for key, one in story.asked.items()}


def course_of(story: Story) -> Iterator[Checkpoint]:
    """Measure the checkpoints of the training of a story's network, a transformer with a head in each layer."""
    raws = [raw for name, raw in own_checkpoints().items() if name.rpartition("-")[0] == story.network]
    for question in [*map(question_in, raws), question_of(story)] if story.followed else ():
        subject, there, circuits = question.subject, _Measuring(question), search(question, DEFAULT_WORK)
        previous, _, induction = positions_looked_for(subject.tokens)
        end = subject.tokens.shape[1] - 1
        at = {
            one.at or 0 for key in story.followed for one in there.places(story.asked[key].sites) if one.site == "1.0"
        }
        previous = previous & np.isin(np.arange(end + 1), [*(at - {end})])[:, None]
        looks = [
            attention_to(there.values(f"{layer}.0.a"), at)
            for layer, at in ((1, previous), (2, read_from(induction, 2, 2)))
        ]
        asked = {key: story.asked[key] for key in story.followed}
        scores = {key: there.figure(story.algorithms[one.algorithm], one.sites).score for key, one in asked.items()}
        yield Checkpoint(
            step=subject.training.step,
            loss=float(f"{subject.training.loss:.3g}"),
            right=round(subject.training.accuracy * question.n_rows),
            circuits=len(circuits.masks) if circuits else 0,
            previous=round(float(looks[0] or 0), 3),
            induction=round(float(looks[1] or 0), 3),
            scores=scores,
        )


class _Measuring:
    """Interchanges on the network of a question."""

    def __init__(self, question: Any) -> None:
        self._question = question
        self._there = Interchange.of(question)
        self._parts = Recombination(self._there)

    def places(self, sites: Mapping[str, str]) -> list[Place]:
        """All places of variables on sites."""
        return [self._there.read(one) for text in sites.values() for one in text.split()]

    def values(self, site: str) -> Any:
        """What a site is on every row."""
        return self._there.clean[site]

    def figure(self, text: str, sites: Mapping[str, str]) -> Figure:
        """The scores of variables of an algorithm on sites."""
        model = AskedModel(written(text, self._question), self._there.inputs)
        places = {name: tuple(map(self._there.read, each.split())) for name, each in sites.items()}
        if len(places) > 1:
            return _figure(self._there.joint(model, places))
        ((name, one),) = places.items()
        ceiling = model.score(name, self._there.table(self._parts.inputs_of(one)))
        score = model.score(name, self._there.table(one))
        return _figure(score, ceiling=f"{ceiling.agreed}/{ceiling.of}", follows=self._parts.is_cut(one))


def _figure(score: SiteScore, **more: Any) -> Figure:
    return Figure(score=f"{score.agreed}/{score.of}", changed=f"{score.changed_agreed}/{score.changed_of}", **more)
