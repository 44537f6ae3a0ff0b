"""Keeping what somebody sent: read, checked against the network, stored once, and asked to be located."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from analysis.discovery.claims import subject_of
from analysis.discovery.sent_claims import Declared, output_named, read_sent
from analysis.errors import InvalidClaim
from app.addressing import Addresses
from app.db.claims import KeptClaims, save_claims
from app.db.job_tables import JobRow
from app.db.reads.analyses import analyses_of
from app.jobs import queue
from app.naming import Scope
from app.pages.claims.listing import SentClaimOptions
from app.pages.place import Place, find_network, locate


@dataclass(frozen=True)
class Keeping:
    """What came of what was sent.

    Args:
        place: that the claims are about.
        form: in which they were read.
        kept: their rows.
        jobs: that locate them, one for each stored analysis of the output.
        url: of the claim, of several that of the list.
    """

    place: Place
    form: str
    kept: KeptClaims
    jobs: tuple[JobRow, ...]
    url: str


def keep_sent(session: Session, addresses: Addresses, network: str, raw: bytes, options: SentClaimOptions) -> Keeping:
    """Keep the claims in what somebody sent.

    Args:
        session: of the writer.
        network: slug or digest.
        raw: in any form that is read.
        options: what is declared beside it.

    Raises:
        PageError: no such network, output, protocol or data record.
        InvalidClaim: it cannot be read, or does not fit the network.
        Conflict: too many are kept of the network.
    """
    row = find_network(session, addresses, network)
    output = options.output
    if output is None:
        output = output_named(raw)
        if output is not None and output >= row.sizes[-1]:
            outputs = "one output" if row.sizes[-1] == 1 else f"outputs 0 to {row.sizes[-1] - 1}"
            raise InvalidClaim(
                "claim file",
                f"is about output {output}, and the network has {outputs}",
                "name one of these",
            )
    if output is None and row.sizes[-1] > 1:
        raise InvalidClaim(
            "claim", f"names no output, and the network has {row.sizes[-1]}", "say which, such as output 0"
        )
    place = locate(session, addresses, row.slug, Scope(output or 0, options.protocol, options.data))
    declared = Declared(
        options.name.strip(),
        options.method.strip(),
        options.source.strip(),
        options.picking,
        helpful_is_positive=options.helpful == "positive",
    )
    read = read_sent(raw, subject_of(place.question), declared)
    kept = save_claims(session, row, place.scope.output, read.claims, place.question.layout, read.form)
    here = [one for one in analyses_of(session, row) if one.output == place.scope.output]
    jobs = [queue.enqueue_claims(session, analysis, asked=True) for analysis in here]
    url = addresses.claims(row.slug, place.scope)
    if len(kept.rows) == 1:
        url = addresses.kept_claim(row.slug, kept.rows[0].ref, place.scope)
    return Keeping(place, read.form, kept, tuple(job for job in jobs if job is not None), url)
