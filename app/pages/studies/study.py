"""One study as its pages show it: of networks in the store, or of transformers that come with Pluriscope."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import InvalidStudy
from analysis.network_files.files import slug_of
from analysis.strict_json import plain_text
from analysis.studies.cells import GRID_FACTORS
from analysis.studies.design import FACTORS, Factor, StudyDesign
from analysis.studies.summary import StudySummary
from app.addressing import Addresses
from app.bundled.model_studies import SLUGS, model_study
from app.db.errors import Deleted, StoreError
from app.db.reads.jobs import jobs_of_network
from app.db.reads.studies import find_study, outcome_records, state_counts, study_jobs
from app.db.studies import MAX_SLUG, design_of
from app.db.study_tables import StudyRow
from app.errors import Conflict, Gone, Moved, NotFound
from app.figures.numbers import exact
from app.options import PageModel
from app.pages.findings import answers_of, answers_of_models
from app.pages.studies.data import model_data, outcome_data
from app.pages.studies.transformers import GRANULARITIES, ModelSummary
from app.recent import Recent

State = Literal["running", "paused", "cancelled", "done", "stalled"]
_SUMMARIES: Final = Recent[StudySummary](8)
_GROWTH: Final = 1.1


class StudyProgress(PageModel):
    """How far a study is."""

    state: State = Field(description="done: every network has its outcome; stalled: wanted, but nothing waits.")
    networks: int = Field(description="Networks of the grid.")
    finished: int = Field(description="Networks that have their outcome.")
    converged: int = Field(description="Of these, networks that converged and were analysed.")
    failed: int = Field(description="Of these, networks that did not; they are included in all percentages.")
    seconds: float | None = Field(description="Core seconds so far.")
    seconds_left: float | None = Field(description="Core seconds still to go by what the finished ones took.")
    jobs_waiting: int = 0
    jobs_running: int = 0
    jobs_failed: int = 0


class StudyLine(PageModel):
    """A study in a few words."""

    slug: str
    name: str
    question: str
    answers: list[str] = Field(
        description="What was found with this design, as Markdown; empty for designs of one's own."
    )
    origin: Literal["bundled", "started", "imported"]
    digest: str = Field(description="Of its design; empty of a study of transformers.")
    progress: StudyProgress
    url: str


@dataclass(frozen=True, eq=False)
class Study:
    """A study with all that its pages say.

    Args:
        links: of the site.
        line: the study in a few words.
        row: in the store; None of a study of transformers, which can only be read.
        summary: of its outcomes; of one on its way as far as they were summed up.
        design: its study file.
        about: paragraphs about method and expectation, as Markdown.
        facts: what else the design says, as (what, value).
        protocols: name → digest.
        varying: factors with several levels by which networks can be grouped.
        states: (position of a cell, how training ended) → networks.
        moving: whether jobs of it wait or run, so that there will be more by itself.
        columns: of its data.
        rows: makes its data, one row for each network, protocol and output.
    """

    links: Addresses
    line: StudyLine
    row: StudyRow | None
    summary: StudySummary
    design: Mapping[str, Any]
    about: str
    facts: Sequence[tuple[str, str]]
    protocols: Mapping[str, str]
    varying: Sequence[Factor]
    states: Mapping[tuple[int, str], int]
    moving: bool
    columns: Sequence[str]
    rows: Callable[[Session], Iterator[dict[str, Any]]]

    @property
    def seeds(self) -> int:
        """Networks of each cell."""
        return self.line.progress.networks // len(self.summary.cells)


def find_any(session: Session, links: Addresses, study: str) -> Study:
    """The study that an address names.

    Raises:
        NotFound, Gone, Moved: see :func:`open_study`.
    """
    return bundled(study, links) if study in SLUGS else stored(session, links, open_study(session, links, study))


def open_study(session: Session, links: Addresses, study: str, *, deleted: bool = False) -> StudyRow:
    """The study of networks of that slug, or whose digest begins with those 6 or more digits.

    Args:
        session: open session.
        links: for the nearest page that exists.
        study: slug or beginning of a digest.
        deleted: whether a deleted one is meant too.

    Raises:
        NotFound: none, or several.
        Gone: it was deleted, which can be undone.
        Moved: it once had that slug.
        Conflict: a study of transformers, of which the store holds nothing.
    """
    if study in SLUGS:
        page = links.study(study)
        raise Conflict(f"study {study}", "comes with Pluriscope as it is", "start one of your own", "study", page)
    try:
        row = find_study(session, study, deleted=deleted)
    except Deleted as error:
        page, undo = links.study_action(error.slug, "delete"), links.study_action(error.slug, "restore")
        raise Gone(error.item, error.cause, error.cure, "study", page, "its deletion", undo) from None
    except StoreError as error:
        raise NotFound(error.item, error.cause, error.cure, "study", links.studies(), "all studies") from None
    if row.slug != study and not row.digest.startswith(study):
        raise Moved.to(study, row.slug, links.study(row.slug), "study")
    return row


def wanted_names(row: StudyRow, name: str, slug: str) -> tuple[str, str]:
    """Name and slug that a study is to have: what is left out is the present name, and the slug made of a new name.

    Raises:
        InvalidStudy: the name holds what no line of text may.
    """
    name = plain_text(name or row.name, "name", InvalidStudy)
    made = row.slug if name == row.name else slug_of(name)[:MAX_SLUG].strip("-")
    renamed = slug.strip() if slug.strip() != row.slug else ""
    return name, renamed or made or row.slug


# --- studies of networks


def stored(session: Session, links: Addresses, row: StudyRow) -> Study:
    """A study of networks, as far as it is."""
    design, moving = design_of(row), bool(jobs_of_network(session, row.digest, unfinished=True))
    return Study(
        links=links,
        line=stored_line(session, links, row),
        row=row,
        summary=_summary_of(session, row, moving),
        design=row.design,
        about=design.description,
        facts=list(_facts_of(design)),
        protocols={one.name: one.digest for one in design.protocols},
        varying=[factor for factor in GRID_FACTORS if len(design.levels(factor)) > 1],
        states=state_counts(session, row.id),
        moving=moving,
        **outcome_data(row),
    )


def stored_line(session: Session, links: Addresses, row: StudyRow) -> StudyLine:
    """The same in a few words."""
    return StudyLine.showing(
        row,
        question=str(row.design["question"]),
        answers=answers_of(row.slug, row.digest, links),
        progress=progress_of(session, row),
        url=links.study(row.slug),
    )


def progress_of(session: Session, row: StudyRow) -> StudyProgress:
    """How far a study is; jobs are asked for only while it is not done."""
    done = row.n_finished >= row.n_networks
    jobs = [] if done else study_jobs(session, row.digest)
    states = Counter(job.state for job in jobs)
    state: State = "done" if done else "cancelled" if row.state == "cancelled" else "paused"
    if not done and row.state == "running":
        state = "running" if states["queued"] + states["running"] else "stalled"
    left = (row.n_networks - row.n_finished) * row.seconds / row.n_finished if row.n_finished and not done else None
    return StudyProgress(
        state=state,
        networks=row.n_networks,
        finished=row.n_finished,
        converged=row.n_converged,
        failed=row.n_finished - row.n_converged,
        seconds=row.seconds,
        seconds_left=left,
        jobs_waiting=states["queued"],
        jobs_running=states["running"],
        jobs_failed=states["failed"],
    )


def _summary_of(session: Session, row: StudyRow, moving: bool) -> StudySummary:
    """What the outcomes of a study say; of one on its way it is worked out anew when there are a tenth more of them."""
    grown = int(math.log(row.n_finished + 1, _GROWTH)) if moving else row.revision
    key = (row.digest, row.created_at, row.n_networks, moving, grown)
    return _SUMMARIES.of(key, lambda: StudySummary(design_of(row), outcome_records(session, row.id)))


def _facts_of(design: StudyDesign) -> Iterator[tuple[str, str]]:
    for factor in design.factors:
        yield FACTORS[factor], " · ".join(design.labels(factor))
    yield "networks from", design.source
    yield "seeds of each cell", f"{exact(design.seeds.count)} from {design.seeds.first}"
    training = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in design.training.model_dump().items())
    yield "training", training
    yield "several outputs of a network", f"count as their {design.across_outputs}"
    if design.criteria:
        yield "criteria counted", ", ".join(design.criteria)


# --- studies of transformers


def bundled(slug: str, links: Addresses) -> Study:
    """A study of transformers."""
    found = model_study(slug)
    design, summary = found.design, ModelSummary(found)
    facts = [
        ("tasks", " · ".join(design.tasks)),
        ("granularities", " · ".join(GRANULARITIES[rules] for rules in design.rules)),
        ("models from", f"{design.layers} layers of {design.heads} heads, {design.d_model} dimensions, heads of "
         f"{design.d_head}"),
        ("seeds of each task", f"{design.seeds[0]} to {design.seeds[-1]}"),
        ("circuits listed", f"at most {exact(design.listed)} of a model; all are counted"),
    ]  # fmt: skip
    expected = "\n".join(f"{number}. {one}" for number, one in enumerate(design.expected, start=1))
    return Study(
        links=links,
        line=bundled_line(slug, links),
        row=None,
        summary=summary,
        design=design.model_dump(mode="json"),
        about=f"Expected:\n\n{expected}\n\n{design.note}",
        facts=facts,
        protocols={"": ""},
        varying=("tasks",),
        states=summary.states,
        moving=False,
        **model_data(found),
    )


def bundled_line(slug: str, links: Addresses) -> StudyLine:
    """The same in a few words."""
    found = model_study(slug)
    n, converged = len(found.models), sum(one.converged for one in found.models)
    return StudyLine(
        slug=slug,
        name=found.design.name,
        question=found.design.question,
        answers=answers_of_models(slug, links),
        origin="bundled",
        digest="",
        progress=StudyProgress(
            state="done",
            networks=n,
            finished=n,
            converged=converged,
            failed=n - converged,
            seconds=None,
            seconds_left=None,
        ),
        url=links.study(slug),
    )
