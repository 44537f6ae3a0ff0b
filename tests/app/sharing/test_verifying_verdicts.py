"""Stored verdicts and standings held against the weights; result files held against a network file."""

from __future__ import annotations

import json
import zlib

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analysis.criteria.registry import criteria_for
from analysis.network_files.files import network_file_json
from analysis.protocol import COMPLETE
from analysis.result_file import result_json
from app.db.common_ground_columns import unpacked as unpacked_points
from app.db.tables import CommonGroundBlockRow, VerdictBlockRow, VerdictRow
from app.db.verdict_columns import unpacked
from app.db.writes import save_analysis, save_network
from app.main import create_app
from app.pages.verdicts import on_the_spot
from tests.app.cli.test_analyse import refused, run
from tests.app.jobs.test_judging import work
from tests.app.sharing.conftest import ALGORITHM, ALIGNMENT, CIRCUIT, COMPARISON, INTERPRETATION, XOR, beside
from tests.factories import on_a_copy, pretrained_xor, real_analysis

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The pretrained XOR with the verdicts of every criterion and its common ground, as workers store them."""
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("judged")))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as client:
        with app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            save_analysis(session, real_analysis(COMPLETE))
        wanted = sorted({one.key for kind in ("circuit", "algorithm", "alignment") for one in criteria_for(kind)})
        asked = {"criteria": [*wanted, "output-faithfulness(tolerance=0.2)"]}
        assert client.post(f"/api/v1{XOR}/criteria", json=asked).status_code == 202
        assert client.post(f"/api/v1{XOR}/common-ground", json={}).status_code == 202
        work(app.state.store)
        with pytest.MonkeyPatch.context() as patch:  # a busy machine must not decide what is computed
            patch.setattr(on_the_spot, "SECONDS", 60.0)
            yield app, client


def figures(client, page: str) -> dict[str, dict]:
    told = client.get("/api/v1" + beside(page, "verify")).json()
    return {figure["key"]: figure for item in told["explanations"] for figure in item["figures"]}


def test_every_stored_verdict_is_found_again_or_says_why_not(judged) -> None:
    _, client = judged
    of_circuit = figures(client, CIRCUIT)
    of_others = [(figures(client, ALGORITHM), "algorithm"), (figures(client, ALIGNMENT), "alignment")]
    for found, kind in ((of_circuit, "circuit"), *of_others):
        for criterion in criteria_for(kind):
            one = found[f"criterion {criterion.key}"]
            assert one["status"] == "equal", one
            assert one["stored"] in ("passed", "failed", "undecided", "not applicable")
    assert of_circuit["criterion resample-ablation score"]["recomputed"] == "12/16"
    changed = of_circuit["criterion output-faithfulness(tolerance=0.2)"]
    assert changed["status"] == "not_recomputed"
    assert "settings of its own" in changed["note"]


def test_the_place_on_the_common_ground_is_found_again(judged) -> None:
    _, client = judged
    aligned, read = figures(client, ALIGNMENT), figures(client, INTERPRETATION)
    assert (aligned["coverage"]["stored"], aligned["accuracy"]["recomputed"]) == ("36/756", "36/36")
    assert (read["coverage"]["status"], read["accuracy"]["status"]) == ("equal", "equal")
    other = figures(client, INTERPRETATION.removesuffix("0") + "5")
    assert other["coverage"]["status"] in ("equal", "not_recomputed")
    assert client.get("/api/v1" + beside(COMPARISON, "verify")).json()["verdict"] == "equal"


@pytest.mark.parametrize(
    ("table", "name", "page", "key"),
    [
        (VerdictBlockRow, "outcomes", CIRCUIT, "criterion necessity"),
        (CommonGroundBlockRow, "right", INTERPRETATION, "accuracy"),
    ],
)
def test_what_was_tampered_with_differs(judged, table, name, page, key) -> None:
    app, client = judged
    read = unpacked if table is VerdictBlockRow else unpacked_points
    query = select(table).where(table.name == name, table.block == 0)
    if table is VerdictBlockRow:
        query = query.join(VerdictRow, VerdictRow.id == VerdictBlockRow.verdict_id)
        query = query.where(VerdictRow.criterion == "necessity")
    with app.state.store.write() as session:
        row = session.scalars(query).one()
        before, values = row.data, read(name, row.data)
        row.data = zlib.compress((1 - values).astype(values.dtype).tobytes())
    try:
        assert figures(client, page)[key]["status"] == "differs"
        assert client.get("/api/v1" + beside(page, "verify")).json()["verdict"] == "differs"
    finally:
        with app.state.store.write() as session:
            session.scalars(query).one().data = before


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A network file and its result file, and no store."""
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "none"))
    network, result = tmp_path / "xor.json", tmp_path / "result.json"
    network.write_text(json.dumps(network_file_json(pretrained_xor())))
    result.write_text(json.dumps(result_json([real_analysis(COMPLETE)])))
    return network, result


def test_without_a_store_there_is_plainly_nothing_to_compare_with(files, capsys) -> None:
    network, _ = files
    assert run("verify", "--network", network, "--quiet", CIRCUIT) == 0
    assert "there is nothing to compare with" in capsys.readouterr().out
    assert run("verify", "--network", network, "--json", XOR) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["compared_with"]) == ("not_stored", "nothing")
    assert {one["status"] for one in told["identity"]} == {"not_stored"}


@pytest.mark.parametrize("page", [XOR, CIRCUIT, INTERPRETATION, ALGORITHM, ALIGNMENT, COMPARISON])
def test_a_result_file_is_held_against_a_network_file(files, capsys, page) -> None:
    network, result = files
    assert run("verify", "--network", network, "--result", result, "--json", page) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["compared_with"]) == ("equal", "result file")
    assert [one["status"] for one in told["identity"]] == ["equal"] * 3


def without_the_circuit(document) -> None:
    circuits = document["outputs"][0]["circuits"]
    circuits["valid"] -= 1
    circuits["masks"].remove("081ff")


def alignments_in(document) -> list[dict]:
    return [aligned for one in document["outputs"][0]["algorithms"] for aligned in one["alignments"]]


@pytest.mark.parametrize(
    ("page", "change"),
    [
        (XOR, lambda d: d.update(network="0" * 64)),
        (CIRCUIT, lambda d: d["outputs"][0]["interpretations"]["by_circuit"].update({"081ff": 7})),
        (CIRCUIT, without_the_circuit),
        (ALGORITHM, lambda d: [one.update(formula="A") for one in d["outputs"][0]["algorithms"]]),
        (ALIGNMENT, lambda d: [a["iia"].update(agreed=1) for a in alignments_in(d)]),
    ],
)
def test_a_result_file_that_differs_leaves_with_one(files, capsys, page, change) -> None:
    network, result = files
    document = json.loads(result.read_text())
    change(document)
    result.write_text(json.dumps(document))
    assert run("verify", "--network", network, "--result", result, page) == 1
    assert "≠" in capsys.readouterr().err


def test_what_is_no_result_file_is_refused(files, tmp_path, capsys) -> None:
    network, result = files
    for text in ("{", "[]", '{"format": "pluriscope-network/1"}', '{"format": "pluriscope-result/1", "outputs": []}'):
        result.write_text(text)
        refused(capsys, "verify", "--network", network, "--result", result, CIRCUIT)
    refused(capsys, "verify", "--result", result, CIRCUIT)
    refused(capsys, "verify", "--network", network, "--result", tmp_path / "missing.json", CIRCUIT)
