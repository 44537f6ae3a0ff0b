"""Every address that can be asked for × every kind of network: answered, or refused in a sentence, and nothing changed.

A stranger asks, on a store with a network of each kind that was searched, one that was not, and what plugins store.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import time
from contextlib import closing
from itertools import product

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.plugins import brought
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.app import computing
from pluriscope.app.bundled import ORIGIN, bundled_models
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.seeding import add_bundled_models, add_bundled_networks
from pluriscope.app.main import create_app
from tests.analysis.subjects.test_classifier import drawn
from tests.factories import XOR_SLUG, on_a_copy, searched, small_network, stored_analysis
from tests.of_plugins import given, joined

pytestmark = pytest.mark.slow
STRANGER = ("203.0.113.9", 50_000)
NETWORKS = {
    "perceptron": XOR_SLUG,
    "transformer": "attention",
    "classifier": "classifier",
    "elman": "elman",
    "convolutional": "convolutional",
    "nothing": "untouched",
}
"""A network of each kind by its slug, and one of which nothing is known."""
OWN = {kind.key for kind in SUBJECT_KINDS} - {*brought("subjects")}
"""Kinds that come with no plugin."""
LATER = [pytest.param(one, marks=pytest.mark.release) for one in ("elman", "convolutional")]
WORDS = {
    "action": ["cancel"],
    "chapter": ["methods", "nothing"],
    "digest": ["0" * 64, "nothing"],
    "figure": ["drawing", "nothing"],
    "form": ["svg", "png", "pdf", "csv", "json", "nothing"],
    "item": ["chosen", "given", "nothing"],
    "method": ["exact-edge", "nothing"],
    "screen": ["2", "9", "nothing"],
    "table": ["drawing", "interchanges.all", "nothing"],
} | joined("WORDS")
"""Values of parts of addresses by their name, with those of plugins; of any other "nothing" alone."""
PARTS = ("", "?part=verify", "?part=criteria", "?part=plan", "?part=cite", "?part=file", "?part=nothing", "?nothing=1")
CACHES = ("parts",)
"""What a data folder has beside the database that reading makes again: parts of studies as files."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A client of strangers."""
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("addresses")))
    models = {"attention": "tracr-induction", "elman": "parity-3-elman", "convolutional": "bars-4x4-conv"}
    with TestClient(app, client=STRANGER, follow_redirects=False, raise_server_exceptions=False) as client:
        stored_analysis(app.state.store, real=True)
        with app.state.store.write() as session:
            for slug, name in models.items():
                searched(session, bundled_models()[name], slug=slug)
            searched(session, json.dumps(COARSER_PERCEPTRON.write(drawn((3, 3, 3, 3)))).encode(), slug="classifier")
            save_network(session, small_network(7), slug="untouched")
            for store in given("STORED"):
                store(session)
        yield client


def addresses(client, network):
    """Every address with a network in its place; the others with what is there and what is not."""
    listed = client.get(f"/api/v2/networks/{network or XOR_SLUG}/explanations?limit=1").json()["items"]
    refs = [*(one["ref"] for one in listed), "c-3", "c-nothing", "nothing"]
    for route in client.app.routes:
        if "GET" not in (getattr(route, "methods", None) or ()):
            continue
        names = re.findall(r"{([^}:]+)", route.path)
        if ("/networks/{" in route.path) == (network == ""):
            continue
        own = {"network": [network], "key": [*BY_KEY, "nothing"], "ref": refs, "other": [XOR_SLUG, network, "nothing"]}
        own |= {"name": [network] if "/networks/{name}" in route.path else ["drawing", "nothing"]}
        given = [(own | WORDS).get(name, ["nothing"]) for name in names]
        yield from (re.sub(r"{[^}]+}", "{}", route.path).format(*values) for values in combined(given))


def with_parts(path):
    """An address, and of a page those of its parts."""
    return [path + part for part in (PARTS if not re.search(r"^/api/|\.", path) else PARTS[:1])]


def combined(lists):
    """Whatever is there with whatever else is, and what is not with the first of everything else."""
    there = [[one for one in some if "nothing" not in one] or some for some in lists]
    yield from product(*there)
    for place, (some, known) in enumerate(zip(lists, there, strict=True)):
        for wrong in (one for one in some if one not in known):
            yield [wrong if at == place else others[0] for at, others in enumerate(there)]


def sentence(answer):
    """Sentence of a refusal."""
    if "json" in answer.headers["content-type"]:
        return answer.json()["error"]
    notice = answer.text.partition("<main")[2].partition('class="notice')[2].partition("</div>")[0]
    return re.sub(r"<[^>]+>", "", notice)


def stored(client):
    """The whole database as statements, and what lies beside it."""
    data = client.app.state.settings.data
    with closing(sqlite3.connect(data / "pluriscope.sqlite")) as database:
        dumped = list(database.iterdump())
    return dumped, {file.name for file in data.iterdir() if not file.name.startswith("pluriscope.sqlite")} - {*CACHES}


def test_there_is_a_network_of_each_kind(site):
    assert {*NETWORKS, *NETWORKS.values()} >= OWN


@pytest.mark.parametrize("network", [XOR_SLUG, "attention", "classifier", "untouched", "", *LATER])
def test_it_is_answered_or_refused_in_a_sentence_and_nothing_changes(site, network):
    before, broken, n_asked = stored(site), list[str](), 0
    for path in addresses(site, network):
        for address in with_parts(path):
            answer, n_asked = site.get(address), n_asked + 1
            refused = answer.status_code >= 400
            if answer.status_code >= 500 or (refused and not re.search(r"\w.* \w.*\.", sentence(answer))):
                broken.append(f"{answer.status_code} {address}")
            if answer.status_code != 200:
                break  # which the parts of a page do not change
    assert broken == []
    assert n_asked > 50
    assert stored(site) == before


@pytest.mark.parametrize("n_drawn", [2, pytest.param(None, marks=pytest.mark.release)])
def test_no_answer_about_a_bundled_network_takes_more_of_the_processor_than_it_may(tmp_path, monkeypatch, n_drawn):
    monkeypatch.setattr(computing, "SECONDS", 2.0)
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, client=STRANGER, follow_redirects=False, raise_server_exceptions=False) as client:
        with app.state.store.write() as session:
            add_bundled_networks(session), add_bundled_models(session)
        for one in brought("collections").values():
            one.seed(app.state.settings)
        with app.state.store.read() as session:
            slugs = session.scalars(select(NetworkRow.slug).where(NetworkRow.origin == ORIGIN)).all()
            assert {*session.scalars(select(NetworkRow.kind))} >= OWN
        asked = [one for slug in slugs for path in addresses(client, slug) for one in with_parts(path)]
        always = [one for one in asked if re.search(r"/own$|/own\?part=verify", one)]
        drawn = asked if n_drawn is None else always + random.Random(0).sample(asked, n_drawn * len(slugs))
        assert len(slugs) > 20
        most = 4 * (computing.SECONDS + computing.GRACE)
        for address in drawn:
            began = time.process_time()
            answer = client.get(address)
            assert time.process_time() - began < most, address
            assert answer.status_code < 500, address
