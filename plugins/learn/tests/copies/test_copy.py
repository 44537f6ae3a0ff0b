"""A whole copy of a small network: complete in itself, true, the same each time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from plugins.learn.tests.copies.conftest import LIVE, SHALLOW, SLUG, TWO
from pluriscope.addresses.address import Addresses
from pluriscope.analysis.questions.protocol import PAPER
from pluriscope.app.as_file import file_of
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.circuits import masks_of
from pluriscope.app.jobs.queue import enqueue_analyses
from pluriscope.app.offline.site import CannotExport
from pluriscope.app.settings import Settings
from pluriscope_learn.copies.copy import Wish, write_copy
from tests.app.cli.test_analyse import refused, run
from tests.app.jobs.executors import work
from tests.checkout import ROOT
from tests.factories import searched

pytestmark = pytest.mark.slow
LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")}
CITED = re.compile(r"https://(arxiv\.org|doi\.org|openreview\.net|proceedings\.mlr\.press|www\.alignmentforum\.org)/")


class Links(HTMLParser):
    """Links of a page: what it loads, where it leads, what it asks of a server."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.ids: set[str] = set()
        self.asks: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if (tag, name) in LOADING:
                self.loads.append(value)
            elif name == "href":
                self.leads.append(value)
            elif name == "id":
                self.ids.add(value)
            asks = name.startswith(("hx-", "data-poll", "action", "formaction", "on")) or str(value).startswith("/")
            if tag == "form" or asks:
                self.asks.append(f"<{tag} {name}={value}>")


@pytest.fixture(scope="module")
def pages(copy) -> dict[Path, Links]:
    return links_of(copy)


def links_of(folder: Path) -> dict[Path, Links]:
    return {path: Links(path.read_text()) for path in sorted(folder.rglob("*.html"))}


def broken_links(folder: Path, pages: dict[Path, Links]) -> list[str]:
    """Links that lead to no file of the copy, or to a place that its page has not."""
    wrong = []
    for path, page in pages.items():
        for link in [*page.loads, *page.leads]:
            bare, _, fragment = link.partition("#")
            if CITED.match(link) and link in page.leads:
                continue
            target = (path.parent / unquote(bare)).resolve() if bare else path
            there = target.is_file() and target.is_relative_to(folder) and "?" not in bare
            place = not fragment or fragment.startswith("/") or target not in pages or fragment in pages[target].ids
            if not (there and place):
                wrong.append(f"{path.relative_to(folder)}: {link}")
    return wrong


def test_every_link_leads_to_a_file_of_the_copy(copy, pages):
    assert len(pages) > 15
    assert broken_links(copy, pages) == []


def test_nothing_is_asked_of_a_server(pages):
    assert [(path, asks) for path, page in pages.items() for asks in page.asks] == []


def circuit_of(copy: Path) -> str:
    """The one circuit whose page is copied: the first to which a page leads."""
    (found,) = (copy / f"networks/{SLUG}/explanations").glob("c-*.html")
    return found.stem


def test_everything_asked_for_is_there(copy):
    contents = json.loads((copy / "contents.json").read_text())
    explained = [page for page in contents["pages"] if page.startswith(f"/networks/{SLUG}/explanations/")]
    assert sorted(page.rpartition("/")[2][0] for page in explained) == ["a", "c", "g", "i"]
    lists = [f"/explanations?kind={kind}" for kind in ("circuit", "interpretation", "alignment")]
    for page in ("", "/analyses/methods", "/analyses/common-ground", "/explanations", *lists):
        address = f"/networks/{SLUG}{page}"
        assert (copy / contents["pages"][address]).is_file()
        json.loads((copy / file_of(Addresses().twin(address))).read_text())
    lines = (copy / f"networks/{SLUG}/explanations.csv").read_text().splitlines()
    assert len([line for line in lines if line.startswith("circuit,")]) == 197
    assert list(copy.glob(f"networks/{SLUG}/explanations/*/drawing.svg"))
    assert f"{circuit_of(copy)}.html" in (copy / f"networks/{SLUG}/explanations.html").read_text()


def test_twins_are_what_the_dashboard_answers(copy, settings):
    from fastapi.testclient import TestClient

    from pluriscope.app.main import create_app

    with TestClient(create_app(settings)) as client:
        lists = ("/explanations", "/explanations?kind=circuit")
        pages = ("", f"/explanations/{circuit_of(copy)}", "/analyses/common-ground", *lists)
        for page in pages:
            address = Addresses().twin(f"/networks/{SLUG}{page}")
            assert json.loads((copy / file_of(address)).read_text()) == client.get(address).json(), page


