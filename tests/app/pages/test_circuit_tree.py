"""All valid circuits in one picture: what its boxes count, where they lead, and the circuit that is looked for."""

import re
from html import unescape
from urllib.parse import parse_qsl

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages import circuit_tree
from tests.app.pages.conftest import XOR
from tests.app.pages.test_attention_pages import client as transformers  # noqa: F401

BOX = re.compile(r'<a href="([^"]+)"( aria-current="true")?>\s*(?:<i .*?</i>)?\s*<span><b>([^<]+)</b> ([^<]+)', re.S)
FIRST = "All 197 valid circuits keep A→n1.0, B→n1.0, A→n1.1, B→n1.1, n1.1→n2.0, n2.0→y."


def picture(client, address: str, **query) -> str:
    path, _, asked = address.partition("?")
    answer = client.get(f"{path}/explanations", params={"view": "tree", **dict(parse_qsl(asked)), **query})
    assert answer.status_code == 200, answer.text
    return answer.text.partition('id="circuits"')[2].partition("</ol>\n</div>")[0]


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


def boxes(text: str) -> list[tuple[str, bool, str, str]]:
    """Address, whether the circuit is in it, number and words of each box, in order."""
    found = BOX.findall(re.sub(r"<p>The way to.*?</p>", "", text, flags=re.S))
    return [(unescape(url), bool(on), n, words.strip()) for url, on, n, words in found]


def masks_of(client, url: str) -> set[str]:
    """The circuits that a list tells, or the one that an address names."""
    if "/explanations/c-" in url:
        return {re.search(r"/c-(\w+)", url).group(1)}
    page = client.get(Addresses().twin(f"{url}&limit=200")).json()
    assert page["total"] == len(page["items"])
    return {item["mask"] for item in page["items"]}


def check(client, address: str, n: int) -> None:
    """Every box leads to as many circuits as it says, and the last ones have each circuit once."""
    found = boxes(picture(client, address))
    listed = {url: masks_of(client, url) for url, *_ in found}
    assert [len(listed[url]) for url, *_ in found] == [int(one.replace(",", "")) for _, _, one, _ in found]
    last = [one for one in listed.values() if not any(other < one for other in listed.values())]
    assert sum(map(len, last)) == len(set().union(*last)) == n


@pytest.mark.parametrize(("protocol", "n"), [("complete", 197), ("paper", 32)])
def test_a_box_leads_to_exactly_the_circuits_that_it_counts(client, protocol, n):
    check(client, f"{XOR}?protocol={protocol}", n)


def test_the_same_of_a_transformer(transformers):  # noqa: F811
    check(
        transformers, "/networks/majority", transformers.get("/api/v2/networks/majority/explanations").json()["total"]
    )


def test_what_all_keep_comes_first_and_the_splits_are_these(client):
    text = picture(client, XOR)
    assert FIRST in words(text)
    assert [f"{n} {words}" for _, _, n, words in boxes(text)[:4]] == [
        *("102 keep n1.2→n2.2", "51 keep n1.2→n2.1", "30 keep n1.2→n2.0", "21 leave out n1.2→n2.0")
    ]


@pytest.mark.parametrize("asked", ["c-183bf", "183bf"])
def test_a_circuit_is_found_in_it_and_its_page_leads_there(client, asked):
    text = picture(client, XOR, circuit=asked)
    marked = [(n, words) for _, on, n, words in boxes(text) if on]
    assert marked == [("95", "leave out n1.2→n2.2"), ("41", "leave out n1.2→n2.1"), ("24", "keep B→n1.2")]
    way = re.search(r"<p>The way to.*?</p>", text, re.S).group()
    steps = [unescape(url) for url in re.findall(r'href="([^"]+)"', way)]
    assert steps[0].endswith("/explanations/c-183bf")
    sizes = [len(masks_of(client, url)) for url in steps[1:]]
    assert sizes == [95, 41, 24, 14, 6, 3, 1]
    assert masks_of(client, steps[-1]) == {"183bf"}
    page = client.get(f"{XOR}/explanations/c-183bf").text
    assert f'href="{XOR}/explanations?view=tree&amp;circuit=c-183bf#circuits">one of 197 valid circuits</a>' in page


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("zz", 404, "is not 5 lower-case hex digits"),
        ("c-0183bf", 404, "is not 5 lower-case hex digits"),
        ("c-00000", 404, "is no circuit"),
        ("c-08043", 400, "is not valid"),
        ("i-183bf.3", 400, "is an explanation of another kind"),
        ("x-183bf", 400, "is not c- and hexadecimal digits"),
    ],
)
def test_what_is_no_valid_circuit_is_refused(client, asked, status, said):
    for address in (f"{XOR}/explanations", f"/api/v2{XOR}/explanations"):
        answer = client.get(address, params={"circuit": asked})
        assert answer.status_code == status
        assert said in answer.text


def test_of_very_many_the_picture_is_drawn_when_it_is_opened(client, monkeypatch):
    monkeypatch.setattr(circuit_tree, "MOST_AT_ONCE", 196)
    closed = picture(client, XOR)
    assert (boxes(closed), "197 circuits" in words(closed)) == ([], True)
    opened = client.get(f"{XOR}/explanations", params={"view": "tree", "part": "circuits.tree"}).text
    assert len(boxes(opened)) == len(boxes(picture(client, XOR, circuit="c-183bf"))) == 14


def test_where_none_is_valid_there_is_no_picture(client):
    assert 'id="circuits"' not in client.get("/networks/none/explanations?view=tree&valid=any").text


def test_filters_divide_only_what_passes_them(client, get):
    asked = {"passes": "mean-ablation", "uses": "n2.1"}
    n = get(f"{XOR}/explanations", kind="circuit", **asked)["total"]
    text = picture(client, XOR, **asked)
    assert 1 < n < 197
    assert f"All {n} valid circuits that pass the filters keep" in words(text)
    found = boxes(text)
    assert [len(masks_of(client, url)) for url, *_ in found] == [int(one) for _, _, one, _ in found]
    assert sum(int(one) for _, _, one, _ in (found[0], found[7])) == n
