"""The page of steering: its address says all, and what cannot be done stands above the form; and the command."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.app.db.writes import save_network
from pluriscope.resources import RESOURCES
from tests.app.cli.test_analyse import refused, run
from tests.app.pages.test_play_on_transformers import DOCUMENT
from tests.clients import served
from tests.factories import XOR_SLUG, pretrained_xor, real_analysis, save_analysis

PAGE = f"/networks/{XOR_SLUG}/analyses/steering"
BUNDLED = RESOURCES / "app" / "bundled"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("steering")) as client:
        with client.app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug=XOR_SLUG)
            save_analysis(session, real_analysis())
            save_network(session, json.dumps(DOCUMENT).encode(), slug="induction")
            save_network(session, parse_network_file((BUNDLED / "and-3-3.json").read_bytes()), slug="conjunction")
        yield client


@pytest.mark.slow
def test_the_page_its_record_and_the_library_say_the_same(client):
    query = "at=1&along=probe&most=1.5&steps=3"
    page, reply = client.get(f"{PAGE}/given?{query}&dose=1.5"), client.get(f"/api/v2{PAGE}/given?{query}").json()
    assert page.status_code == 200
    made = pluriscope.explain(BUNDLED / "xor-pretrained.json", seconds=None).steer("1", "probe", most=1.5, steps=3)
    assert reply["report"] == made.model_dump(mode="json")
    assert reply["findings"] == made.findings()
    assert all(words in page.text for words in (str(reply["findings"][0]), "Observed classes of interpretations"))
    every = client.get(f"{PAGE}/given?{query}&part=every").text
    assert re.findall(r'id="(response|rows|predicted)"', every) == ["response", "rows", "predicted"]


def words(page: str) -> list[str]:
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page, re.DOTALL)
    return [unescape(re.sub("<[^>]+>", "", one)).strip() for one in cells]


@pytest.mark.parametrize("dose", [-1.0, 0.5, 2.0])
def test_each_row_stands_at_the_dose_with_what_it_gives_and_what_is_predicted(client, dose):
    query = "at=2&along=numbers&on=1,0,-1"
    reply = client.get(f"/api/v2{PAGE}/given?{query}").json()["report"]
    (at,) = [number for number, one in enumerate(reply["steered"]["doses"]) if one["dose"] == dose]
    html = client.get(f"{PAGE}/given?{query}&dose={dose}&row=1").text
    cells = words(re.search(r'id="steered".*?</table>', html, re.DOTALL)[0])
    for one in reply["steered"]["rows"]:
        assert cells[cells.index(one["row"]) + 3].startswith(f"{one['answers'][at]} (")
    steered, classes = reply["steered"], reply["predicted"][0]
    changed, meant = steered["doses"][at]["meant"], sum(one["of_class"] == (dose < 0) for one in steered["rows"])
    assert f"At dose {dose:g} of the direction (numbers) at layer 2, the answer changes on {changed} of {meant}" in html
    assert re.findall("<title>(.*?) ·", html) == ["Steering of XOR, pretrained"]
    cells = words(re.search(r'id="predictions".*?</table>', html, re.DOTALL)[0])
    asked, *reply = (int(one.replace(",", "")) for one in cells[cells.index(classes["kind"]) + 1 :][:4])
    assert reply == [classes[f"{name}_at"][at] for name in ("right", "wrong", "silent")]
    assert asked == sum(reply) == classes["asked"] * len(steered["rows"])


def test_steering_begins_with_a_drawn_layer_whose_neurons_turn_their_sign(client):
    page = client.get(PAGE).text
    assert 'type="range"' in page
    for neuron, numbers in (("2-0", "-1,0,0"), ("2-1", "1,1,0")):
        (link,) = re.findall(rf'<a id="wide-{neuron}" href="([^"]+)"', page)
        page_of_it = client.get(unescape(link))
        assert f"on={numbers.replace(',', '%2C')}" in link.replace(",", "%2C")
        assert page_of_it.status_code == 200
    alone = client.get(f"{PAGE}/given?at=2&along=numbers&on=-1,0,0").text
    (link,) = re.findall(r'<a id="wide-2-0" href="([^"]+)"', alone)
    assert "on=1" in link, "a direction is never zero"


def test_placements_lead_to_what_they_are_steered_along(client):
    page = client.get(PAGE)
    address = unescape(re.search(r'<a href="([^"]+)" id="steer-1"', page.text)[1])
    reply = client.get("/api/v2" + address).json()["report"]
    assert (reply["along"], reply["predicted"][1]["kind"]) == ("placement", "Valid placements on neurons")
    assert PAGE in client.get(f"/networks/{XOR_SLUG}/play").text
    assert "/networks/induction/analyses/steering" in client.get("/networks/induction/play").text


@pytest.mark.parametrize("query", ["", "at=1.0~3&steps=2", "along=probe&most=3&steps=2&at=x2"])
def test_a_transformer_is_steered(client, query):
    reply = client.get(f"/api/v2/networks/induction/analyses/steering/given?{query}").json()["report"]
    assert reply["notes"][-1].startswith("No explanation is asked")
    assert client.get(f"/networks/induction/analyses/steering/given?{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("at=7", "is no hidden layer of this network"),
        ("along=numbers&on=0,0,0", "is zero"),
        ("along=das", "is learned, which no page does"),
        ("most=-1", "most is"),
        ("doses=3", "is unknown"),
        ("dose=much", "is no number"),
        ("into=conjunction", "has another task"),
    ],
)
def test_what_cannot_be_done_stands_above_the_form(client, query, words):
    page, reply = client.get(f"{PAGE}/given?{query}"), client.get(f"/api/v2{PAGE}/given?{query}")
    assert (page.status_code, reply.status_code) == (422, 422)
    assert words in page.text
    assert words in reply.text
    assert 'id="form"' in page.text
    labels = re.findall(r'<label[^>]* for="(\w+)"[^>]*>([^<]+)<', page.text)
    assert [name for name, label in labels if name in ("at", "of", "most", "into") and label == name] == []
    assert {"at", "of", "most", "into"} <= {name for name, _ in labels}


@pytest.mark.slow  # learns a direction
def test_a_direction_that_no_page_learns_is_learned_and_given_as_is_said(client, capsys):
    said = client.get(f"{PAGE}/given?along=das").text
    (command,) = re.findall(r"Learn it with pluriscope (\w+) or in the library, and give its numbers here", said)
    of = "--at", "1", "--of", "0111"
    assert run(command, BUNDLED / "xor-pretrained.json", *of, "--along", "das", "--steps", "2", "-q", "--json") == 0
    numbers = ",".join(map(str, json.loads(capsys.readouterr().out)["steered"]["direction"]))
    assert client.get(f"{PAGE}/given?at=1&of=0111&along=numbers&on={numbers}").status_code == 200


def test_before_an_analysis_only_what_needs_none_is_asked(client):
    reply = client.get("/api/v2/networks/conjunction/analyses/steering/given?steps=2").json()["report"]
    assert reply["notes"] == ["The network is not analysed yet, so only placements on directions are asked."]
    assert {one["kind"] for one in reply["predicted"]} <= {"Valid placements on directions, orthogonal swap"}


def test_a_network_that_is_not_there_is_not_found(client):
    assert client.get(f"{PAGE}/given?into=nothing").status_code == 404


@pytest.mark.slow
def test_the_command_says_what_the_library_finds(capsys):
    file = BUNDLED / "xor-pretrained.json"
    assert run("steer", file, "--at", "1", "--steps", "2", "-q", "--json") == 0
    result = pluriscope.explain(file)
    found = result.steer("1", steps=2)
    assert json.loads(capsys.readouterr().out) == found.model_dump(mode="json")
    assert 0 < len(repr(found)) <= 2_000
    assert "steer" in dir(result)
    with pytest.raises(AnalysisError, match=r"Use result.steer\("):
        result.ask("steering")
    with pytest.raises(AttributeError, match="no attribute 'steered'"):
        result.steered()
    assert "is no hidden layer" in refused(capsys, "steer", file, "--at", "4", "-q")
