"""One claimed circuit of a model, pasted, linked to or sent, located among its valid circuits."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Subject
from analysis.discovery.part_names import names_of
from app.addressing import Addresses
from app.pages.claims.asked import Claimed, ClaimedOptions, SentClaims, claimed, read_options, sent_claims
from app.pages.models.standing import ModelStanding
from app.pages.models.views import RulesOptions, RulesPage, locate_model, rules_page


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

    @property
    def drawn(self) -> list[bool]:
        """For each edge of the graph whether it is drawn as kept."""
        return self.keeps("" if self.place is None else self.place.shown)


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
    )


def read_model_claims(
    session: Session, addresses: Addresses, ref: str, raw: bytes, options: ModelClaimOptions
) -> SentClaims:
    """The claims about a model in what somebody sent, each at the address that locates it.

    Raises:
        NotFound: no such model or rules.
        InvalidClaim: it cannot be read, or does not fit the model.
    """
    place = locate_model(session, addresses, ref, options.rules)
    return sent_claims(raw, Subject(place.model.digest, 0, 1, names_of(place.space.graph)), options, place, addresses)
