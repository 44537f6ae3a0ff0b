"""What a study of trained networks beside drawn ones says of each shape and task, as shares of networks: the null model
that pages show beside one network's figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.networks.training_spec import task_of_text
from analysis.studies.cells import GRID_FACTORS, Cell
from analysis.studies.design import ANY_GATE, Factor, StudyDesign
from analysis.studies.sources import DRAWN
from analysis.studies.statistics import share_of
from analysis.studies.summary import Group, StudySummary

What = Literal["any", "one", "both", "yes"]
WHAT_WORDS: Final[dict[What, str]] = {"any": "any", "one": "exactly one", "both": "both", "yes": "yes"}
TRAINED: Final = "trained"
_COUNTED: Final[dict[What, int]] = {"one": 1, "both": 2}
_OF_SHAPES: Final[tuple[Factor, ...]] = ("tasks", "hidden", "activation", "output_activation", "prior")
_USUAL: Final = StudyDesign.model_fields


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArmShare(_Figures):
    """A share of the networks of one arm.

    Args:
        hits: networks of which it is true.
        of: networks with an answer.
    """

    hits: int
    of: int
    low: float | None = Field(description="Wilson's interval, 95%; null of no networks.")
    high: float | None


class MeasureShares(_Figures):
    """What one measure says of each arm.

    Args:
        measure: its key.
        what: which networks are counted: those with any, with exactly one, with both of two, or those that say yes.
        shares: one for each arm.
    """

    measure: str
    what: What
    shares: tuple[ArmShare, ...]


class DrawnNetworks(_Figures):
    """Networks of one shape that compute one task, an arm for each way in which they were found.

    Args:
        study: slug of the study that they are from.
        task: its truth table, in the order of inputs.
        hidden: widths.
        arms: "trained", and the priors that networks were drawn from.
        networks: those of each arm that converged or were accepted.
        of: seeds of each arm.
    """

    study: str
    task: str
    hidden: tuple[int, ...]
    activation: str
    output_activation: str
    arms: tuple[str, ...]
    networks: tuple[int, ...]
    of: int
    measures: tuple[MeasureShares, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes."""
        return ((len(self.task) - 1).bit_length(), *self.hidden, 1)


def is_null_model(design: StudyDesign) -> bool:
    """Whether a study draws networks of one task each that differ by shape, task and prior alone."""
    others = [factor for factor in GRID_FACTORS if factor not in (*_OF_SHAPES, "loss_target")]
    return (
        design.source == DRAWN
        and any(design.prior)
        and len(design.loss_target) == 1
        and all(design.levels(factor) == _USUAL[factor].default for factor in others)
        and all(len(tasks) == 1 and ANY_GATE not in tasks for tasks in design.tasks)
    )


def groups_of(summary: StudySummary, protocol: str) -> Iterator[DrawnNetworks]:
    """What the networks of each shape and task say: cells that differ by prior alone are the arms of one group.

    Args:
        summary: of a study that is a null model.
        protocol: the name of one of its protocols.
    """
    first = summary.design.prior[0]
    for cell in summary.cells:
        if cell.levels["prior"] == first:
            yield _group(summary, protocol, cell)


def _group(summary: StudySummary, protocol: str, first: Cell) -> DrawnNetworks:
    where: dict[Factor, str] = {factor: first.labels[factor] for factor in GRID_FACTORS if factor != "prior"}
    found = {key: summary.groups(key, protocol, "prior", where) for key in summary.measures}
    arms = next(iter(found.values()))
    return DrawnNetworks(
        study=summary.design.slug,
        task="".join(map(str, task_of_text(first.tasks(0)[0], summary.design.n_inputs).truth_table)),
        hidden=first.levels["hidden"],
        activation=first.levels["activation"],
        output_activation=first.levels["output_activation"] or first.levels["activation"],
        arms=tuple(arm.label for arm in arms),
        networks=tuple(arm.of - arm.failed for arm in arms),
        of=arms[0].of,
        measures=tuple(
            MeasureShares(measure=key, what=what, shares=tuple(_arm_share(arm, what) for arm in found[key]))
            for key in summary.measures
            for what in _asked(summary, key)
        ),
    )


def _asked(summary: StudySummary, key: str) -> tuple[What, ...]:
    """Which shares a measure has."""
    if summary.measures[key].kind == "yes-no":
        return ("yes",)
    if key.startswith("rung-"):
        return ("any", "both")
    return ("any", "one") if key == "circuits-valid" or key.startswith("passes:") else ()


def _arm_share(group: Group, what: What) -> ArmShare:
    """The share of an arm's networks with any, with exactly one, with both of two, or that say yes."""
    values = [point.value for point in group.points]
    hits = sum(value == _COUNTED[what] for value in values) if what in _COUNTED else sum(map(bool, values))
    share = share_of(hits, len(values))
    low, high = (None if end is None else round(end, 6) for end in (share.low, share.high))
    return ArmShare(hits=share.hits, of=share.of, low=low, high=high)
