"""Pages, records and lists of the interpretations of circuits by variables, of networks that have no formulas."""

import re
from html import unescape

import pytest

from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.readings import task_variables
from pluriscope.app.bundled import bundled_models
from tests.clients import served
from tests.factories import found_out, searched

ELMAN, UNASKED = "/networks/parity-3-elman", "/networks/tracr-histogram"
WORDS = {
    "x": "rest2 = (x[0][0] + x[1][0]) % 2; sum2 = x[0][0] + x[1][0]; sum3 = sum2 + x[2][0]",
    "t": "count = 1 + (t[1] == t[4]) + (t[2] == t[4]) + (t[3] == t[4])",
}
VOCABULARY = Vocabulary("own", "Sums and counts", lambda _: True, lambda asked: [Words(WORDS[inputs_of(asked).name])])
MASK, WRONG = "0eda2", "0420d"


def words_of(text):
    return " ".join(unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", text)).split())


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, served(tmp_path_factory.mktemp("readings"), local=True) as client:
        patch.setattr(task_variables, "VOCABULARIES", (VOCABULARY,))
        with client.app.state.store.write() as session:
            asked = searched(session, bundled_models()["parity-3-elman"], slug="parity-3-elman")
            found_out(session, asked, "interpretations")
            searched(session, bundled_models()["tracr-histogram"], slug="tracr-histogram")
        yield client


def got(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.text[-2_000:])
    return answer


def test_the_report_and_the_list_count_the_same(client):
    report = got(client, f"/api/v2{ELMAN}/analyses/interpretations").json()["report"]
    assert len(report["circuits"]) == 64
    pages = (f"/api/v2{ELMAN}/explanations?kind=circuit&limit=200&start={start}" for start in (0, 200))
    circuits = [one for page in pages for one in got(client, page).json()["items"]]
    counted = {one["mask"]: one["interpretations"] for one in circuits if one["interpretations"] is not None}
    assert counted.keys() == {one["mask"] for one in report["circuits"]}
    found = got(client, f"/api/v2{ELMAN}/explanations?kind=interpretation&limit=200").json()
    assert found["total"] == sum(counted.values())
    assert {one["ref"] for one in found["items"]} == {f"i-{mask}.0" for mask, n in counted.items() if n}
    page = words_of(got(client, f"{ELMAN}/analyses/interpretations").text)
    assert "64 smallest circuits of 220" in page
    assert "cannot be asked" in page


def test_a_circuit_has_its_nodes_and_each_interpretation_a_page_and_a_record(client):
    record = got(client, f"/api/v2{ELMAN}/explanations/c-{MASK}").json()
    page = got(client, f"{ELMAN}/explanations/c-{MASK}").text
    assert f"{record['interpretations']} interpretations in {record['observed']} classes" in words_of(page)
    links = {*map(unescape, re.findall(r'href="([^"]*/i-[^"?]*)"', page))}
    assert len(links) == min(12, record["observed"])
    seen = set()
    for index in range(record["interpretations"]):
        one = got(client, f"/api/v2{ELMAN}/explanations/i-{MASK}.{index}").json()
        assert (one["index"], one["of"], one["observed"]) == (index, record["interpretations"], record["observed"])
        seen.add(tuple((node["node"], node["variable"]) for node in one["nodes"]))
    assert len(seen) == record["interpretations"] > 1
    shown = words_of(got(client, f"{ELMAN}/explanations/i-{MASK}.1").text)
    one = got(client, f"/api/v2{ELMAN}/explanations/i-{MASK}.1").json()
    assert "; ".join(f"{node['node']} is {node['variable']}" for node in one["nodes"]) in shown
    assert client.get(f"{ELMAN}/explanations/i-{MASK}.{record['interpretations']}").status_code == 404
    for form, url in one["graphs"].items():
        graph = got(client, url).text
        assert one["nodes"][0]["variable"] in graph, form
    assert got(client, f"{ELMAN}/explanations/i-{MASK}.1/drawing.svg").text.startswith("<svg")


def test_what_nobody_asked_is_computed_where_that_is_quick_and_else_offered(client):
    mask = "9f"
    record = got(client, f"/api/v2{UNASKED}/explanations/c-{mask}").json()
    assert record["observed"] == 1 <= record["interpretations"]
    page = words_of(got(client, f"{UNASKED}/explanations/c-{mask}").text)
    assert "1.0~4 cannot be asked" in page
    one = got(client, f"/api/v2{UNASKED}/explanations/i-{mask}.0").json()
    assert [(node["node"], node["dimensions"]) for node in one["nodes"]] == [("1.0~5", 1), ("1.mlp", 3)]
    assert one["silent"] == [f"1.0~{k}" for k in range(1, 5)]
    found = got(client, f"/api/v2{UNASKED}/explanations?kind=interpretation").json()
    assert (found["pending"], found["items"]) == (["interpretations"], [])
    assert "Interpretations of circuits by variables" in got(client, f"{UNASKED}/explanations?kind=interpretation").text
    assert not got(client, f"/api/v2{UNASKED}/explanations").json()["pending"]


def test_a_circuit_that_is_not_valid_has_none(client):
    record = got(client, f"/api/v2{ELMAN}/explanations/c-{WRONG}").json()
    assert (record["valid"], record["interpretations"]) == (False, None)
    assert "only valid circuits" in record["uncounted"]
    assert client.get(f"{ELMAN}/explanations/i-{WRONG}.0").status_code == 404


def test_interpretations_are_compared_node_by_node(client):
    found = got(client, f"/api/v2{ELMAN}/compare?e=i-{MASK}.0&e=i-{MASK}.1&e=c-{MASK}").json()
    assert [one["right"] for one in found["explanations"]] == [8, 8, 8]
    (differ,) = (one for one in found["differences"] if one["site"] == "h2.1")
    assert differ["says"]["P"] != differ["says"]["Q"]


def test_stored_figures_are_found_again(client):
    for ref, held in ((f"i-{MASK}.1", {"of", "observed", "read"}), (f"c-{MASK}", {"n_edges", "margin"})):
        found = got(client, f"/api/v2/verified?url={ELMAN}/explanations/{ref}").json()
        assert found["verdict"] == "equal"
        assert held <= {one["key"] for one in found["figures"] if one["status"] == "equal"}, ref
    unasked = got(client, f"/api/v2/verified?url={UNASKED}/explanations/i-9f.0").json()
    assert unasked["verdict"] == "not_stored"
