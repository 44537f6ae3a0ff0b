"""Code of a plugin that raises on a page of the core: the rest is shown, and which plugin it was."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from pluriscope.analyses.registry import COMMON_GROUND, EVERY
from pluriscope.analysis.criteria.registry import criteria_for
from pluriscope.app.db.writes import save_network
from pluriscope.app.pages import analyses, circuit
from pluriscope.app.pages.search_index import index_of
from pluriscope.app.pages.verdicts import judge
from pluriscope.documents.markdown import markdown
from tests.app.pages.conftest import XOR
from tests.app.pages.test_overview import words
from tests.clients import served
from tests.factories import small_network
from tests.plugin_files import installed

TEXT = """
from types import SimpleNamespace
from pluriscope.page_kit.blocks import More

def broken(*given):
    raise ZeroDivisionError(given)

def folded(*given):
    return [More("Odd", broken)]

class Collection(SimpleNamespace): ...
class Analysis(SimpleNamespace): ...
class Criterion(Analysis): ...

COLLECTION = Collection(title="Odd things", find=broken, where=broken, origin=broken)
ODD = tuple(Criterion(key=key) for key in ("odd", "common-ground", "knockout-completeness"))
"""
COMPLETENESS = "knockout-completeness"  # of which no verdict is stored
NAMED = "Something of of-stranger is left out"
ONE = f"{XOR}/explanations/c-081ff"


@pytest.fixture(autouse=True)
def _new_index():
    index_of.cache_clear()
    yield
    index_of.cache_clear()


def findings(asked):
    """Of the analysis that is taken for the plugin's."""
    return [f"{1 // (asked.analysis.key != 'common-ground')}"]


def criteria(kind):
    """Those of a kind, one of them the plugin's."""
    broken = {kind: lambda *_: 1 // 0}
    return [replace(one, judges=broken) if one.key == COMPLETENESS else one for one in criteria_for(kind)]


@pytest.mark.parametrize(
    ("group", "path", "shown", "of_the_core"),
    [
        ("blocks", f"{XOR}/play", NAMED, "Choose explanations"),
        ("folded", f"{XOR}/play?part=odd", NAMED, "Choose explanations"),
        ("collections", f"{XOR}?part=counted", NAMED, "Origin"),
        ("collections", "/search?q=xor", "of-stranger: collections 'entry' ended with ZeroDivisionError", "Networks"),
        ("collections", "/networks/none-such", "", "none-such"),
        ("searches", "/search?q=interpretation", "", "Glossary"),
        ("analyses", f"{ONE}?part=story", NAMED, "analyses are about it"),
        ("analyses", f"{XOR}/analyses", "of-stranger: analyses 'entry' ended with ZeroDivisionError", "What methods"),
        ("criteria", f"{ONE}?part=criteria", "of-stranger: criteria 'entry' ended with ZeroDivisionError", "ablation"),
    ],
)
def test_what_a_plugin_fails_at_is_left_out_and_the_page_is_shown(
    client, caplog, tmp_path, monkeypatch, group, path, shown, of_the_core
):
    if group == "analyses":
        monkeypatch.setattr(circuit, "EVERY", (*EVERY, replace(COMMON_GROUND, key="odd", shows="of_stranger")))
        monkeypatch.setattr(analyses.Asked, "findings", property(findings))
    if group == "criteria":
        monkeypatch.setattr(judge, "criteria_for", criteria)
    brings = {"collections": "COLLECTION", "analyses": "ODD", "criteria": "ODD", "folded": "folded"}
    entry = {"blocks" if group == "folded" else group: {"entry": f"of_stranger:{brings.get(group, 'broken')}"}}
    with caplog.at_level(logging.ERROR, "pluriscope.plugins"), installed(tmp_path, entry, TEXT):
        answer = client.get(path)
    assert answer.status_code == (404 if "none-such" in path else 200)
    assert shown in words(answer.text)
    assert of_the_core in words(answer.text)
    (record,) = {one.getMessage(): one for one in caplog.records}.values()
    assert "plugin of-stranger: " in record.getMessage()
    assert record.exc_info is not None


def test_a_link_that_a_plugin_fails_at_is_left_out_beside_those_of_the_core(tmp_path):
    with served(tmp_path) as client:
        with client.app.state.store.write() as session:
            base = save_network(session, small_network(1, name="Before"), slug="base")
            edit = {"base": base.digest, "rule": "odd", "settings": {}}
            save_network(session, small_network(2), slug="edited").edited = edit
        with installed(tmp_path / "plugin", {"actions": {"entry": "of_stranger:broken"}}, TEXT):
            shown = words(client.get("/networks/edited").text)
    assert NAMED in shown
    assert "Edited from Before" in shown


def test_a_link_that_a_plugin_fails_to_lead_leads_nowhere(caplog, tmp_path):
    with installed(tmp_path, {"links": {"entry": "of_stranger:broken"}}, TEXT):
        assert "Some words" in markdown("[Some words](odd-one.md)")
    assert "plugin of-stranger: links 'entry' ended with ZeroDivisionError" in caplog.text
