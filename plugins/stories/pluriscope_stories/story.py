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
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of, written
from pluriscope.analysis.alignments.on_sites import AskedModel, Interchange, Score
from pluriscope.analysis.placements.recombination import Recombination
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import bundled_models

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


class Story(BaseModel):
    """A known story of one network.

    Args:
        network: slug of it.
        digest: of it.
        title: short.
        sentence: what is expected, with a figure of ``asked`` for each name in braces.
        algorithms: texts by their names.
        asked: by the names that the sentence uses.
    """

    model_config = ConfigDict(extra="forbid")

    network: str
    digest: str
    title: str
    sentence: str
    algorithms: dict[str, str]
    asked: dict[str, Asked]

    @property
    def words(self) -> str:
        """The sentence with its figures."""
        return self.sentence.format_map({key: one.figure for key, one in self.asked.items()})

    def measured(self) -> dict[str, Figure]:
        """The figures of all that is asked, measured on the network.

        Raises:
            InvalidAlgorithm: an algorithm does not compute the network's task.
        """
        there = _Measuring(question_of(self))
        return {key: there.figure(self.algorithms[one.algorithm], one.sites) for key, one in self.asked.items()}


class _Measuring:
    """Interchanges on the network of a question."""

    def __init__(self, question: Any) -> None:
        self._question = question
        self._there = Interchange(question.subject, inputs_of(question))
        self._parts = Recombination(self._there)

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


def _figure(score: Score, **more: Any) -> Figure:
    return Figure(score=f"{score.agreed}/{score.of}", changed=f"{score.changed_agreed}/{score.changed_of}", **more)


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


def question_of(story: Story) -> Any:
    """The question about the network of a story, under the usual rules."""
    return question_in({**bundled_models(), **own_networks()}[story.network])


def stories_of(digest: str) -> list[Story]:
    """The stories of a network."""
    return [one for one in stories().values() if one.digest == digest]


def readme() -> str:
    """A document that lists the stories, as the plugin has it."""
    found = [
        "# Known stories",
        "Of these networks it is known how they compute. Each figure counts the interchanges that are right, of all; "
        "`python -m benchmarks.known_networks` measures them and writes this page.",
    ]
    for story in stories().values():
        found += [f"## {story.title}", f"`{story.network}`. {story.words}"]
        found.append("\n".join(f"- {name}: `{text}`" for name, text in story.algorithms.items()))
    return "\n\n".join(found) + "\n"


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
