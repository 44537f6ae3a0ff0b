"""The HTTP interface and its documents agree: every address, option, column and key is told, and nothing drifts."""

from __future__ import annotations

import pytest

from pluriscope.analysis.network_files.result_file import result_json
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.checkout import ROOT
from tests.factories import real_analysis


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return create_app(Settings(data=tmp_path_factory.mktemp("bare")))


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def keys_of(value, within=""):
    """The keys of a document, leaving out those that are data themselves (masks, numbers, ids, names of stages)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if within not in ("by_circuit", "by_edges", "by_neurons", "criteria", "seconds", "irredundant"):
                yield key
            yield from keys_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner, within)


@pytest.mark.slow
def test_every_key_of_a_result_file_is_described():
    document = result_json([real_analysis(COMPLETE)])
    answer = text_of("machine-interface.md").split("## Result file", 1)[1].split("\n## ", 1)[0]
    settings = set(COMPLETE.model_dump()) | {"digest"}
    missing = {key for key in keys_of(document) if key not in settings and f'"{key}"' not in answer}
    assert {key for key in missing if f"`{key}`" not in answer} == set()
