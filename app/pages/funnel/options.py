"""What an address of the funnel says: the sequence of criteria, and how a form changes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from analysis.criteria.funnel import DEFAULT_PRESET
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.errors import InvalidCriterion
from app.errors import BadQuery
from app.options import ScopeOptions

MAX_STEPS: Final = 32
NO_STEPS: Final = "none"
"""What an address says instead of a criterion where the sequence is empty."""

Text = Annotated[str, Field(max_length=200)]


class FunnelOptions(ScopeOptions):
    """Options of the funnel."""

    criteria: list[Text] = Field(
        [],
        max_length=MAX_STEPS + 1,
        description="The criteria in order, each as `key` or `key(name=value,name=value)`; nothing: the recommended "
        "sequence; `none` alone: no criterion.",
    )

    @property
    def steps(self) -> tuple[CriterionStep, ...]:
        """The sequence, each step once.

        Raises:
            BadQuery: an unknown criterion or parameter, or a value out of range; too many steps.
        """
        texts = [text for text in self.criteria if text.strip()]
        if not texts:
            return DEFAULT_PRESET.steps
        try:
            steps = parse_steps(text for text in texts if text != NO_STEPS)
        except InvalidCriterion as error:
            raise BadQuery(error.item, error.cause, error.cure, "criteria") from None
        if len(steps) > MAX_STEPS:
            raise BadQuery(
                f"a sequence of {len(steps)} criteria", f"is longer than {MAX_STEPS}", "leave some out", "criteria"
            )
        return steps


class FunnelPageOptions(FunnelOptions):
    """Options of the HTML page: a form may also change the settings of one step."""

    edit: int | None = Field(None, ge=0, lt=MAX_STEPS, description="Position of the step that a form changes.")
    parameter: list[Text] = Field([], max_length=8, description="Names of the parameters that it sets.")
    value: list[Text] = Field([], max_length=8, description="Their values, in the same order.")

    @property
    def from_form(self) -> bool:
        """Whether a form was sent, whose fields are not yet an address worth keeping."""
        added_to_none = NO_STEPS in self.criteria and len(self.criteria) > 1
        return self.edit is not None or added_to_none or any(not text.strip() for text in self.criteria)


def criteria_of(steps: Sequence[CriterionStep]) -> list[str]:
    """What an address says of a sequence; nothing for the recommended one."""
    if tuple(steps) == DEFAULT_PRESET.steps:
        return []
    return [str(step) for step in steps] or [NO_STEPS]
