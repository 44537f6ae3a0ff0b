"""Questions that a file leaves open, as a form asks them: each answer with what the network then computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from pydantic import Field

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.declaration import LEFT_OPEN, Declaration, FileQuestion
from pluriscope.analysis.network_files.declared_tasks import decided_tasks
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.formats.format import Beside
from pluriscope.analysis.network_files.intake import as_chosen, read_any, take_in
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.figures.numbers import enumerated
from pluriscope.page_kit.blocks import sentence

FIELDS: Final = ("part", "layers", "activation", "negative_slope", "output_activation", "output_is", "encoding")
"""Of a declaration, which a file may leave open."""
Given = TypeVar("Given", bound=Declaration)
_MOST: Final = 8
_FIRST: Final = 2
"""Answers of which it is said what the network then computes; and where none fits."""


@dataclass(frozen=True)
class Answered:
    """A file with answers to what it does not say.

    Args:
        raw: its bytes.
        beside: gives files in which it may keep its data.
        file: as it was read with the answers.
        given: all that is said beside it.
    """

    raw: bytes
    beside: Beside
    file: NetworkFile
    given: Declaration

    @cached_property
    def declared(self) -> Declaration:
        """Declaration with what was answered, and what was chosen where nobody did."""
        return as_chosen(self.file, self.given)

    @property
    def unanswered(self) -> Sequence[FileQuestion]:
        """Questions that nobody answered and the file cannot settle: several answers fit, or none."""
        return [one for one in self.file.questions if one.refusal]

    @cached_property
    def questions(self) -> Sequence[FileQuestion]:
        """Questions that the file leaves open, answered or not, with what fits beside the other answers."""
        found = {one.field: one for one in self.file.questions}
        for field in FIELDS:
            if field not in found and getattr(self.declared, field):
                # a logit is behind a linear layer
                without = {field: ""} | ({"output_is": ""} if field == "output_activation" else {})
                with suppress(AnalysisError):
                    left_out = self._read(self.declared, without).questions
                    found |= {one.field: one for one in left_out if one.field == field}
        return [found[field] for field in FIELDS if field in found]

    def fields(self) -> dict[str, Any]:
        """The questions as fields of a form, as pydantic's ``create_model`` takes them."""
        return {one.field: self._field(one) for one in self.questions}

    def contradicted(self) -> Iterator[tuple[str, str]]:
        """An answer that does not fit, and why, where another one does; the first, as it makes others look wrong."""
        for one in self.questions:
            given = getattr(self.given, one.field)
            if one.field == "output_activation" and self.declared.output_is in ("logit", "sign", "classes"):
                continue  # which fits as well
            if one.fitting and given not in one.fitting and given in one.choices:
                yield f"{Declaration.model_fields[one.field].title}: {given} contradicts its answers", one.why
                return

    def asked(self) -> Iterator[tuple[str, str]]:
        """List the questions to answer before the network can be imported, with what fits."""
        if not self.unanswered:
            return
        fits = []
        for one in self.unanswered:
            several = f"{len(one.fitting)} of these" if one.field == "layers" else enumerated(one.fitting)
            words = f"several fit ({several})" if one.fitting else "none fits"
            title = f"{Declaration.model_fields[one.field].title}: " if len(self.unanswered) > 1 else ""
            fits.append(f"{title}{words}")
        missing = enumerated([LEFT_OPEN[one.field] for one in self.unanswered])
        yield f"The file does not say {missing}", sentence(f"{'. '.join(fits)}. The counts depend on it: choose below")

    def computes(self, question: FileQuestion) -> dict[str, str]:
        """Functions that the network computes by answer to a question: the fitting answers, or the first ones."""
        choices = question.choices if question.field == "layers" else question.fitting or question.choices[:_FIRST]
        return {choice: self._computed({question.field: choice}) for choice in choices[:_MOST]}

    def _field(self, question: FileQuestion) -> tuple[Any, Any]:
        known = Declaration.model_fields[question.field]
        is_open = question in self.unanswered
        if len(question.choices) == 1 or question.field == "negative_slope":  # which may be any number
            return str, Field(... if is_open else "", title=known.title, description=question.why)
        extra: Any = known.json_schema_extra or {}
        words = {**extra.get("words", {})}
        for choice, computed in self.computes(question).items():
            words[choice] = f"{words.get(choice, choice)}: it computes {computed}"
        choices = dict.fromkeys((*question.choices, getattr(self.declared, question.field)))
        if is_open:
            shown = "is shown" if question.field in ("part", "layers") else "fits best"
            words[""] = f"Choose: {question.chosen} {shown if question.fitting else 'comes nearest'}"
            choices = {"": None, **choices}
        usual: Any = ... if is_open else ""
        made = Field(usual, title=known.title, description=question.why, json_schema_extra={"words": words})
        return Literal[tuple(choices)], made

    def _read(self, said: Declaration, changed: dict[str, str]) -> NetworkFile:
        return read_any(self.raw, self.beside, said.model_copy(update=changed))

    def _computed(self, changed: dict[str, str]) -> str:
        """Functions of the outputs after a change of answers, in words."""
        try:
            intake = take_in(self._read(self.given, changed), self.given.model_copy(update=changed))
            return "; ".join(task.label for task in decided_tasks(intake.network, intake.data))
        except AnalysisError:
            return "neither 0 nor 1 on some input"


def answered(raw: bytes, beside: Beside, file: NetworkFile, given: Declaration) -> Answered:
    """A file that was read with a declaration."""
    return Answered(raw, beside, replace(file, original=None), given)


def that_apply(declared: Given) -> Given:
    """A declaration without answers to what is no longer asked: another activation has no negative slope, and an output
    with an activation is no logit.
    """
    given = (declared.activation, declared.output_activation)
    changed: dict[str, str] = {}
    with suppress(AnalysisError):
        if all(name and "negative_slope" not in activation_of(name).parameters for name in given):
            changed["negative_slope"] = ""
    if declared.output_activation not in ("", "linear", *["tanh"] * (declared.output_is == "sign")):
        changed["output_is"] = ""
    return declared.model_copy(update=changed)
