"""Protocols and data records: what an analysis is made under, stored once each."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.subjects.question import QuestionProtocol
from pluriscope.app.db.codecs import data_to_bytes
from pluriscope.app.db.tables import PERCEPTRON, DataRow, ProtocolRow

OF_CLASSES: Final = "classes"
"""Kind of the rules of perceptrons that are read with their classes, which go by other names."""


def save_protocol(session: Session, protocol: QuestionProtocol, kind: str = PERCEPTRON) -> ProtocolRow:
    """Store a protocol's settings, once; the name it first came with stays.

    Args:
        session: of the writer.
        protocol: the rules.
        kind: of the networks that have such rules.
    """
    row = session.get(ProtocolRow, protocol.digest)
    if row is None:
        settings = {name: value for name, value in protocol.document.items() if name not in ("name", "digest")}
        of = OF_CLASSES if kind == PERCEPTRON and not isinstance(protocol, Protocol) else kind
        row = ProtocolRow(digest=protocol.digest, name=protocol.name, settings=settings, kind=of)
        session.add(row)
        session.flush()
    return row


def save_data_record(session: Session, record: DataRecord) -> DataRow | None:
    """Store a data record, once; None for the default, which every network has without a row."""
    if record.is_clean:
        return None
    row = session.get(DataRow, record.digest)
    if row is None:
        row = DataRow(digest=record.digest, description=record.description, record=data_to_bytes(record))
        session.add(row)
        session.flush()
    return row
