"""Named queries about networks, their analyses and the work on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session, aliased, defer, joinedload

from pluriscope.app.db.codecs import is_known
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.db.tables import AnalysisRow, CheckpointRow, DataRow, FormerSlugRow, NetworkRow, ProtocolRow

_DIGEST: Final = re.compile(r"[0-9a-f]{6,64}")
"""The beginning of a digest that names a network: with fewer digits it would be there by chance."""
STUDY_ORIGIN: Final = "study"
"""Origin of networks that a study trained."""


def networks(session: Session, query: str = "") -> Sequence[Row[Any]]:
    """Columns of networks that lists show, by position, then the newest first.

    A query is part of a name or slug, be it a former or another one, or the beginning of a digest; "" matches all but
    the networks of studies, which come by the thousand and are listed there, and checkpoints before the last one.
    """
    names = ("id", "digest", "slug", "name", "kind", "sizes", "tasks", "origin", "input_data")
    of_neurons = ("activation", "output_activation", "negative_slope")
    shown = [getattr(NetworkRow, name) for name in (*names, *of_neurons)]
    order = (NetworkRow.position, NetworkRow.created_at.desc(), NetworkRow.slug)
    found = session.execute(select(*shown).where(*matching(query)).order_by(*order)).all()
    return [row for row in found if is_known(row.kind)]


def networks_that_decide_alike(session: Session, row: NetworkRow, limit: int = 4) -> Sequence[NetworkRow]:
    """Other networks whose answers are decided by the very same sums, the first in lists first."""
    if not row.decides_as:
        return []
    alike = NetworkRow.decides_as == row.decides_as, NetworkRow.id != row.id, NetworkRow.deleted_at.is_(None)
    order = NetworkRow.position, NetworkRow.created_at.desc(), NetworkRow.slug
    return session.scalars(select(NetworkRow).where(*alike).order_by(*order).limit(limit)).all()


def of_other_kinds(session: Session, query: str = "") -> Sequence[NetworkRow]:
    """Whole rows of the networks that match a query and whose files are kept, in the order of lists."""
    order = (NetworkRow.position, NetworkRow.created_at.desc(), NetworkRow.slug)
    rows = select(NetworkRow).where(NetworkRow.document.is_not(None), *matching(query))
    return session.scalars(rows.order_by(*order)).all()


def checkpoints_of(session: Session, training: str) -> Sequence[tuple[CheckpointRow, NetworkRow]]:
    """The checkpoints of a training that are stored, in order."""
    found = (
        select(CheckpointRow, NetworkRow)
        .join(NetworkRow, NetworkRow.id == CheckpointRow.network_id)
        .where(CheckpointRow.training == training, NetworkRow.deleted_at.is_(None))
        .order_by(CheckpointRow.at)
    )
    return [(checkpoint, row) for checkpoint, row in session.execute(found)]


def last_checkpoints(session: Session) -> dict[int, int]:
    """The last stored checkpoint of each training, by the number of its row, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    kept = (
        select(CheckpointRow.training, CheckpointRow.network_id).join(NetworkRow).where(NetworkRow.deleted_at.is_(None))
    )
    for training, network_id in session.execute(kept.order_by(CheckpointRow.at)):
        found[training] = network_id, found.get(training, (0, 0))[1] + 1
    return dict(found.values())


def those(column: Any, query: str) -> Select[Any]:
    """A column of the same networks, for conditions on what belongs to them."""
    return select(column).where(*matching(query))


def counts_of_networks(
    session: Session, query: str, protocols: Iterable[str], names: Sequence[str]
) -> Sequence[Row[Any]]:
    """Finished analyses, under some protocols, of the networks that match a query: their keys, and the columns in
    ``names``.
    """
    key = (AnalysisRow.id, AnalysisRow.network_id, AnalysisRow.output, AnalysisRow.protocol_digest)
    counts = [getattr(AnalysisRow, name) for name in names]
    found = select(*key, AnalysisRow.data_digest, AnalysisRow.exhaustive, *counts).where(
        AnalysisRow.network_id.in_(those(NetworkRow.id, query)), AnalysisRow.protocol_digest.in_(list(protocols))
    )
    return session.execute(found).all()


def analyses_by_id(session: Session, ids: Iterable[int]) -> dict[int, AnalysisRow]:
    """Some analyses with what they answer, and what their counts are made from."""
    unseen = (defer(column) for column in (AnalysisRow.criteria, AnalysisRow.plan, AnalysisRow.provenance))
    with_it = joinedload(AnalysisRow.network), joinedload(AnalysisRow.protocol)
    rows = session.scalars(select(AnalysisRow).options(*unseen, *with_it).where(AnalysisRow.id.in_(list(ids))))
    return {row.id: row for row in rows}


def parameters_by_id(session: Session, ids: Iterable[int]) -> dict[int, NDArray[np.float64]]:
    """The parameters of some networks."""
    rows = session.execute(select(NetworkRow.id, NetworkRow.parameters).where(NetworkRow.id.in_(list(ids))))
    return {row.id: np.frombuffer(row.parameters, dtype="<f8") for row in rows}


