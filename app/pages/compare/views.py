"""The model of a comparison: what its page shows and its JSON twin returns."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from app.figures.svg import Direction, Hues
from app.options import BigInt, Link, PageModel
from app.pages.columns import ColumnView
from app.pages.compare.contrast import EdgeView, LineView, NeuronView, SharedView
from app.pages.compare.own_swaps import AskedOfAll, OwnSwapsView
from app.pages.compare.picker import Picker
from app.pages.formulas import hue_tables, hues_of
from app.pages.lens_views import LensView
from app.pages.shared import DataView, NetworkView, ProtocolView, TaskView


class TileView(PageModel):
    """A function that an explanation puts on a neuron."""

    layer: int
    neuron: int
    formula: str
    truth_table: list[int]


class DirectionView(PageModel):
    """A direction that an explanation puts a variable on."""

    layer: int
    weights: list[float]
    truth_table: list[int]


class StandingView(PageModel):
    """Coverage = predicted / of, accuracy = right / predicted."""

    predicted: int
    right: int
    of: int


class ComparedView(PageModel):
    """One explanation of the comparison."""

    letter: str
    kind: str
    kind_label: str
    ref: str
    url: str
    protocol: str
    swap_url: str = Field(description="Where another is chosen in its place.")
    without_url: str = Field(description="The comparison without this one; the selection page where one would be left.")
    mask: str | None = Field(description="Hex mask of its circuit.")
    n_edges: int | None
    formula: str | None
    name: str = Field("", description="Of an explanation of a kind stored as columns, or of a lens; else empty.")
    picture: LensView | None = Field(None, description="Of a lens what it answered.")
    tiles: list[TileView]
    directions: list[DirectionView] = Field(description="Of an alignment on directions; else empty.")
    columns: list[ColumnView] = Field(description="Its gates or variables with their value on every input.")
    says: list[int] = Field(description="The output on every input: 0, 1, or −1 for neither.")
    outputs: list[float] | None = Field(description="Raw outputs of its circuit on every input.")
    standing: StandingView
    silent_because: str = Field(description="Why it predicts nothing under interventions; empty if it does.")

    @property
    def drawn(self) -> list[Direction]:
        """Its directions, for the drawing."""
        return [Direction(one.layer, tuple(one.weights), tuple(one.truth_table)) for one in self.directions]

    def n_task(self, truth_table: list[int]) -> int:
        """Inputs on which it gives the task's output."""
        return sum(said == wanted for said, wanted in zip(self.says, truth_table, strict=True))


class ValueColumn(PageModel):
    """One value on every input: an intermediate one with its place, or the output. What is equal stands once."""

    letters: list[str] = Field(description="The explanations that have it.")
    label: str = Field(description="Empty for the output.")
    site: str = Field(description="The neurons that carry it; empty for a variable without a place and the output.")
    truth_table: list[int] = Field(description="On every input in binary order: 0, 1, or −1 for neither.")


class PairView(PageModel):
    """Two explanations: interventions on which both predict, and of those the ones on which they say the same."""

    first: str
    second: str
    both: int
    same: int
    differ: int = Field(description="Crucial experiments between the two: on each exactly one of them is right.")
    first_right: int
    second_right: int
    url: str = Field(description="Their crucial experiments.")


class CrucialView(AskedOfAll):
    """One intervention with what everyone says of it."""

    experiment: str = Field(description="As addresses write it: patched neurons, source, base.")
    anchor: str = Field(description="Its fragment on the page.")
    url: str = Field(description="The comparison with this intervention by itself.")
    site: str
    neurons: list[tuple[int, int]]
    divides: bool = Field(description="Whether it is crucial: some predict 0, others 1.")


class CrucialScore(PageModel):
    """How one explanation fares where they differ: right / predicted."""

    letter: str
    predicted: int = Field(description="Crucial experiments on which it predicts.")
    right: int


class CrucialList(PageModel):
    """One page of the crucial experiments, largest margin first; ties by neurons, source, base."""

    between: list[str] = Field(description="The explanations that are divided: all, or the two that were asked for.")
    total: int
    start: int = Field(description="How many come before these.")
    shown: list[CrucialView]
    scores: list[CrucialScore]
    next: str | None
    next_url: str | None
    first_url: str | None = Field(description="The beginning, if this is not it.")


class SpaceView(PageModel):
    """The interventions: every listed set of hidden neurons × every ordered pair source ≠ base."""

    sets: int
    possible_sets: BigInt
    pairs: int
    interventions: int
    largest: int | None = Field(description="Most neurons in a set where not all sets are taken, else None.")


class ComparePage(PageModel):
    """A comparison; without explanations, how to choose some."""

    network: NetworkView | None
    task: TaskView | None
    protocol: ProtocolView | None
    data: DataView | None
    output: int
    missing: int = Field(description="How many more explanations must be chosen; 0 if the comparison is complete.")
    refs: list[str]
    input_names: str = Field(description="The inputs' letters, in the order of their bits.")
    inputs: list[str] = Field(description="Every input as its bits, in binary order.")
    explanations: list[ComparedView]
    shared: SharedView | None
    shared_edges: list[list[list[bool]]] | None = Field(
        description="Edges that all circuits keep, a matrix [n_out][n_in] for each layer; None without two circuits."
    )
    values: list[ValueColumn] = Field(description="All intermediate values on one axis of inputs.")
    said: list[ValueColumn] = Field(description="The outputs on the same axis.")
    differing_neurons: list[NeuronView]
    differing_edges: list[EdgeView]
    lines: list[LineView]
    space: SpaceView | None
    pairs: list[PairView]
    n_crucial: int = Field(description="Interventions on which some predict 0 and others 1.")
    crucial: CrucialList | None
    experiment: CrucialView | None = Field(description="The intervention that the address names, crucial or not.")
    own_swaps: OwnSwapsView | None = Field(
        None, description="Each explanation's own swaps, where one is on directions; else null."
    )
    swapping: str = Field(description="The reference that is to be exchanged, empty if none is.")
    suggestions: list[Link]
    picker: Picker | None = Field(None, description="What there is to choose from, while too few are chosen.")
    rivals_url: str = Field(
        "", description="The circuits and interpretations that differ most, where an analysis to choose from is stored."
    )
    verdicts_url: str = Field(description="Every criterion's verdict on each of them.")
    url: str

    @cached_property
    def hues(self) -> Hues:
        """Which hue each function has, for drawings of more than two inputs."""
        columns = [column.truth_table for item in self.explanations for column in item.columns]
        return hues_of(hue_tables(columns))

    @property
    def telling_output(self) -> list[str]:
        """Letters of those that say what the network gives on every input."""
        return [item.letter for item in self.explanations if item.says]

    @property
    def silent_on_output(self) -> bool:
        """Whether some say nothing of it, as linear probes do."""
        return len(self.telling_output) < len(self.explanations)

    @property
    def n_divided(self) -> int:
        """Interventions that divide them: on sets of neurons, and own swaps where these are made."""
        return self.n_crucial + (self.own_swaps.total if self.own_swaps is not None else 0)

    def pair(self, one: str, other: str) -> PairView:
        """Two of the explanations by their letters, in either order."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})
