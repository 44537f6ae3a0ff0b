"""`pluriscope count`: the best number in the time that there is, with how sure it is."""

from __future__ import annotations

import pytest

from pluriscope.analysis.explaining.counting import count as count_of
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.kinds.circuits import facet_of
from tests.app.cli.test_count import PRETRAINED, counted
from tests.factories import real_analysis
from tests.golden_files import golden_network


@pytest.mark.slow
def test_a_sample_is_guaranteed_and_a_solver_finds_the_rest_exactly(capsys) -> None:
    pytest.importorskip("pysat")
    exact, found = counted(capsys, PRETRAINED), counted(capsys, PRETRAINED, "--how", "guaranteed", "--seed", 3)
    circuits = found["circuits"]
    assert (circuits["how"], circuits["method"], circuits["confidence"]) == ("guaranteed", "sampled", 0.99)
    assert 150 < circuits["low"] <= 197 <= circuits["high"] < 250
    assert (found["smallest"], found["backbone"]) == (exact["smallest"], exact["backbone"])
    pairs = zip(found["by_size"], exact["by_size"], strict=True)
    assert all(one["low"] <= truth["low"] <= one["high"] for one, truth in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [{"at_most_edges": 12}, {"keeps": ["n2.1", "A-n1.2"]}])
def test_those_that_meet_a_condition_are_hashed_where_a_sample_says_little(asked) -> None:
    pytest.importorskip("pyunigen")
    most, keeps = asked.get("at_most_edges", 18), asked.get("keeps", ())
    every, into = real_analysis().circuits.masks.tolist(), {"n2.1": 0b111 << 9, "A-n1.2": 1 << 4}
    passing = [one for one in every if one.bit_count() <= most and all(one & into[name] for name in keeps)]
    question, most_or_none = ask(golden_network("xor_pretrained").network), asked.get("at_most_edges")
    facet, work = facet_of(question, most_or_none, keeps), Work(limits=Limits(n_samples=3))
    found = count_of(question, work, "guaranteed", 0, facet).circuits
    assert (found.method, found.low <= len(passing) <= found.high) == ("hashed", True)
