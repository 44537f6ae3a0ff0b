"""The opening story: its numbers are the engine's and the store's, each screen has one address, nothing is missing."""

from __future__ import annotations

import re
import struct

import pytest
from sqlalchemy import select

from pluriscope.analysis.common_ground.points import ExtremeFound
from pluriscope.analysis.common_ground.report import CommonGroundReport
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope.app.pages.example import NETWORK, PAIR
from pluriscope.app.pages.story import EXPERIMENTS, FORCED, SCREENS
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis
from tests.of_plugins import given

INPUTS = ("00", "01", "10", "11")
SPREAD = [(411, "40000000"), (600, "107899000"), (711, "20")]
FOUND = {"n_sets": 63, "n_interventions": 756, "n_classes": "7836", "classes": 7836, "drawn": False, "seed": 0,
         "n_alignments": 0, "alignments": 0, "silent_classes": 0, "silent_alignments": 0, "perfect": "0", "places": [],
         "largest_set": None, "interpretations": "147899020", "spread": SPREAD}  # fmt: skip


def site_at(folder, stage: str):
    """A site on which so much was done: "nothing", "stored", "analysed", "surveyed"."""
    with served(folder) as client:
        with client.app.state.store.write() as session:
            if stage != "nothing":
                save_network(session, pretrained_xor(), slug=NETWORK, origin="bundled", position=0)
            if stage in ("analysed", "surveyed"):
                row = save_analysis(session, real_analysis())
            if stage == "surveyed":
                best, worst = (ExtremeFound(mask="3ffff", index="0", right=right) for right in (711, 411))
                report = CommonGroundReport(best=best, worst=worst, **FOUND)
                save_report(session, row, kind="common-ground", report=report, thorough=True, seconds=1.0)
        yield client


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    yield from site_at(tmp_path_factory.mktemp("story"), "surveyed")


def shown(text: str) -> str:
    """The words of the screen that is shown."""
    [screen] = re.findall(r'<section class="screen now".*?</section>', text, re.DOTALL)
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", screen, flags=re.DOTALL).split())


def test_every_screen_has_one_address_and_a_title_of_its_own(client):
    titles = set()
    for number in range(1, SCREENS + 1):
        address = "/" if number == 1 else f"/story/{number}"
        text = client.get(address).raise_for_status().text
        assert f"{number} of {SCREENS}" in shown(text)
        assert text.count("<h1") == 1
        assert text.count('class="screen') == SCREENS, "all print"
        titles.update(re.findall(r"<title>(.*) · Pluriscope</title>", text))
    assert len(titles) == SCREENS
    moved = client.get("/story/1?theme=dark")
    assert (moved.status_code, moved.headers["location"]) == (301, "/")
    assert 'href="/" data-turn>Back</a>' in client.get("/story/2").text


@pytest.mark.parametrize("screen", ["0", "7", "9", "x", "-1", "1.0"])
def test_a_screen_that_does_not_exist_names_those_that_do(client, screen):
    answer = client.get(f"/story/{screen}")
    assert answer.status_code == 404
    assert "1, 2, 3, 4, 5, 6" in answer.text
    assert re.findall(r'href="([^"]*)" class="btn primary"', answer.text) == ["/"]


@pytest.mark.parametrize("screen", EXPERIMENTS)
def test_an_experiment_has_the_words_of_the_comparison(client, screen):
    source, base = (f"{row:02b}" for row in EXPERIMENTS[screen])
    neuron = f"n{FORCED[0]}.{FORCED[1]}"
    compared = client.get(f"/api/v2/networks/{NETWORK}/compare", params={"e": PAIR, "limit": 200}).json()
    [reply] = [
        one
        for one in compared["contradictions"]
        if (one["neurons"], one["source"], one["base"]) == (neuron, source, base)
    ]
    asked = shown(client.get(f"/story/{screen}").text)
    assert f"input {'is ' if screen == max(EXPERIMENTS) else ''}{base}" in asked
    assert f"the value it has on {source}" in asked
    for letter, says in reply["says"].items():
        assert f"{letter} It will say {says}" in asked
    text = client.get(f"/story/{screen}?guess=P").raise_for_status().text
    [right] = reply["right"]
    output = f"{reply['output']:.2f}"
    assert f"The network says {reply['happens']}: {output} is not above the threshold. {right} is right" in shown(text)
    assert re.findall(r'class="says right"[^>]*data-choice="(\w)"', text)[screen - min(EXPERIMENTS)] == right
    assert f">{output}</text>" in text


@pytest.mark.parametrize(("guess", "answered"), [("", False), ("?guess=Q", True)])
def test_a_figure_as_a_file_shows_no_more_than_the_page_does(client, guess, answered):
    assert f'/story/4/drawing.svg{guess}"' in client.get(f"/story/4{guess}").text
    drawn = client.get(f"/story/4/drawing.svg{guess}").text
    assert (">0.26</text>" in drawn, ">?</text>" in drawn) == (answered, not answered)


