"""The application in a kernel: what a result's view leads to is answered in process, as a server answers it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

import pluriscope
from pluriscope.analysis.errors import ExplainedError, MissingLibrary
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.prepared import prepare_analysis
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.offline.kernel import answer, site_of
from tests.checkout import ROOT
from tests.factories import pretrained_xor

pytestmark = pytest.mark.slow
NOT_LOOKED_AT = (".pdf", ".png", "interpretations.csv")  # each takes as long as all other pages


def asked(site, url, **headers):
    return answer(site, url, headers)


def kind_of(url, key):
    """A page's kind: its path without the names in it."""
    return re.sub(r"/explanations/[^/.]+", "/explanations/*", urlsplit(url).path.replace(key, "*"))


@pytest.fixture(scope="module")
def xor():
    return pluriscope.explain(pretrained_xor())


@pytest.mark.parametrize("rules", ["edges", "neurons", "last-edges"])
@pytest.mark.parametrize("name", ["twin-shifted-classifier", "twin-classifier"])
def test_a_file_is_stored_as_what_it_is_whatever_its_circuits_are_made_of(name, rules):
    result = pluriscope.explain(ROOT / f"tests/golden/one-machine/{name}.json", protocol=rules)
    for address in (result.address, result.circuits[0].address):
        assert asked(site_of(result), address)[0]["status"] == 200


@pytest.fixture(scope="module")
def transformer():
    return pluriscope.explain(bundled_models()["induction-attention"], protocol="heads-mean")


@pytest.mark.parametrize("which", ["xor", pytest.param("transformer", marks=pytest.mark.release)])
def test_every_kind_of_page_that_an_overview_leads_to_is_answered(which, request):
    result = request.getfixturevalue(which)
    site = site_of(result)
    waiting, seen, refused = [result.address], set(), []
    while waiting:
        url = waiting.pop(0)
        reply, body = asked(site, url)
        if reply["status"] != 200:
            refused.append((url, reply["status"]))
        if not reply["headers"]["content-type"].startswith("text/html"):
            continue
        page = BeautifulSoup(body, "html.parser")
        assert not page.select("form[method=post]"), url
        for one in page.select(
            ".bar, .foot, [href='/jobs'], [href^='/studies'], [href^='/findings'], [href^='/networks/new']"
        ):
            one.decompose()
        found = [
            one[name] for name in ("href", "action", "hx-get", "data-chart", "src") for one in page.select(f"[{name}]")
        ]
        for to in (urljoin(reply["url"], unescape(one)) for one in found):
            kind = kind_of(to, result.network_key)
            if (
                to.startswith((f"/networks/{result.network_key}", "/compare", "/glossary", "/scope"))
                and kind not in seen
                and not kind.endswith(NOT_LOOKED_AT)
            ):
                seen.add(kind)
                waiting.append(to)
    assert refused == []
    assert seen >= {"/networks/*/explanations", "/networks/*/explanations/*", "/compare"}


def test_what_is_stored_is_what_a_server_stores(xor):
    site = site_of(xor)
    with site.app.state.store.read() as session:
        row = (
            session.query(AnalysisRow).filter_by(network=network_by_digest(session, xor.question.subject.digest)).one()
        )
        assert row.result_digest == prepare_analysis(analyse_output(xor.question)).result_digest
    assert site_of(xor) is site


def test_other_tasks_on_the_same_weights_have_a_store_of_their_own(xor):
    other = pluriscope.explain(pretrained_xor(), task="OR")
    assert b"OR" in asked(site_of(other), other.address)[1]
    assert site_of(other) is not site_of(xor)


def test_addresses_are_those_that_any_server_has(xor):
    _, body = asked(site_of(xor), xor.address)
    copied = [one["data-copy"] for one in BeautifulSoup(body, "html.parser").select("[data-copy^='/']")]
    assert copied == [xor.address]
    assert b"http://_" not in body


def test_downloads_have_their_names_and_a_largest_size(xor):
    site = site_of(xor)
    reply, body = asked(site, f"{xor.address}/explanations.csv?kind=circuit")
    assert reply["headers"]["content-disposition"].endswith('.csv"')
    assert body.count(b"\n") > len(xor.circuits)
    with pytest.raises(ExplainedError, match="has more than 0 MiB"):
        asked(replace(site, most=0), xor.address)


def test_it_answers_while_the_kernels_own_loop_runs_and_leaves_nothing_behind(tmp_path):
    code = """
import asyncio
from pluriscope import explain
from pluriscope.app.offline.kernel import answer, site_of
from tests.factories import small_network
result = explain(small_network())
async def cell():
    print(answer(site_of(result), result.address, {})[0]["status"])
asyncio.run(cell())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("200\n", "")
    assert list(tmp_path.iterdir()) == []


def test_without_a_kernel_the_usual_representations_are_taken(xor):
    with pytest.raises(NotImplementedError):
        xor._ipython_display_()


def test_without_anywidget_it_is_said_what_to_install(xor, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingLibrary, match=r"pluriscope\[notebook\]"):
        xor.circuits[0].view()
    assert xor._display_()._repr_html_() == xor._repr_html_()
