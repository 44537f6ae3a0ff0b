"""What discovery methods answered about an analysis, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from analysis.discovery.audit import Audited, location_json
from analysis.discovery.method import Method, Step
from analysis.models.model import Graph
from analysis.networks.circuit import EdgeLayout
from analysis.report import Mask
from analysis.report import Part as Stored

METHODS: Final = "methods"


class StoredStep(Stored):
    """One step of a method that learns; see :class:`analysis.discovery.method.Step`."""

    edges: list[int]
    kept: bool
    before: float | None
    after: float | None
    mask: Mask
    at: int | None


class StoredAnswer(Stored):
    """One answer; what is known of its place is as audit files have it."""

    method: str
    settings: dict[str, Any]
    default: bool = Field(description="Whether these are the method's default settings.")
    outcome: str
    raw_mask: Mask | None
    faithfulness: float | None
    fragile: bool
    place: dict[str, Any] | None
    steps: list[StoredStep] | None = Field(None, description="Of methods that learn, where they were stored.")


class MethodsReport(Stored):
    """What every method answered under every setting that was asked."""

    thorough: bool = Field(description="Whether methods that learn were asked too.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    answers: list[StoredAnswer]
    refused: dict[str, str] = Field(description="Methods that could not be asked, with the reason.")

    @property
    def words(self) -> str:
        """How many of the answers under default settings are valid."""
        defaults = [one for one in self.answers if one.default]
        valid = sum(one.place is not None and one.place["valid"] for one in defaults)
        return f"{valid} of {len(defaults)} methods answer with a valid circuit under default settings"


def methods_report(
    found: Sequence[Audited],
    refused: dict[str, str],
    methods: Mapping[str, Method[Any]],
    layout: EdgeLayout | Graph,
    *,
    complete: bool,
    thorough: bool = False,
) -> MethodsReport:
    """The stored form of an audit.

    Args:
        found: the answers.
        refused: methods that could not be asked, with the reason.
        methods: by key.
        layout: writes masks.
        complete: whether every valid circuit is listed.
        thorough: whether methods that learn were asked.
    """
    answers = [
        StoredAnswer.showing(
            one.answer,
            layout,
            method=one.method,
            settings=dict(one.settings),
            default=dict(one.settings) == methods[one.method].defaults,
            place=None if one.location is None else location_json(one.location, layout, complete=complete),
            steps=one.answer.steps if methods[one.method].learns else None,
        )
        for one in found
    ]
    return MethodsReport(thorough=thorough, complete=complete, answers=answers, refused=refused)


def step_of(stored: StoredStep) -> Step:
    """A stored step as the engine has it."""
    return Step(tuple(stored.edges), stored.kept, stored.before, stored.after, int(stored.mask, 16), None, stored.at)
