"""What lenses tell of one network, as measures: against what the lenses themselves show."""

from __future__ import annotations

import pytest

from analysis.pipeline import unsearched
from analysis.question import Question, ask
from analysis.studies.measures.measure import Measured
from analysis.studies.measures.registry import measure_named
from analysis.studies.sources import circuits_alone
from analysis.studies.subject import Studied
from tests.factories import pretrained_xor


def studied(question: Question) -> Studied:
    return Studied(question, circuits_alone(question, unsearched(question)))


@pytest.fixture(scope="module")
def pretrained() -> Studied:
    file = pretrained_xor()
    return studied(ask(file.network, task=file.tasks[0]))


def value(subject: Studied, key: str) -> Measured:
    return measure_named(key).function(subject)


def test_probes_tell_both_stories_and_used_ones_the_one_that_is_carried(pretrained: Studied) -> None:
    """Every function is decodable on three neurons, as on the page of lenses; Bob's variables alone are used."""
    assert value(pretrained, "alice-or-bob").value == "Bob only"
    assert value(pretrained, "told-probes").value == "both"
    assert value(pretrained, "told-used").value == "Bob only"


@pytest.mark.slow
def test_autoencoders_tell_single_inputs_as_a_story(pretrained: Studied) -> None:
    """Latents that fire on 00 and on 11 are Bob's variables up to negation, and no part of his formula as written."""
    assert value(pretrained, "sae-single").value == 1.0
    assert value(pretrained, "told-sae-written").value in ("Alice only", "neither")
    assert value(pretrained, "sae-bob-written").value == 0.0
    shares = {key: value(pretrained, key).value for key in ("sae-alice", "sae-bob", "sae-alice-written")}
    assert all(share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0) for share in shares.values())
    assert shares["sae-alice"] >= shares["sae-alice-written"]
    for latents in (6, 3):
        assert 0.0 <= value(pretrained, f"sae-found-again-{latents}").value <= 1.0
    assert value(pretrained, "sae-explained").value > 0.99


@pytest.mark.slow
def test_alignment_search_tells_the_story_that_is_carried(pretrained: Studied) -> None:
    assert value(pretrained, "told-das").value == "Bob only"
