"""Keeping claims, finding them again, and where each stands in an analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from analysis import ENGINE_VERSION
from analysis.digest import looks_like_digest, sha256_hex
from analysis.discovery.audit import location_json
from analysis.discovery.claims import Claim, read_claim
from analysis.discovery.location import Location
from analysis.discovery.method import Answer
from analysis.discovery.part_names import names_in
from analysis.models.model import Graph
from analysis.networks.circuit import EdgeLayout
from app.db.claim_tables import ClaimPlaceRow, ClaimRow
from app.db.errors import Ambiguous, Conflict, Deleted, NotFound
from app.db.reads.analyses import begins_with
from app.db.tables import AnalysisRow, NetworkRow

MAX_KEPT: Final = 100_000
"""Claims of one network, deleted ones included."""
REFUSED: Final = "refused"
"""The outcome of a claim that cannot be asked in an analysis: pairs of rows of a constant task."""
_ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True)
class KeptClaims:
    """What was kept of what was sent.

    Args:
        rows: in the order sent, each once.
        new: ids of those that were not kept before.
    """

    rows: tuple[ClaimRow, ...]
    new: frozenset[int]


def save_claims(
    session: Session, network: NetworkRow, output: int, claims: Sequence[Claim], layout: EdgeLayout, form: str
) -> KeptClaims:
    """Keep claims about one output, each once; one that was deleted is there again, others keep their names.

    Args:
        session: of the writer.
        network: that they are about.
        output: of it.
        claims: to be kept.
        layout: edges of the network cut to the output.
        form: in which they came.

    Raises:
        Conflict: more than :data:`MAX_KEPT` would be kept of the network.
    """
    by_digest = {claim.digest: claim for claim in claims}
    known = {row.digest: row for row in _with_digests(session, network, output, list(by_digest))}
    n_kept = session.scalar(select(func.count()).where(ClaimRow.network_id == network.id)) or 0
    if n_kept + len(by_digest) - len(known) > MAX_KEPT:
        raise Conflict(
            f"claims of {network.slug}", f"would be more than {MAX_KEPT:,}", "delete some, or send fewer; see the list"
        )
    now, new = datetime.now(UTC), []
    for digest, claim in by_digest.items():
        if digest in known:
            known[digest].deleted_at = None
            continue
        known[digest] = ClaimRow(
            network_id=network.id,
            output=output,
            digest=digest,
            name=claim.name,
            method=claim.method,
            source=claim.source,
            document=claim.document(names_in(layout)),
            form=form,
            created_at=now,
        )
        new.append(known[digest])
    session.add_all(new)
    session.flush()
    return KeptClaims(tuple(known[digest] for digest in by_digest), frozenset(row.id for row in new))


def _with_digests(session: Session, network: NetworkRow, output: int, digests: Sequence[str]) -> Iterator[ClaimRow]:
    for start in range(0, len(digests), _ROWS_AT_ONCE):
        some = ClaimRow.digest.in_(digests[start : start + _ROWS_AT_ONCE])
        yield from session.scalars(
            select(ClaimRow).where(ClaimRow.network_id == network.id, ClaimRow.output == output, some)
        )


def find_claim(session: Session, network: NetworkRow, output: int, ref: str, *, deleted: bool = False) -> ClaimRow:
    """The claim about an output whose digest begins with those 6 or more digits.

    Raises:
        NotFound: there is none.
        Ambiguous: several digests begin so.
        Deleted: it was deleted, and that is not what was asked for.
    """
    item, rows = f"claim {ref[:64]!r}", list[ClaimRow]()
    if looks_like_digest(ref):
        mine = ClaimRow.network_id == network.id, ClaimRow.output == output
        rows = list(session.scalars(select(ClaimRow).where(*mine, begins_with(ClaimRow.digest, ref)).limit(2)))
    if len(rows) > 1:
        raise Ambiguous(item, "several digests begin so", "give more digits")
    if not rows:
        raise NotFound(item, f"is not kept of output {output} of {network.slug}", "look for it in the list of claims")
    (row,) = rows
    if row.deleted_at is not None and not deleted:
        raise Deleted(item, "was deleted", "undo that, as long as it is possible")
    return row


def claim_of(row: ClaimRow, layout: EdgeLayout) -> Claim:
    """The claim that a row keeps, under the name that it has now."""
    return read_claim({**row.document, "name": row.name}, "claim", names_in(layout))


def unplaced_claims(session: Session, analysis: AnalysisRow) -> list[ClaimRow]:
    """Claims about an analysis's output whose place in it is not stored, in the order in which they came."""
    query = select(ClaimRow).outerjoin(ClaimPlaceRow, _placed_in(analysis)).where(ClaimPlaceRow.claim_id.is_(None))
    return list(session.scalars(query.where(*_about(analysis)).order_by(ClaimRow.id)))


