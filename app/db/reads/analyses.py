"""Finding things by what addresses call them: networks, protocols, data records, analyses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from pluriscope.addresses.naming import Scope
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import BY_NAME, NAMED, Protocol
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.values.digest import MIN_PREFIX, looks_like_digest
from pluriscope.app.db.codecs import data_of, graph_question, protocol_of, question_of
from pluriscope.app.db.errors import Ambiguous, Deleted, NotFound
from pluriscope.app.db.table_base import Named
from pluriscope.app.db.tables import PERCEPTRON, AnalysisRow, DataRow, FormerSlugRow, NetworkRow, ProtocolRow
from pluriscope.app.limits import undo_days_in
from pluriscope.figures.numbers import plural

CANDIDATES: Final = 5
"""Things that an ambiguous prefix names in its message."""


N = TypeVar("N", bound=Named)


def begins_with(column: InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    """Whether a hex column begins with a prefix, as a range, so that its index is used."""
    return (column >= prefix) & (column < prefix + "g")


def called(
    session: Session, table: type[N], noun: str, ref: str, former: InstrumentedAttribute[int] | None = None
) -> N:
    """The row with that slug, or whose digest begins with those 6 or more digits, or that once had that slug.

    Args:
        table: of rows with a slug and a digest.
        noun: for one of them, as errors say it.
        ref: slug, former slug or beginning of a digest.
        former: the number of the row that a former slug leads to.

    Raises:
        NotFound: there is none.
        Ambiguous: several digests begin so; some of them are named.
    """
    row = session.scalar(select(table).where(table.slug == ref))
    if row is not None:
        return row
    rows: Sequence[N] = ()
    if looks_like_digest(ref):
        beginning = select(table).where(begins_with(table.digest, ref)).order_by(table.digest)
        rows = session.scalars(beginning.limit(CANDIDATES + 1)).all()
    if len(rows) > 1:
        answer = ", ".join(f"{found.digest[: len(ref) + 6]} ({found.slug})" for found in rows[:CANDIDATES])
        more = " and others" if len(rows) > CANDIDATES else ""
        raise Ambiguous(f"{noun} {ref!r}", f"several digests begin so: {answer}{more}", "give more digits")
    if not rows:
        number = None if former is None else session.scalar(select(former).where(former.class_.slug == ref[:80]))
        if number is not None:
            return session.get_one(table, number)
        cause = "is not stored here" + (": no stored digest begins so" if looks_like_digest(ref) else "")
        raise NotFound(f"{noun} {ref[:80]!r}", cause, f"look for it in the list of {plural(2, noun)}")
    return rows[0]


def find_network(session: Session, ref: str, *, deleted: bool = False) -> NetworkRow:
    """The network with that slug, or whose digest begins with those 6 or more digits, or that once had that slug.

    Args:
        ref: slug, former slug or beginning of a digest.
        deleted: whether a deleted one is meant too.

    Raises:
        NotFound: there is none.
        Ambiguous: several digests begin so; some of them are named.
        Deleted: it was deleted.
    """
    row = called(session, NetworkRow, "network", ref, FormerSlugRow.network_id)
    return row if deleted or row.deleted_at is None else unless_deleted(session, row, "network", "import it again")


def unless_deleted(session: Session, row: N, noun: str, again: str) -> N:
    """The network or study, unless it was deleted.

    Args:
        row: of it.
        noun: for it.
        again: what else brings it back.

    Raises:
        Deleted: it was.
    """
    if row.deleted_at is not None:
        cause = f"was deleted at {row.deleted_at:%Y-%m-%d %H:%M} UTC"
        last = row.deleted_at + timedelta(days=undo_days_in(session))
        until = "at any time" if row.origin == "bundled" else f"until {last:%Y-%m-%d %H:%M} UTC"
        error = Deleted(f"{noun} {row.slug!r}", cause, f"undo its deletion, which is possible {until}, or {again}")
        error.slug = row.slug
        raise error
    return row


def network_by_digest(session: Session, digest: str) -> NetworkRow | None:
    """The network with that full digest, None if it is not stored."""
    return session.scalar(select(NetworkRow).where(NetworkRow.digest == digest))


def find_protocol(session: Session, ref: str) -> Protocol:
    """A protocol that has a name, or a stored one by name or by the first 6 or more digits of its digest.

    Raises:
        NotFound: there is none.
        Ambiguous: several go by that name or begin so.
    """
    if ref in NAMED:
        return NAMED[ref]
    of_perceptrons = select(ProtocolRow).where(ProtocolRow.kind == PERCEPTRON).limit(2)
    rows = session.scalars(of_perceptrons.where(ProtocolRow.name == ref)).all()
    if not rows and looks_like_digest(ref):
        for protocol in NAMED.values():  # these count as stored even before their first use
            if protocol.digest.startswith(ref):
                return protocol
        rows = session.scalars(of_perceptrons.where(begins_with(ProtocolRow.digest, ref))).all()
    if not rows:
        names = " or ".join(NAMED)
        raise NotFound(f"protocol {ref[:80]!r}", "is unknown", f"use {names}, or a stored protocol's name or digest")
    if len(rows) > 1:
        raise Ambiguous(f"protocol {ref!r}", "several stored protocols go by that", "give the digest, or more of it")
    return protocol_of(rows[0])


def find_data(session: Session, ref: str, n_inputs: int) -> DataRecord:
    """The data record whose digest begins with those 6 or more digits; "" is the default one.

    Raises:
        NotFound: there is none.
        Ambiguous: several digests begin so.
    """
    clean = clean_data(n_inputs)
    if ref == "" or (len(ref) >= MIN_PREFIX and clean.digest.startswith(ref)):
        return clean
    if not looks_like_digest(ref):
        raise NotFound(
            f"data record {ref[:80]!r}", f"is not {MIN_PREFIX} or more digits of a digest", "copy a link anew"
        )
    rows = session.scalars(select(DataRow).where(begins_with(DataRow.digest, ref)).limit(2)).all()
    if not rows:
        raise NotFound(f"data record {ref!r}", "is not stored here", "leave it out for the default, all clean inputs")
    if len(rows) > 1:
        raise Ambiguous(f"data record {ref!r}", "several digests begin so", "give more digits")
    return data_of(rows[0])


def analysed_question(session: Session, row: AnalysisRow) -> Any:
    """Question of a stored analysis, a :class:`~pluriscope.analysis.subjects.question.SubjectQuestion`.

    Raises:
        NotFound: this version knows no such kind of network.
    """
    network = row.network
    if not network.sizes:  # its file is kept
        return graph_question(network, row.protocol.name)
    data = find_data(session, row.data_digest, network.sizes[0])
    return question_of(network, row.output, protocol_of(row.protocol), data)


def find_question(session: Session, network: NetworkRow, scope: Scope) -> Any:
    """The question that a scope names about a stored network, a
    :class:`~pluriscope.analysis.subjects.question.SubjectQuestion`.

    Raises:
        NotFound: the output, protocol or data record does not exist, or this version knows no such kind of network.
        Ambiguous: the protocol or data record is named in too few digits.
        InvalidProtocol: no such rules, or they do not fit.
    """
    check_output(network, scope.output)
    if network.sizes:
        protocol, data = find_protocol(session, scope.protocol), find_data(session, scope.data, network.sizes[0])
        return question_of(network, scope.output, protocol, data)
    if scope.data:
        cause = "is not there: the rows of such a network stand with its task"
        raise NotFound(f"data record {scope.data[:40]!r}", cause, "leave it out")
    return graph_question(network, scope.protocol)


def check_output(network: NetworkRow, output: int) -> None:
    """Make sure that the network has that output.

    Raises:
        NotFound: it has not.
    """
    count = len(network.tasks)
    if not 0 <= output < count:
        cause = "the network has one output" if count == 1 else f"the network has {count} outputs"
        raise NotFound(f"output {output}", cause, f"use {'output 0' if count == 1 else f'0 to {count - 1}'}")


def find_analysis(session: Session, network: NetworkRow, scope: Scope) -> AnalysisRow | None:
    """The analysis that a scope names, None if it has not been made (yet); for errors see :func:`find_question`."""
    return analysis_of(session, network, find_question(session, network, scope))


def analysis_of(session: Session, network: NetworkRow, question: SubjectQuestion) -> AnalysisRow | None:
    """The stored analysis that answers a question about a network; None if there is none."""
    digests = question.protocol.digest, question.data_document["digest"]
    return analysis_by_key(session, network.id, question.output, *digests)


def analysis_by_key(
    session: Session, network_id: int, output: int, protocol_digest: str, data_digest: str
) -> AnalysisRow | None:
    """The whole analysis with exactly this key."""
    return session.scalar(
        select(AnalysisRow).where(
            AnalysisRow.network_id == network_id,
            AnalysisRow.output == output,
            AnalysisRow.protocol_digest == protocol_digest,
            AnalysisRow.data_digest == data_digest,
        )
    )


def scope_of(analysis: AnalysisRow) -> Scope:
    """The scope that names an analysis in addresses: built-in protocols and rules of other kinds than perceptrons by
    name, others by 12 digits of the digest.
    """
    if not analysis.network.sizes:  # its file is kept
        return Scope(analysis.output, analysis.protocol.name)
    names = {protocol.digest: name for name, protocol in BY_NAME.items()}
    protocol = names.get(analysis.protocol_digest, analysis.protocol_digest[:12])
    default = clean_data(analysis.network.sizes[0]).digest
    data = clean_key(analysis.network) if analysis.data_digest == default else analysis.data_digest[:12]
    return Scope(analysis.output, protocol, data)


def clean_key(network: Any) -> str:
    """Prefix of the digest of the data record with every clean input once, 12 digits, as addresses carry it; "" where
    the network has no data record of its own, so that its bare address already means the clean inputs.
    """
    return clean_data(network.sizes[0]).digest[:12] if network.input_data else ""
