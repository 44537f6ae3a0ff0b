"""What lenses say, as pages, twins and tables: answers as stored, each lens under settings, functions on layers."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from analysis.lenses.registry import LENSES
from analysis.pipeline import analyse_output
from analysis.question import ask
from app.bundled import bundled_networks
from app.db.writes import save_analysis, save_network
from app.jobs import lenses
from app.jobs.definitions import arguments_about
from app.main import create_app
from benchmarks.parity import reference
from tests.app.explanations.conftest import three_inputs
from tests.factories import on_a_copy, pretrained_xor, small_network

pytestmark = pytest.mark.slow
SLUG = "xor-pretrained"
PAGE = f"/networks/{SLUG}/lenses"
WIDE = "/networks/wide/lenses"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("lenses")))
    wide = next(one for one in bundled_networks() if one.slug == "majority-3-3")
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        store = app.state.store
        for file, slug in ((pretrained_xor(), SLUG), (wide, "wide"), (small_network(3), "other")):
            with store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                key = row.protocol_digest, row.data_digest, row.result_digest
            if slug != "other":
                arguments = arguments_about(file.network.digest, 0, *key, thorough=False)
                with store.write() as session:
                    inputs = lenses.LENSES.load(session, arguments)
                    lenses.LENSES.save(session, arguments, lenses.LENSES.compute(inputs))
        with store.write() as session:
            save_network(session, small_network(4), slug="untouched")
        yield client


def rows_of(text: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = lines[0].split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines[1:]]


def test_every_lens_has_its_picture_and_three_lines_with_the_reference_numbers(get, client) -> None:
    page = get(PAGE)
    assert page["state"] == "done"
    asked = [lens.key for lens in LENSES if lens.key != "das"]
    assert [one["key"] for one in page["lenses"]] == asked
    assert page["not_asked"] == ["Sparse autoencoder", "Distributed alignment search"]
    told = {a["method"]: a for a in reversed(reference("xor_pretrained")["attributions"])}
    for one in page["lenses"]:
        if one["scores"]:
            assert one["scores"][1] == pytest.approx(told[one["key"]]["scores"][1], abs=1e-8)
        assert one["can_know"]
        assert bool(one["says"]) == (one["outcome"] == "found")
    text = client.get(PAGE).text
    assert (
        text.count("<dt>It says</dt>")
        == text.count("<dt>Known</dt>")
        == text.count("<dt>It can know</dt>")
        == len(asked)
    )
    assert text.count('class="scores"') == 5
    assert text.count('class="shares"') == 4
    assert text.count('class="fields"') == 1
    assert text.index("4 distinct rows are fewer than 8") < text.index("Nothing: its answer would say nothing.")


def test_what_is_known_is_what_stored_alignments_carry(get) -> None:
    """The pretrained network carries one of the two irredundant algorithms, with both variables on layer 1."""
    page = get(PAGE)
    carried = page["carried"]
    assert (carried["known"], carried["of"], carried["n_carried"]) == (True, 2, 1)
    assert carried["words"] == "1 of 2 irredundant algorithms has a valid alignment:"
    (one,) = carried["carried"]
    algorithm = get(one["url"].split("?")[0])
    assert algorithm["counts"]["alignments_valid"] if "counts" in algorithm else algorithm["n_valid"]
    functions = {one["label"]: one for one in page["functions"]}
    assert len(functions) == 7
    held = {(label, at["layer"]) for label, one in functions.items() for at in one["layers"] if at["carried"]}
    assert held == {("A ∧ B", 1), ("A ∨ B", 1)}
    assert all(at["decodable"] for one in functions.values() for at in one["layers"])
    assert functions["A ⊕ B"]["is_task"]
    assert [at["changed"] for at in functions["A ⊕ B"]["layers"]] == [8, 8]
    assert "14 are decodable" in page["findings"][0]
    assert "and 2 are carried" in page["findings"][0]


def test_neurons_are_given_the_functions_that_some_interpretation_gives_them(get, client) -> None:
    neurons = get(PAGE)["neurons"]
    assert (neurons["of"], neurons["exact"]) == (197, True)
    assert [one["n"] for one in neurons["neurons"]] == [3, 3, 4, 7, 10, 10]
    first = neurons["neurons"][0]
    assert [(one["label"], one["circuits"]) for one in first["functions"]] == [
        ("A ∧ B", 197),
        ("A ∨ B", 195),
        ("B", 135),
    ]
    assert neurons["words"].startswith("Valid interpretations give neuron n2.1 10 different functions")
    assert neurons["words"] in client.get(f"/networks/{SLUG}").text
    assert neurons["words"] in client.get(PAGE).text


def test_three_inputs_ask_for_the_task_the_inputs_and_the_variables_and_leave_what_learns(get) -> None:
    page = get(WIDE)
    assert page["not_asked"] == ["Sparse autoencoder", "Distributed alignment search"]
    assert len(page["row_names"]) == 8
    assert page["functions"][0]["is_task"]
    assert {"A", "B", "C"} <= {one["label"] for one in page["functions"]}
    assert page["carried"]["of"] == 12


def test_a_lens_answers_under_the_settings_of_its_address_and_leaves_defaults_out_of_it(get, client) -> None:
    usual = get(f"{PAGE}/integrated-gradients")
    assert usual["url"].endswith("/lenses/integrated-gradients")
    again = get(f"{PAGE}/integrated-gradients?path=mid&steps=128")
    assert again["url"] == usual["url"]
    other = get(f"{PAGE}/integrated-gradients?path=gauss&steps=50")
    assert other["lens"]["text"] == "integrated-gradients(steps=50,path=gauss)"
    assert "path=gauss" in other["url"]
    assert "steps=50" in other["url"]
    assert other["lens"]["scores"] != usual["lens"]["scores"]
    told = next(a for a in reference("xor_pretrained")["attributions"] if a["settings"].get("path") == "gauss")
    assert other["lens"]["scores"][3] == pytest.approx(told["scores"][3], abs=1e-8)
    assert [one["name"] for one in get(f"{PAGE}/lime")["settings"] if one["value"]] == [
        "draws",
        "copies",
        "ridge",
        "width",
    ]


@pytest.mark.parametrize(
    ("lens", "query", "status", "words"),
    [
        ("shaply", {}, 404, "use one of shapley"),
        ("shapley", {"background": "unifrom"}, 400, "did you mean uniform"),
        ("shapley", {"seed": "3"}, 400, "unknown"),
        ("lime", {"seed": "3"}, 400, "draws=gaussian alone"),
        ("lime", {"width": "-1"}, 400, "a number above 0"),
        ("lime", {"wdith": "1"}, 400, "wdith"),
        ("integrated-gradients", {"steps": "1e400"}, 400, "a whole number"),
        ("sae", {"lambda": "nan"}, 400, "a number"),
        ("sae", {"sparsity": "top-k", "lambda": "1"}, 400, "sparsity=l1 alone"),
        ("labels", {"labels": "1.0: A and"}, 400, "lacks an operand"),
        ("labels", {"labels": "A"}, 400, "names no neuron"),
    ],
)
def test_wrong_lenses_and_settings_are_refused_in_both_forms(client, lens, query, status, words) -> None:
    twin = client.get(f"/api/v1{PAGE}/{lens}", params=query)
    page = client.get(f"{PAGE}/{lens}", params=query)
    assert (twin.status_code, page.status_code) == (status, status)
    assert words.lower() in json.dumps(twin.json(), ensure_ascii=False).lower()
    assert words.lower() in page.text.lower()


def test_tables_hold_every_number(client, get) -> None:
    matrix = rows_of(client.get(f"{PAGE}.csv").text)
    assert len(matrix) == 14
    assert [row["layer"] for row in matrix if row["carried"] == "true"] == ["1", "1"]
    lime = rows_of(client.get(f"{PAGE}/lime/numbers.csv?ridge=2").text)
    assert list(lime[0]) == ["row", "A", "B", "intercepts", "r2"]
    assert float(lime[2]["A"]) == pytest.approx(get(f"{PAGE}/lime", ridge="2")["lens"]["scores"][2][0])
    patches = rows_of(client.get(f"{WIDE}/patching-table/numbers.csv").text)
    assert len(patches) == get(f"{WIDE}/patching-table")["n_rows"] == 6 * 8 * 7
    assert "The first 400 of 508 rows" in client.get(f"{WIDE}/probes").text
    probes = rows_of(client.get(f"{PAGE}/probes/numbers.csv").text)
    assert (len(probes), probes[0]["truth_table"]) == (28, "1000")


def test_what_is_not_asked_says_so_and_asking_queues_one_job_for_each_depth(get, client) -> None:
    assert get("/networks/other/lenses")["state"] == "not_asked"
    assert get("/networks/untouched/lenses")["state"] == "not_analysed"
    assert get("/networks/untouched/lenses/shapley")["state"] == "answered"
    first, again = (client.post("/api/v1/networks/other/lenses", json={}) for _ in range(2))
    thorough = client.post("/api/v1/networks/other/lenses", json={"thorough": True})
    assert first.status_code == 202
    assert first.headers["Location"] == again.headers["Location"] != thorough.headers["Location"]
    assert client.post("/api/v1/networks/untouched/lenses", json={}).status_code == 409


def test_a_thorough_job_stores_what_learns_and_the_lens_s_own_page_shows_it(client, get) -> None:
    """Of a small network: what learns takes six times as long on the one that the other tests have."""
    store, file = client.app.state.store, three_inputs()
    with store.write() as session:
        save_network(session, file, slug="three")
        row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
        key = row.protocol_digest, row.data_digest, row.result_digest
        arguments = arguments_about(file.network.digest, 0, *key, thorough=True)
        lenses.LENSES.save(session, arguments, lenses.LENSES.compute(lenses.LENSES.load(session, arguments)))
    assert get("/networks/three/lenses")["not_asked"] == []
    page = get("/networks/three/lenses/sae")
    assert (page["state"], page["lens"]["outcome"]) == ("answered", "found")
    assert page["n_rows"] == 6
    assert page["lens"]["latents"]
