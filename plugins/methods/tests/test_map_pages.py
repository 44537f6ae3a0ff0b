"""The map as pages show it: each explanation with those nearest to it, filters, and the view of a list."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
from fastapi.testclient import TestClient

from plugins.methods.tests.test_explanation_map import of_pretrained
from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.shown import AnalysisContext
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope.app.main import create_app
from pluriscope_methods.analyses import MAP
from pluriscope_methods.pages.explanation_map import map_blocks
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis, small_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("map")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        with app.state.store.write() as session:
            other = small_network(5)
            save_network(session, other, slug="third")
            save_analysis(session, analyse_output(ask(other.network, task=other.tasks[0])))
            save_network(session, pretrained_xor(), slug="xor")
            row = save_analysis(session, real_analysis())
            key = row.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest
        arguments, work = arguments_about(*key), handler_of(MAP)
        with app.state.store.write() as session:
            work.save(session, arguments, (of_pretrained(), 1.0))
        yield client


def test_each_explanation_of_the_map_has_a_page_with_those_nearest_to_it(client) -> None:
    report = client.get("/api/v2/networks/xor/analyses/map").json()["report"]
    page = client.get("/networks/xor/analyses/map").text
    assert page.count("<circle class=") >= len(report["x"]) == 2_885
    number = 4_000
    mask, dot = report["masks"][report["circuit"][number]], report["dot"][number]
    ref = f"i-{mask}.{report['index'][number]}"
    reply = client.get(f"/api/v2/networks/xor/analyses/map/{ref}").json()
    assert (reply["ref"], reply["with_network"], reply["of"]) == (ref, report["with_network"][dot], 756)
    assert [one["alike"] for one in reply["nearest"]] == report["alike"][dot]
    page = client.get(f"/networks/xor/analyses/map/{ref}").text
    alone = client.get(f"/networks/xor/analyses/map/{ref}?part=dot", headers={"HX-Request": "true"}).text
    for text in (page, alone):
        assert re.findall('data-compare="([^"]+)"', text) == [ref, *(one["ref"] for one in reply["nearest"])]
        assert f"<dd>{reply['nearest'][0]['alike']} of 756</dd>" in text
    rows = [line for line in client.get("/networks/xor/analyses/map.csv").text.splitlines() if line[0] != "#"]
    listed = {row["dot"]: row for row in csv.DictReader(rows)}
    assert len(listed) == 2_885
    first = listed[reply["nearest"][0]["ref"]]
    assert int(first["x"]) in report["x"]
    for wrong, words in ((f"{ref}9", "stands for no class on the map"), (f"{ref}?size=3", "size")):
        answer = client.get(f"/networks/xor/analyses/map/{wrong}")
        assert (answer.status_code, words in answer.text) == (400, True)
    assert "not drawn yet" in client.get("/networks/third/analyses/map/c-fff").text


def test_the_page_lists_what_each_neuron_stands_for_in_all_explanations(client) -> None:
    report = client.get("/api/v2/networks/xor/analyses/map").json()["report"]
    page = client.get("/networks/xor/analyses/map").text
    assert "more than one function for 6 of 6 neurons" in page
    opened = client.get("/networks/xor/analyses/map?part=what-each-neuron-stands-for").text
    table = opened.split("What each neuron stands for")[1].split("</table>")[0].split("<tr")[2:]
    shown = [int(re.sub("<[^>]+>", " ", line).replace(",", "").split()[-2]) for line in table]
    most = [sorted(Counter(column).values(), reverse=True)[:12] for column in report["reads"]]
    assert shown == [n for counts in most for n in counts]


def test_what_the_filters_of_a_page_leave_out_stays_as_a_point(client) -> None:
    report = MAP.report.model_validate(client.get("/api/v2/networks/xor/analyses/map").json()["report"])
    question = ask(pretrained_xor().network, task=named_task("XOR", 2))
    of = AnalysisContext(question, "XOR", "xor", Scope(), Addresses(), lambda: None)
    mask = report.masks[0]
    html = "".join(block.html() for block in map_blocks(report, of, {mask}))
    dots = {dot for dot, circuit in zip(report.dot, report.circuit, strict=True) if circuit == 0}
    assert html.count('<circle class="off"') == report.n_dots - len(dots)
    assert f'data-circuits="1{"0" * (len(report.masks) - 1)}"' in html
    assert f'data-compare="i-{mask}.' in html


@pytest.mark.parametrize(
    ("query", "shown", "n"),
    [
        ("", "map", "2,885 dots"),
        ("?kind=interpretation", "map", "2,885 dots"),
        ("?view=sheet", "sheet", "300 pictures of"),
        ("?by=predictions", "sheet", "300 pictures of"),
        ("?kind=circuit", "sheet", "197 pictures"),
        ("?edges_max=10", "sheet", "30 pictures, for"),
    ],
)
def test_more_than_a_sheet_holds_are_on_the_map(client, query, shown, n):
    text = client.get(f"/networks/xor/explanations{query}").text
    assert re.search(rf'aria-current="true">{shown}<', text)
    assert n in text
    assert "The map is not computed yet" not in text
