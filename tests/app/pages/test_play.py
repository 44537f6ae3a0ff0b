"""Play on perceptrons: every state in its address, what everyone said, refusals with a way on."""

from __future__ import annotations

import re
from html import unescape
from itertools import combinations
from urllib.parse import parse_qs, urlsplit

import pytest

from pluriscope.app.db.reads.algorithms import alignments_on
from pluriscope.app.db.tables import AlignmentRow, AnalysisRow
from pluriscope.app.pages.play import networks
from pluriscope.app.pages.play.tokens import read_now, read_number, write_now, write_number
from pluriscope.kinds.found import Prominent
from tests.app.pages.conftest import XOR

PLAY = XOR + "/play"
P, Q = "i-081ff.0", "i-081ff.300"
BEST, OTHER = "i-081ff.5", "i-081ff.7"
ASKED = f"{PLAY}?e={P}&e={Q}"
ALIGNMENT = "a-a2e8546f11f80df4.e3bd9b5eae0c1489"
SIZES = (2, 3, 3, 1)


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
    ("text", "canonical"),
    [
        ("00", "00"),
        ("01_1.0z_1.2m_2.1v-0.5", "01_1.0z_1.2m_2.1v-0.5"),
        ("10_1.0.1s00_2.2.0v1e-07_3.0.2z", "10_1.0.1s00_2.2.0v1e-07_3.0.2z"),
        ("00_1.0s11_g1", "00_1.0s11"),  # a guess of earlier addresses
        ("01_2.0z_1.0.1m_1.2s00", "01_1.2s00_1.0.1m_2.0z"),
    ],
)
def test_an_intervention_is_read_as_it_is_written_and_has_one_address(text, canonical):
    assert write_now(read_now(text, SIZES, 2, lambda *refused: pytest.fail(str(refused))), 2) == canonical


@pytest.mark.parametrize("value", [0.0, -0.0, 0.1 + 0.2, -1e-300, 5e-324, 1e6, 123456.789, 1 / 3, -2.0])
def test_numbers_survive_their_address(value):
    assert read_number(write_number(value)) == value
    assert write_number(value) == write_number(float(write_number(value)))


@pytest.mark.parametrize(
    ("text", "part", "rest"),
    [
        ("2", "2", "00"),
        ("01_1.9z_1.0z", "1.9z", "01_1.0z"),
        ("01_1.0q", "1.0q", "01"),
        ("01_1.0s2", "1.0s2", "01"),
        ("01_1.0vnan", "1.0vnan", "01"),
        ("01_1.0z5", "1.0z5", "01"),
        ("01_1.0z_1.0m", "1.0m", "01_1.0z"),
        ("01_0.0z", "0.0z", "01"),
        ("01_4.0.0z_2.0.1z", "4.0.0z", "01_2.0.1z"),
        ("01_g1_1.0z", "g1", "01_1.0z"),
    ],
)
def test_a_part_that_cannot_be_is_named_and_the_rest_kept(text, part, rest):
    refusals = []
    read_now(text, SIZES, 2, lambda *refused: refusals.append(refused))
    [(left, error)] = refusals
    assert (write_now(left, 2), error.item) == (rest, f"part {part!r}")


def test_the_address_of_a_state_is_the_same_however_it_was_reached(record):
    messy = f"{PLAY}?tool=s10&now=01_2.0s10_1.0s10&e={P}&e={P}&tried=00_1.0z&part=0.25&on=directions&game=1"
    page = record(messy)
    assert query(page["url"]) == {"e": [P], "now": ["01_1.0s10_2.0s10"]}
    assert record(page["url"]) == page
    assert record(PLAY)["url"] == PLAY


@pytest.mark.parametrize(
    ("address", "sites"),
    [
        (f"{PLAY}?now=01_1.1s10_2.0.1s10", 24),
        ("/networks/two/play?output=1&now=10_2.0.1m", 8),
        ("/networks/linear/play?now=00_1.0.1v2", 2),
        ("/networks/wide/play?now=00_1.7z&tool=z", 44),  # of 120 that are not all drawn
    ],
)
def test_everything_in_the_drawing_is_a_step_that_the_same_step_undoes(steps, address, sites):
    drawn = {name: url for name, url in steps(address).items() if name.startswith("at-")}
    assert len(drawn) == sites
    for name in list(drawn)[::4]:
        back = query(steps(drawn[name])[name])
        assert query(drawn[name]).get("now") != back["now"] == query(address)["now"]
        assert back.get("output") == query(address).get("output")


