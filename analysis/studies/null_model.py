"""Null models: networks that were drawn at random until they compute a task, beside trained ones of the same shape.

Pages show the shares of both beside one network's figures; a form begins with the design of such a study.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.ladder.rungs import CLOSED
from analysis.network_files.files import slug_of
from analysis.networks.training_spec import task_of_text
from analysis.protocol import BUILT_IN
from analysis.question import Question
from analysis.studies.cells import GRID_FACTORS, Cell
from analysis.studies.design import ANY_GATE, STUDY_FORMAT, Factor, StudyDesign
from analysis.studies.sources import DRAWN
from analysis.studies.statistics import share_of
from analysis.studies.summary import Group, StudySummary
from analysis.tasks import TASK_NAMES

What = Literal["any", "one", "both", "yes"]
WHAT_WORDS: Final[dict[What, str]] = {"any": "any", "one": "exactly one", "both": "both", "yes": "yes"}
TRAINED: Final = "trained"
_COUNTED: Final[dict[What, int]] = {"one": 1, "both": 2}
_OF_SHAPES: Final[tuple[Factor, ...]] = ("tasks", "hidden", "activation", "output_activation", "prior")
_USUAL: Final = StudyDesign.model_fields
_PRIORS: Final = ("", "normal 1", "normal 2", "fan-in 3")
_MOST_DRAWS: Final = 4_000_000  # of one network: minutes at most, after which its outcome says how rare it is
_TESTED_OF_DRAWN: Final = ("one-algorithm", "irredundant-literals-one", "one-minimal-joint-alignment", "story-all-same")
_OF_DRAWN: Final = (
    "circuits-valid",
    *_TESTED_OF_DRAWN,
    *("alice-and-bob", "story-any-opposite"),
    *(f"rung-{key}" for key in CLOSED),
    "draws",
)
"""What the funnel, the ladder and the stories of a network show of drawn ones; the criteria beside it."""
_CRITERIA_OF_DRAWN: Final = (
    *("mean-ablation", "resample-ablation", "all-ablations", "output-faithfulness", "knockout-completeness"),
    *("minimal-wang", "minimal-local", "minimal-subset", "minimal-cardinal"),
    *("interchange", "joint-interchange", "minimal-joint-alignment"),
)


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


def null_design(question: Question) -> dict[str, Any]:
    """The design of a study that trains and draws networks like one of one output until they compute its task, and asks
    what pages show beside it: its null model, under its protocol.

    Returns:
        A study file, as JSON values.
    """
    model, task, rules = question.model, question.task, question.protocol
    sizes, name = "-".join(map(str, model.sizes)), task.name or "".join(map(str, task.truth_table))
    activation = model.activation.replace("_", " ")
    return {
        "format": STUDY_FORMAT,
        "slug": slug_of(f"drawn {name} {sizes}")[:50].strip("-"),
        "name": f"Drawn and trained networks {sizes} that compute {name}",
        "question": f"Which figures of {sizes} networks ({activation}) that compute {name} need learning, and which "
        "have networks that were drawn at random and compute it as well?",
        "source": DRAWN,
        "source_options": {"most_draws": _MOST_DRAWS},
        "n_inputs": model.n_inputs,
        "tasks": [["".join(map(str, task.truth_table)) if task.name not in TASK_NAMES else task.name]],
        "hidden": [list(model.sizes[1:-1])],
        "activation": [model.activation],
        "output_activation": [model.output_activation if model.output_activation != model.activation else None],
        "prior": list(_PRIORS),
        "training": {} if model.negative_slope is None else {"negative_slope": model.negative_slope},
        "seeds": {"first": 0, "count": 30},
        "protocols": [rules.name if rules.name in BUILT_IN else rules.model_dump(mode="json")],
        "measures": list(_OF_DRAWN),
        "criteria": list(_CRITERIA_OF_DRAWN),
        "comparisons": [
            {"measure": measure, "factor": "prior", "test": "cochran-mantel-haenszel"} for measure in _TESTED_OF_DRAWN
        ],
    }


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
