"""Play on perceptrons: every state in its address, what everyone said, refusals with a way on."""

from __future__ import annotations

import re
from html import unescape
from itertools import combinations
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.reads.algorithms import placements_on
from pluriscope.app.db.tables import AlignmentRow, AnalysisRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.pages.play import trial
from pluriscope.app.pages.play.changes import read_number, write_number
from pluriscope.kinds.found import Prominent
from tests.app.pages.conftest import XOR
from tests.clients import served
from tests.factories import pretrained_xor, save_analysis

PLAY = XOR + "/play"
P, Q = "i-081ff.0", "i-081ff.300"
BEST, OTHER = "i-081ff.5", "i-081ff.7"
ASKED = f"{PLAY}?e={P}&e={Q}"
FIRST, STATE = f"{ASKED}&row=0&source=1", f"{ASKED}&row=1&source=2"
ALIGNMENT = "a-a2e8546f11f80df4.e3bd9b5eae0c1489"


@pytest.fixture(scope="module")
def record(client):
    def fetch(address: str):
        return client.get("/api/v2" + address).raise_for_status().json()

    return fetch


@pytest.fixture(scope="module")
def steps(client):
    """The steps of a page: id of the link → address."""

    def fetch(address: str) -> dict[str, str]:
        tags = re.findall(r"<a [^>]*>", client.get(address).text)
        pairs = [(re.search(r' id="([^"]+)"', tag), re.search(r'href="([^"]+)"', tag)) for tag in tags]
        return {name[1]: unescape(url[1]) for name, url in pairs if name and url}

    return fetch


def query(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


@pytest.mark.parametrize(
    ("now", "row", "source", "changes"),
    [
        ("00", 0, None, []),
        ("01_1.0z_1.2m_2.1v-0.5", 1, None, ["h1[0]_zero", "h1[2]_mean", "h2[1]_v-0.5"]),
        ("10_1.0.1s00_2.2.0v1e-07_3.0.2z", 2, 0, ["x1-1.0", "1.0-2.2_v1e-07", "2.2-y0_zero"]),
        ("01_2.0s11_1.2s00", 1, 3, ["h2[0]", "h1[2]_s0"]),
        ("01_1.0z&tool=s10", 1, 2, ["h1[0]_zero"]),
        ("01_1.0s11&tool=s10", 1, 2, ["h1[0]_s3"]),
    ],
)
def test_an_address_of_earlier_leads_to_the_same_state(record, now, row, source, changes):
    found = query(record(f"{PLAY}?now={now}")["url"])
    assert (found["row"], found.get("change", [])) == ([str(row)], changes)
    assert source is None or found["source"] == [str(source)]
    assert not found.keys() & {"now", "tool"}


@pytest.mark.parametrize(("before", "now"), [("z", "zero"), ("m", "mean"), ("v-0.5", "-0.5"), ("-0.5", "-0.5")])
def test_what_was_written_by_a_click_is_so_still(record, before, now):
    assert query(record(f"{PLAY}?now=01_1.0z&tool={before}")["url"])["tool"] == [now]


@pytest.mark.parametrize("value", [0.0, -0.0, 0.1 + 0.2, -1e-300, 5e-324, 1e6, 123456.789, 1 / 3, -2.0])
def test_numbers_survive_their_address(value):
    assert read_number(write_number(value)) == value
    assert write_number(value) == write_number(float(write_number(value)))


@pytest.mark.parametrize(
    ("now", "item", "rest"),
    [
        ("4", "row '4'", []),
        ("01_1.9z_1.0z", "site 'h1[9]'", ["h1[0]_zero"]),
        ("01_1.0q_1.1z", "site '1.0q'", ["h1[1]_zero"]),
        ("01_1.0s9_1.1z", "source '9'", ["h1[1]_zero"]),
        ("01_1.0vnan", "'nan'", []),
        ("01_0.0z", "site 'h0[0]'", []),
        ("01_4.0.0z_2.0.1z", "site '3.0-y0'", ["1.1-2.0_zero"]),
        ("01_g1_1.0z", "site 'g1'", ["h1[0]_zero"]),
    ],
)
def test_a_part_that_cannot_be_is_named_and_the_rest_kept(client, now, item, rest):
    answer = client.get(f"/api/v2{PLAY}?now={now}")
    assert (answer.status_code, item in answer.json()["error"]) == (400, True), answer.json()
    assert query(answer.json()["parent"]).get("change", []) == rest


def test_the_address_of_a_state_is_the_same_however_it_was_reached(record):
    messy = f"{PLAY}?row=01&source=10&change=h2[0]_s10&change=h1[0]&e={P}&e={P}"
    page = record(messy)
    assert query(page["url"]) == {"e": [P], "row": ["1"], "source": ["2"], "change": ["h2[0]", "h1[0]"]}
    assert record(page["url"]) == page


@pytest.mark.parametrize(
    ("address", "sites"),
    [
        (f"{PLAY}?row=1&change=h1[1]&change=1.1-2.0", 26),
        ("/networks/two/play?output=1&row=2&change=1.1-y0_mean", 10),
        ("/networks/linear/play?row=0&change=x1-y0_v2", 4),
        ("/networks/wide/play?row=0&change=h1[7]_zero&tool=zero", 46),  # of 124 that are not all drawn
    ],
)
def test_everything_in_the_drawing_is_a_step_that_the_same_step_undoes(steps, address, sites):
    drawn = {name: url for name, url in steps(address).items() if name.startswith("at-")}
    assert len(drawn) == sites
    for name in list(drawn)[::4]:
        back = query(steps(drawn[name])[name])
        assert query(drawn[name]).get("change") != back["change"]
        assert sorted(back["change"]) in (sorted(query(address)["change"]), [*query(address)["change"][1:]])
        assert back.get("output") == query(address).get("output")


@pytest.mark.parametrize(
    ("step", "row", "source", "changes", "tool"),
    [
        ("row-3", "3", "1", ["h1[0]", "h2[0]_s3"], None),
        ("source-2", "0", "2", ["h1[0]", "h2[0]_s3"], None),  # what is patched from the source row follows it
        ("write-1", "0", "1", ["h1[0]", "h2[0]_s3"], ["zero"]),
        ("undo-1", "0", "1", ["h1[0]"], None),
        ("undo-0", "0", "1", ["h2[0]_s3"], None),
    ],
)
def test_a_step_leads_on(steps, step, row, source, changes, tool):
    after = query(steps(f"{PLAY}?row=0&source=1&change=h1[0]&change=h2[0]_s3")[step])
    assert (after["row"], after["source"], after["change"], after.get("tool")) == ([row], [source], changes, tool)


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        ("site=h1[0]", ["h2[1]", "h1[0]"]),
        ("site=h2[1]", []),
        ("site=h2[2]&tool=zero", ["h2[1]", "h2[2]_zero"]),
        ("site=1.0-2.1&tool=−0,5", ["h2[1]", "1.0-2.1_v-0.5"]),
        ("site=x[0]&tool=0.3", ["h2[1]", "x[0]_v0.3"]),
        ("site=h1[0]_s11", ["h2[1]", "h1[0]_s3"]),
    ],
)
def test_forms_lead_to_an_address_without_them(client, edit, changes):
    answer = client.get(f"{ASKED}&row=1&source=2&change=h2[1]&{edit}")
    assert answer.status_code == 303
    address = query(answer.headers["location"])
    assert (address["e"], address.get("change", []), "site" in address) == ([P, Q], changes, False)


