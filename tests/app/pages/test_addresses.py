"""Every address that is built leads to the page it names, under a prefix too, and is described for programs."""

import re

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.app.main import ROUTERS

SCOPE = Scope(1, "paper", "0123456789ab")
QUERY = "output=1&protocol=paper&data=0123456789ab"
TABLE = [  # what is built, its address, the route that answers it
    (lambda a: a.front(), "/", "/"),
    (lambda a: a.gallery(q="a b"), "/networks?q=a+b", "/networks"),
    (lambda a: a.network("xor"), "/networks/xor", "/networks/{network}"),
    (lambda a: a.network("xor", SCOPE), f"/networks/xor?{QUERY}", "/networks/{network}"),
    (
        lambda a: a.explanations("xor", Scope(), kind="circuit", sort="margin"),
        "/networks/xor/explanations?kind=circuit&sort=margin",
        None,
    ),
    (
        lambda a: a.circuit("xor", "081ff"),
        "/networks/xor/explanations/c-081ff",
        "/networks/{network}/explanations/{ref}",
    ),
    (
        lambda a: a.interpretation("xor", "081ff", 10**30, SCOPE),
        f"/networks/xor/explanations/i-081ff.{10**30}?{QUERY}",
        "/networks/{network}/explanations/{ref}",
    ),
    (
        lambda a: a.interpretations("xor", "081ff", start=12),
        "/networks/xor/explanations/c-081ff/interpretations?start=12",
        None,
    ),
    (
        lambda a: a.explanations("xor", SCOPE, kind=["circuit", "alignment"]),
        f"/networks/xor/explanations?{QUERY}&kind=circuit&kind=alignment",
        "/networks/{network}/explanations",
    ),
    (
        lambda a: a.algorithms("xor"),
        "/networks/xor/explanations?kind=algorithm&valid=any",
        "/networks/{network}/explanations",
    ),
    (lambda a: a.algorithm("xor", "ab"), "/networks/xor/explanations/g-ab", "/networks/{network}/explanations/{ref}"),
    (
        lambda a: a.directions("xor", classes="oblique"),
        "/networks/xor/explanations?kind=direction&classes=oblique",
        "/networks/{network}/explanations",
    ),
    (
        lambda a: a.alignment("xor", "ab", "cd", Scope(1)),
        "/networks/xor/explanations/a-ab.cd?output=1",
        "/networks/{network}/explanations/{ref}",
    ),
    (
        lambda a: a.compare("xor", [ExplanationRef("circuit", "081ff"), "i-081ff.3"]),
        "/compare?network=xor&e=c-081ff&e=i-081ff.3",
        "/compare",
    ),
    (
        lambda a: a.play("xor", ["i-081ff.3"], Scope(1), now="01_1.0s10_2.1.0v-0.5"),
        "/networks/xor/play?output=1&e=i-081ff.3&now=01_1.0s10_2.1.0v-0.5",
        "/networks/{network}/play",
    ),
    (lambda a: a.jobs(), "/jobs", "/jobs"),
    (lambda a: a.job("ab"), "/jobs/ab", "/jobs/{job}"),
    (lambda a: a.train(seed=3), "/networks/new?way=train&seed=3", "/networks/new"),
    (lambda a: a.glossary("valid"), "/glossary#valid", "/glossary"),
    (lambda a: a.embedded(a.network("xor")), "/embed/networks/xor", "/embed/networks/{network}"),
    (lambda a: a.made_of(a.network("xor", SCOPE), "card.png"), f"/networks/xor/card.png?{QUERY}", None),
    (lambda a: a.verified("/networks/xor"), "/verified?url=%2Fnetworks%2Fxor", None),
    (lambda a: a.network_file("xor"), "/api/v2/networks/xor/file", "/api/v2/networks/{network}/file"),
    (lambda a: a.plan("xor", SCOPE), f"/api/v2/networks/xor/plan?{QUERY}", "/api/v2/networks/{network}/plan"),
    (lambda a: a.result("xor", SCOPE), f"/api/v2/networks/xor/result?{QUERY}", "/api/v2/networks/{network}/result"),
    (lambda a: a.twin(a.gallery()), "/api/v2/networks", "/api/v2/networks"),
    (lambda a: a.twin(a.network("xor")), "/api/v2/networks/xor", "/api/v2/networks/{network}"),
    (lambda a: a.network("a/b ?"), "/networks/a%2Fb%20%3F", None),
]
PICTURES = ("/card.{form}", "/drawing.{form}", "/figures/{name}.{form}")
"""Made of pages, as embeddings are; no pages themselves."""
PATHS = {route.path: route for router in ROUTERS for route in router.routes if "GET" in route.methods}


@pytest.mark.parametrize(("build", "address", "template"), TABLE, ids=[row[1][:50] for row in TABLE])
def test_addresses(build, address, template):
    assert build(Addresses()) == address
    assert build(Addresses("/pluriscope")) == "/pluriscope" + address
    if template is not None:
        path = address.partition("?")[0].partition("#")[0]
        assert PATHS[template].path_regex.fullmatch(path)


FILES = (*("/result", ".csv", ".{form}", "/design"), "/{network}/file", "/graphs/{key}")
"""What answers with a file of a format of its own, described in docs/machine-interface.md."""


@pytest.mark.slow
def test_every_page_has_a_twin_and_every_twin_is_described(client):
    described = client.get("/api/v2/openapi.json").json()
    pages = {path for path, route in PATHS.items() if not route.include_in_schema and not path.startswith("/api")}
    pages = {path for path in pages if not path.startswith("/embed/") and not path.endswith(PICTURES)}
    led_on = {"/", "/glossary", "/scope", "/admin"}
    led_on |= {
        "/findings/{chapter}",
        "/findings/{chapter}/{name}.{form}",
        "/findings/data/{study}.csv",
        "/findings/data/{study}.parquet",
        "/login",
        "/verified",
    }
    led_on |= {"/story/{screen}", "/story/{screen}/{figure}.{form}"}
    led_on |= {"/learn", "/learn/{lesson}", "/learn/slides", "/learn/hand-outs", "/learn/notes"}
    led_on |= {"/compare"}
    led_on |= {path for path in pages if "/{name}/analyses" in path}  # told under /api/v2
    led_on |= {"/studies/new", "/networks/new", "/networks/{network}/settings"}  # forms
    led_on |= {"/studies/{study}/networks/{digest}"}
    led_on |= {"/bench/networks/{name}/open"}
    for path in pages - led_on:
        assert Addresses().twin(path) in described["paths"], path
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            schemas = [answer.get("content", {}).get("application/json", {}).get("schema") for answer in good]
            assert any(schemas) or not good or path.endswith(FILES), path  # one that only leads on answers nothing
            assert "HTTPValidationError" not in str(operation["responses"])
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or parameter.get("description"), (path, parameter["name"])
    refs = set(re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', client.get("/api/v2/openapi.json").text))
    assert refs <= set(described["components"]["schemas"])
