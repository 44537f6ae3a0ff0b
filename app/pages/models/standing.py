"""Where an answer about a model stands among its valid circuits under one set of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final

from sqlalchemy.orm import Session

from analysis.discovery.cuts import CutModel
from analysis.discovery.method import Method
from analysis.discovery.model_location import ModelLandscape
from analysis.discovery.registry import MODEL_METHOD_BY_KEY
from analysis.models.judging import NONE
from analysis.models.protocol import ModelProtocol
from app.addressing import Addresses
from app.db.models import stored_circuits, stored_landscape
from app.pages.claims.standing import Placed, Standing
from app.pages.located import LocatedView, RoleKept, located_fields
from app.pages.models.views import search_of
from app.pages.place import ModelPlace

BASELINES: Final = ("effects", "random")
MAX_JUDGED_MILLISECONDS: Final = 3.0
"""What a run of one circuit may take for criteria to be asked of a claim on the spot, some thousand runs."""


@dataclass(frozen=True)
class ModelStanding(Standing[CutModel]):
    """The stored circuits of a model under one set of rules; nothing is known of the others where there are none.

    Args:
        session: open session.
        place: the model and its rules.
        addresses: builds links.
    """

    session: Session
    place: ModelPlace
    addresses: Addresses
    baseline_methods: ClassVar[tuple[Method[CutModel], ...]] = tuple(MODEL_METHOD_BY_KEY[key] for key in BASELINES)

    @cached_property
    def landscape(self) -> ModelLandscape:
        place = self.place
        search = search_of(self.session, place)
        frame = stored_circuits(self.session, place.row.id, place.text, place.kind)
        if search is None or frame is None:
            found = ModelLandscape(place.kind, place.model, ModelProtocol("", place.settings), None)
        else:
            found = stored_landscape(place.kind, place.model, place.settings, search, frame)
        return replace(found, judges=place.space.run_milliseconds <= MAX_JUDGED_MILLISECONDS)

    @cached_property
    def unjudged(self) -> ModelLandscape:
        return replace(self.landscape, judges=False)

    @property
    def subject(self) -> ModelPlace:
        return self.place

    def shown(self, told: Placed) -> LocatedView:
        """A place as pages show it."""
        return model_located(told.raw_mask, told.place, self.place, self.addresses)


def model_located(raw_mask: str, told: Mapping[str, Any], place: ModelPlace, addresses: Addresses) -> LocatedView:
    """An answer's place, from what an audit file says of it."""
    return LocatedView(
        **located_fields(raw_mask, told, place, addresses, place.space.graph.bit_labels),
        ref=told["mask"] if told["possible"] else "",
        roles=_roles(told["roles"], place),
    )


def _roles(told: Mapping[str, Any], place: ModelPlace) -> list[RoleKept]:
    found = []
    for role in place.kind.roles:
        if role.key not in told or told[role.key]["model"] == NONE:
            continue
        model, circuit = (told[role.key][whose].split(", ") for whose in ("model", "circuit"))
        found.append(RoleKept(label=role.label, model=model, kept=[node for node in model if node in circuit]))
    return found
