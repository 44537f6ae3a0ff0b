"""Links that check themselves: equal to the store, unequal to one that was tampered with, and the same as a command."""

from __future__ import annotations

import json
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.app.db.tables import AlignmentRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from tests.app.cli.test_analyse import refused, run
from tests.app.sharing.conftest import ALIGNMENT, CIRCUIT, COMPARISON, DIRECTION, INTERPRETATION, SHARED, XOR, verified
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis

pytestmark = pytest.mark.slow


EXPLANATIONS = [page for page in SHARED if "/explanations/" in page]


@pytest.mark.parametrize("page", EXPLANATIONS)
def test_everything_stored_is_found_again(client, page) -> None:
    reply = client.get("/api/v2" + verified(page)).json()
    assert reply["verdict"] == "equal"
    assert [figure["status"] for figure in reply["figures"][:3]] == ["equal"] * 3
    assert reply["engine_version"]
    answer = client.get(verified(page), follow_redirects=True)
    assert reply["found"] in unescape(answer.text)
    assert str(answer.url).endswith("part=verify#verify")


def test_every_listed_circuit_is_found_again_and_one_that_a_whole_list_lacks_is_not_valid(client) -> None:
    listed = client.get(f"/api/v2{XOR}/explanations?kind=circuit&limit=200").json()["items"]
    for row in listed[::23]:
        reply = client.get("/api/v2" + verified(row["url"])).json()
        assert {figure["status"] for figure in reply["figures"]} == {"equal"}, row["ref"]
    missing = next(mask for mask in ("3fffe", "3fffd", "00000") if mask not in {row["mask"] for row in listed})
    reply = client.get("/api/v2" + verified(f"{XOR}/explanations/c-{missing}")).json()
    valid = next(figure for figure in reply["figures"] if figure["key"] == "valid")
    assert (valid["stored"], valid["recomputed"], valid["status"]) == (False, False, "equal")


def test_an_alignment_on_directions_that_is_not_kept_is_held_by_its_algorithm(client) -> None:
    reply = client.get("/api/v2" + verified(DIRECTION)).json()
    status = {figure["key"]: figure["status"] for figure in reply["figures"]}
    assert {status[key] for key in ("algorithm", "formula")} == {"equal"}
    assert {status[key] for key in ("alignment", "agreed", "valid")} == {"not_stored"}


def test_a_tampered_store_is_noticed(tmp_path) -> None:
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        with app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            save_analysis(session, real_analysis(COMPLETE))
            session.execute(
                update(AlignmentRow).where(AlignmentRow.alignment_id == ALIGNMENT.rsplit(".", 1)[1]).values(agreed=23)
            )
        reply = client.get("/api/v2" + verified(ALIGNMENT)).json()
        assert reply["verdict"] == "differs"
        wrong = [figure for figure in reply["figures"] if figure["status"] == "differs"]
        assert [(figure["key"], figure["stored"], figure["recomputed"]) for figure in wrong] == [("agreed", 23, 24)]
        assert "1 figure differs" in client.get(verified(ALIGNMENT)).text


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (f"{XOR}/explanations/c-zzz", 404),
        (f"{INTERPRETATION[:-1]}99999999999", 404),
        (f"{CIRCUIT}?unknown=1", 400),
        (f"{CIRCUIT}?output=7", 404),
        (XOR, 404),
        (COMPARISON, 404),
    ],
)
def test_what_cannot_be_verified_says_why(client, page, status) -> None:
    answer = client.get("/api/v2" + verified(page))
    assert answer.status_code == status
    assert answer.json()["ok"] is False


@pytest.fixture
def stored(app, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_DATA", str(app.state.settings.data))
    monkeypatch.setenv("PLURISCOPE_DATABASE_URL", app.state.settings.database_url)


def test_the_command_says_the_same(stored, capsys) -> None:
    assert run("verify", f"https://elsewhere.example/some/prefix{CIRCUIT}?theme=dark") == 0
    out = capsys.readouterr()
    assert out.out.startswith("equal: ")
    assert "= Margin" in out.err
    assert run("verify", "--json", "--quiet", ALIGNMENT) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "equal"


@pytest.mark.parametrize("address", ["/nowhere", "/networks/nowhere", f"{XOR}/circuits/zzz", "http://["])
def test_the_command_refuses_bad_addresses_with_two(stored, capsys, address) -> None:
    assert refused(capsys, "verify", address)


def test_the_command_leaves_with_one_where_something_differs(tmp_path, monkeypatch, capsys) -> None:
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app), app.state.store.write() as session:
        save_network(session, pretrained_xor(), slug="xor")
        save_analysis(session, real_analysis(COMPLETE))
        session.execute(update(AlignmentRow).values(margin=0.25))
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    assert run("verify", ALIGNMENT) == 1
    assert "≠ Margin" in capsys.readouterr().err
