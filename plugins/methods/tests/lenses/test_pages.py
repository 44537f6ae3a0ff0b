"""Pages of lenses: each with what it says under the settings of its address; and where the search finds them."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models, bundled_networks
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope.app.pages.search_index import index_of
from pluriscope_methods.lenses.lens import Grid
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.report import silent
from pluriscope_methods.pages.lenses import heat_maps
from pluriscope_stories.story import own_networks
from tests.app.test_analyses import record
from tests.clients import served
from tests.crawling import Page
from tests.factories import pretrained_xor, save_analysis


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    file = pretrained_xor()
    with served(tmp_path_factory.mktemp("lenses")) as client:
        with client.app.state.store.write() as session:
            save_network(session, file, slug="xor")
            row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
            digests = row.protocol_digest, row.data_digest, row.result_digest
        analysis = BY_KEY["lenses"]
        arguments = arguments_about(file.network.digest, 0, *digests, **analysis.details())
        with client.app.state.store.write() as session:
            handler = handler_of(analysis)
            handler.save(session, arguments, handler.load(session, arguments)(DEFAULT_WORK))
        yield client


@pytest.mark.parametrize("key", list(LENSES.by_key))
def test_each_lens_has_a_page_with_what_it_says(client, key) -> None:
    path = f"/networks/xor/analyses/lenses/{key}"
    page, reply = client.get(path), client.get(f"/api/v2{path}").json()
    assert (page.status_code, reply["lens"]) == (200, key)
    assert f'href="/api/v2{path}"' in page.text
    stored = next((one for one in record(client, "xor", "lenses")["report"]["lenses"] if one["lens"] == key), None)
    if stored is None:
        assert ("Not computed on a page" in page.text) == (not reply["outcome"])
        assert ("Add lenses that learn" in page.text) == (LENSES.by_key[key].learns and not reply["outcome"])
    else:
        assert reply["outcome"] == stored["outcome"]
        assert Markup("{}").format(stored["says"]) in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("sae?latents=3", 200),
        ("labels?labels=1.0%3A+A&protocol=paper", 200),
        ("sae?latents=many", 422),
        ("shapley?latents=3", 422),
        ("nonsense", 422),
    ],
)
def test_settings_of_a_lens_are_those_of_its_address(client, path, status) -> None:
    answer = client.get(f"/networks/xor/analyses/lenses/{path}")
    assert (answer.status_code, client.get(f"/api/v2/networks/xor/analyses/lenses/{path}").status_code) == (status,) * 2


def test_the_page_of_a_lens_that_learns_offers_what_it_waits_for(tmp_path) -> None:
    file, path = pretrained_xor(), "/networks/xor/analyses/lenses/lottery-ticket"

    def offered(path):
        return {one.words for one in Page(path, client.get(path).text).buttons if one.method == "post"}

    with served(tmp_path, local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, file, slug="xor")
        assert "Analyse" in offered(path)
        with client.app.state.store.write() as session:
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
        assert "Ask" in offered(path)
        assert "Ask" not in offered(f"{path}?seeds=5")


def test_a_heat_map_without_rows_is_not_drawn() -> None:
    view = silent("sae", "").model_copy(update={"grids": (Grid("Latents", (), ("row 1",), ()),)})
    assert list(heat_maps(view, None, None)) == []


# --- the search


@pytest.mark.parametrize("key", LENSES.by_key)
def test_a_lens_leads_to_a_bundled_network_on_which_it_applies(key):
    url = next(one.url for one in index_of("").documents if f"/lenses/{key}" in one.url)
    slug = url.split("/")[2]
    network = next((one.file for one in bundled_networks() if one.slug == slug), None)
    if network is None:
        kind, subject = read_subject({**bundled_models(), **own_networks()}[slug])
        question = GraphQuestion(kind, subject, kind.default_rules)
    else:
        kind, question = PERCEPTRON, ask(network.network, task=network.tasks[0])
    lens = LENSES.of(kind)[key]
    assert lens.fit(question, lens.defaults).status == "applicable"
