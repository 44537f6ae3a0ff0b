"""The model of a sandbox: what its page shows and its JSON twin returns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from analysis.sandbox.intervention import Written
from app.options import BigInt, PageModel
from app.pages.shared import DataView, NetworkView, ProtocolView, TaskView


class TileView(PageModel):
    """A function that an explanation puts on a neuron."""

    layer: int
    neuron: int
    formula: str
    truth_table: list[int]


class ChoiceView(PageModel):
    """One of some alternatives, as a link."""

    label: str
    url: str
    current: bool


class WrittenView(PageModel):
    """Something that is changed in a layer."""

    layer: int
    name: str
    written: Written
    source: str = Field(description="Input that a patch comes from, as its bits; empty for other changes.")
    words: str
    signs: str = Field(description="The same in few signs, as in the drawing.")
    without_url: str


class ChangeView(WrittenView):
    """One changed neuron or edge."""

    neuron: int
    origin: int | None = Field(description="Of an edge, the index of its source neuron in the layer before.")
    site: str = Field(description="As addresses write it.")
    value: float = Field(description="The number that is written there.")
    before: float = Field(description="What is there when nothing is changed.")


class LandedView(PageModel):
    """Where a change along directions leaves a neuron that it moves."""

    neuron: int
    value: float


class AlongView(WrittenView):
    """One change along one or more directions of a layer."""

    site: str = Field(description="As addresses write it: dLAYER~w~w~….")
    dimension: int
    weights: list[list[float]] = Field(description="Read-outs, a number for each neuron.")
    swaps: list[list[float]] = Field(description="Directions along which the layer moves; empty where these are those.")
    values: list[float] = Field(description="What each read-out is set to.")
    before: list[float] = Field(description="What each reads when nothing is changed.")
    landed: list[LandedView] = Field(description="The neurons that it moves, with all directions of the layer set.")


class DirectionChoiceView(PageModel):
    """A direction that can be chosen."""

    layer: int
    site: str = Field(description="As addresses write it.")
    token: str = Field(description="The same with what the tool writes there.")
    name: str
    carries: list[str] = Field(
        description="Variables that live on it: LETTER: FORMULA of the explanations asked, FORMULA of found ones."
    )
    changed: bool
    url: str
    words: str


class DecisionView(PageModel):
    """What a rule makes of an output."""

    rule: Literal["rounding", "threshold"]
    decision: int = Field(description="0, 1, or −1 for neither.")
    margin: float | None = Field(description="Distance of the output from the nearest edge of the decision.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")


class RunView(PageModel):
    """The network's own doing."""

    activations: list[list[float | None]] = Field(
        description="Of layers 0 … L; null where the value is beyond float64."
    )
    output: float | None
    decisions: list[DecisionView]


class PartView(PageModel):
    """The way from the unchanged run to the changed one, and the place on it that the drawing shows."""

    share: float = Field(description="How much of the changes the drawing shows, from 0 to 1.")
    run: RunView = Field(description="The run with that much of them.")
    shares: list[float] = Field(description="Places on the way, ascending from 0 to 1.")
    activations: list[list[list[float]]] = Field(description="Of layers 0 … L, for each place, for each neuron.")
    exact: bool = Field(
        description="Whether every neuron is linear between neighbouring places; else they are samples."
    )
    bends: list[float] = Field(description="Places at which some neuron passes zero; none of samples.")
    turns: list[float] = Field(description="Places at which the decision by threshold turns.")

    @property
    def outputs(self) -> list[float]:
        """The output at each place."""
        return [row[0] for row in self.activations[-1]]


class SiteView(PageModel):
    """A neuron or an edge of the drawing that can be chosen."""

    layer: int
    neuron: int
    origin: int | None
    site: str
    name: str
    changed: bool
    url: str = Field(description="The sandbox with it changed by the tool, or with its change taken back.")
    words: str


class AskedView(PageModel):
    """One explanation."""

    letter: str
    kind: str
    kind_label: str
    ref: str
    url: str
    protocol: str
    mask: str | None
    formula: str | None
    tiles: list[TileView]
    says: int = Field(description="The decision that it predicts for the intervention: 0, 1, or −1 if silent.")
    reason: str = Field(description="Why it makes no prediction; empty if it does.")
    right: bool | None = Field(
        description="Whether the network decides so, by threshold; null without a prediction, or where it is hidden."
    )
    without_url: str


class GuessView(PageModel):
    """What a visitor may predict."""

    decision: int
    letters: list[str] = Field(description="The explanations that would then be right.")
    url: str


class JumpView(PageModel):
    """An intervention worth trying next."""

    crucial: bool = Field(description="Whether it is a crucial experiment of pairs, not the one that divides most.")
    pairs: list[str] = Field(description="Pairs of letters whose crucial experiment with the largest margin it is.")
    words: str
    url: str


class SuggestionView(PageModel):
    """An explanation that may be asked; the last may stand for all before it."""

    role: str
    label: str
    ref: str = Field(description="Empty where it stands for all.")
    url: str
    why: str


class ToolView(PageModel):
    """What a chosen site is given."""

    text: str = Field(description="As addresses write it.")
    written: Written
    source: str
    value: float | None
    words: str


class SandboxPage(PageModel):
    """One intervention by hand."""

    network: NetworkView
    task: TaskView
    protocol: ProtocolView
    data: DataView
    output: int
    inputs: list[str]
    base: str
    now: str = Field(description="The intervention as addresses write it.")
    words: str = Field(description="The same in words.")
    changes: list[ChangeView]
    along: list[AlongView]
    tool: ToolView
    on: Literal["neurons", "edges", "directions"]
    directions: list[DirectionChoiceView] = Field(
        description="Directions that can be chosen, while directions are: of the explanations asked, then found ones."
    )
    sites: list[SiteView] = Field(description="What can be chosen in the drawing; forms reach every site.")
    all_sites: list[tuple[str, str]] = Field(
        description="Every neuron and edge as (site, name); empty where they are too many for a menu."
    )
    clean: RunView = Field(description="The run in which nothing is changed.")
    run: RunView | None = Field(description="The run under the intervention; null while it is hidden.")
    part: PartView | None = Field(
        description="The changes done in part; null without any, while the answer is hidden, and where values on the "
        "way are beyond float64."
    )
    target: int = Field(description="What the task wants on the base.")
    description: str = Field(description="The drawing in words.")
    explanations: list[AskedView]
    game: bool
    hidden: bool
    guesses: list[GuessView]
    guess: int | None = Field(description="What the visitor predicted of it; null if nothing.")
    bases: list[ChoiceView]
    sources: list[ChoiceView]
    tools: list[ChoiceView]
    ons: list[ChoiceView]
    jumps: list[JumpView]
    undivided: list[str] = Field(description="Pairs that no intervention divides and that is not on the page.")
    n_interventions: BigInt = Field(description="Interventions among which those worth trying are sought.")
    largest: int | None = Field(description="Most neurons in their sets where not all sets are taken, else None.")
    suggestions: list[SuggestionView]
    clear_url: str = Field(description="The same base with nothing changed.")
    look_url: str | None = Field(description="The answer without predicting it first.")
    game_url: str = Field(description="Begins or ends the game.")
    compare_url: str = Field(description="The same explanations compared; empty for fewer than two.")
    ask_url: str = Field(description="The same with nobody asked, to which other explanations may be added as `e`.")
    form_url: str
    fields: list[tuple[str, str]] = Field(description="Hidden fields that carry the state through a form.")
    max_value: float
    url: str
