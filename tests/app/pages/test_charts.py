"""Tests of what a browser asks for after it has painted a page with charts: figures, tables, and their library."""

from __future__ import annotations

import gzip
import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

ANALYSES = "/networks/xor/analyses"
PAGES = [f"{ANALYSES}/funnel", f"{ANALYSES}/funnel/paper", "/networks/xor/explanations?view=tree"]


def charts(client, page):
    return [unescape(url) for url in re.findall(r'data-chart="([^"]+)"', client.get(page).text)]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.slow
def test_every_chart_of_a_page_has_its_figure_and_its_table(client, page):
    found = charts(client, page)
    assert found
    for url in found:
        figure = client.get(url)
        assert figure.headers["content-type"] == "application/json"
        n_items = sum(len(trace["customdata"]) for trace in figure.json()["data"])
        table = client.get(url.replace(".plotly", ".csv"))
        assert table.headers["content-type"].startswith("text/csv")
        assert len(table.text.splitlines()) >= 3 + n_items  # those without a place on the axes are in the table alone
        for answer in (figure, table, client.head(url)):
            assert answer.status_code == 200
            assert answer.headers["x-robots-tag"] == "noindex"
            assert answer.headers["cache-control"] == client.get(page).headers["cache-control"]


@pytest.mark.slow
def test_items_of_a_figure_lead_to_pages_that_exist(client):
    url = next(url for url in charts(client, "/networks/xor/explanations?view=tree") if "list.sizes" in url)
    (trace,) = client.get(url).json()["data"]
    for at, n in zip(trace["customdata"], trace["y"], strict=True):
        assert client.get(f"/api/v2{at}").json()["total"] == n


@pytest.mark.parametrize("name", ["nothing.plotly", "nothing.csv", ".plotly", "how-to-read-it.csv"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_chart_that_is_not_there_is_not_found(client, name, accept):
    answer = client.get(f"{ANALYSES}/funnel", params={"part": name}, headers={"accept": accept})
    assert answer.status_code == 404
    assert "is not on this page" in unescape(answer.text)


def test_the_library_is_sent_small_and_kept(app):
    client = TestClient(app, base_url="http://127.0.0.1")
    url = re.search(r'data-plotly="([^"]+)"', client.get(f"{ANALYSES}/funnel").text)[1]
    with client.stream("GET", url, headers={"accept-encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert len(sent) < 400_000
    assert b"plotly.js (basic" in gzip.decompress(sent)[:400]