@pytest.mark.parametrize(
    ("step", "now", "tool"),
    [
        ("base-3", "11_1.0s01_2.0s11", None),
        ("to-2", "00_1.0s10_2.0s11", None),  # patches from the source before follow
        ("to-4", "00_1.0s01_2.0s11", ["z"]),
        ("undo-1", "00_1.0s01", None),
        ("undo-0", "00_2.0s11", ["s01"]),
    ],
)
def test_a_step_leads_on(steps, step, now, tool):
    after = query(steps(f"{PLAY}?now=00_1.0s01_2.0s11")[step])
    assert (after["now"], after.get("tool")) == ([now], tool)


@pytest.mark.parametrize(
    ("edit", "now"),
    [
        ("site=1.0", "01_1.0s10_2.1s10"),
        ("site=2.1", "01"),
        ("site=n2.2&tool=z", "01_2.1s10_2.2z"),
        ("site=2.1.0&tool=−0,5", "01_2.1s10_2.1.0v-0.5"),
    ],
)
def test_forms_lead_to_an_address_without_them(client, edit, now):
    answer = client.get(f"{ASKED}&now=01_2.1s10&{edit}")
    assert answer.status_code == 303
    address = query(answer.headers["location"])
    assert (address["e"], address["now"], "site" in address) == ([P, Q], [now], False)


def test_earlier_addresses_lead_here(client):
    answer = client.get(f"{XOR}/sandbox?e={P}&now=01_1.0z&on=edges&protocol=complete")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{PLAY}?e={P}&now=01_1.0z&protocol=complete")
    assert client.get(f"{XOR}/sandbox/drawing.svg?now=01_1.0z").headers["location"] == f"{PLAY}/drawing.svg?now=01_1.0z"


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
    monkeypatch.setattr(networks, "prominent_in", lambda *_: reply)
    address = f"{PLAY}?{'&'.join(f'e={ref}' for ref in asked)}"
    page = record(address)
    assert [one["letter"] for one in page["explanations"]] == letters
    for one in page["explanations"]:
        assert (one["letter"] in page["verdict"].split()) == bool(one["right"])
    assert re.findall(r'<b class="standing">(\w+)</b>', client.get(address).text) == offered


def test_the_changed_run_stands_beside_the_unchanged_one(client, record):
    page = record(f"{PLAY}?now=11_1.0s00_3.0.1v-0.5")
    assert page["after"]["values"]["n1.0"] == page["changes"][0]["value"] != page["before"]["values"]["n1.0"]
    text = client.get(f"{PLAY}?now=11_1.0s00_2.0z").text
    turned = record(f"{PLAY}?now=11_1.0s00_2.0z")
    assert f"turns from {turned['before']['gives']} to {turned['after']['gives']}" in text
    assert f"{turned['after']['values']['y']:.4f}" in text


def test_each_kind_says_what_it_can_and_why_it_cannot(record):
    algorithm = "g-" + ALIGNMENT[2:].partition(".")[0]
    asked = record(f"{PLAY}?e=c-081ff&e={algorithm}&e={ALIGNMENT}&now=01_1.0z")["explanations"]
    assert [(one["says"], one["right"]) for one in asked] == [(-1, None)] * 3
    for one, why in zip(asked, ("where, not what", "what, not where", "no value from a run"), strict=True):
        assert why in one["reason"]


@pytest.mark.parametrize("base", ["00", "01", "10", "11"])
def test_an_alignment_is_right_where_its_own_places_are_patched(client, record, base):
    places = client.get(f"/api/v2{XOR}/explanations/{ALIGNMENT}").json()["places"]
    now = "_".join([base, *(f"{place['site'].removeprefix('n')}s11" for place in places)])
    assert record(f"{PLAY}?e={ALIGNMENT}&now={now}")["explanations"][0]["right"] is True


