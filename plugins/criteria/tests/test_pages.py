"""Pages of what comes from here, and what pages of single explanations say of it."""

from __future__ import annotations

from html import unescape

import pytest

from tests.clients import served
from tests.factories import found_out, stored_analysis

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("criteria")) as client:
        analysis = stored_analysis(client.app.state.store, real=True)
        with client.app.state.store.write() as session:
            for key in ("robust", "manipulability"):
                found_out(session, session.merge(analysis), key)
        yield client


def text(client, path):
    return unescape(client.get(path).raise_for_status().text)


def test_robust_circuits_name_the_points_at_which_others_fail(client):
    page = text(client, "/networks/xor-pretrained/analyses/funnel")
    for words in ("56 are proved right", "0 of them valid by the rules", "that are robust: Quasi-minimal"):
        assert words in page
    circuit = text(client, "/networks/xor-pretrained/explanations/c-081ff?part=story")
    assert "It fails on the box of patched values" in circuit
    assert "n2.1 −0.004446, n2.2 0.7679" in circuit
    verdicts = client.get("/api/v2/networks/xor-pretrained/explanations/c-081ff/criteria").json()
    one = next(one for one in verdicts if one["criterion"] == "patching-box")
    assert one["outcome"] == "failed"
    assert one["witness"]["data"]["carried"]["n2.2"] == pytest.approx(0.76789, abs=1e-4)


def test_edits_and_doses_stand_in_lists_beside_what_is_predicted_right(client):
    page = text(client, "/networks/xor-pretrained/analyses/funnel")
    words = "24 of 7,836 are right on more, the best on 756; of the changes one predicts at most 155."
    assert f"Observed classes of interpretations: {words}" in page
    path = "/networks/xor-pretrained/explanations?view=list"
    assert '184 <span class="muted">of 1,016<' in text(client, f"{path}&kind=alignment")
    assert "of 1,016<" not in text(client, f"{path}&kind=circuit")
