"""The page of one reader at a time, of a kind of network that only tests know."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from tests.app.pages.test_models import FOUND, MASKS, MODEL, ONE, RULES, analysis, client, done, kept_bits  # noqa: F401


@pytest.mark.slow
def test_one_reader_at_a_time(client):  # noqa: F811
    done(client, "one-reader")
    answer, space = analysis(client, "one-reader"), MODEL.space(RULES)
    kept = np.array([kept_bits(mask) for mask in MASKS])
    for own, one in zip(chain(*space.graph.readers), answer["report"]["readers"], strict=True):
        assert one["valid"] == np.delete(kept, own, axis=1).all(axis=1).sum()
    html = client.get(f"{ONE}/analyses/one-reader").text
    for words in (
        answer["findings"][0],
        f"counts {FOUND.distribution.of}, exactly",
        "Fewest edges",
        "part=readers.plotly",
    ):
        assert words in html
    assert client.get("/networks/xor/analyses/one-reader").status_code == 404
