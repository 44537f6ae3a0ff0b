"""Where an answer about a model stands among its valid circuits under one set of rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from sqlalchemy.orm import Session

from analysis.discovery.model_location import ModelLandscape
from analysis.models.protocol import ModelProtocol
from app.addressing import Addresses
from app.db.models import stored_circuits, stored_landscape
from app.pages.models.views import search_of
from app.pages.place import ModelPlace

MAX_JUDGED_MILLISECONDS: Final = 3.0
"""What a run of one circuit may take for criteria to be asked of a claim on the spot, some thousand runs."""


@dataclass(frozen=True)
class ModelStanding:
    """The stored circuits of a model under one set of rules; nothing is known of the others where there are none.

    Args:
        session: open session.
        place: the model and its rules.
        addresses: builds links.
    """

    session: Session
    place: ModelPlace
    addresses: Addresses

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
