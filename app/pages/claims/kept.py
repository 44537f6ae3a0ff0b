"""One kept claim at its own address: what is claimed, by whom, and where it stands among all valid circuits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Claim
from analysis.discovery.cuts import NetworkCuts
from analysis.discovery.part_names import names_in
from analysis.discovery.selection import edges_of
from analysis.discovery.sent_claims import label_of
from analysis.errors import InvalidMethod
from analysis.networks.circuit import Circuit
from app.addressing import Addresses
from app.db.claim_tables import ClaimRow
from app.db.claims import REFUSED, Placed, claim_of, find_claim, stored_place
from app.db.errors import Deleted, StoreError
from app.errors import Gone, NotFound
from app.options import PageModel, ScopeOptions
from app.pages.claims.standing import BaselineView, NetworkStanding
from app.pages.located import LocatedView, edges_drawn
from app.pages.place import Place, locate
from app.pages.shared import LinkedPage, linked, scope_now


class ScoredEdge(PageModel):
    """One edge of a claim with scores."""

    edge: str
    score: float | None = Field(description="Null where its method gave it none.")
    taken: bool = Field(description="Whether the raw mask holds it.")
    unknown: bool = Field(description="Without a score, or with a 0 that every gradient gives there.")


class KeptClaimPage(LinkedPage):
    """One kept claim."""

    id: str = Field(description="First digits of its digest.")
    digest: str = Field(description="SHA-256 of what is claimed, without name and source.")
    name: str
    former_name: str = Field(description="What it was called before; empty if it was never renamed.")
    method: str
    settings: dict[str, Any]
    source: str
    form: str = Field(description="In which form it came.")
    created_at: datetime
    given: Literal["mask", "scores"]
    picking: dict[str, Any] = Field(description="How a mask is picked by its scores; empty for a mask.")
    scores: list[ScoredEdge] = Field(description="In the order of masks; empty for a mask.")
    raw_mask: str = Field(description="As it is claimed, or as scores led to it; empty where they came to none.")
    edges: list[str] = Field(description="Of its raw mask; empty where scores came to none.")
    state: Literal["located", "not_analysed"]
    outcome: str = Field(description="found, all (every edge), nothing, undefined, or refused; empty if not analysed.")
    refusal: str = Field(description="Why it cannot be asked in this analysis; empty if it can.")
    faithfulness: float | None = Field(description="Of the mask that scores led to, where a threshold picked it.")
    place: LocatedView | None
    stored: bool = Field(description="Whether its place is stored; else it was located just now.")
    baselines: list[BaselineView] = Field(description="Largest weights and a random order, to be read beside it.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    nearest_url: str = Field(description="It beside its nearest valid circuit; empty if it is that one, or none is.")
    smallest_url: str = Field(description="It beside the smallest valid circuit; likewise.")
    claims_url: str
    methods_url: str
    criteria_url: str = Field(description="Every criterion's verdict on it; empty if it is not a possible circuit.")
    file_url: str
    rename_url: str = Field(description="POST `name` here to rename it.")
    delete_url: str

    @property
    def drawn(self) -> Circuit:
        """The edges to draw."""
        return edges_drawn(self.network, self.raw_mask if self.place is None else self.place.shown)


def build_kept_claim(
    session: Session, addresses: Addresses, network: str, claim: str, options: ScopeOptions
) -> KeptClaimPage:
    """The page of a kept claim.

    Raises:
        NotFound: no such network, output, protocol, data record or claim.
        Gone: it was deleted.
    """
    place, row = open_claim(session, addresses, network, claim, options)
    said = claim_of(row, place.question.layout)
    slug, scope, ref = place.row.slug, place.scope, row.ref
    told, view, stored, refusal, baselines, comparisons = None, None, False, "", list[BaselineView](), ("", "")
    if place.analysis is not None:
        standing = NetworkStanding(session, place, place.analysis, addresses)
        told, stored, refusal = told_of(standing, row, said)
        view, baselines = standing.view(told), standing.baselines()
        comparisons = standing.comparisons(view)
    layout = place.question.layout
    mask = told.raw_mask if told is not None else ""
    if said.raw_mask is not None:
        mask = layout.to_hex(said.raw_mask)
    raw, names = int(mask or "0", 16), list(names_in(layout).numbers)
    return KeptClaimPage.showing(
        row,
        **linked(place, addresses, scope_now(session, place, addresses)),
        id=ref,
        settings=dict(said.settings),
        form=label_of(row.form),
        given="scores" if said.raw_mask is None else "mask",
        picking=dict(said.picking),
        scores=scored_edges(said, place, raw),
        raw_mask=mask,
        edges=[names[edge] for edge in edges_of(raw, layout)],
        state="not_analysed" if told is None else "located",
        outcome="" if told is None else told.outcome,
        refusal=refusal,
        faithfulness=None if told is None else told.faithfulness,
        place=view,
        stored=stored,
        baselines=baselines,
        complete=place.analysis is not None and place.analysis.circuits_truncated_at is None,
        nearest_url=comparisons[0],
        smallest_url=comparisons[1],
        claims_url=addresses.claims(slug, scope),
        methods_url=addresses.methods(slug, scope),
        criteria_url="" if view is None or not view.ref else addresses.verdicts(slug, [view.ref], scope),
        file_url=addresses.claim_file(slug, ref, scope),
        rename_url=addresses.rename_claim(slug, ref, scope),
        delete_url=addresses.delete_claim(slug, ref, scope),
        url=addresses.kept_claim(slug, ref, scope),
    )


def open_claim(
    session: Session, addresses: Addresses, network: str, claim: str, options: ScopeOptions, *, deleted: bool = False
) -> tuple[Place, ClaimRow]:
    """The place and the claim that an address names.

    Raises:
        NotFound: no such network, output, protocol, data record or claim.
        Gone: it was deleted, and that is not what was asked for.
    """
    place = locate(session, addresses, network, options.scope)
    return place, claim_row(session, addresses, place, claim, deleted=deleted)


def claim_row(session: Session, addresses: Addresses, place: Place, claim: str, *, deleted: bool = False) -> ClaimRow:
    """The claim that an address names.

    Raises:
        NotFound: there is none.
        Gone: it was deleted, and that is not what was asked for.
    """
    slug, scope = place.row.slug, place.scope
    try:
        return find_claim(session, place.row, scope.output, claim, deleted=deleted)
    except Deleted as error:
        page = addresses.delete_claim(slug, claim, scope)
        raise Gone(error.item, error.cause, error.cure, "claim", page, "where that can be undone") from None
    except StoreError as error:
        page = addresses.claims(slug, scope)
        raise NotFound(error.item, error.cause, error.cure, "claim", page, "all claims") from None


def told_of(standing: NetworkStanding, row: ClaimRow, claim: Claim) -> tuple[Placed, bool, str]:
    """Where a claim stands; whether that is stored; and why it cannot be asked, "" if it can."""
    stored = stored_place(standing.session, standing.analysis, row)
    if stored is not None and stored.outcome != REFUSED:
        return Placed(stored.outcome, stored.raw_mask, stored.faithfulness, stored.place), True, ""
    told, refusal = standing.told(claim)
    return told, stored is not None and bool(refusal), refusal


def scored_edges(claim: Claim, place: Place, raw: int) -> list[ScoredEdge]:
    """Every edge with its score, in the order of masks; nothing for a mask."""
    if claim.scores is None:
        return []
    try:
        unknown = set(claim.without_gradient(NetworkCuts(place.question)[claim.ablation or "zero"]))
    except InvalidMethod:  # no rows to take a derivative on; the page says so
        unknown = {edge for edge, score in enumerate(claim.scores) if score is None}
    return [
        ScoredEdge(edge=name, score=score, taken=bool(raw >> edge & 1), unknown=edge in unknown)
        for (name, edge), score in zip(names_in(place.question.layout).numbers.items(), claim.scores, strict=True)
    ]
