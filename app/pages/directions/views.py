"""What the pages about directions show, and their options."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from app.options import PageModel, ScopeOptions
from app.pages.formulas import FractionView, VariableView
from app.pages.interchanges import AlignedPage

Passing = Literal["all", "some", "none", "undecided"]
MAX_AT: Final = 5_000  # characters of an alignment's text in an address


class DirectionsOfOptions(ScopeOptions):
    """Options that lead from an algorithm to its alignments on directions."""

    at: str = Field(
        "",
        max_length=MAX_AT,
        description="Text of an alignment on directions, PATH@LAYER=w1,w2,… for each variable joined by ;, with "
        "/d1,d2,… where the swap is oblique: leads to that alignment, stored or not.",
    )


class DirectionOptions(ScopeOptions):
    """Options of one alignment on directions."""

    at: str = Field(
        "",
        max_length=MAX_AT,
        description="All that the alignment is: PATH@LAYER=w1,w2,… for each variable joined by ;, with /d1,d2,… where "
        "the swap is oblique. Needed where it is not stored, since its id is a hash.",
    )


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


class RowspaceView(PageModel):
    """How a direction fares with only what the next layer reads of it."""

    rank: int = Field(description="Of the next layer's weights.")
    share: float = Field(description="Of |w|² in their row space, 0 to 1.")
    whole: FractionView = Field(description="Interchanges that agree along w.")
    seen: FractionView = Field(description="Along its part in the row space alone.")
    illusory: bool = Field(description="Whether all agree along w, but not along what the next layer reads of it.")


class DirectionPlaceView(VariableView):
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


class JointCaseView(PageModel):
    """A joint interchange on which network and algorithm differ."""

    sources: list[str] = Field(description="Input for each variable, in order of path.")
    base: str
    expected: int
    output: float


class FoundInView(PageModel):
    """A class whose stored search holds the alignment."""

    key: str
    label: str
    url: str


class DirectionPage(AlignedPage):
    """One alignment on directions with its evidence."""

    directions_url: str
    criteria_url: str = Field(description="Every criterion's verdict on it; empty where its text is too long to ask.")
    standing_url: str = Field(description="Where it stands on the common ground; empty likewise.")
    url: str = Field(description="Permalink: carries the alignment's text, so it needs nothing stored.")
    text: str
    places: list[DirectionPlaceView]
    readings: list[ReadingView | None] = Field(description="How each direction reads its variable, by place.")
    joint: FractionView | None
    joint_valid: bool | None
    joint_margin: float | None
    joint_wrong: JointCaseView | None = Field(description="The first joint interchange that fails.")
    causal_order: bool
    families: list[FamilyView | None] = Field(description="Of each place; None where it is not the shortest read-out.")
    family_dimension: int | None
    family_answer: Passing | None
    rowspace: list[RowspaceView | None] = Field(description="Of each place; None for subspaces.")
    description: list[str] = Field(description="The explanation in sentences.")
    found_in: list[FoundInView] = Field(description="Classes whose stored search holds it.")
    siblings: list[DirectionItem] = Field(description="Other kept alignments of the algorithm on directions.")


class ReadingView(PageModel):
    """How a direction reads its variable: gain · w·h + constant."""

    gain: float
    constant: float
    residual: float = Field(description="Largest difference from the variable on the inputs; 1/2 reads nothing.")
    values: list[float] = Field(description="The reading on every input, in binary order.")
    separated: bool = Field(description="Whether a cut at 1/2 tells the variable's values apart.")


DirectionPage.model_rebuild()
