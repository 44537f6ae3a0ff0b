"""What the pages of the common ground show, and their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from app.db.common_ground_columns import FAILING, INTERPRETATION, VALID
from app.listing.page import Browsed
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.formulas import FractionView
from app.pages.previews import AlignmentCard
from app.pages.shared import JobView, LinkedPage

SurveyState = Literal["done", "computing", "failed", "cancelled", "not_surveyed", "not_analysed"]
PointKind = Literal["interpretation", "valid", "failing"]
KINDS: Final[Mapping[PointKind, int]] = {"interpretation": INTERPRETATION, "valid": VALID, "failing": FAILING}
KIND_OF: Final[Mapping[int, PointKind]] = {code: kind for kind, code in KINDS.items()}
KIND_LABELS: Final[Mapping[PointKind, str]] = {
    "interpretation": "Circuit, interpreted",
    "valid": "Algorithm, aligned",
    "failing": "Alignment that fails",
}
DEFAULT_LIMIT: Final = 25


class CommonGroundOptions(ScopeOptions):
    """Options of the common ground."""

    kind: list[PointKind] = Field([], max_length=3, description="Only points of these kinds.")
    circuit: str = Field("", max_length=64, description="Only interpretations of the circuit with this mask.")
    algorithm: str = Field("", max_length=16, description="Only alignments of the algorithm with this id.")
    at: str = Field("", max_length=24, description="Only points at one place: PREDICTED.RIGHT, e.g. 756.719.")
    besides: list[Annotated[str, StringConstraints(max_length=24)]] = Field(
        [], max_length=8, description="Not the points at these places, each PREDICTED.RIGHT."
    )
    accuracy_min: float | None = Field(None, ge=0, le=1, description="Least accuracy.")
    accuracy_below: float | None = Field(None, ge=0, le=1, description="Accuracy that none reaches.")
    coverage_min: float | None = Field(None, ge=0, le=1, description="Least coverage.")
    coverage_below: float | None = Field(None, ge=0, le=1, description="Coverage that none reaches.")
    sort: Literal["accuracy", "coverage", "best", "worst"] = Field(
        "accuracy", description="What the list is sorted by; best and worst are those of any member of a class."
    )
    order: Literal["asc", "desc"] = Field("desc", description="Direction of the order.")
    after: str = Field("", max_length=400, description="Cursor: where the page before ended.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200, description="Explanations on a page.")


class StandingOptions(ScopeOptions):
    """Options of one explanation's standing."""

    e: str = Field(max_length=2000, description="The explanation, as a comparison's address names it.")


class CellView(PageModel):
    """What a mark takes together where there are too many places to be shown one by one.

    Its list has these bounds as filters: lower ones included, upper ones not.
    """

    accuracy_min: float
    accuracy_below: float | None = Field(description="None where nothing lies beyond.")
    coverage_min: float
    coverage_below: float | None
    besides: list[str] = Field(description="Places in it that are marks of their own: PREDICTED.RIGHT.")
    least_accuracy: float = Field(description="Of the places in it, as they are.")
    most_accuracy: float
    least_predicted: int
    most_predicted: int


class CloudView(PageModel):
    """One mark: explanations of one kind at the same place, or of several places in a cell of a grid."""

    kind: PointKind
    coverage: FractionView = Field(description="Where the mark stands: a place that is taken.")
    accuracy: FractionView
    places: int = Field(description="Places that it takes together.")
    cell: CellView | None = Field(description="What is in it, None where it is one place.")
    count: int = Field(description="Points here: observed classes, or alignments.")
    interpretations: BigInt = Field(description="Members of those classes; 0 for alignments.")
    ref: str = Field(description="The first of them, as a comparison's address names it.")
    label: str
    url: str
    list_url: str = Field(description="All of them, listed.")


class GridView(PageModel):
    """The grid on which places are taken together."""

    accuracy_step: float
    coverages: int = Field(description="Cells of coverage to each power of ten.")


class PointView(PageModel):
    """One explanation and where it stands."""

    kind: PointKind
    ref: str
    label: str
    url: str
    mask: str = Field(description="Of a circuit; empty for alignments.")
    formula: str = Field(description="Of an algorithm; empty for circuits.")
    alignment: AlignmentCard | None
    coverage: FractionView = Field(description="Interventions predicted, of all.")
    accuracy: FractionView = Field(description="Predicted right, of those predicted.")
    best: int | None = Field(description="Most that a member of its observed class predicts right; None if not known.")
    worst: int | None = Field(description="Fewest, likewise.")
    members: BigInt | None = Field(description="Interpretations in its class, None for alignments.")


class ExtremeView(PageModel):
    """An interpretation that predicts as many or as few interventions right as any."""

    mask: str
    index: BigInt | None
    url: str
    ref: str
    label: str
    accuracy: FractionView


class SpreadBar(PageModel):
    """Interpretations that predict equally many interventions right."""

    right: int
    count: BigInt


class SurveyView(PageModel):
    """What was looked at and its outcome, in sum."""

    n_sets: int = Field(description="Sets of hidden neurons that are patched.")
    largest_set: int | None = Field(description="Most neurons in a set where not every set is patched, else None.")
    n_interventions: int = Field(description="Sets times ordered pairs of different inputs.")
    n_classes: BigInt = Field(description="Observed classes of the listed circuits.")
    classes: int = Field(description="Of those, how many were looked at.")
    drawn: bool = Field(description="Whether these are a uniform sample, without repetition.")
    seed: int = Field(description="Of the sample.")
    n_alignments: BigInt = Field(description="Kept alignments.")
    alignments: int = Field(description="Of those, how many were looked at.")
    silent_interpretations: int = Field(description="Classes that predict nothing: their output has no gate.")
    silent_alignments: int = Field(description="Alignments that predict nothing: no variable has a place.")
    interpretations: BigInt = Field(description="Interpretations in the classes that were looked at.")
    perfect: BigInt | None = Field(description="Of these, right on every intervention; None if not known.")
    best: ExtremeView | None
    worst: ExtremeView | None
    spread: list[SpreadBar] | None = Field(description="All interpretations by right predictions; None if not known.")
    thorough: bool
    seconds: float
    engine_version: str

    @property
    def partial(self) -> bool:
        """Whether something was left out: drawn classes, alignments beyond the limit, or large sets."""
        return self.drawn or self.alignments < self.n_alignments or self.largest_set is not None


class CommonGroundPage(Browsed, LinkedPage):
    """Every explanation of an analysis on the common ground."""

    state: SurveyState
    job: JobView | None = Field(description="The latest job that surveys it, None where it is done or nobody asked.")
    survey: SurveyView | None
    summary: list[str] = Field(description="What the survey says, in sentences.")
    cloud: list[CloudView] = Field(description="The marks: every place, or cells of a grid where these are too many.")
    places: int = Field(description="Different places where explanations of a kind stand.")
    grid: GridView | None = Field(description="None where every place is a mark of its own.")
    representatives: list[SpreadBar] | None = Field(
        description="Observed classes that were looked at, by right predictions; None where the spread is known."
    )
    kinds: dict[PointKind, int] = Field(description="Points of each kind.")
    total: int = Field(description="Points that pass the filter.")
    items: list[PointView]
    csv_url: str
    request_url: str = Field(description="Where a survey is asked for with POST.")


class StandingView(PageModel):
    """Where one explanation stands among the others."""

    ref: str
    state: SurveyState
    coverage: FractionView | None = Field(description="None where it is silent on principle.")
    accuracy: FractionView | None
    words: str
    place: str = Field(description="Its place in the cloud, in words; empty where that is not known.")
    cloud_url: str
