"""Served below a path: no link, form, file, redirect, cookie or stream leaves it, on any page."""

import re

import pytest
from fastapi.testclient import TestClient

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.engine import open_store
from pluriscope.app.jobs.seeding import add_bundled_networks
from pluriscope.app.main import create_app
from tests.app.access.conftest import CHOSEN
from tests.factories import on_a_copy

pytestmark = pytest.mark.slow

PREFIX = "/pluriscope"
SITE = "https://lab.example"
LINK = re.compile(r"""(?:href|action|src|hx-get|hx-post|data-[\w-]*(?:url|src|href))="([^"]*)\"""")
SECURE = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9", "origin": SITE}


@pytest.fixture(scope="module", params=[True, False], ids=["stripped", "passed-on"])
def behind(request, tmp_path_factory):
    """A browser behind a proxy with TLS that strips the prefix, or passes it on."""
    data = tmp_path_factory.mktemp("prefix")
    settings = on_a_copy(data=data, prefix=PREFIX, trusted_proxies="127.0.0.1", public_url=SITE, token=CHOSEN)
    store = open_store(settings)
    with store.write() as session:
        add_bundled_networks(session)
    store.close()
    with TestClient(
        create_app(settings), base_url=SITE, client=("127.0.0.1", 1), headers=SECURE, follow_redirects=False
    ) as browser:

        def ask(path, method="GET", **options):
            assert path.startswith(PREFIX + "/"), path
            return browser.request(method, path.removeprefix(PREFIX) if request.param else path, **options)

        ask.browser = browser
        yield ask


def own(link):
    """The path of a link of this site; "" of another's, or of a place on the page."""
    link = link.replace("&amp;", "&").removeprefix(SITE)
    return link.partition("#")[0] if link.startswith("/") else ""


def strings_of(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)
    elif isinstance(value, str):
        yield value


def test_walking_every_link_never_leaves_the_prefix(behind):
    todo, seen, shapes = [f"{PREFIX}/"], set(), set()
    while todo and len(seen) < 90:
        page = todo.pop(0)
        seen.add(page)
        answer = behind(page)
        assert answer.status_code < 500, page
        if "location" in answer.headers:
            found = [answer.headers["location"]]
        elif "html" in answer.headers.get("content-type", ""):
            found = LINK.findall(answer.text)
        else:
            continue
        for link in filter(None, map(own, found)):
            assert f"{link}/".startswith(PREFIX + "/"), (page, link)
            # one of each shape: what is listed by the hundred is alike
            shape = re.sub(r"[0-9a-f]{5,}|\d+|(?<=/networks/)[^/?]+|(?<==)[^&]+", "*", link)
            if link not in seen and link not in todo and shape not in shapes:
                shapes.add(shape)
                todo.append(link)
    assert len(seen) > 60
    assert {"/pluriscope/login", "/pluriscope/findings"} <= {page.partition("?")[0] for page in seen}


def test_twins_and_the_interface_name_addresses_below_it(behind):
    for path in ("/networks", "/networks/xor-pretrained", "/jobs", "/networks?limit=3"):
        answer = behind(Addresses(PREFIX).twin(PREFIX + path))
        assert answer.status_code == 200, path
        addresses = [one for one in strings_of(answer.json()) if re.match(r"/[a-z]+(/|$|\?)", one)]
        assert addresses, path
        assert [one for one in addresses if not one.startswith(PREFIX + "/")] == [], path
    described = behind(f"{PREFIX}/api/v2/openapi.json").json()
    servers = [one["url"] for one in described.get("servers", [])]
    assert servers == [PREFIX] or all(path.startswith(PREFIX) for path in described["paths"]), servers


def test_cookies_and_redirects_stay_below_it(behind):
    answer = behind(f"{PREFIX}/login", "POST", data={"token": CHOSEN, "next": f"{PREFIX}/networks/new"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/networks/new")
    cookie = answer.headers["set-cookie"]
    assert f"Path={PREFIX};" in cookie
    assert "Secure" in cookie
    out = behind(f"{PREFIX}/logout", "POST")
    assert out.headers["location"] == f"{PREFIX}/"
    assert f"Path={PREFIX};" in out.headers["set-cookie"]
    behind.browser.cookies.clear()
    refused = behind(f"{PREFIX}/networks/new", "POST", headers={"referer": f"{SITE}{PREFIX}/networks/new?name=x"})
    assert f'href="{PREFIX}/login?next=%2Fpluriscope%2Fnetworks%2Fnew%3Fname%3Dx"' in refused.text
