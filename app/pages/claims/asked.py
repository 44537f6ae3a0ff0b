"""One claimed circuit, pasted, sent or linked to, located among all valid circuits of a stored analysis."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Claim, read_claim, subject_of
from analysis.discovery.claims import Subject as About
from analysis.discovery.part_names import PartNames, names_in
from analysis.discovery.sent_claims import FORMS, edges_in, numbers_in, part_text, read_sent
from analysis.errors import InvalidClaim, InvalidMethod
from analysis.networks.circuit import Circuit
from app.addressing import Addresses
from app.db.claims import find_claim
from app.db.errors import StoreError
from app.errors import BadQuery, NotFound
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


class ClaimFormView(PageModel):
    """A form in which claims are read."""

    key: str
    label: str
    about: str
    example: str


class Claimed(PageModel):
    """A claimed circuit of a network or a model, or the form that takes one."""

    state: Literal["asked", "located", "not_analysed"]
    given: Literal["", "mask", "edges", "scores"] = Field(description="How it was claimed.")
    place: LocatedView | None
    faithfulness: float | None = Field(description="Of the mask that scores led to, where a threshold picked it.")
    undefined: bool = Field(description="Whether no mask could be picked, since faithfulness is undefined.")
    baselines: list[BaselineView] = Field(description="What needs no search, to be read beside it.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    forms: list[ClaimFormView] = Field(description="In which claims are read.")
    form_url: str = Field(description="POST a claim here, in any of the forms.")
    methods_url: str
    options: dict[str, Any] = Field(description="What the form holds.")


class SentClaim(PageModel):
    """One claim of what was sent, at an address that holds it."""

    name: str
    url: str
    api_url: str


class SentClaims(PageModel):
    """What was sent, read; nothing is kept."""

    form: str = Field(description="In which form it was read.")
    claims: list[SentClaim]


class ClaimPage(LinkedPage, Claimed):
    """A claimed circuit of a network, or the form that takes one."""

    nearest_url: str = Field(description="It beside its nearest valid circuit; empty if it is that one, or none is.")
    smallest_url: str = Field(description="It beside the smallest valid circuit; likewise.")
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
    nearest, smallest = ("", "") if standing is None else standing.comparisons(shown)
    return ClaimPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        **found,
        nearest_url=nearest,
        smallest_url=smallest,
        criteria_url="" if shown is None or not shown.ref else addresses.criteria_on(slug, shown.ref, scope),
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
        "forms": [ClaimFormView.showing(one) for one in FORMS],
        "form_url": addresses.claim(slug, type(scope)()),
        "methods_url": addresses.analysis(slug, "methods", scope),
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


def sent_claims(
    raw: bytes, about: About, options: ClaimedOptions, subject: Subject, addresses: Addresses
) -> SentClaims:
    """The claims in what somebody sent, each at the address that locates it.

    Args:
        raw: in any form that is read.
        about: what they are about.
        options: how scores pick a mask where that is not said.
        subject: whose pages the addresses are.
        addresses: builds links.

    Raises:
        InvalidClaim: it cannot be read, or does not fit the network or model.
    """
    chosen = {"k": options.k, "threshold": options.threshold}
    picking = {"pick": options.pick, "signed": options.signed, **options.picking}
    read = read_sent(raw, about, picking | {name: value for name, value in chosen.items() if value is not None})
    views = [(one.name, view_of(one, about.names, type(options))) for one in read.claims]
    urls = [(name, addresses.claim(subject.slug, subject.scope, **view)) for name, view in views]
    return SentClaims(
        form=read.form, claims=[SentClaim(name=name, url=url, api_url=addresses.twin(url)) for name, url in urls]
    )


def view_of(claim: Claim, names: PartNames, options: type[ClaimedOptions]) -> dict[str, Any]:
    """What an address says of a claim."""
    if claim.raw_mask is not None:
        return {"mask": names.to_hex(claim.raw_mask)}
    usual = options().model_dump()
    picking = {name: value for name, value in claim.picking.items() if usual[name] != value}
    scores = ",".join("null" if score is None else repr(score) for score in claim.scores or ())
    return {"scores": scores, **{name: int(one) if isinstance(one, bool) else one for name, one in picking.items()}}


def read_claims(session: Session, addresses: Addresses, network: str, raw: bytes, options: ClaimOptions) -> SentClaims:
    """The claims about a network in what somebody sent, each at the address that locates it.

    Raises:
        NotFound: no such network, output, protocol or data record.
        InvalidClaim: it cannot be read, or does not fit the network.
    """
    place = locate(session, addresses, network, options.scope)
    return sent_claims(raw, subject_of(place.question), options, place, addresses)


def kept_before(session: Session, addresses: Addresses, network: str, claim: str, options: ScopeOptions) -> str:
    """Where a claim stands that an earlier version kept at an address of its own.

    Raises:
        NotFound: no such network, output, protocol, data record or claim.
    """
    place = locate(session, addresses, network, options.scope)
    names, slug = names_in(place.question.layout), place.row.slug
    try:
        found = find_claim(session, place.row, place.scope.output, claim, names)
    except StoreError as error:
        here = addresses.claim(slug, place.scope)
        raise NotFound(error.item, error.cause, error.cure, "claim", here, "where a circuit can be pasted") from None
    return addresses.claim(slug, place.scope, **view_of(found, names, ClaimOptions))
