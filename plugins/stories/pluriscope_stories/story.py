"""Known stories: algorithms written beside each other for one network, and what interchange says of their variables.

A story is a file of the folder ``known``: the network by its digest, algorithms as texts, sets of places on which
their variables are tried, and a sentence whose figures are those of these places. ``python -m
benchmarks.known_networks`` measures and writes them; tests measure them again.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.subjects.question import SubjectQuestion

KNOWN_FILES: Final = resources.files(__package__) / "known"


class Figure(BaseModel):
    """The scores of one or several variables on places; several are exchanged jointly.

    Args:
        score: interchanges that are right, of all on which the algorithm has an answer.
        changed: likewise, of those that change its answer.
        ceiling: of one variable, the score of exchanging the inputs that its places are computed from.
        follows: of one variable, whether its score follows from the network's accuracy.
    """

    model_config = ConfigDict(frozen=True)

    score: str
    changed: str
    ceiling: str = ""
    follows: bool = False

    def __format__(self, _spec: str) -> str:
        return self.score


class Asked(BaseModel):
    """What a story asks of a network.

    Args:
        algorithm: its name in the story.
        sites: by variable its places, with spaces between them.
        figure: as it was measured; None before.
    """

    algorithm: str
    sites: dict[str, str]
    figure: Figure | None = None


class Checkpoint(BaseModel):
    """What is measured of a network at a step of its training.

    Args:
        step: from 0.
        loss: mean cross-entropy in nats.
        right: rows.
        circuits: valid ones under the usual rules.
        previous: attention of the first layer's head to the token before, at the places that are asked about.
        induction: attention of the second layer's at the end to what followed the last token before.
        scores: of what is asked of this network, by its name.
    """

    step: int
    loss: float
    right: int
    circuits: int
    previous: float
    induction: float
    scores: dict[str, str]


class Story(BaseModel):
    """A known story of one network.

    Args:
        network: slug of it.
        digest: of it.
        title: short.
        sentence: what is expected, with a figure of ``asked`` for each name in braces.
        algorithms: texts by their names.
        asked: by the names that the sentence uses.
        followed: names of what is asked at each checkpoint of the training, none where there are none.
        course: what was measured at these.
    """

    model_config = ConfigDict(extra="forbid")

    network: str
    digest: str
    title: str
    sentence: str
    algorithms: dict[str, str]
    asked: dict[str, Asked]
    followed: tuple[str, ...] = ()
    course: list[Checkpoint] = Field(default_factory=list)

    @property
    def words(self) -> str:
        """The sentence with its figures, and at which checkpoint the first valid circuits are."""
        found = self.sentence.format_map({key: one.figure for key, one in self.asked.items()})
        for before, one in pairwise(self.course):
            if one.circuits and not before.circuits:
                found += f" The first valid circuits are there at step {one.step}, where the loss has fallen from "
                return found + f"{before.loss:g} to {one.loss:g}."
        return found


@cache
def stories() -> Mapping[str, Story]:
    """Every story by its name, in alphabetical order."""
    files = {one.name.removesuffix(".json"): one for one in KNOWN_FILES.iterdir() if one.name.endswith(".json")}
    return {name: Story.model_validate_json(files[name].read_bytes()) for name in sorted(files)}


@cache
def own_networks() -> Mapping[str, bytes]:
    """The files of the networks that come with the stories, by their slugs, in alphabetical order."""
    files = {one.name.removesuffix(".json"): one for one in (KNOWN_FILES / "networks").iterdir()}
    return {slug: files[slug].read_bytes() for slug in sorted(files)}


@cache
def own_checkpoints() -> Mapping[str, bytes]:
    """The files of earlier steps of the trainings of these networks, in their order."""
    files = {one.name.removesuffix(".json"): one for one in (KNOWN_FILES / "checkpoints").iterdir()}
    return {name: files[name].read_bytes() for name in sorted(files, key=lambda name: int(name.rpartition("-")[2]))}


def stories_of(digest: str) -> list[Story]:
    """The stories of a network."""
    return [one for one in stories().values() if one.digest == digest]


def _text(story: Story) -> list[Words]:
    found = []
    for one in map(read_causal_model, story.algorithms.values()):
        *lines, answer = (f"{name} = {ast.unparse(expression)}" for name, expression in one.statements)
        found.append(Words("; ".join(lines), (answer.partition(" = ")[2],), together=("",)))
    return found


def _digest(question: SubjectQuestion) -> str:
    return str(getattr(question.subject, "digest", ""))


KNOWN: Final = Vocabulary(
    "known",
    "Algorithms of known stories",
    lambda question: bool(stories_of(_digest(question))),
    lambda question: [words for story in stories_of(_digest(question)) for words in _text(story)],
)
