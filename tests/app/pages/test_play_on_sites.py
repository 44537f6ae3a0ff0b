"""Play on networks with sites: what is run is the run of the engine, and what algorithms say is interchange."""

from __future__ import annotations

import json
import re
from html import unescape
from types import SimpleNamespace
from urllib.parse import unquote

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.explaining import placing as analysis_of_placements
from pluriscope.analysis.placements.interchange import AskedModel, Interchange
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, put, run, together
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.writes import save_network
from tests.app.pages.test_site_algorithms import GOLDEN, LAST, PARITY, classifier
from tests.clients import served
from tests.factories import found_out, searched

ELMAN = "/networks/parity-3-elman"
ONE = f"{ELMAN}/play"
QUESTION = question_in(bundled_models()["parity-3-elman"])
ALL = GOLDEN["parity-3-elman"]["algorithms"]["last bit"]
"""The last bit after each step, which has no place after the last."""
SITES = {"parity-3-elman": "h1", "bars-4x4-conv": "c1", "tracr-histogram": "x1.mid", "classifier": "h1"}


def raw(slug: str) -> bytes:
    return json.dumps(classifier()[0]).encode() if slug == "classifier" else bundled_models()[slug]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, served(tmp_path_factory.mktemp("play")) as client:
        patch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=[]))
        with client.app.state.store.write() as session:
            for slug in SITES:
                if slug != "parity-3-elman":
                    save_network(session, raw(slug), slug=slug)
            analysis = searched(session, raw("parity-3-elman"), slug="parity-3-elman")
            found_out(session, analysis, "algorithms", algorithms=[PARITY, LAST])
        yield client


def record(client, address: str):
    return client.get(f"/api/v2{address}").raise_for_status().json()


def outputs(found, subject) -> list[float]:
    """Of a run as a record has it."""
    return [found["values"][name] for name in subject.outputs]


@pytest.mark.parametrize("slug", SITES)
def test_each_way_to_write_does_what_the_run_with_sites_does(client, slug):
    subject, name = question_in(raw(slug)).subject, SITES[slug]
    data, whole, part = subject.inputs[[3]], Site(name), Site(name, None, (0,))
    every, source = (run(subject, rows).values[name] for rows in (subject.inputs, subject.inputs[[1]]))
    written = [(whole, source), (part, 0 * source), (part, every.mean(axis=0, keepdims=True)), (part, 0 * source - 0.5)]
    texts = [name, f"{name}[0]_zero", f"{name}[0]_mean", f"{name}[0]_v-0.5"]
    for text, change in zip(texts, written, strict=True):
        address = f"/networks/{slug}/play?row=3&source=1&change={text}"
        found = record(client, address)
        assert (unquote(found["url"]), found["changes"][0]["site"]) == (address, text.partition("_")[0])
        assert outputs(found["before"], subject) == subject.run_sites(data, together([]))[0].tolist()
        assert outputs(found["after"], subject) == pytest.approx(subject.run_sites(data, put(*change))[0].tolist())
    both = [put(Site(name, None, (k,)), source) for k in (0, 1)]
    address = f"/networks/{slug}/play?row=3&source=1&change={name}[0]&change={name}[1]"
    assert outputs(record(client, address)["after"], subject) == subject.run_sites(data, together(both))[0].tolist()


@pytest.mark.parametrize("slug", SITES)
def test_everything_in_the_drawing_is_a_step_that_the_same_step_undoes(client, slug):
    def drawn(address):
        return {
            one[0]: unescape(one[1])
            for one in re.findall(r'<a id="(at-[^"]+)" href="([^"]+)"', client.get(address).text)
        }

    steps = drawn(start := f"/networks/{slug}/play?row=3&source=1&tool=-0.5")
    assert len(steps) > 3
    for name, there in [*steps.items()][::3]:
        assert "_v-0.5" in unescape(there)
        assert client.get(there).text.count('class="vs-ring"') + ("vs-hit" in name) <= 1
        assert drawn(there)[name] == start


def said(client, text: str, variable: str, site: str) -> list[bool]:
    """Whether an algorithm is right about each exchange of a site, which the engine's interchanges say as well."""
    there, model = Interchange(QUESTION.subject, inputs_of(QUESTION)), read_causal_model(text)
    expected, happens = AskedModel(model, there.inputs).expected(variable)[0], there.table((there.read(site),)).pairs
    found = []
    for row, source in np.argwhere(~np.eye(8, dtype=bool)).tolist():
        asked = record(client, f"{ONE}?row={row}&source={source}&change={site}")["explanations"]
        [one] = [one for one in asked if model.id in one["ref"]]
        assert one["says"] == expected[row, source]
        assert one["right"] == (expected[row, source] == happens[row, source])
        found.append(one["right"])
    return found


@pytest.mark.parametrize(("variable", "site"), [("p1", "h1[1]"), ("p2", "h2[1]"), ("p1", "h1"), ("p1", "h1[0,1]")])
def test_an_algorithm_says_what_its_interchange_gives_on_every_pair_of_rows(client, variable, site):
    assert said(client, PARITY, variable, site) == [True] * 56


