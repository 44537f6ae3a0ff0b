"""The HTTP interface and its documents agree: every address, option, column and key is told, and nothing drifts."""

from __future__ import annotations

import inspect

import pytest
from fastapi.routing import APIRoute

from analysis.protocol import COMPLETE
from analysis.result_file import result_json
from app.addressing import Addresses
from app.main import ROUTERS, create_app
from app.settings import Settings
from tests.checkout import ROOT
from tests.factories import real_analysis

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return create_app(Settings(data=tmp_path_factory.mktemp("bare")))


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_operation_and_option_is_put_into_words(bare):
    for path, methods in bare.openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or parameter.get("description"), (path, parameter["name"])


def test_every_kind_of_address_that_is_built_has_a_route():
    """A method of the class of addresses that no route answers is a link to nowhere."""
    samples = {"network": "x", "mask": "1", "algorithm": "2", "alignment": "3", "index": 4, "job": "j", "refs": ["c-1"]}
    samples |= {"action": "retry", "ref": "c-1", "step": 1, "name": "verify", "scope": None, "key": "abc"}
    samples |= {"study": "x", "figure": "circuits-valid", "form": "csv", "cell": "c", "seed": 0, "lens": "shapley"}
    samples |= {
        "page": "/networks/x",
        "twin": "/api/v2/networks/x",
        "term": "",
        "anchor": "",
        "chapter": "",
        "version": "",
        "draw": None,
        "model": "x",
        "masks": ["1"],
        "rules": "",
        "title": "",
        "entries": [],
        "slide": 0,
        "screen": 2,
        "figure": "",
        "method": "acdc",
        "item": "",
        "what": "stories",
    }
    without_route = {"static"}
    for name, method in inspect.getmembers(Addresses, inspect.isfunction):
        if name.startswith("_") or name in without_route:
            continue
        wanted = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
        plain = [p.name for p in wanted if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        path = method(Addresses(), **{key: samples[key] for key in plain}).partition("?")[0].partition("#")[0]
        assert any(route.path_regex.fullmatch(path) for route in ROUTES), (name, path)


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
    told = text_of("machine-interface.md").split("## Result file", 1)[1].split("\n## ", 1)[0]
    settings = set(COMPLETE.model_dump()) | {"digest"}
    missing = {key for key in keys_of(document) if key not in settings and f'"{key}"' not in told}
    assert {key for key in missing if f"`{key}`" not in told} == set()
