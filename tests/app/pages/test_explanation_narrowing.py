"""What the list of explanations says of filters that decide nothing: undecided, or about another kind."""

import time

import pytest
from fastapi.testclient import TestClient

from analysis.criteria.steps import CriterionStep
from analysis.work import Work
from app.db.engine import Store
from app.db.writes import save_analysis, save_network
from app.jobs import judging
from app.jobs.definitions import arguments_about
from app.main import create_app
from tests.app.pages.conftest import XOR
from tests.factories import on_a_copy, pretrained_xor, real_analysis

HERE = XOR + "/explanations"


def judge_within(store: Store, seconds: float, criterion: str) -> None:
    """Store one criterion's verdicts on the pretrained XOR's interpretations, found within a budget."""
    with store.write() as session:
        save_network(session, pretrained_xor(), slug="xor", origin="bundled", position=0)
        row = save_analysis(session, real_analysis())
        digests = (row.protocol_digest, row.data_digest, row.result_digest)
        arguments = arguments_about(row.network.digest, 0, *digests, criteria=[criterion])
        inputs = judging.load_judging_inputs(session, arguments)
        steps = (("interpretation", CriterionStep.parse(criterion)),)
        outcome = judging.compute_verdicts(
            judging.JudgingInputs(inputs.subject, steps, seconds), Work(clock=time.perf_counter)
        )
        judging.save_judged(session, arguments, outcome)


@pytest.mark.slow
def test_interpretations_that_time_left_undecided_are_counted_and_said_to_be(tmp_path):
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app) as client:
        judge_within(app.state.store, 0, "observed-class")
        asked = HERE + "?kind=interpretation&criteria=observed-class"
        page = client.get("/api/v1" + asked).json()
        text = client.get(asked).text
        others = client.get("/api/v1" + HERE + "?kind=circuit").json()
    assert page["total"] == 0
    (one,) = page["undecided"]
    assert (one["criterion"], one["kind"]) == ("observed-class", "interpretation")
    assert one["n"] == one["of"] == 147_899_020
    assert "budget of 0 seconds" in one["note"]
    assert "could not decide about" in text
    assert "None is known to match" in text, "undecided is not none"
    assert "were looked at" not in text
    assert others["undecided"] == []


def test_what_was_decided_is_not_said_to_be_undecided(get):
    assert get(HERE, criteria="mean-ablation")["undecided"] == []


@pytest.mark.slow
def test_a_filter_about_another_kind_does_not_apply_instead_of_removing_all(get, client):
    removal = get(HERE, kind="circuit", criteria="minimal-alignment")["removed_by"]
    assert (removal["applies"], removal["about"]) == (False, ["alignment"])
    assert get(removal["about_url"].split("?")[0], kind="alignment", criteria="minimal-alignment")["total"]
    assert "kind=alignment" in removal["about_url"]
    text = client.get(HERE + "?kind=circuit&criteria=minimal-alignment").text
    assert "does not apply" in text
    assert "removed the last" not in text
    applied = get(HERE, kind="circuit", edges_max=12, keep="n1.0", fragile="yes")["removed_by"]
    assert (applied["applies"], applied["about"], applied["about_url"]) == (True, [], "")