def test_one_that_is_not_placed_is_heard_where_no_other_is_and_is_wrong_as_often_as_it_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=[]))
    with served(tmp_path) as client:
        with client.app.state.store.write() as session:
            analysis = searched(session, raw("parity-3-elman"), slug="parity-3-elman")
            [model] = found_out(session, analysis, "algorithms", algorithms=[ALL]).found["algorithms"]
        nearest = model["placements"][0]
        place = min(nearest["places"], key=lambda one: one["score"]["agreed"])
        assert not nearest["placed"]
        assert sum(said(client, ALL, place["variable"], place["sites"])) == place["score"]["agreed"] < 56
        assert "not placed" in client.get(f"{ONE}?row=0&source=4&change={place['sites']}").text


@pytest.mark.parametrize(
    "changes",
    [
        ["h1[0]"],  # on no place
        ["h1[1]", "h3[0]"],  # one of them is
        ["h1[1]_zero"],
        ["h1[1]", "x3_mean"],
        [],
    ],
)
def test_of_what_is_not_just_its_sites_exchanged_an_algorithm_predicts_nothing(client, changes):
    address = ONE + "?row=0&source=4" + "".join(f"&change={one}" for one in changes)
    assert not [one for one in record(client, address)["explanations"] if read_causal_model(PARITY).id in one["ref"]]
    page = client.get(address).text
    assert 'id="asked"' not in page
    assert ("so none predicts it" in page) == bool(changes)


def test_two_variables_are_exchanged_at_once_from_one_row(client):
    found = record(client, f"{ONE}?row=0&source=4&change=h1[1]&change=h2[1]")
    assert [(one["says"], one["right"]) for one in found["explanations"]] == [(1, True)]
    assert "its p1, p2" in client.get(found["url"]).text


def test_sites_that_carry_a_variable_are_offered_and_what_is_said_stands_on_the_page(client):
    page = client.get(f"{ONE}?row=0&source=4").text
    step = unescape(re.search(r'href="([^"]+)" id="exchange-0"', page)[1])
    there = client.get(step).text
    assert "its p1" in there
    assert "right" in re.search(r'(?s)id="asked".*?</table>', there)[0]
    algorithm = record(client, step)["explanations"][0]["url"]
    assert client.get(algorithm).status_code == 200
    leads = re.search(rf'href="({ONE}[^"]*change=[^"]*)"', client.get(algorithm).text)
    assert record(client, unescape(leads[1]))["explanations"]


@pytest.mark.parametrize(("changes", "says"), [("&change=h1[1]", 1), ("", 0), ("&change=h1[1]_zero", -1)])
def test_a_placement_that_is_asked_says_what_its_interchange_gives_or_why_it_does_not(client, changes, says):
    listed = record(client, f"{ELMAN}/explanations?kind=alignment&valid=yes")["items"]
    ref = next(one["ref"] for one in listed if read_causal_model(PARITY).id in one["ref"])
    one, *others = record(client, f"{ONE}?e={ref}&row=0&source=4{changes}")["explanations"]
    assert ref not in [other["ref"] for other in others]
    assert (one["ref"], one["letter"], one["says"], bool(one["reason"])) == (ref, "P", says, says < 0)
    whole = QUESTION.graph.to_hex((1 << QUESTION.graph.n_bits) - 1)
    circuit = record(client, f"{ONE}?e=c-{whole}&row=0&source=4{changes}")["explanations"][0]
    assert (circuit["letter"], circuit["says"]) == ("P", -1)


def test_where_nobody_asked_for_algorithms_the_page_says_so(client):
    assert "Nobody has asked" in client.get("/networks/bars-4x4-conv/play").text


def test_a_number_is_written_where_something_is_chosen(client):
    step = client.get(f"{ONE}?row=1&source=4&tool=−0,5&site=h2[0]")
    assert (step.status_code, unquote(step.headers["location"])) == (
        303,
        f"{ONE}?row=1&source=4&change=h2[0]_v-0.5&tool=-0.5",
    )
    wrong = client.get(f"{ONE}?row=1&source=4&tool=abc")
    assert (wrong.status_code, "is no number" in wrong.text) == (400, True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("change=x1.mid", "is no site of this network"),
        ("change=h1[2]", "is beyond its 1 positions of 2 coordinates"),
        ("change=h1=1", "1 numbers for 2 neurons"),
        ("change=h1_v", "cannot be read"),
        ("row=8", "is not one of the 8 rows"),
        ("now=01", "is unknown here"),
    ],
)
def test_what_the_network_has_not_is_refused(client, query, words):
    for address in (f"/api/v2{ONE}?{query}", f"{ONE}?{query}"):
        answer = client.get(address)
        assert (answer.status_code, words in unescape(answer.text)) == (400, True), unescape(answer.text)[-3000:]


@pytest.mark.parametrize("slug", SITES)
def test_what_is_played_is_passed_on_as_a_drawing_and_a_card(client, slug):
    for made in ("drawing.svg", "card.svg"):
        answer = client.get(f"/networks/{slug}/play/{made}?row=3&change={SITES[slug]}")
        assert (answer.status_code, "<svg" in answer.text) == (200, True)
    assert client.get(f"/embed/networks/{slug}/play?change={SITES[slug]}").status_code == 200
