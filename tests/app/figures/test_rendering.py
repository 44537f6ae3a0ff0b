"""Rendering: whole pages, single blocks, themes, static addresses."""

from __future__ import annotations

import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from jinja2.exceptions import UndefinedError
from starlette.requests import Request

from app.addressing import Addresses
from app.rendering import environment, render
from pluriscope import templating

PAGE = (
    '{% extends "base.html" %}{% block title %}T{% endblock %}'
    "{% block main %}<h1>whole</h1>{% block results %}<p>{{ word }} {{ ui.ratio(3, 4) }}</p>{% endblock %}"
    "{% endblock %}"
)
VOID = {"meta", "link", "input", "br", "hr", "img"}


def request(path="/networks/x", query="", headers=(), app=None) -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers],
        "server": ("pluriscope.test", 80),
        "scheme": "http",
        "root_path": "",
    }
    if app is not None:
        scope["app"] = app
    return Request(scope)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page made for these tests, on the real base template."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "page.html").write_text(PAGE)
    return str(folder)


@pytest.fixture(autouse=True)
def page(folder, monkeypatch):
    """That page among the templates; the environments stay as they are, for compiling them again takes long."""
    for prefix in ("", "/pluriscope"):
        loader = environment(prefix).loader
        monkeypatch.setattr(loader, "searchpath", [*loader.searchpath, folder])


class Balance(HTMLParser):
    """Collects every start tag and complains about tags that do not close."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def read(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    return parser.tags


def body(response) -> str:
    return response.body.decode()


def test_a_page_is_whole_and_a_block_is_sent_alone_to_htmx():
    whole = body(render(request(), "page.html", {"word": "w"}, block="results"))
    part = body(render(request(headers=[("HX-Request", "true")]), "page.html", {"word": "w"}, block="results"))
    assert part.startswith("<p>w")
    assert part in whole
    assert "<h1>" not in part
    read(whole)


@pytest.mark.parametrize(
    "more", [("HX-Boosted", "true"), ("HX-History-Restore-Request", "true"), ("HX-Request-Type", "full")]
)
def test_htmx_gets_the_whole_page_where_it_replaces_the_page(more):
    response = render(request(headers=[("HX-Request", "true"), more]), "page.html", word="w", block="results")
    assert "<h1>" in body(response)
    assert response.headers["vary"] == "HX-Request"


def test_what_a_template_shows_is_escaped_and_what_it_lacks_is_an_error():
    assert "&lt;b&gt;" in body(render(request(), "page.html", word="<b>"))
    with pytest.raises(UndefinedError):
        render(request(), "page.html")


def test_the_theme_comes_from_the_address_then_the_cookie_then_the_system():
    chosen = render(request(query="theme=dark&a=1"), "page.html", word="w")
    assert 'data-theme="dark"' in body(chosen)
    assert "theme=dark" in chosen.headers["set-cookie"]
    assert "theme=light" in body(chosen)  # the button leads to the other one
    kept = render(request(headers=[("Cookie", "theme=light")]), "page.html", word="w")
    assert 'data-theme="light"' in body(kept)
    assert "set-cookie" not in kept.headers
    for query, cookie in (("theme=red", ""), ("", "theme=red"), ("", "")):
        plain = render(request(query=query, headers=[("Cookie", cookie)]), "page.html", word="w")
        assert "data-theme=" not in body(plain)


def test_every_page_names_its_json_twin_and_its_section():
    html = body(render(request("/networks/x", "output=1&theme=dark"), "page.html", word="w"))
    assert 'href="/api/v1/networks/x?output=1"' in html
    assert re.search(r'<a href="/networks" aria-current="page">Networks', html)
    assert "JSON of this page" not in body(render(request(), "page.html", word="w", json_url=""))


def test_a_prefix_is_in_every_address():
    class State:
        addresses = Addresses("/pluriscope")

    class App:
        state = State()

    html = body(render(request("/pluriscope/jobs", app=App()), "page.html", word="w"))
    links = [a.get("href") or a.get("src") for tag, a in read(html) if tag in ("a", "link", "script")]
    own = [link for link in links if link and not link.startswith(("http", "#"))]
    assert own
    assert all(link.startswith("/pluriscope/") for link in own)
    assert 'aria-current="page">Jobs' in html


def test_static_addresses_change_with_their_content(tmp_path, monkeypatch):
    (tmp_path / "a.css").write_text("a{}")
    monkeypatch.setattr(templating, "STATIC", tmp_path)
    assert templating.content_hash("a.css") == sha256(b"a{}").hexdigest()[:12]


def test_no_page_holds_what_the_content_policy_forbids():
    for tag, attributes in read(body(render(request(), "page.html", word="w"))):
        assert not [a for a in attributes if a.startswith(("on", "hx-on"))]
        if tag == "script":
            assert attributes.get("src") or attributes.get("type") == "application/json"
