"""One claimed circuit, pasted or linked to, located among all valid circuits of a stored analysis."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Claim, read_claim
from analysis.discovery.sent_claims import edges_in, numbers_in
from analysis.errors import InvalidClaim, InvalidMethod
from analysis.networks.circuit import Circuit
from app.addressing import Addresses
from app.errors import BadQuery
from app.options import ScopeOptions
from app.pages.claims.standing import BaselineView, Standing
from app.pages.located import LocatedView, edges_drawn
from app.pages.place import Place, locate
from app.pages.shared import LinkedPage, linked, scope_now

MAX_TEXT: Final = 8_000


class ClaimOptions(ScopeOptions):
    """Options of the page of a claim: a mask, or edges or scores as they are pasted."""

    mask: str = Field("", max_length=64, description="The edges claimed, as a mask in hex.")
    edges: str = Field("", max_length=MAX_TEXT, description="Or by name: x0>1.2 1.2>2.0 2.0>y0.")
    scores: str = Field("", max_length=MAX_TEXT, description="Or a score for each edge in the order of masks.")
    k: int | None = Field(None, ge=1, le=10_000, description="With scores: how many edges to take.")
    threshold: float | None = Field(None, ge=-1e6, le=1e6, description="Or the faithfulness at which to stop.")
    pick: Literal["top", "greedy"] = Field("top", description="By score alone, or from the output back.")
    signed: bool = Field(False, description="Whether edges that help, with negative scores, come first.")
    ablation: Literal["zero", "mean", "pairs"] = Field("zero", description="What absent edges carry while scores pick.")


class ClaimPage(LinkedPage):
    """A claimed circuit, or the form that takes one."""

    state: Literal["asked", "located", "not_analysed"]
    given: Literal["", "mask", "edges", "scores"] = Field(description="How it was claimed.")
    place: LocatedView | None
    faithfulness: float | None = Field(description="Of the mask that scores led to, where a threshold picked it.")
    undefined: bool = Field(description="Whether no mask could be picked, since faithfulness is undefined.")
    baselines: list[BaselineView] = Field(description="Largest weights and a random order, to be read beside it.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    form_url: str
    claims_url: str = Field(description="Where claims are kept.")
    methods_url: str
    criteria_url: str = Field(description="Every criterion's verdict on it; empty if it is not a possible circuit.")
    options: dict[str, Any] = Field(description="What the form holds.")

    @property
    def drawn(self) -> Circuit:
        """The edges to draw."""
        return edges_drawn(self.network, "" if self.place is None else self.place.shown)


def build_claim(session: Session, addresses: Addresses, network: str, options: ClaimOptions) -> ClaimPage:
    """The place of what an address claims.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: more than one claim, or one that cannot be read.
    """
    place = locate(session, addresses, network, options.scope)
    claim = read_options(options, place)
    slug, scope = place.row.slug, place.scope
    shown, faithfulness, undefined, baselines = None, None, False, list[BaselineView]()
    analysis = place.analysis
    if claim is not None and analysis is not None:
        standing = Standing(session, place, analysis, addresses)
        try:
            answer, told = standing.locate(claim)
        except InvalidMethod as problem:
            raise BadQuery(problem.item, problem.cause, problem.cure, "ablation") from None
        faithfulness, undefined = answer.faithfulness, answer.raw_mask is None
        shown, baselines = standing.view(told), standing.baselines()
    return ClaimPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        state="asked" if claim is None else "not_analysed" if analysis is None else "located",
        given="" if claim is None else "mask" if options.mask else "edges" if options.edges else "scores",
        place=shown,
        faithfulness=faithfulness,
        undefined=undefined,
        baselines=baselines,
        complete=analysis is not None and analysis.circuits_truncated_at is None,
        form_url=addresses.claim(slug),
        claims_url=addresses.claims(slug, scope),
        methods_url=addresses.methods(slug, scope),
        criteria_url="" if shown is None or not shown.ref else addresses.verdicts(slug, [shown.ref], scope),
        options=options.model_dump(exclude={"output", "protocol", "data", "theme"}),
        url=addresses.claim(slug, scope, **options.view_of()),
    )


def read_options(options: ClaimOptions, place: Place) -> Claim | None:
    """What the options claim; None if nothing.

    Raises:
        BadQuery: more than one claim, or one that cannot be read.
    """
    given = [name for name in ("mask", "edges", "scores") if getattr(options, name).strip()]
    if not given:
        return None
    if len(given) > 1:
        raise BadQuery("claim", f"has {' and '.join(given)}", "give one of mask, edges, scores", given[1])
    (name,) = given
    value: dict[str, Any] = {"name": "claim", "kind": "circuit"}
    text = getattr(options, name).strip()
    if name == "mask":
        value["mask"] = text.lower()
    elif name == "edges":
        value["edges"] = edges_in(text)
    else:
        value["scores"] = numbers_in(text)
        value |= {"pick": options.pick, "signed": options.signed, "ablation": options.ablation}
        if options.k is not None:
            value["k"] = options.k
        if options.threshold is not None or options.k is None:
            value["threshold"] = 0.95 if options.threshold is None else options.threshold
    try:
        return read_claim(value, "claim", place.question.layout)
    except InvalidClaim as problem:
        raise BadQuery(problem.item, problem.cause, problem.cure, name) from None