def leads_to_a_live_site(folder: Path) -> None:
    """Links of a copy of the second output to what is not in it."""
    page = (folder / f"networks/{TWO}/explanations__kind=circuit__output=1.html").read_text()
    assert f'href="{LIVE}/networks/{TWO}/explanations/c-' in page
    (circuit, *_) = folder.glob(f"networks/{TWO}/explanations/c-*__output=1.html")
    assert 'rel="canonical"' in circuit.read_text()


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish(("bare",)), "no finished analysis under protocol 'complete'"),
        (Wish((SLUG,), ("paper",)), "Choose among .*complete"),
    ],
)
def test_what_cannot_be_copied_is_refused(settings, tmp_path, wish, why):
    with pytest.raises(CannotExport, match=why):
        write_copy(settings, wish, tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_same_bytes_again_with_links_to_a_live_site(settings, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLURISCOPE_DATA", str(settings.data))
    folder = tmp_path / "site"
    arguments = ("copy", folder, "--network", TWO, "--output", 1, "--limit", 1)
    further = ("--base-url", f"{LIVE}/")
    assert run(*arguments, *further) == 0
    leads_to_a_live_site(folder)
    answer = capsys.readouterr().err
    assert "index.html" in answer
    assert "is not empty" in refused(capsys, *arguments)
    first = folder.rename(tmp_path / "first")
    assert run(*arguments, *further, "-q") == 0
    for path in (path for path in first.rglob("*") if path.is_file()):
        assert (folder / path.relative_to(first)).read_bytes() == path.read_bytes()


def test_wrong_options_are_refused(settings, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLURISCOPE_DATA", str(settings.data))
    into = ("copy", tmp_path / "site")
    assert "names no network" in refused(capsys, *into)
    assert "nothing" in refused(capsys, *into, "-n", "nothing")
    assert "no address of a site" in refused(capsys, *into, "-n", SLUG, "--base-url", "javascript:alert(1)")
    assert "is no index" in refused(capsys, *into, "-n", SLUG, "--output", "x.json")
    assert "output 7" in refused(capsys, *into, "-n", SLUG, "--output", "7")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_analysed_is_copied_once_a_worker_has_finished_it(settings, tmp_path, monkeypatch, capsys):
    """Or under the rules under which it is, as is said."""
    data = shutil.copytree(settings.data, tmp_path / "data")
    monkeypatch.setenv("PLURISCOPE_DATA", str(data))
    copied = ("copy", "-n", SLUG, "--limit", "1", "-q", "-p")
    said = refused(capsys, *copied, "paper", tmp_path / "site")
    assert run(*copied, re.search(r"Choose among (\w+)", said)[1], tmp_path / "chosen") == 0
    store = open_store(Settings(data=data))
    with store.write() as session:
        enqueue_analyses(session, find_network(session, SLUG), [PAPER])
    work(store, ("analyse",))
    store.close()
    assert run(*copied, "paper", tmp_path / "site") == 0


def test_several_networks_outputs_protocols_and_data(settings, copy_of_two, tmp_path):
    """Two outputs of a network, and one of them under rules and data of its own."""
    wish = Wish((TWO, SLUG), ("complete", SHALLOW.digest[:12]), limit=1)
    with pytest.raises(CannotExport, match="'xor': has no finished analysis under protocol"):
        write_copy(settings, wish, tmp_path / "several")
    contents = json.loads((copy_of_two / "contents.json").read_text())
    assert contents["pages"]["/networks/two?output=1"] == "networks/two__output=1.html"
    assert len(json.loads((copy_of_two / "api/v2/networks/two/result.json").read_text())["outputs"]) == 2
    assert broken_links(copy_of_two, links_of(copy_of_two)) == []

    folder = tmp_path / "shallow"
    write_copy(settings, Wish((TWO,), (SHALLOW.digest,), output=0, limit=1), folder)
    pages = json.loads((folder / "contents.json").read_text())["pages"]
    (page,) = [page for page in pages if page.startswith("/networks/two?")]
    assert re.fullmatch(f"/networks/two\\?data=[0-9a-f]{{12}}&protocol={SHALLOW.digest[:12]}", page)
    assert not (folder / "networks/two.html").exists()
    assert len(list(folder.glob("api/v2/networks/two/result*"))) == 1
    assert broken_links(folder, links_of(folder)) == []


@pytest.mark.slow
def test_a_transformer_is_copied_under_its_rules(tmp_path):
    settings = Settings(data=tmp_path, database_url="")
    store = open_store(settings)
    store.migrate()
    with store.write() as session:
        found = searched(session, bundled_models()["majority-5-attention"], "heads", slug="majority")
        masks = masks_of(session, found).tolist()
    store.close()
    write_copy(settings, Wish(("majority",), protocols=("heads",)), tmp_path / "copy")
    pages = links_of(tmp_path / "copy")
    assert broken_links(tmp_path / "copy", pages) == []
    copied = json.loads((tmp_path / "copy" / "contents.json").read_text())["pages"]
    assert {f"/networks/majority/explanations/c-{mask:x}?protocol=heads" for mask in masks} <= copied.keys()
    with pytest.raises(CannotExport, match="protocol 'nodes'"):
        write_copy(settings, Wish(("majority",), protocols=("nodes",)), tmp_path / "other")


def test_what_is_interrupted_leaves_nothing(settings, tmp_path):
    """A process that is told to end."""
    environment = {**os.environ, "PLURISCOPE_DATA": str(settings.data)}
    few = ["--output", "1", "--limit", "1"]
    command = [sys.executable, "-m", "pluriscope.app.cli", "copy", str(tmp_path / "site"), "-n", TWO, *few]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 300
        while not any(tmp_path.glob(".site.*/networks")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, answer = process.communicate(timeout=300)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, answer
    assert "stopped on request" in answer
    assert "Traceback" not in answer
    assert list(tmp_path.iterdir()) == []
