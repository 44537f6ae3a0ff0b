"""The gallery: what Pluriscope is, one network with its kinds of explanation, and every network that is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.data import clean_data
from analysis.protocol import BUILT_IN, COMPLETE
from app.addressing import Addresses
from app.db.codecs import question_of
from app.db.job_tables import JobRow
from app.db.reads import networks as reads
from app.db.reads.jobs import UNFINISHED
from app.db.tables import AnalysisRow, NetworkRow
from app.listing.page import Paged, bad_cursor, paged, read_cursor, write_cursor
from app.options import Options, PageModel
from app.pages.findings import FindingRecord, headlines
from app.pages.front_figure import STEPS, FrontFigure, figure_of
from app.pages.models.views import ModelItem, model_items
from app.pages.place import Place
from app.pages.previews import AlignmentCard, CircuitCard, InterpretationCard
from app.pages.shared import (
    Counts,
    JobView,
    NetworkView,
    State,
    TaskView,
    counts_of,
    job_view,
    latest_job,
    network_view,
    state_of,
    stops_of,
)
from app.pages.showcase import FEATURED_NETWORK, Showcase
from pluriscope.naming import Scope

DEFAULT_LIMIT: Final = 50
_CURSOR: Final = "gallery"


class GalleryOptions(Options):
    """Options of the gallery."""

    q: str = Field("", max_length=100, description="Part of a network's name, or the beginning of its digest.")
    after: str = Field("", max_length=400, description="Cursor: where the page before ended.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200, description="Networks on a page.")
    step: int = Field(1, ge=1, le=len(STEPS), description="Of the figure that introduces the site.")


class OutputCounts(PageModel):
    """What one protocol found for one output on the network's own inputs, or how far that is.

    Its own inputs are the clean ones, or what stands for these by the encoding that it was imported with.
    """

    output: int
    protocol: str
    url: str
    state: State
    counts: Counts | None
    seconds: float | None = Field(description="Wall-clock seconds of the analysis, None if there is none.")
    job: JobView | None = Field(None, description="The latest job for it, where nothing finished is stored.")

    @property
    def stops(self) -> str:
        """What stopped at a limit, in words."""
        return "" if self.counts is None else stops_of(self.counts)


class NetworkItem(PageModel):
    """One network of the list."""

    network: NetworkView
    also: list[str] = Field(description="Other names under which the same weights were saved or found by a study.")
    outputs: list[OutputCounts] = Field(description="Outputs × the protocols complete and paper.")
    jobs: list[JobView] = Field(description="Its analyses that wait or run.")

    @property
    def complete(self) -> list[OutputCounts]:
        return [output for output in self.outputs if output.protocol == COMPLETE.name]

    def under(self, protocol: str, output: int) -> OutputCounts:
        """What one protocol found for one output."""
        return next(o for o in self.outputs if (o.protocol, o.output) == (protocol, output))


class Featured(PageModel):
    """One network with an explanation of each kind."""

    n_neurons: int
    counts: Counts = Field(description="What its analysis under protocol complete found.")
    network: NetworkView
    task: TaskView
    circuit: CircuitCard | None
    interpretation: InterpretationCard | None
    alignment: AlignmentCard | None
    figure: FrontFigure | None = Field(description="The figure of the front page, if this is its network.")
    compare_url: str = Field(description="All of them side by side, empty if there are fewer than two.")
    sandbox_url: str = Field(description="The network in the sandbox, with those that make predictions.")


class GalleryPage(Paged):
    """The gallery."""

    q: str
    n_networks: int = Field(description="Networks that match, on all pages.")
    n_running: int = Field(description="Jobs that wait or run, of any network.")
    featured: Featured | None = Field(description="Only without a search and on the first page.")
    models: list[ModelItem] = Field(description="Models of other kinds that match, on the first page.")
    findings: list[FindingRecord] = Field(description="Some findings of studies, on the first page without a search.")
    story_url: str = Field(description="Alice and Bob compared; empty where their network is not on this page.")
    items: list[NetworkItem]


def build_gallery(session: Session, addresses: Addresses, options: GalleryOptions) -> GalleryPage:
    """The gallery that an address asks for.

    Raises:
        BadQuery: a cursor that no page gave out.
    """
    query = options.q.strip()
    found, total = reads.gallery(session, query, after=_key(options.after), limit=options.limit + 1)
    rows = found[: options.limit]
    following = _cursor(rows[-1]) if len(found) > options.limit else None
    analyses: dict[int, list[AnalysisRow]] = defaultdict(list)
    jobs: dict[str, list[JobRow]] = defaultdict(list)
    for analysis in reads.analyses_of(session, [row.id for row in rows]):
        analyses[analysis.network_id].append(analysis)
    for job in reads.jobs_for(session, [row.digest for row in rows]):
        jobs[job.network_digest or ""].append(job)
    also = reads.other_names(session, [row.id for row in rows])
    items = [_item(row, also.get(row.id, []), analyses[row.id], jobs[row.digest], addresses) for row in rows]
    return GalleryPage(
        q=query,
        n_networks=total,
        n_running=reads.count_unfinished(session),
        featured=None if query or options.after else _featured(session, rows, analyses, addresses, options.step),
        models=[] if options.after else model_items(session, addresses, query),
        findings=[] if query or options.after else headlines(addresses),
        story_url=next((item.network.story_url for item in items if item.network.story_url), ""),
        items=items,
        **paged(options.model_copy(update={"q": query}), addresses.gallery, following),
    )


def _cursor(row: NetworkRow) -> str:
    return write_cursor(_CURSOR, [row.position, row.created_at.isoformat(), row.slug])


def _key(cursor: str) -> tuple[int, datetime, str] | None:
    if not cursor:
        return None
    position, created_at, slug = read_cursor(cursor, _CURSOR, (int, str, str))
    try:
        return position, datetime.fromisoformat(created_at), slug
    except ValueError:
        raise bad_cursor(cursor) from None


def _item(
    row: NetworkRow, also: list[str], analyses: Sequence[AnalysisRow], jobs: Sequence[JobRow], addresses: Addresses
) -> NetworkItem:
    own = row.input_data or clean_data(row.sizes[0]).digest
    stored = {(a.output, a.protocol_digest): a for a in analyses if a.data_digest == own}
    outputs = []
    for output in range(row.sizes[-1]):
        for name, protocol in BUILT_IN.items():
            analysis = stored.get((output, protocol.digest))
            scope = Scope(output, name, row.input_data[:12])
            job = latest_job(jobs, scope, row.sizes[0]) if analysis is None else None
            outputs.append(
                OutputCounts(
                    output=output,
                    protocol=name,
                    url=addresses.network(row.slug, scope),
                    state=state_of(analysis, job),
                    counts=None if analysis is None else counts_of(analysis),
                    seconds=None if analysis is None else sum(analysis.seconds.values()),
                    job=None if job is None else job_view(job, addresses),
                )
            )
    return NetworkItem(
        network=network_view(row, addresses),
        also=also,
        outputs=outputs,
        jobs=[job_view(job, addresses) for job in jobs if job.state in UNFINISHED],
    )


def _featured(
    session: Session,
    rows: Sequence[NetworkRow],
    analyses: dict[int, list[AnalysisRow]],
    addresses: Addresses,
    step: int,
) -> Featured | None:
    """The first network whose complete analysis of output 0 found something, that of the figure before all others, with
    an explanation of each kind.
    """
    for row in sorted(rows, key=lambda row: row.slug != FEATURED_NETWORK):
        clean = clean_data(row.sizes[0])
        for analysis in analyses[row.id]:
            key = (analysis.output, analysis.protocol_digest, analysis.data_digest)
            if key == (0, COMPLETE.digest, clean.digest) and analysis.circuits_valid:
                place = Place(row, question_of(row, 0, COMPLETE, clean), Scope(), analysis)
                return _feature(session, place, addresses, step)
    return None


def _feature(session: Session, place: Place, addresses: Addresses, step: int) -> Featured:
    if place.analysis is None:
        raise ValueError("only an analysed network can be featured")
    shown, slug, scope = Showcase(session, addresses, place), place.row.slug, place.scope
    circuit, reading = shown.circuit or (None, None)
    cards = [card for card in (circuit, reading, shown.alignment) if card is not None]
    return Featured(
        n_neurons=sum(place.question.cut.sizes),
        counts=counts_of(place.analysis),
        network=network_view(place.row, addresses),
        task=place.question.task,
        circuit=circuit,
        interpretation=reading,
        alignment=shown.alignment,
        figure=figure_of(shown, step) if slug == FEATURED_NETWORK else None,
        compare_url=addresses.compare(slug, [card.ref for card in cards], scope) if len(cards) > 1 else "",
        sandbox_url=addresses.sandbox(slug, [card.ref for card in cards[1:]], scope),
    )
