"""The page's model and options."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.figures.svg import ByHand, Direction, Tile
from app.options import Options, PageModel
from app.pages.formulas import SHOWN, FractionView
from app.pages.input_plane import PointView
from app.pages.reports.state import ReportPage

Order = Literal["square", "cube", "name"]


class AliceAndBobOptions(Options):
    """Options of the page."""

    order: Order = Field(
        "square", description="Order of the contradictions: by share of the square or the cube, or by name."
    )


class ReadingView(PageModel):
    """How one variable is read off the hidden layer."""

    formula: str
    shown: str = Field(description=SHOWN)
    truth_table: list[int]
    words: str = Field(description="The reading as people say it, e.g. n1.0 − n1.2.")
    weights: list[float]


class CastView(PageModel):
    """One explanation."""

    name: str
    kind: str = Field(description="direction or interpretation.")
    formula: str
    ref: str
    url: str
    readings: list[ReadingView]
    layer: int = Field(description="The layer that it reads, from 1.")
    change: float = Field(description="Largest difference between a reading as found and as it is said here.")

    @property
    def directions(self) -> list[Direction]:
        """Its variables on directions, as a drawing takes them."""
        found = [(tuple(one.weights), tuple(one.truth_table)) for one in self.readings]
        return [Direction(self.layer, *one) for one in found] if self.kind == "direction" else []

    @property
    def tiles(self) -> list[Tile]:
        """Its variables on single neurons."""
        if self.kind == "direction":
            return []
        return [
            Tile(self.layer, one.weights.index(max(one.weights)), tuple(one.truth_table), one.shown)
            for one in self.readings
        ]


class CellView(PageModel):
    """What one explanation comes to in one test."""

    words: str = Field(description="A fraction, a share, or why there is none.")
    detail: str = ""
    passes: bool | None = Field(description="Whether all of it is right; null where that is no question of passing.")
    score: FractionView | None = None


class TestView(PageModel):
    """One test, side by side."""

    label: str
    about: str
    cells: list[CellView]


class SaidView(PageModel):
    """What one explanation says at a witness."""

    name: str
    readings: list[str]
    says: int
    possible: bool = Field(description="Whether some input has these values of its variables.")


class WitnessView(PageModel):
    """One state or input where they differ."""

    where: str
    network: int = Field(description="What the network decides there.")
    said: list[SaidView]
    state: list[float] = Field(description="The last hidden layer there.")
    url: str = Field(description="The same state in the sandbox; empty for inputs between 0 and 1.")


class EventView(PageModel):
    """One way to contradict, and how often it happens."""

    words: str
    cube: str = Field(description="Exact share of the hidden cube; empty if it was not computed.")
    cube_share: float | None
    corners: int | None = Field(description="Corners of the cube on which it happens.")
    square_low: float | None = Field(description="Certain lower bound of its share of the input square.")
    square_high: float | None
    witnesses: list[WitnessView]

    names: list[str] = Field(description="Who takes part.")
    kind: str = Field(description="wrong, impossible, differ, only-wrong or all-wrong.")

    @property
    def by_hand(self) -> WitnessView | None:
        """A state that can be set by hand, if one is known."""
        return next((one for one in self.witnesses if one.url), None)


class SquareView(PageModel):
    """The input square of the network or of one explanation."""

    name: str
    rows: list[str] = Field(description="Decisions, a text for each value of the second input from 0 up.")
    wrong: list[str] = Field(description="1 where the decision is another than the network's; empty for the network.")
    impossible: list[str] = Field(description="1 where it reads values that no Boolean input gives its variables.")
    agrees: str = Field(description="Share of the square on which it decides as the network, rounded.")


class CornerView(PageModel):
    """One Boolean input."""

    bits: str
    hidden: list[float] = Field(description="The last hidden layer.")
    network: int
    says: list[int] = Field(description="What each explanation says.")


class TestedView(PageModel):
    """One bit that an explanation reads: 1 where weights·h + constant > 0."""

    weights: list[float]
    constant: float


class ReaderView(PageModel):
    """One explanation as it is run at a point."""

    tests: list[TestedView]
    outputs: list[int] = Field(description="What it says for each combination of bits, the first most significant.")
    possible: list[bool] = Field(description="Whether some Boolean input has the combination.")


class SquaresView(PageModel):
    """Everyone between the inputs, and what runs at a point."""

    side: int = Field(description="Squares of each grid in a row.")
    squares: list[SquareView]
    corners: list[CornerView]
    point: PointView
    readers: list[ReaderView]

    @property
    def followed(self) -> dict[str, Any]:
        """What a script needs to follow a point."""
        return {**self.point.model_dump(), "readers": [one.model_dump() for one in self.readers]}


class AliceAndBobPage(ReportPage):
    """The page."""

    cast: list[CastView]
    tests: list[TestView]
    events: list[EventView]
    example: EventView | None = Field(description="One contradiction to look at: a state that can be set by hand.")
    example_layers: list[list[float]] = Field(description="Every layer's activations there, on the input of zeros.")
    squares: SquaresView | None
    sorts: dict[str, str] = Field(description="Addresses of the other orders of contradictions.")
    order: Order
    n_circuits: int | None = Field(description="Valid circuits of the network.")
    confidence: float | None = Field(description="Of the estimates' intervals.")
    compare_url: str
    ladder_url: str
    directions_url: str

    @property
    def example_changes(self) -> dict[tuple[int, int, None], ByHand]:
        """What is set by hand in the example, as a drawing takes it."""
        layer = len(self.example_layers) - 2
        hidden = self.example_layers[layer] if self.example_layers else []
        return {(layer, i, None): ByHand(f"= {value:g}", value) for i, value in enumerate(hidden)}
