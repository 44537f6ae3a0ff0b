"""Tests of how many circuits are valid, as pages know it before the analysis has ended."""

from __future__ import annotations

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.place import locate
from pluriscope.objects.counts import Count
from tests.factories import small_network

SAID = {
    "nothing": (None, None),
    "tried": (KnownCircuits(49, 2, 2, 48), Count(2, "at_least", 2, 48)),
    "none valid so far": (KnownCircuits(49, 0, 0, 30), Count(0, "at_least", 0, 30)),
    "drawn": (KnownCircuits(49, 9, 4, 20, 0.99, "sampled"), Count(9, "about", 4, 20, 0.99)),
    "found": (KnownCircuits(49, 9, 9, 9, method="listed"), Count(9)),
}


@pytest.mark.parametrize("known", SAID)
def test_what_a_job_has_found_by_now_is_a_count(store, known):
    answer, count = SAID[known]
    with store.write() as session:
        row = save_network(session, small_network(7), slug="mine")
        job = queue.enqueue_analyses(session, row, (COMPLETE,))[0]
        session.get(JobRow, job.id).so_far = {} if answer is None else {"circuits": answer.as_json()}
    with store.read() as session:
        place = locate(session, Addresses(), "mine", Scope())
        assert Known(session, Addresses(), place).known_count == count
