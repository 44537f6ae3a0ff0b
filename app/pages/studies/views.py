"""Models of the pages about studies."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.listing.page import Browsed
from app.options import PageModel
from app.pages.prose import Piece

StudyState = Literal["running", "paused", "cancelled", "done", "stalled"]


class StudyProgress(PageModel):
    """How far a study is."""

    state: StudyState = Field(description="done: every network has its outcome; stalled: wanted, but nothing waits.")
    networks: int = Field(description="Networks of the grid.")
    finished: int = Field(description="Networks that have their outcome.")
    converged: int = Field(description="Of these, networks that converged and were analysed.")
    failed: int = Field(description="Of these, networks that did not; they are included in all percentages.")
    seconds: float = Field(description="Core seconds so far.")
    seconds_left: float | None = Field(description="Core seconds still to go by what the finished ones took.")
    jobs_waiting: int
    jobs_running: int
    jobs_failed: int
    job_urls: list[str] = Field(description="Jobs that run or failed, at most ten.")


class StudyItem(PageModel):
    """A study in the list."""

    slug: str
    name: str
    question: str
    answers: list[list[Piece]] = Field(description="What was found with this design; empty for designs of one's own.")
    url: str
    origin: str = Field(description="bundled, started or imported.")
    digest: str
    progress: StudyProgress
    created_at: datetime
    updated_at: datetime


class ModelStudyItem(PageModel):
    """A study of models of another kind than the networks, in the list."""

    slug: str
    name: str
    question: str
    answers: list[list[Piece]]
    models: int = Field(description="Models that were trained.")
    converged: int
    url: str


class StudiesPage(PageModel):
    """All studies."""

    items: list[StudyItem]
    of_models: list[ModelStudyItem] = Field(description="Studies of models of other kinds, which come with Pluriscope.")
    new_url: str
    url: str


class FactorView(PageModel):
    """One factor of the grid."""

    key: str
    label: str
    levels: list[str]
    varies: bool


class MeasureView(PageModel):
    """One measure of the study."""

    key: str
    label: str
    definition: str
    kind: str
    unit: str
    log: bool


class ProtocolLink(PageModel):
    """One protocol of the study."""

    name: str
    digest: str
    url: str = Field(description="This page under that protocol.")
    current: bool


class DesignView(PageModel):
    """What was declared."""

    factors: list[FactorView]
    n_inputs: int
    source: str
    seeds_first: int
    seeds_count: int
    cells: int
    training: dict[str, float | int]
    measures: list[MeasureView]
    criteria: list[str]
    across_outputs: str
    comparisons: list[str] = Field(description="The declared tests in words.")
    file_url: str


class SpreadView(PageModel):
    """How values lie."""

    n: int
    failed: int = Field(description="Networks without a value, in the denominator.")
    of: int
    least: float | None
    lower: float | None
    median: float | None
    upper: float | None
    most: float | None
    mean: float | None
    zeros: int
    ones: int


class ShareRow(PageModel):
    """How many networks have a property."""

    label: str
    hits: int
    of: int
    low: float | None
    high: float | None


class GroupView(PageModel):
    """One group of networks under one measure."""

    label: str
    of: int
    failed: int
    silent: int = Field(description="Converged, but the measure does not apply.")
    bounded: int = Field(description="Values that are estimates or lower bounds.")
    spread: SpreadView | None = Field(description="Of numbers.")
    yes: ShareRow | None = Field(description="Of yes-no measures: yes, of the networks that have an answer.")
    yes_of_all: ShareRow | None = Field(description="The same of all networks, failed ones among them.")
    categories: list[ShareRow] = Field(description="Of categories and sets: networks with each, of those with any.")


class FigureLink(PageModel):
    """One figure of the page."""

    name: str
    title: str
    caption: str
    svg_url: str
    png_url: str
    pdf_url: str


class CellView(PageModel):
    """One cell of the grid."""

    position: int
    name: str
    networks: int
    finished: int
    converged: int
    reasons: dict[str, int] = Field(description="Networks that did not converge, by why.")
    url: str


class TestView(PageModel):
    """One declared comparison, made."""

    __test__ = False  # no test of ours

    measure: str
    label: str = Field(description="What the measure is called.")
    factor: str
    where: str
    protocol: str
    test: str
    groups: list[str]
    sizes: list[int]
    statistic: float | None
    p: float | None
    p_holm: float | None
    effect: float | None
    effect_name: str
    low: float | None
    high: float | None
    note: str


class ReferenceView(PageModel):
    """What somebody else reports, beside ours."""

    says: str
    source: str
    evidence: str
    evidence_words: str
    measure: str
    protocol: str
    cells: str
    theirs: dict[str, float]
    ours: dict[str, float] = Field(description="The same figures of our networks; empty where there are none.")
    ours_of: int
    explanation: str


class StudyPage(StudyItem):
    """One study."""

    paragraphs: list[str]
    engine_version: str
    provenance: dict[str, Any]
    design: DesignView
    protocol: str
    protocols: list[ProtocolLink]
    by: str = Field(description="Factor by which networks are grouped; empty: by cell.")
    by_options: list[ProtocolLink]
    cells: list[CellView]
    moving: bool = Field(description="Whether jobs of it wait or run, so that there will be more by itself.")
    summed: int = Field(
        description="Networks that figures, numbers and tests are of: all that have their outcome, or fewer while more "
        "are added, for these are summed up in the background."
    )
    figures: list[FigureLink] = Field(description="The first ladders and measures, at most three.")
    drawings: dict[str, Any] = Field(exclude=True, description="These figures as drawings, by name.")
    tables: list[FigureTable]
    tests: list[TestView]
    references: list[ReferenceView]
    data_urls: dict[str, str]
    outcomes_url: str
    actions: dict[str, str] = Field(description="POST here to pause, cancel, resume or extend; only what is possible.")
    url: str
    progress_url: str


class FigureTable(PageModel):
    """The numbers of one measure, group by group."""

    measure: MeasureView
    svg_url: str = Field(description="The same as a drawing.")
    groups: list[GroupView]


class ValueView(PageModel):
    """One measured value as shown."""

    measure: str
    text: str
    exact: bool
    note: str


class OutcomeItem(PageModel):
    """One network of a study."""

    position: int
    cell: str
    seed: int
    state: str
    converged: bool
    message: str
    epochs: int | None
    loss: float | None
    accuracy: float | None
    network: str = Field(description="Its digest; empty if there is none.")
    network_url: str = Field(description="Empty where it is not stored, or deleted.")
    deleted_url: str = Field(description="Where a deletion can be undone; empty where it was not deleted.")
    explanations_url: str
    analysed: bool = Field(description="Whether its full analysis is stored, so that its explanations can be listed.")
    analyse_url: str = Field(description="POST here to ask for it; empty where there is nothing to ask for.")
    values: list[ValueView]


class OutcomesPage(Browsed):
    """The networks of a study, in the order of cells and seeds or of one of their values."""

    slug: str
    name: str
    study_url: str
    protocol: str
    measures: list[MeasureView]
    items: list[OutcomeItem]
    data_words: str = Field(description="On what the study judged its networks; empty for clean inputs.")
    data_kept: bool = Field(description="Whether these rows are stored, so that addresses lead to networks on them.")
    total: int
    reasons: dict[str, int]
    state: str
    why: str
    cell: int | None
    cells: list[str]


StudyPage.model_rebuild()
