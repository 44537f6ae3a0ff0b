"""The sandbox: every state in its address, what everyone said, the score, the game, refusals with a way on."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from app.pages.sandbox.tokens import Unreadable, read_number, read_try, write_number, write_try
from tests.app.pages.conftest import XOR

SANDBOX = XOR + "/sandbox"
P, Q = "i-081ff.0", "i-081ff.300"
ASKED = f"{SANDBOX}?e={P}&e={Q}"
SIZES = (2, 3, 3, 1)


@pytest.fixture(scope="module")
def twin(client):
    def fetch(address: str, status: int = 200):
        answer = client.get("/api/v2" + address)
        assert answer.status_code == status, answer.text
        return answer.json()

    return fetch


@pytest.fixture(scope="module")
def alignment():
    return "a-a2e8546f11f80df4.e3bd9b5eae0c1489"


def query(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["00", "11_1.0s10", "01_1.0z_1.2m_2.1v-0.5", "10_1.0.1s00_2.2.0v1e-07_3.0.2z", "00_1.0s11_g1", "00_2.0z_gx"],
)
def test_an_intervention_is_read_as_it_is_written(text):
    assert write_try(read_try(text, SIZES, 2), 2) == text


def test_whatever_order_it_is_written_in_there_is_one_address_for_it():
    one, other = (read_try(text, SIZES, 2) for text in ("01_2.0z_1.0.1m_1.2s00", "01_1.2s00_1.0.1m_2.0z"))
    assert one == other
    assert write_try(one, 2) == "01_1.2s00_1.0.1m_2.0z"


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
    with pytest.raises(Unreadable) as refused:
        read_try(text, SIZES, 2)
    assert refused.value.part == part
    assert write_try(refused.value.rest, 2) == rest


def test_the_address_of_a_state_is_the_same_however_it_was_reached(client, twin):
    messy = f"{SANDBOX}?tool=s10&now=01_2.0s10_1.0s10&e={P}&tried=00_1.0z&tried=00_1.0z&tried=00&on=neurons&game="
    page = twin(messy)
    assert query(page["url"]) == {"e": [P], "now": ["01_1.0s10_2.0s10"]}
    again = twin(page["url"])
    assert again == page
    assert twin(SANDBOX)["url"] == SANDBOX


# ---- what is shown --------------------------------------------------------------------------------------------------


def test_the_first_jump_between_two_is_their_first_crucial_experiment(twin, client):
    first = client.get(f"/api/v2/networks/xor/compare?e={P}&e={Q}&limit=1").json()["contradictions"][0]
    (jump,) = twin(ASKED)["jumps"]
    assert (jump["crucial"], jump["pairs"]) == (True, ["PQ"])
    there = twin(jump["url"])
    assert there["run"]["output"] == first["output"]
    assert there["url"] == first["url"]
    assert {item["right"] for item in there["explanations"]} == {True, False}
    onward = twin(there["jumps"][0]["url"])
    assert onward["now"] != there["now"]


def test_both_runs_stand_side_by_side_with_both_rules(twin):
    page = twin(f"{SANDBOX}?now=11_1.0s00_3.0.1v-0.5")
    assert [d["rule"] for d in page["run"]["decisions"]] == ["rounding", "threshold"]
    assert page["clean"]["activations"] != page["run"]["activations"]
    assert page["run"]["activations"][1][0] == pytest.approx(page["changes"][0]["value"])
    unchanged = twin(f"{SANDBOX}?now=11")
    assert unchanged["clean"] == unchanged["run"]


@pytest.mark.parametrize(("on", "sites"), [("neurons", 6), ("edges", 18)])
@pytest.mark.slow
def test_everything_in_the_drawing_is_a_link_that_toggles(client, twin, on, sites):
    page = twin(f"{SANDBOX}?now=01_1.1s10_2.0.1s10&on={on}")
    assert len(page["sites"]) == sites
    for site in page["sites"][::4] + [site for site in page["sites"] if site["changed"]]:
        after = twin(site["url"])
        there = {change["site"] for change in after["changes"]}
        assert (site["site"] in there) is not site["changed"]
        back = next(other for other in after["sites"] if other["site"] == site["site"])
        assert twin(back["url"])["now"] == page["now"]
    html = client.get(page["url"]).text
    svg = re.search(r'<svg[^>]*class="flow.*?</svg>', html, re.DOTALL)
    assert svg
    assert svg[0].count("<a ") == sites
    assert {unescape(link) for link in re.findall(r'href="([^"]+)"', svg[0])} == {site["url"] for site in page["sites"]}


@pytest.mark.slow
def test_another_source_moves_the_patches_that_came_from_the_one_before(twin):
    page = twin(f"{SANDBOX}?now=00_1.0s01_1.1z_2.0s11")
    other = next(choice for choice in page["sources"] if choice["label"] == "10")
    assert twin(other["url"])["now"] == "00_1.0s10_1.1z_2.0s11"
    zero = next(choice for choice in page["tools"] if choice["label"] == "Zero")
    after = twin(zero["url"])
    assert (after["now"], after["tool"]["text"]) == (page["now"], "z")
    assert twin(next(s for s in after["sites"] if s["site"] == "2.2")["url"])["now"] == "00_1.0s01_1.1z_2.0s11_2.2z"


# ---- who speaks -----------------------------------------------------------------------------------------------------


def test_each_kind_says_what_it_can_and_why_it_cannot(twin, alignment):
    algorithm = "g-" + alignment[2:].partition(".")[0]
    page = twin(f"{SANDBOX}?e=c-081ff&e={P}&e={algorithm}&e={alignment}&now=01_1.0z")
    circuit, _, bare, aligned = page["explanations"]
    assert (circuit["says"], bare["says"], aligned["says"]) == (-1, -1, -1)
    assert "where, not what" in circuit["reason"]
    assert "what, not where" in bare["reason"]
    assert "no value from a run" in aligned["reason"]
    assert [item["right"] for item in (circuit, bare, aligned)] == [None, None, None]


@pytest.mark.slow
def test_an_alignment_speaks_where_its_own_places_are_patched(twin, alignment):
    page = twin(f"{SANDBOX}?e={alignment}")
    tiles = page["explanations"][0]["tiles"]
    changes = "_".join(f"{tile['layer']}.{tile['neuron']}s11" for tile in tiles)
    for base in page["inputs"]:
        item = twin(f"{SANDBOX}?e={alignment}&now={base}_{changes}")["explanations"][0]
        assert item["right"] is True, "a valid alignment, all variables from one source"


# ---- the game -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_answer_is_hidden_until_it_is_foretold(client, twin):
    page = twin(f"{ASKED}&now=11_1.0s00&game=1")
    assert page["hidden"]
    assert page["run"] is None
    assert all(item["right"] is None for item in page["explanations"])
    answer = twin(f"{ASKED}&now=11_1.0s00")["run"]
    html = client.get(page["url"]).text
    assert f"{answer['output']:.4f}" not in html
    assert ">hidden<" in html
    said = [item["says"] for item in page["explanations"]]
    for guess in page["guesses"]:
        assert guess["letters"] == [letter for letter, bit in zip("PQ", said, strict=True) if bit == guess["decision"]]
        told = twin(guess["url"])
        assert told["run"] == answer
        right = guess["decision"] == answer["decisions"][1]["decision"]
        assert told["guess"] == guess["decision"]
        words = f"You predicted {guess['decision']}, {'correctly' if right else 'and it decides otherwise'}."
        assert words in client.get(told["url"]).text
    looked = twin(page["look_url"])
    assert (looked["run"], looked["guess"]) == (answer, None)
    assert query(twin(page["game_url"])["url"]).get("game") is None


# ---- whom to ask ----------------------------------------------------------------------------------------------------


# ---- forms, fragments, other networks -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "now"),
    [
        ("site=1.0&how=zero", "01_1.0z_2.1s10"),
        ("site=2.1&how=nothing", "01"),
        ("site=2.1.0&how=value&value=−0,5", "01_2.1s10_2.1.0v-0.5"),
        ("site=n2.1&how=source&source=11", "01_2.1s11"),
        ("site=2.2&how=source", "01_2.1s10_2.2s10"),
        ("base=11", "11_2.1s10"),
    ],
)
def test_forms_lead_to_an_address_without_them(client, edit, now):
    answer = client.get(f"{ASKED}&now=01_2.1s10&{edit}")
    assert answer.status_code == 303
    address = query(answer.headers["location"])
    assert (address.pop("e"), address.pop("now")) == ([P, Q], [now])
    assert address in ({}, {"tool": ["s10"]})  # the tool stays what it was


def test_other_outputs_protocols_and_shapes(twin):
    page = twin("/networks/two/sandbox?output=1&now=10_1.0z_2.0.1m")
    assert page["output"] == 1
    assert "output=1" in page["sites"][0]["url"]
    flat = twin("/networks/linear/sandbox?on=edges&now=00_1.0.1v2")
    assert (len(flat["sites"]), flat["jumps"], flat["suggestions"]) == (2, [], [])
    wide = twin("/networks/wide/sandbox?now=00_1.7z")
    assert len(wide["sites"]) == 30
    assert len(wide["all_sites"]) == 30 + 90


# ---- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words", "way_on"),
    [
        (f"{ASKED}&now=01_1.7z_2.0z", ["now", "1.7z", "no hidden neuron"], f"{ASKED}&now=01_2.0z"),
        (f"{ASKED}&now=01_1.0vnan", ["1.0vnan", "no number from"], f"{ASKED}&now=01"),
        (f"{ASKED}&now=01_1.0v1e9", ["1.0v1e9", "no number from"], f"{ASKED}&now=01"),
        (f"{ASKED}&now=011", ["011", "2 digits"], ASKED),
        (f"{ASKED}&tool=w", ["nothing that can be written"], ASKED),
        (f"{ASKED}&tool=v1e9", ["tool", "no number"], ASKED),
        (f"{SANDBOX}?e={P}&e=z-1", ["z-1"], f"{SANDBOX}?e={P}"),
        (f"{SANDBOX}?e={P}&e=i-081ff.99999999", ["explanation 2"], f"{SANDBOX}?e={P}"),
        (SANDBOX + "?" + "&".join(f"e=i-081ff.{i}" for i in range(7)), ["7 explanations", "at most 6"], None),
    ],
)
def test_a_refusal_names_the_part_and_leads_to_the_sandbox_without_it(client, address, words, way_on):
    answer = client.get("/api/v2" + address)
    assert answer.status_code in (400, 404)
    for word in words:
        assert word in answer.json()["error"]
    parent = answer.json()["parent"]
    if way_on is not None:
        assert parent == way_on
    assert client.get("/api/v2" + parent).status_code == 200
    html = client.get(address)
    assert html.status_code == answer.status_code
    assert parent in unescape(html.text)


def test_too_many_changes_and_unknown_options_are_refused(client):
    changes = "_".join(f"1.{i}z" for i in range(17))
    answer = client.get(f"/api/v2/networks/wide/sandbox?now=00_{changes}")
    assert answer.status_code == 400
    assert "at most 16" in answer.json()["error"]
    assert client.get(f"/api/v2{SANDBOX}?site=1.0").status_code == 400, "forms' fields are no options of the twin"
    assert client.get(f"{SANDBOX}?how=maybe").status_code == 400
    assert client.get("/networks/nowhere/sandbox").status_code == 404


# ---- changes in part ------------------------------------------------------------------------------------------------


def test_a_part_of_the_changes_is_drawn_kept_in_the_address_and_left_with_the_next_step(client, twin):
    address = f"{SANDBOX}?now=11_1.0s00&part=0.25"
    page, text = twin(address), client.get(address).text
    assert query(page["url"])["part"] == ["0.25"]
    assert all("part" not in query(site["url"]) for site in page["sites"])
    assert "part" not in dict(page["fields"])
    change, whole = page["changes"][0], twin(f"{SANDBOX}?now=11_1.0s00")
    there = change["before"] + 0.25 * (change["value"] - change["before"])
    assert page["part"]["run"]["activations"][1][0] == pytest.approx(there)
    assert f'<tspan class="fl-new">{there:.2f}</tspan>' in text
    for same in ("run", "clean"):
        assert page[same] == whole[same], "decisions are about all of the change"


@pytest.mark.parametrize("part", ["-0.1", "1.5", "nan", "half"])
def test_a_part_that_is_no_share_is_refused(client, part):
    assert client.get(f"{SANDBOX}?now=11_1.0s00&part={part}").status_code == 400
