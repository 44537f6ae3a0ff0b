"""The claims that are kept of one output of a network, and the form that takes more."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import MAX_CLAIM_BYTES, MAX_CLAIMS
from analysis.discovery.registry import method_named
from analysis.discovery.sent_claims import FORMS
from app.addressing import Addresses
from app.db.claims import ClaimFilter, ListedClaim, count_claims, list_claims
from app.db.methods import METHODS, MethodsReport
from app.db.reads.jobs import UNFINISHED, jobs_about
from app.db.reports import report_of, report_row
from app.listing.page import Browsed, browsed, order_name, read_cursor, write_cursor
from app.listing.scan import Condition
from app.options import Options, PageModel, ScopeOptions
from app.pages.claims.standing import BASELINES, BaselineView
from app.pages.located import LocatedView, located_view
from app.pages.place import Place, locate
from app.pages.shared import JobView, LinkedPage, job_view, linked, scope_now

SORTS: Final = {"added": "Added", "name": "Name", "edges": "Edges", "excess": "More than needed"}


class ClaimsOptions(ScopeOptions):
    """Options of the list of kept claims."""

    q: str = Field("", max_length=200, description="Only claims with this in their name, method or source.")
    valid: Literal["", "yes", "no"] = Field("", description="Only valid circuits, or only claims that are none.")
    sort: Literal["added", "name", "edges", "excess"] = Field("added", description="What the list is sorted by.")
    order: Literal["asc", "desc"] = Field("desc", description="In which direction.")
    after: str = Field("", max_length=2_000, description="Cursor of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Claims on a page.")


class SentClaimOptions(Options):
    """What is declared beside a claim that is sent, where that does not say it itself."""

    output: int | None = Field(
        None,
        ge=0,
        le=999,
        description="The output that it is about; may be left out where the network has one, or a claim file says it.",
    )
    protocol: str = Field("complete", max_length=64, description="Protocol of the pages that the answer links to.")
    data: str = Field("", max_length=64, description="Likewise, the data record.")
    name: str = Field("", max_length=200, description="What to call it; a claim file names its own.")
    method: str = Field("", max_length=80, description="How it was found.")
    source: str = Field("", max_length=200, description="Where it comes from.")
    k: int | None = Field(None, ge=1, le=10_000, description="With scores: how many edges, or neurons, to take.")
    threshold: float | None = Field(None, ge=-1e6, le=1e6, description="Or the faithfulness at which to stop; .95.")
    pick: Literal["top", "greedy"] = Field("top", description="By score alone, or from the output back.")
    signed: bool = Field(False, description="Whether edges that help come first, not those with any large effect.")
    ablation: Literal["zero", "mean", "pairs"] = Field("zero", description="What absent edges carry while scores pick.")
    helpful: Literal["negative", "positive"] = Field(
        "negative", description="Sign of helpful edges' scores: negative as here, positive where a loss is ablated."
    )

    @property
    def picking(self) -> dict[str, Any]:
        """How scores pick a mask; k or threshold only where one was given."""
        given = {"pick": self.pick, "signed": self.signed, "ablation": self.ablation}
        chosen = {"k": self.k, "threshold": self.threshold}
        return given | {name: value for name, value in chosen.items() if value is not None}


class ClaimItem(PageModel):
    """One claim of the list."""

    id: str
    name: str
    method: str
    source: str
    created_at: datetime
    url: str
    located: bool
    outcome: str = Field(description="found, all, nothing, undefined or refused; empty while it is not located.")
    place: LocatedView | None


class ClaimFormView(PageModel):
    """A form in which claims are read."""

    key: str
    label: str
    about: str
    example: str


class ClaimsPage(LinkedPage, Browsed):
    """The claims that are kept of one output."""

    items: list[ClaimItem]
    kept: int
    valid: int
    not_valid: int
    waiting: int = Field(description="Claims that are not located in this analysis.")
    job: JobView | None = Field(description="The work that locates them, while it waits or runs.")
    analysed: bool
    n_outputs: int
    baselines: list[BaselineView] = Field(
        description="What largest weights and a random order give by default, as the stored answers of methods say."
    )
    forms: list[ClaimFormView]
    max_bytes: int
    max_claims: int
    action: str = Field(description="POST a claim here, in any of the forms.")
    locate_url: str
    request_fields: list[tuple[str, str]]
    claim_url: str = Field(description="Where a claim is located without being kept.")
    algorithms_url: str = Field(description="Algorithms, on whose pages one places variables.")
    methods_url: str


def build_claims(session: Session, addresses: Addresses, network: str, options: ClaimsOptions) -> ClaimsPage:
    """The claims of one output.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: a foreign cursor.
    """
    place = locate(session, addresses, network, options.scope)
    slug, scope, analysis = place.row.slug, place.scope, place.analysis
    found = _found(session, place, options)
    shown, more = found[: options.limit], len(found) > options.limit
    counts = count_claims(session, place.row, scope.output, analysis)
    jobs = [] if analysis is None else jobs_about(session, analysis, "claims")
    working = next((job for job in jobs if job.state in UNFINISHED), None)
    following = write_cursor(order_name("claims", options), [shown[-1].key, shown[-1].claim.id]) if more else None
    return ClaimsPage.showing(
        counts,
        **linked(place, addresses, scope_now(session, place, addresses)),
        **browsed(options, partial(addresses.claims, slug, scope), following, SORTS, _conditions(options)),
        items=[_item(one, place, addresses) for one in shown],
        waiting=counts.unplaced,
        job=None if working is None else job_view(working, addresses),
        analysed=analysis is not None,
        n_outputs=place.question.model.n_outputs,
        baselines=_baselines(session, place, addresses),
        forms=[ClaimFormView.showing(one) for one in FORMS],
        max_bytes=MAX_CLAIM_BYTES,
        max_claims=MAX_CLAIMS,
        action=addresses.claims(slug),
        locate_url=addresses.locate_claims(slug),
        request_fields=scope.fields,
        claim_url=addresses.claim(slug, scope),
        algorithms_url=addresses.algorithms(slug, scope),
        methods_url=addresses.methods(slug, scope),
    )


def _found(session: Session, place: Place, options: ClaimsOptions) -> list[ListedClaim]:
    """The claims of a page, and one more if there is one."""
    kinds = (str if options.sort == "name" else int, int)
    after = read_cursor(options.after, order_name("claims", options), kinds) if options.after else None
    return list_claims(
        session,
        place.row,
        place.scope.output,
        place.analysis,
        ClaimFilter(options.q.strip(), options.valid),
        sort=options.sort,
        descending=options.order == "desc",
        after=after,
        limit=options.limit + 1,
    )


def _conditions(options: ClaimsOptions) -> list[Condition]:
    found = []
    if options.q.strip():
        found.append(Condition("q", f"with “{options.q.strip()}”", {}, {"q": ""}))
    if options.valid:
        found.append(Condition("valid", "valid" if options.valid == "yes" else "not valid", {}, {"valid": ""}))
    return found


def _item(one: ListedClaim, place: Place, addresses: Addresses) -> ClaimItem:
    row, stored = one.claim, one.place
    view = None
    if stored is not None and stored.raw_mask:
        view = located_view(stored.raw_mask, stored.place, place, addresses)
    return ClaimItem.showing(
        row,
        id=row.ref,
        url=addresses.kept_claim(place.row.slug, row.ref, place.scope),
        located=stored is not None,
        outcome="" if stored is None else stored.outcome,
        place=view,
    )


def _baselines(session: Session, place: Place, addresses: Addresses) -> list[BaselineView]:
    """What stored answers of methods say of largest weights and a random order; nothing while none are stored."""
    row = report_row(session, place.analysis, METHODS)
    if row is None:
        return []
    answers = [one for one in report_of(row, MethodsReport).answers if one.default and one.method in BASELINES]
    return [
        BaselineView(
            key=one.method,
            label=method_named(one.method).label,
            method_url=addresses.method(place.row.slug, one.method, place.scope),
            place=located_view(one.raw_mask, one.place, place, addresses),
        )
        for one in answers
        if one.raw_mask is not None and one.place is not None
    ]
