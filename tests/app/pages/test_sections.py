"""The pages of one network, named by every one of them."""

import pytest

from app.addressing import Addresses
from app.pages.sections import sections_of
from tests.app.pages.conftest import XOR

ADDRESSES = Addresses("/at")


def current(path: str, query: str = "") -> dict[str, str]:
    return {one.key: one.current for one in sections_of(ADDRESSES, f"/at{path}", query) if one.current}


@pytest.mark.parametrize(
    ("path", "query", "marked"),
    [
        ("/networks/xor", "", {"overview": "page"}),
        ("/networks/xor/explanations", "kind=circuit", {"explanations": "page"}),
        ("/networks/xor/circuits/0f/interpretations/3", "", {"explanations": "true"}),
        ("/networks/xor/explanations/a-0f.0f", "", {"explanations": "true"}),
        ("/networks/xor/common-ground/standing", "e=c-0f", {"common-ground": "true"}),
        ("/compare", "network=xor&e=c-0f", {"compare": "page"}),
    ],
)
def test_the_page_itself_is_marked_and_so_is_the_list_it_belongs_to(path, query, marked):
    assert current(path, query) == marked


def test_the_links_keep_the_scope_and_nothing_else():
    found = sections_of(ADDRESSES, "/at/networks/a%20b/funnel", "criteria=necessity&output=1&protocol=paper&data=0a1b")
    links = {one.key: one.url for one in found}
    assert links["overview"] == "/at/networks/a%20b?output=1&protocol=paper&data=0a1b"
    assert links["funnel"] == "/at/networks/a%20b/funnel?output=1&protocol=paper&data=0a1b"
    assert links["compare"] == "/at/compare?output=1&protocol=paper&data=0a1b&network=a+b"


def test_every_page_of_a_network_has_them_and_an_error_has_none(client):
    page = client.get(f"{XOR}/funnel")
    assert '<nav class="sections" aria-label="Of this network">' in page.text
    assert f'href="{XOR}/funnel" aria-current="page"' in page.text
    assert 'class="sections"' not in client.get("/networks/nowhere").text
    assert 'class="sections"' not in client.get("/").text
