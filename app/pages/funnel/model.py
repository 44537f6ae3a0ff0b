"""The model of the funnel's page."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from analysis.criteria.criterion import Kind
from app.options import BigInt, PageModel
from app.pages.shared import AnalysisPage, Counts, JobView

RowState = Literal["stored", "computing", "not_computed"]
Strategy = Literal["circuit", "algorithm"]


class ParameterView(PageModel):
    """One thing that may be set about a criterion."""

    name: str
    value: float | int
    default: float | int
    low: float | int
    high: float | int
    whole: bool = Field(description="Only whole numbers are allowed.")
    range: str = Field(description="The values allowed, in words.")
    unit: str
    meaning: str


class StepView(PageModel):
    """One criterion of the sequence, with what it asks and how to move it."""

    position: int
    text: str = Field(description="As addresses write it.")
    key: str
    label: str
    settings: str = Field(description="The values of its parameters in words; empty if it has none.")
    definition: str
    formula: str
    source: str
    score: str
    method: str
    kinds: list[Kind] = Field(description="The kinds of explanation that it applies to.")
    parameters: list[ParameterView]
    glossary_url: str
    state: RowState = Field(description="Whether all of its verdicts are stored.")
    up_url: str | None
    down_url: str | None
    remove_url: str


class Outcomes(PageModel):
    """How many explanations have each outcome."""

    passed: BigInt
    failed: BigInt
    undecided: BigInt
    not_applicable: BigInt

    @property
    def of(self) -> int:
        return self.passed + self.failed + self.undecided + self.not_applicable


class ScaledView(PageModel):
    """What the share left of uniform draws says about all."""

    guess: BigInt
    low: BigInt
    high: BigInt
    confidence: float = Field(description="That the truth lies from low to high.")


class FunnelRowView(PageModel):
    """One step on one kind of explanation."""

    position: int = Field(description="Of the step in the sequence.")
    key: str
    label: str
    settings: str
    state: RowState
    before: BigInt = Field(description="Explanations left before it.")
    outcomes: Outcomes | None = Field(
        description="What it says about those; of interpretations about all those of the circuits left. Null without "
        "verdicts."
    )
    left: BigInt = Field(
        description="Left after it; of interpretations the most that can be, as only numbers are known."
    )
    left_least: BigInt = Field(description="The same as left, but of interpretations the fewest that can be.")
    open: BigInt = Field(description="Not left only because a step so far could not decide about them.")
    whole: bool = Field(description="Whether every step so far has verdicts; if not, left is an upper bound.")
    interpretations: BigInt | None = Field(description="Of the circuits left; null for other kinds.")
    observed: BigInt | None = Field(description="Observed classes of those; null for other kinds.")
    scaled: ScaledView | None = Field(description="Left among all, where the stored ones are uniform draws.")
    left_url: str | None = Field(description="Those left, as a list.")
    failed_url: str | None = Field(description="Those that it removes because they fail, as a list.")


class KindFunnel(PageModel):
    """The sequence on one kind of explanation."""

    kind: Kind
    noun: str = Field(description="What one is called.")
    begin: BigInt = Field(description="Explanations at the beginning.")
    begin_words: str = Field(description="What those are.")
    begin_url: str | None
    rows: list[FunnelRowView] = Field(description="The steps that apply to this kind, in order.")
    left: BigInt = Field(description="Left at the end; of interpretations the most that pass all of them.")
    left_least: BigInt = Field(description="The same as left, but of interpretations the fewest.")
    open: BigInt
    whole: bool
    interpretations: BigInt | None = Field(description="Of the circuits left at the end; null for other kinds.")
    observed: BigInt | None
    algorithms: int | None = Field(description="Algorithms with an alignment left; null for other kinds.")
    scaled: ScaledView | None
    left_url: str | None
    last_url: str | None = Field(description="Where nothing is left: those that were left last, as a list.")
    verdict: str = Field(description="What being left at the end means, one or two sentences.")

    @property
    def none_left(self) -> bool:
        """Whether it is certain that nothing is left."""
        return self.left == 0 and self.open == 0


class Preset(PageModel):
    """A sequence worth beginning with."""

    key: str
    label: str
    reason: str
    url: str
    current: bool


class Addition(PageModel):
    """A criterion that can be added at the end."""

    key: str
    label: str
    url: str
    kinds: list[Kind]


class Toggle(PageModel):
    """Whether explanations that are one in substance are counted once."""

    key: str
    label: str
    on: bool
    reason: str = Field(description="Why they are one, and how many that concerns here; empty while it is off.")
    url: str


class Pending(PageModel):
    """Steps whose verdicts are not stored."""

    criteria: list[str] = Field(description="As addresses write them.")
    wanted: list[str] = Field(description="Those that no job will compute.")
    job: JobView | None = Field(description="The job that computes them, or the last that tried.")
    computing: bool
    url: str = Field(description="A form sent here has them computed; programs POST to the network's criteria.")


class Unhurried(PageModel):
    """Steps whose verdicts a budget ended that was shorter than the present one."""

    criteria: list[str] = Field(description="As addresses write them.")
    ended_at: float = Field(description="Seconds of the longest of those budgets.")
    seconds: float = Field(description="Seconds that one criterion may take now.")
    url: str = Field(description="A form sent here has them computed again.")


class FunnelPage(AnalysisPage):
    """What is left of all explanations of one analysis after each criterion of a sequence."""

    counts: Counts | None = Field(description="None unless the analysis is stored.")
    criteria: list[str] = Field(description="The sequence as addresses write it.")
    recommended: bool = Field(description="Whether it is the sequence for those who choose none.")
    steps: list[StepView]
    circuits: list[KindFunnel] = Field(description="Where, then what: circuits, then their interpretations.")
    algorithms: list[KindFunnel] = Field(description="What, then where: algorithms, then their alignments.")
    recorded: list[KindFunnel] = Field(description="Kinds that have a record, such as linear probes, where searched.")
    presets: list[Preset]
    additions: list[Addition]
    toggles: list[Toggle]
    pending: Pending | None
    unhurried: Unhurried | None = Field(description="What may be decided further, since the budget is longer by now.")
    note: str = Field(description="What the numbers are of, where the stored circuits are not all.")
    scope_query: list[tuple[str, str]] = Field(description="The scope's options where they differ from the default.")
    network_url: str
    empty_url: str = Field(description="The funnel without any criterion.")

    @property
    def funnels(self) -> list[KindFunnel]:
        return [*self.circuits, *self.algorithms, *self.recorded]
