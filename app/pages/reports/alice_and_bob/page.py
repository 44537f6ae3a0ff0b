"""Alice and Bob: the explanations that were found of the analytic XORNet, what each passes, and where they part.

Every number is read from the stored report; nothing here knows one. The names are those of the post that told of them:
the algorithm of two exclusive parts is Alice, the one of "any but not both" Bob, and the circuit read neuron by neuron
Carol.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.bundled import ALICE_AND_BOB
from app.db.reports import ContradictionsReport, report_of, report_row
from app.errors import Moved
from app.naming import Scope
from app.pages.place import locate
from app.pages.reports.alice_and_bob.cast import cast_of
from app.pages.reports.alice_and_bob.events import events_of
from app.pages.reports.alice_and_bob.findings import findings_of
from app.pages.reports.alice_and_bob.passing import tests_of
from app.pages.reports.alice_and_bob.views import AliceAndBobPage
from app.pages.reports.state import report_state
from app.pages.shared import job_view, network_view


def build_alice_and_bob(session: Session, addresses: Addresses) -> AliceAndBobPage:
    """The page, as far as the report is stored.

    Raises:
        NotFound: the bundled network was left out of this store.
    """
    try:
        place = locate(session, addresses, ALICE_AND_BOB, Scope())
    except Moved as moved:  # this address names no network, so there is nowhere else to lead to
        place = locate(session, addresses, moved.now, Scope())
    row = None if place.analysis is None else report_row(session, place.analysis, "contradictions")
    state, job = report_state(session, place, "contradictions", row)
    report = None if row is None else report_of(row, ContradictionsReport)
    cast = [] if report is None else cast_of(report, place, addresses)
    slug = place.row.slug
    return AliceAndBobPage(
        network=network_view(place.row, addresses, place.question.model),
        state=state,
        job=None if job is None else job_view(job, addresses),
        cast=cast,
        findings=[] if report is None else findings_of(report, cast),
        tests=[] if report is None else tests_of(report, place),
        events=[] if report is None else events_of(report, cast, place, addresses),
        n_circuits=report.interpretation.n_circuits if report and report.interpretation else None,
        confidence=report.alignments[0].chance_confidence if report and report.alignments else None,
        compare_url=addresses.compare(slug, [one.ref for one in cast], place.scope),
        network_url=addresses.network(slug, place.scope),
        ladder_url=addresses.ladder(slug, place.scope),
        directions_url=addresses.directions(slug, place.scope, **{"class": "integer"}),
        seconds=None if row is None else row.seconds,
        engine_version="" if row is None else row.engine_version,
        digest="" if row is None else row.content,
        created_at=None if row is None else row.created_at,
        url=addresses.alice_and_bob(),
    )
