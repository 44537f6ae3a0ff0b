"""Storing of the bundled networks, once, and queueing of their analyses: first what the first pages show, then the
quickest.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import FRESH_NAME, FRESH_XOR, ORIGIN, bundled_models, bundled_networks
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.records import save_data_record
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.definitions import train_arguments
from pluriscope.app.jobs.queue import enqueue, enqueue_analyses
from pluriscope.app.jobs.stages import FRONT_PAGE, GALLERY, after_first

log = logging.getLogger("pluriscope.jobs")
BEHIND: Final = 100
"""The gallery shows bundled perceptrons first."""
QUICK_MILLISECONDS: Final = 5_000.0
"""What a search for circuits of a bundled model may be expected to take to be made without being asked for."""
_PERCEPTRON_MILLISECONDS: Final = 2_000.0
_TRAINING_MILLISECONDS: Final = 15_000.0


def add_bundled_models(session: Session) -> int:
    """Store the bundled networks of other kinds; see :func:`add_models`."""
    return add_models(session, bundled_models(), BEHIND)


def add_models(session: Session, files: Mapping[str, bytes], first: int, most_rules: int | None = None) -> int:
    """Store networks of other kinds, and queue the search for their circuits under all rules that take seconds, of
    compiled ones under the first of these. Doing so again changes nothing.

    Args:
        files: by their slugs.
        first: position of the first one in the gallery.
        most_rules: under how many rules circuits are searched at most.

    Returns:
        How many were not stored before.
    """
    added = 0
    for position, (slug, raw) in enumerate(files.items(), start=first):
        kind, subject = read_subject(raw)
        known = network_by_digest(session, subject.digest)
        added += known is None
        if known is not None and known.deleted_at is not None:
            continue  # somebody has deleted it, and may undo that
        row = save_network(session, raw, slug=slug, origin=ORIGIN, position=position)
        every = GraphQuestion(kind, subject, kind.default_rules).admitted()
        takes = [(one.protocol, kind.explaining.milliseconds(one)) for one in every if not one.refusal]
        quick = [one for one in takes if one[1] <= QUICK_MILLISECONDS][: most_rules if subject.planted is None else 1]
        for number, (protocol, milliseconds) in enumerate(quick):
            enqueue_analyses(session, row, [protocol], priority=after_first(milliseconds) if number else GALLERY)
    return added


def add_bundled_networks(session: Session) -> int:
    """Store the bundled perceptrons, queue their analyses under both protocols, and queue the fresh XOR's training.

    Doing so again changes nothing. A network that somebody has imported for another task stays theirs.

    Returns:
        How many networks were not stored before.
    """
    added = 0
    for bundled in bundled_networks():
        known = network_by_digest(session, bundled.file.network.digest)
        added += known is None
        if known is not None and known.deleted_at is not None:
            continue  # somebody has deleted it, and may undo that
        try:
            row = save_network(session, bundled.file, slug=bundled.slug, origin=ORIGIN, position=bundled.position)
        except Conflict as conflict:
            log.warning("bundled network left out: %s", conflict)
            continue
        own, later = GALLERY if bundled.position else FRONT_PAGE, _PERCEPTRON_MILLISECONDS
        enqueue_analyses(session, row, (COMPLETE,), priority=own)
        enqueue_analyses(session, row, (PAPER,), priority=later)
        if bundled.data is not None:
            save_data_record(session, bundled.data)
            enqueue_analyses(session, row, (bundled.data_rules,), data=bundled.data, priority=later)
    training = train_arguments([FRESH_XOR], name=FRESH_NAME, protocols=(COMPLETE, PAPER))
    enqueue(session, "train", training, FRESH_NAME, priority=_TRAINING_MILLISECONDS)
    return added