def digest_of(rows: Sequence[ClaimRow]) -> str:
    """Which claims these are, as a hash: what tells one job that locates claims from another."""
    return sha256_hex(*sorted(row.digest.encode() for row in rows))[:16]


def _placed_in(analysis: AnalysisRow) -> ColumnElement[bool]:
    return and_(ClaimPlaceRow.claim_id == ClaimRow.id, ClaimPlaceRow.analysis_id == analysis.id)


def _about(analysis: AnalysisRow) -> tuple[ColumnElement[bool], ...]:
    mine = ClaimRow.network_id == analysis.network_id, ClaimRow.output == analysis.output
    return (*mine, ClaimRow.deleted_at.is_(None))


@dataclass(frozen=True)
class Placed:
    """Where a claim stands, as it is stored.

    Args:
        outcome: of the claim as an answer; :data:`REFUSED` where it cannot be asked.
        raw_mask: in hex; "" where no mask came of it.
        faithfulness: of that mask, where a threshold picked it.
        place: as audit files have it; empty without a mask.
    """

    outcome: str
    raw_mask: str
    faithfulness: float | None
    place: Mapping[str, Any]

    def row(self, claim_id: int, analysis_id: int) -> ClaimPlaceRow:
        """The same for the store."""
        return ClaimPlaceRow(
            claim_id=claim_id,
            analysis_id=analysis_id,
            outcome=self.outcome,
            raw_mask=self.raw_mask,
            faithfulness=self.faithfulness,
            edges=self.place.get("edges"),
            valid=self.place.get("valid", False),
            excess=self.place.get("excess"),
            place=dict(self.place),
            engine_version=ENGINE_VERSION,
        )


def placed(answer: Answer | None, location: Location | None, layout: EdgeLayout | Graph, *, complete: bool) -> Placed:
    """A claim's place.

    Args:
        answer: the claim as an answer; None where it cannot be asked.
        location: of its mask; None where it has none.
        layout: writes masks.
        complete: whether every valid circuit is listed.
    """
    if answer is None:
        return Placed(REFUSED, "", None, {})
    mask = "" if answer.raw_mask is None else layout.to_hex(answer.raw_mask)
    place = {} if location is None else location_json(location, layout, complete=complete)
    return Placed(answer.outcome, mask, answer.faithfulness, place)


def stored_place(session: Session, analysis: AnalysisRow, claim: ClaimRow) -> ClaimPlaceRow | None:
    """Where a claim stands, if that is stored."""
    return session.get(ClaimPlaceRow, (claim.id, analysis.id))


# --- the list


@dataclass(frozen=True)
class ClaimFilter:
    """Which claims a list shows.

    Args:
        text: in name, method or source; "" for any.
        valid: "yes", "no", or "" for either, those without a place included.
    """

    text: str = ""
    valid: str = ""


@dataclass(frozen=True)
class ListedClaim:
    """A claim with its place, None where that is not stored."""

    claim: ClaimRow
    place: ClaimPlaceRow | None
    key: int | str


_NOWHERE: Final = 1_000_000
"""Sorts behind every number of edges."""