def test_what_the_screens_say_of_the_two_is_so(client):
    answers = client.get("/").text.partition('<ul class="answers">')[2].partition("</ul>")[0]
    assert re.findall(r"<code>(\d+)</code> <b[^>]*>(\d)</b>", answers) == [
        *zip(("00", "01", "10", "11"), "0110", strict=True)
    ]
    other = client.get("/story/3").text
    [wide] = re.findall(r'<section class="screen now".*?(<svg[^>]*wide.*?</svg>)', other, re.DOTALL)
    assert wide.count("vs-ring") == 2, "two neurons are read differently"
    assert wide.count('class="vs-mark"') == 2 * (1 + 3) + 2 * 2, "two ticks at each mark, one each where there are two"
    question = real_analysis().question
    circuit = circuit_from_hex(PAIR[0][2:].partition(".")[0], question.network.sizes)
    values = question.activations(circuit)[FORCED[0]][:, FORCED[1]]
    for name, value in zip(INPUTS, values, strict=True):
        assert f"{value:.2f} on {name}" in other
    finds = re.findall(r"(.) says yes above [\d.]+: ([^;.]*)", other)[:2]
    assert finds == [("P", "A xor B"), ("Q", "only B")], "what the third screen says of the upper one"
    one, two = (client.get(f"/api/v2/networks/{NETWORK}/explanations/{ref}").json() for ref in PAIR)
    assert one["valid"] and two["valid"]  # noqa: PT018


def test_the_last_screen_has_the_numbers_of_the_store(client):
    text = client.get("/story/6").raise_for_status().text
    reply = shown(text)
    found = client.get(f"/api/v2/networks/{NETWORK}").json()["counts"]
    assert f"{int(found['interpretations']['value']):,} explanations of this kind pass. None is always right." in reply
    words = reply.partition("Asked by Méloux")[0]
    assert re.findall(r"\d[\d,]{2,}", words) == ["147,899,020"], "one large number"
    compared = client.get(f"/api/v2/networks/{NETWORK}/compare", params={"e": PAIR}).json()
    p, q = (one["right"] for one in compared["explanations"])
    assert f"from 411 to 711; none is right on all. P is right on {p}, Q on {q}." in text
    doors = re.findall(r'<a class="door[^"]*" href="([^"]*)"', text)
    assert doors[:2] == [f"/networks/{NETWORK}", "/networks/new"]
    assert all(client.get(door).status_code == 200 for door in doors)


def test_the_last_screen_leads_on_to_what_plugins_have(client):
    last = client.get(f"/story/{SCREENS}").text
    for url in given("LAST_SCREEN"):
        assert f'<a href="{url}">' in last.partition('class="screen now"')[2]


@pytest.mark.parametrize("number", range(1, SCREENS + 1))
def test_a_screen_has_one_thought_of_few_words(client, number):
    text = client.get("/" if number == 1 else f"/story/{number}").text
    say = re.search(r'<section class="screen now".*?<div class="say">(.*?)(?:<div|</div)', text, re.DOTALL)[1]
    said = re.sub(r'<p class="(why|step)">.*?</p>|<[^>]+>', " ", say, flags=re.DOTALL)
    assert len(said.split()) <= 45


@pytest.mark.parametrize(("stage", "says"), [("stored", "Not counted yet"), ("analysed", "Counting how often each")])
def test_before_all_is_counted_the_other_screens_work(tmp_path, stage, says):
    for client in site_at(tmp_path, stage):
        for number in range(2, SCREENS):
            assert client.get(f"/story/{number}?guess=").status_code == 200
        last = shown(client.get("/story/6").text)
        many = (
            "147,899,020 explanations of this kind pass. Is there"
            if stage == "analysed"
            else "How many explanations pass?"
        )
        assert many in last
        assert says in last


@pytest.mark.parametrize(
    ("stage", "done", "total", "says"),
    [("", 0, 0, ": waiting"), ("common ground", 40, 50, ": 40%"), ("spread", 1, 4, ": 62%")],
)
def test_what_is_still_computed_is_said_in_plain_words_and_never_restarts(tmp_path, stage, done, total, says):
    for client in site_at(tmp_path, "analysed"):
        with client.app.state.store.write() as session:
            row = session.scalars(select(AnalysisRow)).one()
            about = row.network.digest, row.output, row.protocol_digest, row.data_digest, row.result_digest
            job = queue.enqueue(session, "common-ground", arguments_about(*about))
            job.state, job.stage, job.done, job.total = "running" if total else "queued", stage, done, total
        reply = shown(client.get("/story/6").text)
        assert f"Every explanation is being held against every way of changing the neurons{says}" in reply
        assert "See the job" not in reply


def test_without_its_network_the_front_page_says_what_this_is(tmp_path):
    for client in site_at(tmp_path, "nothing"):
        text = client.get("/").raise_for_status().text
        assert "side by side" in text
        assert 'href="/networks/new"' in text
        assert client.get("/story/2").status_code == 404


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        *((f"/story/{number}/drawing.svg", "image/svg+xml") for number in range(1, SCREENS + 1)),
        ("/story/3/line.svg", "image/svg+xml"),
        ("/story/2/drawing.pdf", "application/pdf"),
        ("/story/4/drawing.png?guess=Q", "image/png"),
        ("/story/4/line.svg", None),
    ],
)
def test_figures_are_files(client, address, kind):
    answer = client.get(address)
    assert answer.status_code == (404 if kind is None else 200)
    if kind == "image/png":
        assert struct.unpack(">I", answer.content[16:20])[0] >= 1600
    if kind == "image/svg+xml":
        assert "vs-" in answer.text.partition("</style>")[0], "its rules are inside"
        assert "var(" not in answer.text
