"""One claimed circuit, pasted or linked to, located among all valid circuits of a stored analysis."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Claim, read_claim
from analysis.discovery.part_names import PartNames, names_in
from analysis.discovery.sent_claims import edges_in, numbers_in, part_text
from analysis.errors import InvalidClaim, InvalidMethod
from analysis.networks.circuit import Circuit
from app.addressing import Addresses
from app.errors import BadQuery
from app.options import Options, PageModel, ScopeOptions
from app.pages.claims.standing import BaselineView, NetworkStanding, Standing
from app.pages.located import LocatedView, edges_drawn
from app.pages.place import Subject, locate
from app.pages.shared import LinkedPage, linked, scope_now

MAX_TEXT: Final = 8_000


class ClaimedOptions(Options):
    """What is claimed: a mask, or edges or scores as they are pasted."""

    mask: str = Field("", max_length=64, description="The edges claimed, as a mask in hex.")
    edges: str = Field("", max_length=MAX_TEXT, description="Or by name: x0>1.2 1.2>2.0 2.0>y0.")
    scores: str = Field("", max_length=MAX_TEXT, description="Or a score for each edge in the order of masks.")
    k: int | None = Field(None, ge=1, le=10_000, description="With scores: how many edges to take.")
    threshold: float | None = Field(None, ge=-1e6, le=1e6, description="Or the faithfulness at which to stop.")
    pick: Literal["top", "greedy"] = Field("top", description="By score alone, or from the output back.")
    signed: bool = Field(False, description="Whether edges that help, with negative scores, come first.")

    @property
    def picking(self) -> dict[str, Any]:
        """What else there is to say of how scores pick."""
        return {}

    @property
    def given(self) -> Literal["", "mask", "edges", "scores"]:
        """How the circuit is claimed.

        Raises:
            BadQuery: in more than one way.
        """
        ways: list[Literal["mask", "edges", "scores"]] = ["mask", "edges", "scores"]
        found = [name for name in ways if getattr(self, name).strip()]
        if len(found) > 1:
            raise BadQuery("claim", f"has {' and '.join(found)}", "give one of mask, edges, scores", found[1])
        return found[0] if found else ""


class ClaimOptions(ScopeOptions, ClaimedOptions):
    """Options of the page of a claim about a network."""

    ablation: Literal["zero", "mean", "pairs"] = Field("zero", description="What absent edges carry while scores pick.")

    @property
    def picking(self) -> dict[str, Any]:
        """What absent edges carry."""
        return {"ablation": self.ablation}


class Claimed(PageModel):
    """A claimed circuit of a network or a model, or the form that takes one."""

    state: Literal["asked", "located", "not_analysed"]
    given: Literal["", "mask", "edges", "scores"] = Field(description="How it was claimed.")
    place: LocatedView | None
    faithfulness: float | None = Field(description="Of the mask that scores led to, where a threshold picked it.")
    undefined: bool = Field(description="Whether no mask could be picked, since faithfulness is undefined.")
    baselines: list[BaselineView] = Field(description="What needs no search, to be read beside it.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    form_url: str
    methods_url: str
    options: dict[str, Any] = Field(description="What the form holds.")


class ClaimPage(LinkedPage, Claimed):
    """A claimed circuit of a network, or the form that takes one."""

    claims_url: str = Field(description="Where claims are kept.")
    criteria_url: str = Field(description="Every criterion's verdict on it; empty if it is not a possible circuit.")

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
    names, slug, scope, analysis = names_in(place.question.layout), place.row.slug, place.scope, place.analysis
    standing = None if analysis is None else NetworkStanding(session, place, analysis, addresses)
    found = claimed(standing, read_options(options, names), options, place, addresses)
    shown = found["place"]
    return ClaimPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        **found,
        claims_url=addresses.claims(slug, scope),
        criteria_url="" if shown is None or not shown.ref else addresses.verdicts(slug, [shown.ref], scope),
    )


def claimed(
    standing: Standing[Any] | None, claim: Claim | None, options: ClaimedOptions, subject: Subject, addresses: Addresses
) -> dict[str, Any]:
    """The fields of :class:`Claimed`, and the page's own address.

    Args:
        standing: the circuits that it is located among; None where nothing was searched.
        claim: None where nothing is claimed.
        options: that claim it.
        subject: what it is claimed of.
        addresses: builds links.

    Raises:
        BadQuery: it cannot be asked under its ablation.
    """
    slug, scope = subject.slug, subject.scope
    shown, faithfulness, undefined, baselines = None, None, False, list[BaselineView]()
    if claim is not None and standing is not None:
        try:
            answer, told = standing.locate(claim)
        except InvalidMethod as problem:
            raise BadQuery(problem.item, problem.cause, problem.cure, "ablation") from None
        faithfulness, undefined = answer.faithfulness, answer.raw_mask is None
        shown, baselines = standing.view(told), standing.baselines()
    return {
        "state": "asked" if claim is None else "not_analysed" if standing is None else "located",
        "given": options.given,
        "place": shown,
        "faithfulness": faithfulness,
        "undefined": undefined,
        "baselines": baselines,
        "complete": standing is not None and standing.landscape.complete,
        "form_url": addresses.claim(slug, type(scope)()),
        "methods_url": addresses.methods(slug, scope),
        "options": options.model_dump(exclude=set(options.aside)),
        "url": addresses.claim(slug, scope, **options.view_of()),
    }


def read_options(options: ClaimedOptions, names: PartNames) -> Claim | None:
    """What the options claim; None if nothing.

    Raises:
        BadQuery: more than one claim, or one that cannot be read.
    """
    name = options.given
    if not name:
        return None
    value: dict[str, Any] = {"name": "claim", "kind": "circuit"}
    text = getattr(options, name).strip()
    try:
        if name == "mask":
            value["mask"] = text.lower()
        elif name == "edges":
            value["edges"] = [part_text(one, names) for one in edges_in(text)]
        else:
            value["scores"] = numbers_in(text)
            value |= {"pick": options.pick, "signed": options.signed, **options.picking}
            if options.k is not None:
                value["k"] = options.k
            if options.threshold is not None or options.k is None:
                value["threshold"] = 0.95 if options.threshold is None else options.threshold
        return read_claim(value, "claim", names)
    except InvalidClaim as problem:
        raise BadQuery(problem.item, problem.cause, problem.cure, name) from None
