"""Own swaps in comparisons and in the sandbox."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.reports.conftest import COMPARED

pytestmark = pytest.mark.slow


def test_what_a_comparison_says_of_an_own_swap_the_sandbox_says_too(get) -> None:
    own = get("/compare", **COMPARED, limit=200)["own_swaps"]
    for row in own["shown"]:
        there = urlsplit(row["url"])
        page = get(there.path, **parse_qs(there.query))
        assert page["now"] == row["experiment"]
        assert page["run"]["output"] == pytest.approx(row["output"], abs=1e-9)
        assert [one["says"] for one in page["explanations"]] == row["predictions"]