def test_an_input_may_have_any_number_which_is_what_its_edges_carry(record):
    whole, edges = f"{PLAY}?e={P}&row=1&change=x[0]_v0.3", "".join(f"&change=x0-1.{n}_v0.3" for n in range(3))
    found, same = record(whole), record(f"{PLAY}?e={P}&row=1{edges}")
    assert found["after"]["values"]["A"] == 0.3
    assert found["after"]["values"]["y"] == same["after"]["values"]["y"] != found["before"]["values"]["y"]
    assert found["explanations"] == same["explanations"]


def test_an_edge_that_is_changed_by_itself_carries_that_when_its_input_is_changed_too(record):
    run = [record(f"{PLAY}?e={P}&change={one}")["after"] for one in ("x[0]_v1&change=x0-1.0_zero", "x[0]_v1")]
    assert run[0]["values"]["n1.0"] == record(PLAY)["after"]["values"]["n1.0"] != run[1]["values"]["n1.0"]


def test_a_contradiction_of_compare_leads_to_the_same_in_play(client, record):
    first = client.get(f"/api/v2/networks/xor/compare?e={P}&e={Q}&limit=1").json()["contradictions"][0]
    there = record(first["url"])
    assert (there["url"], there["after"]["values"]["y"]) == (first["url"], first["output"])
    assert {item["right"] for item in there["explanations"]} == {True, False}
    assert there["verdict"].endswith(" is right")