@pytest.mark.parametrize(("base", "source"), [(base, source) for base in range(4) for source in range(4)])
def test_placements_on_just_what_is_patched_are_heard_without_being_asked(client, record, base, source):
    listed = record(f"{XOR}/explanations?kind=alignment&valid=yes&limit=200")["items"]
    places = {one["ref"]: record(f"{XOR}/explanations/{one['ref']}")["places"] for one in listed}
    site, where = next((one["site"], one["place"].partition(":")[2]) for one in places[ALIGNMENT])
    now = f"{base:02b}_{where}s{source:02b}"
    found = record(f"{PLAY}?now={now}")["explanations"]
    here = [[one for one in some if one["site"] == site] for some in places.values()]
    assert {one["ref"][2:].partition(".")[0] for one in found} == {
        ref[2:].partition(".")[0] for ref, some in zip(places, here, strict=True) if some
    }
    place = next(one for one in places[ALIGNMENT] if one["site"] == site)
    [mine] = [one for one in found if one["ref"] == ALIGNMENT]
    assert (mine["letter"], mine["says"], mine["right"]) == ("", place["expected"][source][base], True)
    for silent in (f"{now}_3.0.1z", f"{base:02b}_{where}z", f"{base:02b}"):
        assert record(f"{PLAY}?now={silent}")["explanations"] == []
    assert f"e={ALIGNMENT}" in client.get(f"{PLAY}?now={now}").text


def test_of_each_algorithm_with_variables_on_just_some_neurons_a_minimal_placement_is_found(client):
    with client.app.state.store.read() as session:
        for analysis in session.query(AnalysisRow):
            rows = session.query(AlignmentRow).filter_by(analysis_id=analysis.id, valid=True).all()
            sites = [[{(layer, one) for one in some} for _, layer, some in row.places] for row in rows]
            for wanted in [{(1, 0)}, {(2, 0)}, {(1, 0), (1, 2)}, {(1, 1), (2, 0), (2, 1)}]:
                there = [row for row, some in zip(rows, sites, strict=True) if wanted in unions(some)]
                found = alignments_on(session, analysis, wanted)
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
    links = re.findall(r'<a id="at-([0-9-]+)"[^>]* aria-label="([^"]*)"', client.get(PLAY).text)
    assert [at.count("-") for at, _ in links] == [1] * 6 + [2] * 18
    assert links[0] == ("1-0", "Patch n1.0 from 01")


@pytest.mark.parametrize(("field", "text"), [("tool", "abc"), ("site", "1.9")])
def test_errors_of_a_form_stand_beside_their_field_and_the_page_stays(client, field, text):
    answer = client.get(f"{ASKED}&now=01_1.0z&{field}={text}")
    assert answer.status_code == 400
    assert "Undo" in answer.text
    assert "Invalid request" not in answer.text
    if field == "tool":  # of a small network sites are chosen in the drawing alone
        assert 'value="abc"' in answer.text
        assert "is no number" in answer.text


@pytest.mark.parametrize(
    ("address", "words", "way_on"),
    [
        (f"{ASKED}&now=01_1.7z_2.0z", ["1.7z", "no hidden neuron"], f"{ASKED}&now=01_2.0z"),
        (f"{ASKED}&now=01_1.0v1e9", ["1.0v1e9", "no number from"], f"{ASKED}&now=01"),
        (f"{ASKED}&now=011", ["011", "2 digits"], ASKED),
        (f"{ASKED}&tool=abc", ["'abc'", "no number", "-0.5"], ASKED),
        (f"{ASKED}&tool=v1e9", ["'1e9'", "no number"], ASKED),
        (f"{ASKED}&site=1.9", ["1.9", "no hidden neuron"], ASKED),
        (f"{ASKED}&now=01_d1~1~0~-1z_2.0z", ["d1~1~0~-1z", "is a direction"], f"{ASKED}&now=01_2.0z"),
        (f"{ASKED}&site=first", ["first", "is no neuron or edge"], ASKED),
        (f"{PLAY}?e={P}&e=z-1", ["z-1"], f"{PLAY}?e={P}"),
        (f"{PLAY}?e={P}&e=i-081ff.99999999", ["explanation 2"], f"{PLAY}?e={P}"),
        (PLAY + "?" + "&".join(f"e=i-081ff.{i}" for i in range(7)), ["7 explanations", "at most 6"], None),
        (f"{PLAY}?row=1", ["row", "is unknown here"], None),
        ("/networks/wide/play?now=00_" + "_".join(f"1.{i}z" for i in range(17)), ["at most 16"], None),
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