def list_claims(
    session: Session,
    network: NetworkRow,
    output: int,
    analysis: AnalysisRow | None,
    wanted: ClaimFilter,
    *,
    sort: str,
    descending: bool,
    after: tuple[int | str, int] | None,
    limit: int,
) -> list[ListedClaim]:
    """Claims about one output, with their places in one analysis.

    Args:
        network: that they are about.
        output: of it.
        analysis: in which they have places; None where there is none.
        wanted: which of them.
        sort: "added", "name", "edges" or "excess"; what is not known comes last if ascending.
        descending: whether the largest comes first.
        after: key and row number behind which to begin.
        limit: most of them.
    """
    place = aliased(ClaimPlaceRow)
    keys: Mapping[str, Any] = {
        "added": ClaimRow.id,
        "name": ClaimRow.name,
        "edges": func.coalesce(place.edges, _NOWHERE),
        "excess": func.coalesce(place.excess, _NOWHERE),
    }
    key = keys[sort]
    here = and_(place.claim_id == ClaimRow.id, place.analysis_id == (0 if analysis is None else analysis.id))
    query = select(ClaimRow, place, key.label("sort_key")).outerjoin(place, here)
    query = _narrowed(query, network, output, wanted, place)
    if after is not None:
        value, number = after
        behind = (key < value, ClaimRow.id < number) if descending else (key > value, ClaimRow.id > number)
        query = query.where(or_(behind[0], and_(key == value, behind[1])))
    order = (key.desc(), ClaimRow.id.desc()) if descending else (key, ClaimRow.id)
    rows = session.execute(query.order_by(*order).limit(limit))
    return [ListedClaim(row[0], row[1], row[2]) for row in rows]


def _narrowed(query: Select[Any], network: NetworkRow, output: int, wanted: ClaimFilter, place: Any) -> Select[Any]:
    query = query.where(ClaimRow.network_id == network.id, ClaimRow.output == output, ClaimRow.deleted_at.is_(None))
    if wanted.text:
        columns = (ClaimRow.name, ClaimRow.method, ClaimRow.source)
        query = query.where(or_(*(func.lower(one).contains(wanted.text.lower(), autoescape=True) for one in columns)))
    if wanted.valid:
        query = query.where(place.valid.is_(wanted.valid == "yes"))
    return query


@dataclass(frozen=True)
class ClaimCounts:
    """How many claims there are of one output, and how many of them are valid, not valid, or not located."""

    kept: int
    valid: int
    not_valid: int

    @property
    def unplaced(self) -> int:
        return self.kept - self.valid - self.not_valid


def count_claims(session: Session, network: NetworkRow, output: int, analysis: AnalysisRow | None) -> ClaimCounts:
    """How many claims are kept of one output, and what is known of them in an analysis."""
    mine = ClaimRow.network_id == network.id, ClaimRow.output == output, ClaimRow.deleted_at.is_(None)
    kept = session.scalar(select(func.count(ClaimRow.id)).where(*mine)) or 0
    if analysis is None or not kept:
        return ClaimCounts(kept, 0, 0)
    query = select(ClaimPlaceRow.valid, func.count()).join(ClaimRow, _placed_in(analysis)).where(*mine)
    by_valid = {bool(valid): n for valid, n in session.execute(query.group_by(ClaimPlaceRow.valid))}
    return ClaimCounts(kept, by_valid.get(True, 0), by_valid.get(False, 0))


# --- changes


def rename_claim(row: ClaimRow, name: str) -> None:
    """Give a claim another name, which renaming again undoes."""
    if name != row.name:
        row.former_name, row.name = row.name, name


def delete_claim(row: ClaimRow) -> None:
    """Take a claim out of sight; doing so again changes nothing."""
    if row.deleted_at is None:
        row.deleted_at = datetime.now(UTC)


def restore_claim(row: ClaimRow) -> None:
    """Undo that."""
    row.deleted_at = None


def deleted_claims(session: Session) -> list[tuple[str, int, str]]:
    """Deleted claims of networks that are not deleted, the latest first: slug, output, and what names it there."""
    rows = select(ClaimRow).join(NetworkRow).where(ClaimRow.deleted_at.is_not(None), NetworkRow.deleted_at.is_(None))
    latest = rows.order_by(ClaimRow.deleted_at.desc(), ClaimRow.id)
    return [(row.network.slug, row.output, row.ref) for row in session.scalars(latest)]


def purge_claims(session: Session, before: datetime) -> None:
    """Delete for good what was deleted before that, with its places."""
    session.execute(delete(ClaimRow).where(ClaimRow.deleted_at <= before))
