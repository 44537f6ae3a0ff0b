"""Rendering: whole pages, single blocks, themes, static addresses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.app.rendering import HAS_RECORD, compile_templates, network_row, show
from pluriscope.page_kit.blocks import Head, Notice, Prose, Section
from tests.every_block import every_block
from tests.library.test_blocks import Outline


def request(path="/networks/x", query="", headers=(), prefix="") -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers],
        "server": ("pluriscope.test", 80),
        "scheme": "http",
        "root_path": "",
        "app": SimpleNamespace(state=SimpleNamespace(addresses=Addresses(prefix))),
    }
    return Request(scope)


def read(html: str) -> list[tuple[str, dict[str, str | None]]]:
    outline = Outline(html)
    assert outline.wrong == []
    return outline.tags


def shown(words="w", *, query="", headers=(), path="/networks/x", prefix="", **more):
    blocks = [Head("Title & <b>"), Section("One", id="one"), Notice(words, id="part")]
    return show(request(path, query, headers, prefix), blocks, **more)


def body(response) -> str:
    return response.body.decode()


def test_a_page_is_whole_and_a_block_is_sent_alone_to_htmx():
    whole = body(shown())
    part = body(shown(query="part=part", headers=[("HX-Request", "true")]))
    assert part.startswith('<div class="notice')
    assert part in whole
    assert "<h1>Title &amp; &lt;b&gt;</h1>" in whole
    read(whole)
    assert shown(query="part=gone", headers=[("HX-Request", "true")]).headers["hx-refresh"] == "true"


@pytest.mark.parametrize(
    "more", [("HX-Boosted", "true"), ("HX-History-Restore-Request", "true"), ("HX-Request-Type", "full")]
)
def test_htmx_gets_the_whole_page_where_it_replaces_the_page(more):
    response = shown(query="part=part", headers=[("HX-Request", "true"), more])
    assert "<h1>" in body(response)
    assert response.headers["vary"] == "HX-Request"


def test_the_theme_comes_from_the_address_then_the_cookie_then_the_system():
    chosen = shown(query="theme=dark&a=1")
    assert 'data-theme="dark"' in body(chosen)
    assert "theme=dark" in chosen.headers["set-cookie"]
    assert "theme=light" in body(chosen)  # the button leads to the other one
    kept = shown(headers=[("Cookie", "theme=light")])
    assert 'data-theme="light"' in body(kept)
    assert "set-cookie" not in kept.headers
    for query, cookie in (("theme=red", ""), ("", "theme=red"), ("", "")):
        assert "data-theme=" not in body(shown(query=query, headers=[("Cookie", cookie)]))


def test_a_page_names_its_room_its_tab_and_its_json():
    row = network_row(Addresses(), "x", "The network", PERCEPTRON, "Play")
    asked = request("/x", "a=1")
    asked.scope[HAS_RECORD] = True
    html = body(show(asked, [Head("Title")], room="Explore", network=row))
    tags = read(html)
    assert [a["href"] for _, a in tags if a.get("aria-current")] == ["/networks", "/networks/x/play"]
    assert [a["href"] for tag, a in tags if "json" in str(a.get("type"))] == ["/api/v2/x?a=1"]
    assert "JSON of this page" not in body(shown())


@pytest.mark.parametrize("blocks", [lambda: every_block({}), lambda: [Head("x"), Prose("y")]])
def test_no_page_holds_what_the_content_policy_forbids(blocks):
    compile_templates()
    for tag, attributes in read(body(show(request(), blocks()))):
        assert not [a for a in attributes if a.startswith(("on", "hx-on"))]
        if tag == "script":
            assert attributes.get("src") or attributes.get("type") == "application/json"
