"""The page's model and options."""

from __future__ import annotations

from pydantic import Field

from app.options import PageModel
from app.pages.formulas import SHOWN, FractionView
from app.pages.reports.state import ReportPage


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
    change: float = Field(description="Largest difference between a reading as found and as it is said here.")


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


class AliceAndBobPage(ReportPage):
    """The page."""

    cast: list[CastView]
    tests: list[TestView]
    events: list[EventView]
    n_circuits: int | None = Field(description="Valid circuits of the network.")
    confidence: float | None = Field(description="Of the estimates' intervals.")
    compare_url: str
    ladder_url: str
    directions_url: str
