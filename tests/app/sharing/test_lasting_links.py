"""Renamed networks, and tables to take away."""

from __future__ import annotations

import csv
import io

import pytest

from tests.app.sharing.conftest import XOR

pytestmark = pytest.mark.slow


def rename(client, network: str, slug: str):
    return client.post(f"/networks/{network}/rename", data={"slug": slug}, headers={"accept": "application/json"})


def test_former_slugs_lead_on_with_everything_behind_them(client) -> None:
    digest = client.get("/api/v2/networks/moving").json()["digest"]
    assert rename(client, "moving", "moved").headers["location"] == "/networks/moved"
    for former, now in (
        ("/networks/moving", "/networks/moved"),
        ("/networks/moving/explanations?edges_max=3&uses=n1.0", "/networks/moved/explanations?edges_max=3&uses=n1.0"),
        ("/networks/moving/explanations.csv?kind=circuit", "/networks/moved/explanations.csv?kind=circuit"),
        ("/api/v2/networks/moving/explanations?kind=circuit", "/api/v2/networks/moved/explanations?kind=circuit"),
        ("/api/v2/networks/moving/explanations/c-3f", "/api/v2/networks/moved/explanations/c-3f"),
        ("/embed/networks/moving", "/embed/networks/moved"),
        ("/networks/moving/card.png", "/networks/moved/card.png"),
        ("/compare?network=moving&e=c-3f", "/compare?network=moved&e=c-3f"),
    ):
        led = client.get(former)
        assert (led.status_code, led.headers["location"]) == (301, now)
    assert client.get(f"/networks/{digest[:8]}").status_code == 200
    assert rename(client, "moving", "x1").status_code == 308  # a change is sent on whole
    assert rename(client, "moved", "moved").headers["location"] == "/networks/moved"
    assert rename(client, "moved", "moving").headers["location"] == "/networks/moving"
    assert client.get("/networks/moved").headers["location"] == "/networks/moving"


@pytest.mark.parametrize("slug", ["xor", "Upper", "-x", "x-", "abcdef123456", "a/b", "", "x" * 81])
def test_a_slug_that_is_taken_or_none_is_refused(client, slug) -> None:
    assert rename(client, "settled", slug).status_code in (409, 422)
    assert client.get("/networks/settled").status_code == 200


def rows_of(text: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = text.splitlines(keepends=True)
    about = [line for line in lines if line.startswith("# ")]
    return about, list(csv.DictReader(io.StringIO("".join(lines[len(about) :]))))


def test_a_table_has_lines_about_it_and_every_row(client) -> None:
    answer = client.get(f"{XOR}/explanations/c-1839f/interpretations.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="xor-1839f-interpretations.csv"'
    about, rows = rows_of(answer.text)
    assert "Interpretations of circuit 1839f" in about[0]
    assert len(rows) == 6


def test_a_table_says_scope_settings_filters_and_what_a_verdict_means(client) -> None:
    text = "\n".join(rows_of(client.get(f"{XOR}/explanations.csv?edges_max=10").text)[0])
    for part in (
        "SHA-256 c9a619c511f4",
        "accuracy_threshold=0.99",
        "every possible circuit was tested",
        "does not mean",
        "Filters: standing: valid; edges at most 10.",
        "fragile: Its margin is below 1e-6.",
    ):
        assert part in text