@pytest.mark.parametrize(
    ("asked", "letters", "offered"),
    [
        ([], [], ["best", "P", "Q"]),
        ([BEST], ["best"], ["P", "Q"]),
        ([BEST, Q], ["best", "Q"], ["P"]),
        ([Q, OTHER], ["Q", "P"], ["best"]),  # a letter that is taken is offered to nobody else
        ([OTHER], ["P"], ["best", "Q"]),
    ],
)
def test_explanations_are_called_as_the_list_calls_them(client, record, monkeypatch, asked, letters, offered):
    reply = [
        Prominent(0x081FF, int(ref.partition(".")[2]), mark, "of all", 5, 8)
        for ref, mark in ((BEST, "best"), (P, "P"), (Q, "Q"))
    ]
    monkeypatch.setattr(trial, "prominent_in", lambda *_: reply)
    address = f"{PLAY}?{'&'.join(f'e={ref}' for ref in asked)}"
    page = record(address)
    assert [one["letter"] for one in page["explanations"]] == letters
    for one in page["explanations"]:
        assert (one["letter"] in page["verdict"].split()) == bool(one["right"])
    assert re.findall(r'<b class="standing">(\w+)</b>', client.get(address).text) == offered


def test_the_changed_run_stands_beside_the_unchanged_one(client, record):
    page = record(f"{PLAY}?row=3&source=0&change=h1[0]&change=2.1-y0_v-0.5")
    assert page["after"]["values"]["n1.0"] == page["changes"][0]["value"] != page["before"]["values"]["n1.0"]
    text = client.get(f"{PLAY}?row=3&source=0&change=h1[0]&change=h2[0]_zero").text
    turned = record(f"{PLAY}?row=3&source=0&change=h1[0]&change=h2[0]_zero")
    assert f"turns from {turned['before']['gives']} to {turned['after']['gives']}" in text
    assert f"{turned['after']['values']['y']:.4f}" in text


def test_each_kind_says_what_it_can_and_why_it_cannot(record):
    algorithm = "g-" + ALIGNMENT[2:].partition(".")[0]
    asked = record(f"{PLAY}?e=c-081ff&e={algorithm}&e={ALIGNMENT}&row=1&change=h1[0]_zero")["explanations"]
    assert [(one["says"], one["right"]) for one in asked] == [(-1, None)] * 3
    for one, why in zip(asked, ("where, not what", "what, not where", "no value from a run"), strict=True):
        assert why in one["reason"]


@pytest.mark.parametrize("base", ["00", "01", "10", "11"])
def test_an_alignment_is_right_where_its_own_places_are_patched(client, record, base):
    places = client.get(f"/api/v2{XOR}/explanations/{ALIGNMENT}").json()["places"]
    sites = "".join("&change=h{}[{}]".format(*place["site"].removeprefix("n").split(".")) for place in places)
    assert record(f"{PLAY}?e={ALIGNMENT}&row={base}&source=11{sites}")["explanations"][0]["right"] is True


@pytest.mark.parametrize(("base", "source"), [(base, source) for base in range(4) for source in range(4)])
def test_placements_on_just_what_is_patched_are_heard_without_being_asked(client, record, base, source):
    listed = record(f"{XOR}/explanations?kind=alignment&valid=yes&limit=200")["items"]
    places = {one["ref"]: record(f"{XOR}/explanations/{one['ref']}")["places"] for one in listed}
    site, where = next((one["site"], one["place"].partition(":")[2]) for one in places[ALIGNMENT])
    here, at = "h{}[{}]".format(*where.split(".")), f"{PLAY}?row={base}&source={source}"
    found = record(f"{at}&change={here}")["explanations"]
    theirs = [[one for one in some if one["site"] == site] for some in places.values()]
    assert {one["ref"][2:].partition(".")[0] for one in found} == {
        ref[2:].partition(".")[0] for ref, some in zip(places, theirs, strict=True) if some
    }
    place = next(one for one in places[ALIGNMENT] if one["site"] == site)
    [mine] = [one for one in found if one["ref"] == ALIGNMENT]
    assert (mine["letter"], mine["says"], mine["right"]) == ("", place["expected"][source][base], True)
    for silent in (f"&change={here}&change=2.1-y0_zero", f"&change={here}_zero", ""):
        assert record(at + silent)["explanations"] == []
    assert f"e={ALIGNMENT}" in client.get(f"{at}&change={here}").text


def test_of_each_algorithm_with_variables_on_just_some_neurons_a_minimal_placement_is_found(client):
    with client.app.state.store.read() as session:
        for analysis in session.query(AnalysisRow):
            rows = session.query(AlignmentRow).filter_by(analysis_id=analysis.id, valid=True).all()
            sites = [[{(layer, one) for one in some} for _, layer, some in row.places] for row in rows]
            for wanted in [{(1, 0)}, {(2, 0)}, {(1, 0), (1, 2)}, {(1, 1), (2, 0), (2, 1)}]:
                there = [row for row, some in zip(rows, sites, strict=True) if wanted in unions(some)]
                found = placements_on(session, analysis, wanted)
                assert {row.algorithm_row_id for row in there} == {row.algorithm_row_id for row in found}
                assert len(found) == len({row.algorithm_row_id for row in found})
                assert {row.id for row in found} <= {row.id for row in there}
                for row in found:
                    others = [one for one in there if one.algorithm_row_id == row.algorithm_row_id]
                    assert row.minimal or not any(one.minimal for one in others)


