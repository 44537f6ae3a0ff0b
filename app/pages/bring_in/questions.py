"""What a file does not say, as a form asks it: each answer with what the network then computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from pydantic import Field

from analysis.errors import AnalysisError
from analysis.network_files.declaration import Declaration, FileQuestion
from analysis.network_files.declared_tasks import decided_tasks
from analysis.network_files.files import NetworkFile
from analysis.network_files.formats.format import Beside
from analysis.network_files.intake import as_chosen, read_any, take_in
from analysis.subjects.perceptron.activations import activation_of

FIELDS: Final = ("layers", "activation", "negative_slope", "output_activation", "output_is", "encoding")
"""Of a declaration, which a file may leave open."""
Given = TypeVar("Given", bound=Declaration)
_MOST: Final = 8
"""Answers of which it is said what the network then computes."""


@dataclass(frozen=True)
class Answered:
    """A file with answers to what it does not say.

    Args:
        raw: its bytes.
        beside: gives files in which it may keep its data.
        file: as it was read with the answers.
        declared: all that is said beside it, with what was chosen where nobody answered.
    """

    raw: bytes
    beside: Beside
    file: NetworkFile
    declared: Declaration

    @cached_property
    def questions(self) -> Sequence[FileQuestion]:
        """What the file leaves open, answered or not: what fits beside the other answers."""
        found = {one.field: one for one in self.file.questions}
        for field in FIELDS:
            if field not in found and getattr(self.declared, field):
                with suppress(AnalysisError):
                    left_out = self._read({field: ""}).questions
                    found |= {one.field: one for one in left_out if one.field == field}
        return [found[field] for field in FIELDS if field in found]

    def fields(self) -> dict[str, Any]:
        """The questions as fields of a form, as pydantic's ``create_model`` takes them."""
        return {one.field: self._field(one) for one in self.questions}

    def contradicted(self) -> Iterator[tuple[str, str]]:
        """Answers that do not fit, and why, where another one does."""
        for one in self.questions:
            given = getattr(self.declared, one.field)
            if one.fitting and given not in one.fitting and given in one.choices:
                yield f"{Declaration.model_fields[one.field].title}: {given} contradicts its answers", one.why

    def _field(self, question: FileQuestion) -> tuple[Any, Any]:
        known = Declaration.model_fields[question.field]
        if len(question.choices) == 1:
            return str, Field("", title=known.title, description=question.why)
        extra: Any = known.json_schema_extra or {}
        words = {**extra.get("words", {})}
        for choice in (question.choices if question.field == "layers" else question.fitting)[:_MOST]:
            words[choice] = f"{words.get(choice, choice)}: it computes {self._computed({question.field: choice})}"
        choices = dict.fromkeys((*question.choices, getattr(self.declared, question.field)))
        made = Field("", title=known.title, description=question.why, json_schema_extra={"words": words})
        return Literal[tuple(choices)], made

    def _read(self, changed: dict[str, str]) -> NetworkFile:
        return read_any(self.raw, self.beside, self.declared.model_copy(update=changed))

    def _computed(self, changed: dict[str, str]) -> str:
        """What the outputs compute with another answer."""
        try:
            intake = take_in(self._read(changed), self.declared.model_copy(update=changed))
            return "; ".join(task.label for task in decided_tasks(intake.network, intake.data))
        except AnalysisError:
            return "neither 0 nor 1 on some input"


def answered(raw: bytes, beside: Beside, file: NetworkFile, declared: Declaration) -> Answered:
    """A file that was read with a declaration, with what was chosen where that says nothing."""
    return Answered(raw, beside, replace(file, original=None), as_chosen(file, declared))


def that_apply(declared: Given) -> Given:
    """A declaration without answers to what is no longer asked: another activation has no negative slope, and an output
    with an activation is no logit.
    """
    given = (declared.activation, declared.output_activation)
    changed: dict[str, str] = {}
    with suppress(AnalysisError):
        if all(name and "negative_slope" not in activation_of(name).parameters for name in given):
            changed["negative_slope"] = ""
    if declared.output_activation not in ("", "linear"):
        changed["output_is"] = ""
    return declared.model_copy(update=changed)
