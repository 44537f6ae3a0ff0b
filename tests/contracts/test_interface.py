"""The HTTP interface and its documents agree: every address, option, column and key is told, and nothing drifts."""

from __future__ import annotations

import inspect
import json
import re

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from analysis.lenses.registry import LENS_BY_KEY
from analysis.models.attention import ATTENTION
from analysis.models.judging import circuit_record
from analysis.network_files.files import NetworkFile
from analysis.networks.training_course import training_json
from analysis.networks.training_spec import TrainingSpec
from analysis.protocol import COMPLETE
from analysis.result_file import result_json
from app.addressing import Addresses
from app.cli.interface import addresses_document, application, openapi_document
from app.db.writes import save_network
from app.main import ROUTERS, create_app
from app.pages.common_ground.table import HEAD
from app.pages.explanation_list import CSV_COLUMNS as COLUMNS
from app.pages.sharing.exports import MAP_COLUMNS, METHODS_COLUMNS, STEP_COLUMNS
from app.pages.studies.of_models import COLUMNS as MODEL_COLUMNS
from tests.checkout import ROOT
from tests.factories import XOR_SLUG, on_a_copy, real_analysis, stored_analysis

UPDATE = "write them anew: pluriscope interface --output docs/openapi.json --addresses docs/addresses.md"
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
ASKED = {  # tables that need more than an analysis tell their columns themselves
    "/api/v1/networks/{network}/explanations.csv": COLUMNS,
    "/api/v1/networks/{network}/common-ground.csv": HEAD,
    "/api/v1/findings/{study}/data.{form}": MODEL_COLUMNS,
    "/models/{model}/methods.{form}": METHODS_COLUMNS,
    "/models/{model}/methods/{method}/steps.{form}": STEP_COLUMNS,
    "/models/{model}/rivals.{form}": MAP_COLUMNS,
    "/api/v1/models/{model}/circuits.csv": ("mask", *(one.name for one in circuit_record(ATTENTION).columns)),
}


@pytest.fixture(scope="module")
def bare():
    return application()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("contracts")))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        stored_analysis(app.state.store, real=True)
        yield client


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_committed_description_is_the_one_that_is_served(bare):
    served, committed = json.loads(openapi_document(bare)), json.loads(text_of("openapi.json"))
    for part in ("paths", ("components", "schemas")):
        mine, kept = served, committed
        for key in (part,) if isinstance(part, str) else part:
            mine, kept = mine[key], kept[key]
        differing = sorted(name for name in {*mine, *kept} if mine.get(name) != kept.get(name))
        assert differing == [], UPDATE
    assert text_of("openapi.json") == openapi_document(bare), UPDATE


def test_every_address_and_option_is_in_the_list(bare):
    told = text_of("addresses.md")
    assert told == addresses_document(bare), UPDATE
    for route in ROUTES:
        method = "GET" if "GET" in route.methods else min(route.methods)
        if route.include_in_schema:
            assert f"### `{method} {route.path}`" in told
        elif method == "GET":
            assert f"`{route.path}`" in told


def test_every_operation_and_option_is_put_into_words(bare):
    for path, methods in bare.openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or parameter.get("description"), (path, parameter["name"])
    assert not re.search(r"\(page only\): *$", text_of("addresses.md"), re.MULTILINE)


def test_every_kind_of_address_that_is_built_has_a_route():
    """A method of the class of addresses that no route answers is a link to nowhere."""
    samples = {"network": "x", "mask": "1", "algorithm": "2", "alignment": "3", "index": 4, "job": "j", "refs": ["c-1"]}
    samples |= {"action": "retry", "ref": "c-1", "step": 1, "name": "verify", "scope": None, "key": "abc"}
    samples |= {"study": "x", "figure": "circuits-valid", "form": "csv", "cell": "c", "seed": 0, "lens": "shapley"}
    samples |= {
        "page": "/networks/x",
        "twin": "/api/v1/networks/x",
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
        "claim": "0123456789ab",
        "method": "acdc",
    }
    without_route = {"static"}
    for name, method in inspect.getmembers(Addresses, inspect.isfunction):
        if name.startswith("_") or name in without_route:
            continue
        wanted = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
        plain = [p.name for p in wanted if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        path = method(Addresses(), **{key: samples[key] for key in plain}).partition("?")[0].partition("#")[0]
        if name == "exported":
            path += ".csv"
        assert any(route.path_regex.fullmatch(path) for route in ROUTES), (name, path)


TABLES = sorted(
    route.path
    for route in ROUTES
    if route.path.endswith((".csv", ".{form}"))
    and not route.path.endswith("/figures/{name}.{form}")
    and "/studies/" not in route.path  # their columns are factors and measures, see tests/app/routes/test_studies.py
)


def columns_of(client, path: str) -> tuple[str, ...]:
    if path in ASKED:
        return tuple(ASKED[path])
    page = client.get(f"/api/v1/networks/{XOR_SLUG}").json()
    samples = page["samples"]
    aligned = samples["alignments"][0]
    values = {"network": XOR_SLUG, "mask": samples["circuits"][0]["mask"], "form": "json", "method": "acdc"}
    values |= {"algorithm": aligned["algorithm"], "alignment": aligned["alignment"]}
    query = ""
    if path.startswith("/compare"):
        query = f"?network={XOR_SLUG}&e={samples['circuits'][0]['ref']}&e={aligned['ref']}"
    if "/directions/" in path:
        listed = f"/api/v1/networks/{XOR_SLUG}/algorithms/{aligned['algorithm']}/directions"
        page = client.get(listed, params={"at": "0@1=0,1,0;1@1=1,0,0"}).json()
        values, query = {**values, "alignment": page["id"]}, "?" + page["url"].partition("?")[2]
    if "/training." in path:
        values["network"] = trained_slug(client.app.state.store)
    if "{lens}" in path:  # each has columns of its own
        every = [columns_of(client, path.replace("{lens}", key)) for key in LENS_BY_KEY]
        return tuple(dict.fromkeys(column for columns in every for column in columns))
    answer = client.get(path.format(**values) + query)
    assert answer.status_code == 200, (path, answer.text[:300])
    body = answer.json()
    told = ("Valid means:", "Options:")  # the settings behind what was found, or behind a training
    assert any(line.startswith(told) or "jobs" in line for line in body["about"])
    return tuple(body["columns"])


def trained_slug(store):
    """The slug of a network that was trained here, outputs looked at on the way."""
    from analysis.networks.training import train_networks

    (outcome,) = train_networks([TrainingSpec(epochs=2)], looks=2)
    file = NetworkFile("trained here", outcome.network, outcome.spec.resolved_tasks())
    with store.write() as session:
        return save_network(session, file, origin="trained", training=training_json(outcome)).slug


@pytest.mark.slow
@pytest.mark.parametrize("path", TABLES)
def test_every_column_of_every_table_is_described(client, path):
    told = text_of("machine-interface.md").split("#### Columns", 1)[1].split("\n##", 1)[0]
    described = set(
        re.findall(r"`([a-zA-Z_0-9]+)`", "\n".join(line.split("|")[1] for line in told.splitlines() if "|" in line))
    )
    columns = columns_of(client, path)
    described |= {name for name in columns if re.fullmatch(r"n\d+\.\d+|y|output_\d+_[01]+", name)}
    missing = [name for name in columns if name not in described]
    assert missing == [], f"describe them under “Columns” in docs/machine-interface.md ({path})"


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
