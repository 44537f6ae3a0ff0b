"""Nowhere does it end: links lead on, buttons that are offered work, and what is refused says where it is answered."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.registry import EVERY
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.app import bundled
from pluriscope.app.bundled import bundled_models, bundled_networks
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.queue import enqueue_analyses
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.app.cli.test_analyse import run
from tests.crawling import Page, Visitor
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis, small_network
from tests.first_start import first_start
from tests.of_plugins import joined

KEYS = [one.key for one in EVERY]
ANYWHERE = {one.key for one in EVERY if not one.find or one.lacks(PERCEPTRON)}
"""What is answered of a network without a hidden layer, or of no perceptron."""
FILLED_IN = {
    "text": json.dumps(network_file_json(small_network(1))),
    "guess": "1",
    "network": "xor-planted",  # of the shape of the first
    "question": "Which?",
    "name": "Mine",
} | joined("FILLED_IN")
"""What a browser asks for before it sends a form, and the page gives no example of."""
OF_ANY = ("", "/explanations", "/play", "/analyses", "/analyses/methods", "/analyses/lenses", "/own")
OF_PERCEPTRONS = (
    *OF_ANY,
    "/edit",
    "/edit?rule=manual",
    "/edit?rule=trojan",
    "/settings",
    "/analyses/funnel",
    "/explanations?kind=algorithm&valid=any",
)
SLUGS = [*(one.slug for one in bundled_networks()), *bundled_models()]
MODELS = LARGE, SMALL = "indirect-object-2x4", "majority-5-attention"


@contextmanager
def opened(settings: Settings) -> Iterator[TestClient]:
    options: dict[str, Any] = {"base_url": "http://127.0.0.1", "follow_redirects": False, "client": ("127.0.0.1", 5000)}
    with TestClient(create_app(settings), raise_server_exceptions=False, **options) as client:
        yield client


@pytest.fixture(scope="module")
def little(tmp_path_factory) -> Iterator[TestClient]:
    """An application that was hardly asked anything."""
    with opened(on_a_copy(data=tmp_path_factory.mktemp("little"))) as client:
        with client.app.state.store.write() as session:  # type: ignore[attr-defined]
            save_network(session, pretrained_xor(), slug="xor", origin="bundled", position=0)
            save_analysis(session, real_analysis(COMPLETE))
            save_network(session, small_network(2), slug="untouched")
            save_network(session, small_network(3, (2, 1), "No hidden layer"), slug="linear")
            row = save_network(session, small_network(4), slug="failed")
            job = enqueue_analyses(session, row, [COMPLETE])[0]
            job.state, job.error = "failed", "weights: too wild. Tame them."
            for slug in (LARGE, SMALL):
                save_network(session, bundled_models()[slug], slug=slug)
        yield client


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[TestClient]:
    """Application of which the first start has ended."""
    data = tmp_path_factory.mktemp("whole")
    shutil.copytree(first_start(tmp_path_factory), data, dirs_exist_ok=True)
    with opened(Settings(data=data)) as client:
        yield client


# --- every analysis of every network


def check_cell(client: TestClient, slug: str, key: str) -> str:
    """Answer of an analysis, about which page and record agree."""
    url = f"/networks/{slug}/analyses/{key}"
    page, twin = client.get(url, follow_redirects=True), client.get(Addresses().twin(url))
    assert page.status_code == twin.status_code, url
    reply = twin.json()
    if page.status_code == 404:  # of another kind of network alone
        assert re.search(
            "is not offered: [a-z].*(transformers|perceptrons|Elman networks|convolutional networks)", reply["error"]
        )
        assert client.get(reply["parent"]).status_code == 200
        return "nowhere"
    assert page.status_code == 200, url
    if reply["state"] == "not_applicable":
        assert reply["reason"]
        assert reply["instead"] or re.search("planted|data record", reply["reason"]) or slug == "linear"
    if reply["instead"]:
        assert f'href="{reply["instead"]}"' in page.text.replace("&amp;", "&")
        there = client.get(Addresses().twin(reply["instead"])).json()["state"]
        assert there in ("done", "not_asked", "not_analysed")
    return str(reply["state"])


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_an_analysis_is_answered_or_says_where_it_is(little, key):
    states = {slug: check_cell(little, slug, key) for slug in ("xor", "untouched", "linear", LARGE, SMALL)}
    assert (states["linear"] == "not_applicable") == (key not in ANYWHERE)
    if key in ("methods", "rivals", "lenses"):
        assert (states[LARGE], states[SMALL]) == ("not_analysed", "not_analysed")


@pytest.mark.release
def test_every_analysis_of_every_network_is_answered_or_says_where_it_is(whole):
    assert {check_cell(whole, slug, key) for slug in SLUGS for key in KEYS} >= {"done", "nowhere", "not_applicable"}


def file_of(slug: str) -> Path:
    folder = Path(bundled.__file__).parent
    return next(path for path in (folder / f"{slug}.json", folder / "models" / f"{slug}.json") if path.exists())


def check_command(capsys, slug: str, key: str) -> None:
    """Asking a file on the command line is answered, or refused with rules under which it is."""
    if run("ask", key, file_of(slug), "-q") == 0:
        assert capsys.readouterr().out
        return
    refused = capsys.readouterr().err.splitlines()[-1]  # behind what is said of a network that did not learn
    rules = re.search(r"protocol ([a-z-]+)", refused)
    if rules:
        assert run("ask", key, file_of(slug), "-q", "--protocol", rules[1]) == 0
        assert capsys.readouterr().out
    else:
        assert re.search(
            "is not offered: [a-z]|alone|nothing is said to be planted|in the form|a data record|right on its task",
            refused,
        )


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "key"), [("xor-pretrained", "claims"), (SMALL, "methods")])
def test_a_command_is_answered_or_says_where_it_is(capsys, slug, key):
    check_command(capsys, slug, key)


@pytest.mark.release
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_command_is_answered_or_says_where_it_is(capsys, slug, key):
    check_command(capsys, slug, key)


# --- options that are none


ODD = {"output": "x", "protocol": "\0", "data": "é", "part": "none", "theme": "null", "start": "1e9", "e": "c-"}


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["xor", SMALL])
def test_an_option_that_is_none_is_refused_and_ends_nothing(little, slug):
    items = ("/analyses/lenses/shapley", "/analyses/funnel/paper", "/own", "/explanations/c-3ffff")
    for page in ("", "/explanations", "/play", "/edit", "/analyses/rivals", *items):
        url = f"/networks/{slug}{page}"
        for form in (url, Addresses().twin(url)):
            for name, value in ODD.items():
                answer = little.get(form, params={name: value})
                assert answer.status_code in (200, 301, 307, 400, 404, 409, 422), (form, name)


# --- every link and every button


def test_the_visitor_sees_what_a_browser_sends():
    page = Page(
        "http://127.0.0.1/a/b",
        '<a href="c">x</a><form method="post" action="/go"><input type="hidden" name="n" value="1">'
        '<input type="checkbox" name="off" value="2"><input type="checkbox" name="on" value="3" checked>'
        '<select name="s"><option value="p">P</option><option value="q" selected>Q</option></select>'
        '<textarea name="t" required>\n</textarea><button type="submit" name="b" value="4">Go <b>on</b></button>'
        '<button type="submit" formmethod="get" formnovalidate>Check</button></form>',
    )
    go, check = page.buttons
    assert page.links == ["http://127.0.0.1/a/c"]
    assert (go.method, go.url, go.words, go.missing) == ("post", "http://127.0.0.1/go", "Go on", {"t": ""})
    assert go.fields == [("n", "1"), ("on", "3"), ("s", "q"), ("t", ""), ("b", "4")]
    assert (check.method, check.words, check.missing) == ("get", "Check", {})


@pytest.mark.slow
def test_buttons_of_networks_that_were_hardly_asked_anything_work(little):
    visitor = Visitor(little, most=0)
    of = dict.fromkeys(("xor", "untouched", "linear", "failed"), OF_PERCEPTRONS) | dict.fromkeys(MODELS, OF_ANY)
    visitor.follow(*(f"/networks/{slug}{page}" for slug, pages in of.items() for page in pages))
    visitor.follow("/networks/new", "/networks/new?way=train", "/studies/new")
    assert not visitor.broken
    assert sum(one.method == "post" for one in visitor.buttons.values()) > 20
    assert visitor.press(FILLED_IN) == []


@pytest.mark.release
def test_every_link_leads_on_and_every_button_works_after_the_first_start(whole):
    visitor = Visitor(whole, own=frozenset(SLUGS))
    visitor.follow("/")
    assert not visitor.broken
    assert len(visitor.asked) > 1_000
    assert visitor.press(FILLED_IN) == []