def matching(query: str) -> list[ColumnElement[bool]]:
    """Conditions on networks that a query names, deleted ones left out; see :func:`networks`."""
    if not query:
        later, other = aliased(CheckpointRow), aliased(NetworkRow)
        earlier = (
            select(CheckpointRow.network_id)
            .join(later, (later.training == CheckpointRow.training) & (later.at > CheckpointRow.at))
            .join(other, (other.id == later.network_id) & other.deleted_at.is_(None))
            .where(other.id != CheckpointRow.network_id)
        )
        shown = NetworkRow.origin != STUDY_ORIGIN, NetworkRow.id.not_in(earlier)
        return [NetworkRow.deleted_at.is_(None), *shown]
    text = query.lower()
    also = select(FormerSlugRow.network_id).where(
        or_(
            func.lower(FormerSlugRow.name).contains(text, autoescape=True),
            FormerSlugRow.slug.contains(text, autoescape=True),
        )
    )
    found = [
        func.lower(NetworkRow.name).contains(text, autoescape=True),
        NetworkRow.slug.contains(text, autoescape=True),
        NetworkRow.id.in_(also),
    ]
    if _DIGEST.fullmatch(text):
        found.append(NetworkRow.digest.startswith(text))
    return [NetworkRow.deleted_at.is_(None), or_(*found)]


def other_names(session: Session, network_ids: Sequence[int] | Select[Any]) -> dict[int, list[str]]:
    """Further names of networks, oldest first: the same weights were saved under them, or known so from a study."""
    known = (
        select(FormerSlugRow.network_id, FormerSlugRow.name)
        .join(NetworkRow, NetworkRow.id == FormerSlugRow.network_id)
        .where(FormerSlugRow.network_id.in_(network_ids))
        .where(FormerSlugRow.name.not_in(("", NetworkRow.name)))
        .order_by(FormerSlugRow.retired_at, FormerSlugRow.slug)
    )
    names: dict[int, dict[str, None]] = {}
    for network_id, name in session.execute(known):
        names.setdefault(network_id, {})[name] = None
    return {network_id: list(found) for network_id, found in names.items()}


def known_as(session: Session, row: NetworkRow, besides: str = "") -> list[str]:
    """Names that a network has or had, its present one first, without ``besides``."""
    return [name for name in (row.name, *other_names(session, [row.id]).get(row.id, [])) if name != besides]


def analyses_of(session: Session, network_ids: Iterable[int]) -> Sequence[AnalysisRow]:
    """All analyses of some networks with their protocols, by network, output, then protocol name.

    What lists do not show of them is read when it is asked for.
    """
    unseen = (defer(column) for column in (AnalysisRow.criteria, AnalysisRow.plan, AnalysisRow.provenance))
    return session.scalars(
        select(AnalysisRow)
        .join(AnalysisRow.protocol)
        .options(joinedload(AnalysisRow.protocol), *unseen)
        .where(AnalysisRow.network_id.in_(list(network_ids)))
        .order_by(
            AnalysisRow.network_id, AnalysisRow.output, ProtocolRow.name, AnalysisRow.protocol_digest, AnalysisRow.id
        )
    ).all()


def data_descriptions(session: Session, digests: Iterable[str]) -> dict[str, str]:
    """Descriptions of stored data records, by digest."""
    wanted = DataRow.digest.in_(list(digests))
    rows = session.execute(select(DataRow.digest, DataRow.description).where(wanted))
    return {row.digest: row.description for row in rows}


def jobs_for(session: Session, digests: Sequence[str] | Select[Any]) -> Sequence[JobRow]:
    """Analysis jobs of some networks, newest first."""
    return session.scalars(
        select(JobRow)
        .where(JobRow.kind == "analyse", JobRow.network_digest.in_(digests))
        .options(defer(JobRow.result))
        .order_by(JobRow.created_at.desc(), JobRow.id)
    ).all()


def count_running(session: Session) -> int:
    """Number of running jobs of all kinds."""
    return session.scalar(select(func.count()).select_from(JobRow).where(JobRow.state == "running")) or 0


def count_unfinished(session: Session) -> int:
    """Number of queued and running jobs of all kinds."""
    return session.scalar(select(func.count()).select_from(JobRow).where(JobRow.state.in_(UNFINISHED))) or 0


def networks_named(session: Session, words: Sequence[str], limit: int) -> Sequence[NetworkRow]:
    """Networks that some words name; of those of studies only what a word names by its slug or digest.

    Args:
        words: each a part of a name or slug or the beginning of a digest; none for any network of no study.
        limit: most networks.
    """
    conditions = [condition for word in words or [""] for condition in matching(word)]
    digests = (NetworkRow.digest.startswith(word) for word in words if _DIGEST.fullmatch(word))
    own = or_(NetworkRow.origin != STUDY_ORIGIN, NetworkRow.slug.in_(words), *digests)
    order = NetworkRow.position, NetworkRow.created_at.desc(), NetworkRow.slug
    found = select(NetworkRow).where(*conditions, own)
    rows = session.scalars(found.options(defer(NetworkRow.document)).order_by(*order).limit(limit))
    return [row for row in rows if is_known(row.kind)]
