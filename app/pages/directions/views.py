"""What the pages about directions show, and their options."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from analysis.directions.result import DirectionClass
from app.listing.page import Paged
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.candidates import HuedPage
from app.pages.formulas import AlgorithmView, FractionView
from app.pages.shared import JobView
from pluriscope.records import VariableRecord

SearchState = Literal["done", "refused", "computing", "failed", "cancelled", "not_asked", "not_analysed"]
Passing = Literal["all", "some", "none", "undecided"]
MAX_AT: Final = 5_000  # characters of an alignment's text in an address
CLASS_LABELS: Final[Mapping[DirectionClass, str]] = {
    "integer": "Small integers that read it",
    "integer-any": "Small integers, any",
    "orthogonal": "Read-out, orthogonal swap",
    "oblique": "Read-out, oblique swap",
    "learned": "Learned subspaces",
}


class DirectionsOptions(ScopeOptions):
    """Options of the directions of one analysis."""

    direction_class: DirectionClass = Field(
        "orthogonal", alias="class", description="Which directions a variable may live on."
    )
    algorithm: str = Field("", max_length=16, description="Only the algorithm with this id.")
    passing: bool = Field(False, description="Only algorithms with an alignment that passes.")
    after: str = Field("", max_length=400, description="Cursor: where the page before ended.")
    limit: int = Field(25, ge=1, le=100, description="Algorithms on a page.")


class RowView(PageModel):
    """One direction of a layer."""

    weights: list[float] = Field(description="Read-out w, one number for each neuron in order.")
    words: str = Field(description="The same as people write it, small weights left out.")
    projections: list[float] = Field(description="w·h on every input, in binary order.")


class FamilyView(PageModel):
    """The oblique swaps of one read-out: every d with w·d = 1."""

    dimension: int = Field(description="Of the family: the layer's width less 1.")
    answer: Passing = Field(description="How many of them pass every single interchange.")
    method: str = Field(description="How that was decided: interval, cells, witness, reach or clean.")


class DirectionPlaceView(VariableRecord):
    """A variable and the directions on which it lives."""

    layer: int = Field(description="1 is the first hidden layer.")
    dimension: int = Field(description="How many directions: 1, or those of a subspace.")
    text: str = Field(description="As addresses write it: LAYER=w1,w2,…")
    site: str = Field(description="As people write it: layer 1 along n1.0 − n1.2.")
    rows: list[RowView]
    swaps: list[list[float]] = Field(description="Swap directions of their own; empty for the orthogonal swap.")


class DirectionItem(PageModel):
    """One kept alignment on directions, as lists show it."""

    id: str
    url: str
    ref: str
    text: str
    places: list[DirectionPlaceView]
    iia: FractionView = Field(description="Single interchanges, summed over variables.")
    joint: FractionView | None = Field(description="Every variable at once; None where they are too many to run.")
    valid: bool
    joint_valid: bool | None
    causal_order: bool
    margin: float | None
    fragile: bool
    family_dimension: int | None = Field(description="Of the oblique swaps of all its read-outs; None: no such family.")
    family_answer: Passing | None = Field(description="The least that any variable's family says.")
    illusory: bool | None = Field(description="Whether some direction works by what the next layer does not read.")


class UnreadView(VariableRecord):
    """A variable that has no direction of the class on one layer."""

    layer: int
    residual: float = Field(description="Of the best read-out, in units of the variable.")
    words: str = Field(description="Why, in words.")


class ReadFamilyView(VariableRecord):
    """How many directions a variable could be read from and swapped along."""

    layer: int
    free_reads: int = Field(description="Dimension of all read-outs with the same values on the inputs; 0: only one.")
    swaps: FamilyView | None


class RunView(PageModel):
    """What learning reached from one seed."""

    seed: int
    steps: int
    iia: FractionView
    solved: bool = Field(description="Whether every single and joint interchange was right.")


class ChoiceView(PageModel):
    """What learning reached for one choice of a layer and a dimension for each variable."""

    blocks: list[str] = Field(description="For each variable: 2 dimensions of layer 1.")
    iia: FractionView = Field(description="Of the best seed.")
    n_solved: int
    runs: list[RunView]
    url: str = Field(description="The page of what the best seed ended with, where that is kept; else empty.")


class AlgorithmItem(PageModel):
    """What one class's search found for one algorithm."""

    algorithm: AlgorithmView
    url: str
    directions_url: str = Field(description="This page for this algorithm alone.")
    n_placements: int | None = Field(description="Choices that the class offers; None if too many to count.")
    n_valid: int
    n_joint: int = Field(description="Kept valid ones that joint interchange confirms.")
    n_undecided: int
    n_kept: int
    truncated_at: int | None
    items: list[DirectionItem]
    unread: list[UnreadView]
    families: list[ReadFamilyView]
    choices: list[ChoiceView] = Field(description="Of learned subspaces: the choices with their seeds.")
    n_solved: int = Field(description="Choices of which some seed ended with everything right.")


class SearchView(PageModel):
    """A stored search of one class, in sum."""

    n_candidates: BigInt
    n_searched: int
    irredundant_only: bool
    all_listed: bool
    n_aligned: int
    n_valid: BigInt
    n_joint: int
    n_undecided: BigInt
    truncated: bool
    exact: bool
    refused: str
    settings: dict[str, int | None] = Field(description="Of learned subspaces: seeds, steps, max_dimension.")
    engine_version: str
    seconds: float
    digest: str = Field(description="SHA-256 of all that was found, timings apart.")
    created_at: datetime


class ClassView(PageModel):
    """One class of directions and how far its search is."""

    key: str
    label: str
    rule: str = Field(description="Which directions it admits.")
    url: str
    current: bool
    state: SearchState
    job: JobView | None
    search: SearchView | None


class DirectionsPage(Paged, HuedPage):
    """The directions of one analysis."""

    classes: list[ClassView]
    items: list[AlgorithmItem]
    algorithm: AlgorithmView | None = Field(description="The one that the page is narrowed to.")
    emptiness: Literal["", "none_exist", "truncated", "filtered_out"]
    bare_url: str
    passing_url: str = Field(description="The same with only algorithms of which something passes, or all again.")
    passing: bool
    request_url: str = Field(description="Where a search is asked for with POST.")
    request_fields: list[tuple[str, str]] = Field(description="The scope, as a form sends it.")
    compare_url: str

    @property
    def current(self) -> ClassView:
        """The class that the page shows."""
        return next(one for one in self.classes if one.current)
