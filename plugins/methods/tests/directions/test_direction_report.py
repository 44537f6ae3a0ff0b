"""What was found on directions in sum: the families beside alignments, and what is left open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from pluriscope_methods.directions.report import directions_report
from pluriscope_methods.directions.result import CLOSED
from pluriscope_methods.directions.search import MAX_CHEAP, closed_form_work, search_directions
from pluriscope_methods.directions.table import DirectionTable

XORNET = next(file for file in bundled_networks() if file.slug == "alice-and-bob").file.network
CANDIDATES = candidate_algorithms(named_task("XOR", 2), COMPLETE, 1)
QUESTION = ask(XORNET, data=clean_data(2))
TABLE = DirectionTable(QUESTION)


@pytest.mark.parametrize("direction_class", CLOSED)
def test_every_shortest_read_out_has_its_family(direction_class):
    report = directions_report([search_directions(QUESTION, CANDIDATES, direction_class, table=TABLE)], TABLE)
    assert report.kept
    for kept in report.kept:
        assert len(kept.families) == len(kept.scored.alignment.places)
        closed = direction_class in ("orthogonal", "oblique")
        assert all((one is not None) == closed for one in kept.families)
        assert {(one.dimension, one.answer) for one in kept.families if one} == ({(2, "some")} if closed else set())


@pytest.mark.parametrize(
    ("width", "direction_class", "cause"), [(10, "integer", "10 neurons"), (300, "learned", "20,000 choices")]
)
def test_a_class_beyond_its_limits_is_refused_with_the_reason(width, direction_class, cause):
    arrays = [np.ones((width, 2)), np.ones((1, width))], [np.zeros(width), np.zeros(1)]
    question = ask(Network.from_arrays(*arrays, activation="relu"), data=clean_data(2))
    found = search_directions(question, CANDIDATES, direction_class)
    assert cause in found.refused
    assert not directions_report([found], DirectionTable(question)).searched
    assert closed_form_work(question.network, 10**6) > MAX_CHEAP > closed_form_work(XORNET, 2)


def test_what_is_left_open_has_a_reason():
    found = search_directions(QUESTION, CANDIDATES, "oblique", table=TABLE)
    assert directions_report([found], TABLE).classes[0].exact
    first, *rest = found.algorithms
    open_ended = replace(first, truncated_at=1, n_undecided=2)
    report = directions_report([replace(found, algorithms=(open_ended, *rest), all_listed=False)], TABLE)
    assert not report.classes[0].exact