def unions(sites):
    """Every union of some of these sets."""
    return [set().union(*some) for n in range(1, len(sites) + 1) for some in combinations(sites, n)]


def test_keys_come_to_neurons_before_edges_and_are_shown_what_a_click_does(client):
    links = re.findall(r'<a id="at-([a-z0-9-]+)"[^>]* aria-label="([^"]*)"', client.get(PLAY).text)
    assert [len(at.split("-")) for at, _ in links] == [2] * 8 + [3] * 6 + [4] * 9 + [3] * 3
    assert links[2] == ("h1-0", "Patch: n1.0")


@pytest.mark.parametrize(("field", "text"), [("tool", "abc"), ("site", "h1[9]")])
def test_errors_of_a_form_stand_beside_their_field_and_the_page_stays(client, field, text):
    answer = client.get(f"{ASKED}&row=1&change=h1[0]_zero&{field}={text}")
    assert answer.status_code == 400
    assert "Undo" in answer.text
    assert "Invalid request" not in answer.text
    assert f'value="{text}"' in answer.text
    assert ("is no number" if field == "tool" else "is beyond") in answer.text


@pytest.mark.parametrize(
    ("address", "words", "way_on"),
    [
        (f"{ASKED}&row=1&source=2&change=h1[7]_zero&change=h2[0]", ["h1[7]", "is beyond"], f"{STATE}&change=h2%5B0%5D"),
        (f"{ASKED}&row=1&source=2&change=h1[0]_v1e9", ["'1e9'", "no number from"], STATE),
        (f"{ASKED}&row=011", ["'011'", "not one of the 4 rows", "such as 00"], FIRST),
        (f"{ASKED}&row=1&source=2&tool=abc", ["'abc'", "no number", "-0.5"], STATE),
        (f"{ASKED}&row=1&source=2&tool=1e9", ["'1e9'", "no number"], STATE),
        (f"{ASKED}&row=1&source=2&site=h1[9]", ["h1[9]", "is beyond"], STATE),
        (f"{ASKED}&row=1&source=2&site=first", ["first", "is no site of this network"], STATE),
        (f"{PLAY}?e={P}&e=z-1", ["z-1"], f"{PLAY}?e={P}&row=0&source=1"),
        (f"{PLAY}?e={P}&e=i-081ff.99999999", ["explanation 2"], f"{PLAY}?e={P}&row=0&source=1"),
        (PLAY + "?" + "&".join(f"e=i-081ff.{i}" for i in range(7)), ["7 explanations", "at most 6"], None),
        (f"{PLAY}?base=1", ["base", "is unknown here"], None),
        ("/networks/wide/play?row=0" + "".join(f"&change=h1[{i}]" for i in range(17)), ["at most 16"], None),
        ("/networks/nowhere/play", ["nowhere"], None),
    ],
)
def test_a_refusal_names_the_part_and_leads_to_the_page_without_it(client, address, words, way_on):
    answer, html = client.get("/api/v2" + address), client.get(address)
    assert answer.status_code == html.status_code
    assert answer.status_code in (400, 404)
    assert all(word in answer.json()["error"] for word in words)
    if way_on is not None:
        assert answer.json()["parent"] == way_on
        assert way_on in unescape(html.text)
        assert client.get(way_on).status_code == 200


def test_rows_that_stand_for_no_boolean_inputs_are_played_without_formulas(tmp_path):
    rows = np.array([[0.2, 0.9], [1.5, -0.3], [0.4, 0.4]])
    labels = np.array([[1.0], [0.0], [1.0]])
    data = DataRecord(rows[[0, 1, 2, 0]], rows, labels, description="three rows of numbers", boolean=False)
    file = pretrained_xor()
    with served(tmp_path) as client:
        with client.app.state.store.write() as session:
            save_network(session, file, slug="numbers")
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0], data=data)))
        address = f"/networks/numbers/play?data={data.digest[:12]}&row=1&source=0&change=h1[0]"
        found = client.get("/api/v2" + address).raise_for_status().json()
        bench = Bench(file.network, rows)
        ran = bench.run(Intervention(1, (Change(1, 0, None, "source", source=0),)))
        assert (found["wants"], found["after"]["values"]["y"]) == (0, ran[-1][0])
        assert [found["before"]["values"][name] for name in "AB"] == [1.5, -0.3]
        assert "0.2, 0.9" in client.get(address).text
