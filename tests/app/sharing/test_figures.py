"""Every figure of a page as a file of its own."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from html import unescape

import pytest

from tests.app.sharing.conftest import COMPARISON, FUNNEL, SHARED, XOR, beside
from tests.app.sharing.test_sharing import png_size

pytestmark = pytest.mark.slow
MENU = re.compile(r'<details class="take-files">.*?</details>|<figcaption>.*?</figcaption>', re.DOTALL)


def links(page: str) -> list[str]:
    """Addresses of all files offered beside the figures of a page."""
    return [unescape(url) for menu in MENU.findall(page) for url in re.findall(r'href="([^"]+)"', menu)]


@pytest.mark.parametrize("page", SHARED)
def test_every_file_offered_beside_a_figure_is_there(client, page) -> None:
    text = client.get(page).text
    figures = text.count("<figure") - text.count('class="guess"')  # its small drawing is no file
    offered = links(text)
    assert len(MENU.findall(text)) >= max(1, figures)
    for url in offered:
        answer = client.get(url)
        assert answer.status_code == 200, url
        path = url.partition("?")[0]
        if path.endswith(".svg"):
            assert "var(" not in answer.text
            root = ET.fromstring(answer.text)  # noqa: S314  # our own
            width = float(root.get("width"))
            assert width > 0
        if path.endswith(".png"):
            assert png_size(answer.content)[0] == min(max(round(2 * width), 1_600), 2_400)
        if path.endswith(".pdf"):
            assert answer.content.startswith(b"%PDF-")


def test_options_and_names_of_figures_are_checked(client) -> None:
    assert png_size(client.get(f"{XOR}/figures/drawing.png?width=300").content)[0] == 300
    assert client.get(f"{XOR}/figures/drawing.svg?theme=dark").status_code == 200
    for wrong in ("figures/drawing-9.svg", "figures/none.png"):
        answer = client.get(f"{XOR}/{wrong}")
        assert answer.status_code == 404
        assert "drawing" in answer.text
    for wrong in ("drawing.gif", "drawing.png?width=1", "drawing.svg?theme=red", "drawing.svg?no=1"):
        assert 400 <= client.get(f"{XOR}/figures/{wrong}").status_code < 500, wrong


@pytest.mark.parametrize("table", [f"{FUNNEL}.csv", "agreement.csv", "compare.csv"])
def test_what_a_comparison_and_a_funnel_show_are_tables_too(client, table) -> None:
    url = table if table.startswith("/networks") else beside(COMPARISON, table)
    url = COMPARISON.replace("/compare?", "/compare.csv?") if table == "compare.csv" else url
    lines = client.get(url).raise_for_status().text.splitlines()
    assert lines[0].startswith("# Pluriscope")
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    if table == "agreement.csv":
        assert {"first": "Q", "second": "R", "both": "36", "same": "13"} in rows
    elif table == "compare.csv":
        assert len(rows) == 23
        assert {row["Q"] for row in rows} <= {"0", "1"}
    else:
        assert rows[0]["kind"] == "circuit"
        assert rows[0]["left"] == "197"
