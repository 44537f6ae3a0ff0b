"""Protocols and data records: what an analysis is made under, stored once each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from analysis.data import DataRecord
from analysis.protocol import Protocol
from app.db.codecs import data_to_bytes
from app.db.tables import DataRow, ProtocolRow

_AT_ONCE: Final = 500


def save_protocol(session: Session, protocol: Protocol) -> ProtocolRow:
    """Store a protocol's settings, once; the name it first came with stays."""
    row = session.get(ProtocolRow, protocol.digest)
    if row is None:
        settings = protocol.model_dump(mode="json", exclude={"name"})
        row = ProtocolRow(digest=protocol.digest, name=protocol.name, settings=settings)
        session.add(row)
        session.flush()
    return row


def save_data_records(session: Session, records: Iterable[DataRecord]) -> None:
    """Store many data records, each once."""
    wanted = {record.digest: record for record in records if not record.is_clean}
    known: set[str] = set()
    digests = iter(wanted)
    while some := list(islice(digests, _AT_ONCE)):
        known |= set(session.scalars(select(DataRow.digest).where(DataRow.digest.in_(some))))
    fresh = [record for digest, record in wanted.items() if digest not in known]
    rows = [{"digest": r.digest, "description": r.description, "record": data_to_bytes(r)} for r in fresh]
    if rows:
        session.execute(insert(DataRow), rows)


def save_data_record(session: Session, record: DataRecord) -> DataRow | None:
    """Store a data record, once; None for the default, which every network has without a row."""
    if record.is_clean:
        return None
    save_data_records(session, [record])
    return session.get_one(DataRow, record.digest)
