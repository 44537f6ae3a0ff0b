"""Explanations as graphs for other tools: offered by the registry on pages and in JSON, and sent as files."""

import networkx as nx
import pytest

from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS
from tests.app.pages.conftest import XOR
from tests.factories import pretrained_xor

REFS = ("c-081ff", "i-081ff.0", "c-081fe")


def address(ref, key, query=""):
    return f"{XOR}/explanations/{ref}/graphs/{key}{query}"


@pytest.mark.parametrize("query", ["", "?protocol=paper"])
@pytest.mark.parametrize("ref", REFS)
def test_a_page_and_its_record_offer_the_formats_of_the_registry(client, ref, query):
    answer = client.get(f"/api/v2{XOR}/explanations/{ref}{query}").json()
    page = client.get(f"{XOR}/explanations/{ref}{query}{'&' if query else '?'}part=cite").text
    for key, url in answer["graphs"].items():
        assert url == address(answer["ref"], key, query)
        assert f'href="{url}"' in page
        sent = client.get(url).raise_for_status()
        assert sent.headers["content-disposition"].endswith(f'{answer["ref"]}{GRAPH_FORMATS[key].ending}"')
    assert {"networkx", "graphml"} <= set(answer["graphs"])


def test_a_file_says_what_it_is_of(client):
    sent = client.get(address("i-081ff.0", "graphml", "?protocol=paper"))
    graph = nx.parse_graphml(sent.text)
    assert sent.headers["content-type"] == "application/xml"
    assert graph.graph["network"] == pretrained_xor().network.digest
    assert graph.graph["address"].endswith(f"{XOR}/explanations/i-081ff.0?protocol=paper")
    assert (graph.graph["protocol"], graph.graph["explanation"]) == ("paper", "interpretation")
    links = nx.node_link_graph(client.get(address("c-081ff", "networkx")).json(), edges="links")
    assert sum(answer["kept"] for *_, answer in links.edges(data=True)) == (0x081FF).bit_count()


def test_what_has_no_graph_offers_none_and_is_refused(client):
    algorithms = client.get(f"/api/v2{XOR}/explanations?kind=algorithm").json()
    ref = algorithms["items"][0]["ref"]
    assert client.get(f"/api/v2{XOR}/explanations/{ref}").json()["graphs"] == {}
    assert "for other tools" not in client.get(f"{XOR}/explanations/{ref}?part=cite").text
    for one, key, status in ((ref, "graphml", 422), ("c-081ff", "nothing", 422), ("c-zz", "graphml", 404)):
        refused = client.get(address(one, key), headers={"accept": "application/json"})
        assert (refused.status_code, refused.json()["ok"]) == (status, False), refused.text
