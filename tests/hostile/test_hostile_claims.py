"""Claims that nobody should send are read, or refused in one line with item, cause and cure; nothing breaks."""

from __future__ import annotations

import pytest

from pluriscope.analysis.discovery.claims import read_claim, vocabulary_of
from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from tests.clients import served
from tests.factories import pretrained_xor, save_analysis
from tests.hostile.claim_texts import hostile_texts

QUESTION = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
CLAIMS = "/networks/xor-pretrained/own"


@pytest.mark.slow
def test_a_thousand_hostile_claims_are_read_or_refused() -> None:
    refusals: list[InvalidClaim] = []
    cuts = {ablation: MaskedPerceptron.of(QUESTION, ablation) for ablation in ("zero", "mean", "pairs")}
    for raw in hostile_texts(1_000, seed=0):
        try:
            claim = read_claim(raw, vocabulary_of(QUESTION))
        except InvalidClaim as problem:
            refusals.append(problem)
            continue
        claim.answer(cuts[claim.ablation or "zero"])
    assert 300 < len(refusals) < 950
    for refusal in refusals:
        assert all((refusal.item, refusal.cause, refusal.cure))
        assert "\n" not in str(refusal)
        assert str(refusal).encode().decode() == str(refusal)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "seed"), [(100, 1), pytest.param(1_000, 2, marks=pytest.mark.release)])
def test_hostile_claims_sent_to_a_server_break_nothing(tmp_path, number, seed) -> None:
    """A thousand more are read or refused above; what a server adds is alike for all of a form."""
    with served(tmp_path, local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor-pretrained")
            save_analysis(session, analyse_output(QUESTION))
        statuses = set()
        for place, raw in enumerate(hostile_texts(number, seed)):
            text = raw.decode(errors="replace").replace("\0", "")
            answer = client.get(CLAIMS if place % 2 else f"/api/v2{CLAIMS}", params={"text": text})
            statuses.add(answer.status_code)
            assert answer.status_code in (200, 422), raw[:200]
        assert statuses == {200, 422}
