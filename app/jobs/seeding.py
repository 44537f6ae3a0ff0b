"""Puts the bundled networks into a store, once, and asks for their analyses."""

from __future__ import annotations

import logging
from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.errors import BeyondLimits
from analysis.protocol import COMPLETE, PAPER
from analysis.subjects.enumeration import engine_of, refuse_if_too_large
from analysis.subjects.subject import Space, Subject
from app.bundled import FRESH_NAME, FRESH_XOR, ORIGIN, bundled_models, bundled_networks
from app.db.errors import Conflict
from app.db.models import model_of, save_model
from app.db.records import save_data_record
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.jobs.definitions import train_arguments
from app.jobs.queue import enqueue, enqueue_analyses, enqueue_of_model

log = logging.getLogger("pluriscope.jobs")
QUICK_MILLISECONDS: Final = 5_000.0
"""What a search for circuits of a bundled model may be expected to take to be made without being asked for."""


def add_bundled_models(session: Session) -> int:
    """Store the bundled models of other kinds, and queue the search for their circuits under all rules that take
    seconds, of compiled ones under the first of these. Doing so again changes nothing.

    Returns:
        How many models were not stored before.
    """
    added = 0
    for position, (slug, raw) in enumerate(bundled_models().items()):
        row, created = save_model(session, raw, slug=slug, origin=ORIGIN, position=position)
        added += created
        kind, model = model_of(row)
        quick = (rules for rules in kind.admitted_rules(model) if _is_quick(model, model.space(rules)))
        for rules in islice(quick, None if model.planted is None else 1):
            enqueue_of_model(session, "model-circuits", row, kind.write_rules(rules))
    return added


def _is_quick(model: Subject, space: Space) -> bool:
    """Whether the circuits are found in seconds."""
    try:
        refuse_if_too_large(model, space)
    except BeyondLimits:
        return False
    return engine_of(model, space).milliseconds <= QUICK_MILLISECONDS


def add_bundled_networks(session: Session) -> int:
    """Store the bundled networks, queue their analyses under both protocols, and queue the fresh XOR's training.

    Doing so again changes nothing. A network that somebody has imported for another task stays theirs.

    Returns:
        How many networks were not stored before.
    """
    added = 0
    for bundled in bundled_networks():
        known = session.scalar(select(NetworkRow).where(NetworkRow.digest == bundled.file.network.digest))
        added += known is None
        if known is not None and known.deleted_at is not None:
            continue  # somebody has deleted it, and may undo that
        try:
            row = save_network(session, bundled.file, slug=bundled.slug, origin=ORIGIN, position=bundled.position)
        except Conflict as conflict:
            log.warning("bundled network left out: %s", conflict)
            continue
        enqueue_analyses(session, row, (COMPLETE, PAPER))
        if bundled.data is not None:
            save_data_record(session, bundled.data)
            enqueue_analyses(session, row, (bundled.data_rules,), data=bundled.data)
    enqueue(session, "train", train_arguments([FRESH_XOR], name=FRESH_NAME, protocols=(COMPLETE, PAPER)), FRESH_NAME)
    return added
