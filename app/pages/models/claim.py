"""One claimed circuit of a model, pasted, linked to or sent, located among its valid circuits."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Claim, Subject
from analysis.discovery.part_names import names_of
from analysis.discovery.sent_claims import FORMS, Declared, read_sent
from app.addressing import Addresses
from app.options import PageModel
from app.pages.claims.asked import Claimed, ClaimedOptions, claimed, read_options
from app.pages.claims.listing import ClaimFormView
from app.pages.models.standing import ModelStanding
from app.pages.models.views import ModelPlace, RulesOptions, RulesPage, locate_model, rules_page


class ModelClaimOptions(RulesOptions, ClaimedOptions):
    """Options of the page of a claim about a model."""

    ablation: Literal["rules", "zero", "mean"] = Field("rules", description="What is cut carries while scores pick.")
    loss: Literal["kl", "cross-entropy"] = Field("kl", description="What faithfulness is measured by.")

    @property
    def picking(self) -> dict[str, Any]:
        """What is cut carries, and the loss."""
        return {"ablation": self.ablation, "loss": self.loss}


class ModelClaimPage(RulesPage, Claimed):
    """A claimed circuit of a model, or the form that takes one."""

    searched: bool = Field(description="Whether circuits were searched under these rules; else only it is judged.")
    example: str = Field(description="Some names of edges, as they are written.")
    listed: str = Field(description="The nodes that edges join.")
    forms: list[ClaimFormView] = Field(description="In which claims are read.")
    send_url: str = Field(description="POST a claim here, in any of the forms.")

    @property
    def drawn(self) -> list[bool]:
        """For each edge of the graph whether it is drawn as kept."""
        return self.keeps("" if self.place is None else self.place.shown)


class SentModelClaim(PageModel):
    """One claim of what was sent, at an address that holds it."""

    name: str
    url: str
    api_url: str


class SentModelClaims(PageModel):
    """What was sent, read; nothing is kept."""

    form: str = Field(description="In which form it was read.")
    claims: list[SentModelClaim]


def build_model_claim(session: Session, addresses: Addresses, ref: str, options: ModelClaimOptions) -> ModelClaimPage:
    """The place of what an address claims.

    Raises:
        NotFound: no such model or rules.
        BadQuery: more than one claim, or one that cannot be read.
    """
    place = locate_model(session, addresses, ref, options.rules)
    names, slug = names_of(place.space.graph), place.slug
    standing = ModelStanding(session, place, addresses)
    return ModelClaimPage(
        **rules_page(session, place, addresses, lambda rules: addresses.claim(slug, rules)),
        **claimed(standing, read_options(options, names), options, place, addresses),
        searched=standing.landscape.found is not None,
        example=names.example,
        listed=names.listed,
        forms=[ClaimFormView.showing(one) for one in FORMS if one.key not in ("prune-scores", "neurons")],
        send_url=addresses.claim(slug, place.scope),
    )


def read_model_claims(
    session: Session, addresses: Addresses, ref: str, raw: bytes, options: ModelClaimOptions
) -> SentModelClaims:
    """The claims in what somebody sent, each at the address that locates it.

    Args:
        session: open session.
        addresses: builds links.
        ref: slug or digest of the model.
        raw: in any form that is read.
        options: the rules, and how scores pick a mask where that is not said.

    Raises:
        NotFound: no such model or rules.
        InvalidClaim: it cannot be read, or does not fit the model.
    """
    place = locate_model(session, addresses, ref, options.rules)
    names = names_of(place.space.graph)
    chosen = {"k": options.k, "threshold": options.threshold}
    picking = {"pick": options.pick, "signed": options.signed, **options.picking}
    declared = Declared(picking=picking | {name: value for name, value in chosen.items() if value is not None})
    read = read_sent(raw, Subject(place.model.digest, 0, 1, names), declared)
    urls = [(one.name, addresses.claim(place.slug, place.scope, **_view(one, place))) for one in read.claims]
    return SentModelClaims(
        form=read.form,
        claims=[SentModelClaim(name=name, url=url, api_url=addresses.twin(url)) for name, url in urls],
    )


def _view(claim: Claim, place: ModelPlace) -> dict[str, Any]:
    """What an address says of a claim."""
    if claim.raw_mask is not None:
        return {"mask": place.space.graph.to_hex(claim.raw_mask)}
    usual = ModelClaimOptions().model_dump()
    picking = {name: value for name, value in claim.picking.items() if usual[name] != value}
    scores = ",".join("null" if score is None else repr(score) for score in claim.scores or ())
    return {"scores": scores, **picking}
