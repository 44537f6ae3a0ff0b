"""Explanations at several grains: on the page of stories, and on pages of shared gates."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from analysis.network_files.files import NetworkFile
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE, Protocol
from analysis.question import ask
from analysis.tasks import named_task
from app.db.writes import save_analysis, save_network
from app.jobs import stories
from app.jobs.definitions import arguments_about
from app.main import create_app
from tests.factories import on_a_copy
from tests.trained_networks import trained_xor

XOR = named_task("XOR", 2)
SHARED = COMPLETE.model_copy(update={"name": "shared gates", "algorithm_form": "shared_gates"})
APART, FINER, ALICE = trained_xor(3, 3)  # seeds 0, 1 and 2
FOUR_NANDS = "(¬g ∧ A) ∨ (¬g ∧ B) with g = A ∧ B"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("grain")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        asked: tuple[tuple[str, object, Protocol], ...] = (
            ("finer", FINER, COMPLETE),
            ("finer", FINER, SHARED),
            ("apart", APART, COMPLETE),
            ("alice", ALICE, COMPLETE),
        )
        for slug, network, protocol in asked:
            with app.state.store.write() as session:
                save_network(session, NetworkFile(slug, network, (XOR,)), slug=slug)
                row = save_analysis(session, analyse_output(ask(network, task=XOR, protocol=protocol)))
                key = row.protocol_digest, row.data_digest, row.result_digest
            arguments = arguments_about(network.digest, 0, *key)
            with app.state.store.write() as session:
                stories.STORIES.save(
                    session, arguments, stories.STORIES.compute(stories.STORIES.load(session, arguments))
                )
        yield client


@pytest.mark.slow
def test_a_network_with_both_may_carry_one_that_is_finer(get, client) -> None:
    grain = get("/networks/finer/stories")["grain"]
    assert grain["considered"] == 6
    carried = {one["algorithm"]["formula"]: one for one in grain["carried"]}
    assert len(carried) == 6
    assert [bool(one["url"]) for one in carried.values()] == [not one["refines"] for one in carried.values()]
    assert carried[FOUR_NANDS]["refines"]
    assert "each of the 4 finer algorithms" in grain["words"]
    page = client.get("/networks/finer/stories").text
    assert page.count("(¬g ∧ A) ∨ (¬g ∧ B) with g = A ∧ B") == 1
    for one in carried.values():
        if one["url"]:
            assert client.get(one["url"]).status_code == 200


@pytest.mark.slow
def test_a_network_with_both_need_not_carry_a_finer_one(get) -> None:
    apart = get("/networks/apart/stories")["grain"]
    assert [one["refines"] for one in apart["carried"]] == [False, False]
    assert "no algorithm with a shared gate" in apart["words"]
    assert "not one explanation at two grains" in apart["words"]
    alone = get("/networks/alice/stories")["grain"]
    assert len(alone["carried"]) == 1
    assert alone["words"] == "It carries no algorithm with a shared gate."


@pytest.mark.slow
def test_an_algorithm_with_a_shared_gate_has_pages_under_its_rules(get, client) -> None:
    protocol = SHARED.digest[:12]
    listed = get(
        "/networks/finer/explanations", kind="algorithm", protocol=protocol, irredundant="irredundant-literals"
    )["items"]
    shared = [one for one in listed if " with g = " in one["formula"]]
    assert len(shared) >= 4
    for one in shared[:4]:
        page = get(one["url"])
        assert page["algorithm"]["form"] == "shared_gates"
        html = client.get(one["url"]).text
        assert "equal ones are one gate" in html
        assert client.get(page["items"][0]["url"]).status_code == 200
