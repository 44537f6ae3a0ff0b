"""Drawings of what happens inside a model: every number is in them, in ink and in words."""

from __future__ import annotations

import re

import pytest

from app.figures.svg.inside import attention_heat
from tests.app.figures.test_drawings import parsed

SHARES = [[1.0, None, None], [0.25, 0.75, None], [0.004, 0.0, 0.996]]
NS = "{http://www.w3.org/2000/svg}"


def texts(drawn):
    return [one.text for one in parsed(drawn).iter(f"{NS}text")]


def test_every_share_stands_in_its_cell_and_what_is_later_is_left_empty():
    drawn = attention_heat(SHARES, ["A", "<b>", "A"], title="head 1.0")
    root = parsed(drawn)
    paths = {
        name: [one for one in root.iter(f"{NS}path") if one.get("class") == name] for name in ("h-ground", "h-ink")
    }
    corners = re.findall(r"M[\d. ]+", paths["h-ground"][0].get("d"))
    assert len(corners) == 6
    assert [text for text in texts(drawn) if text[0] in ".1"] == ["1", ".25", ".75", ".00", ".00", "1"]
    assert root.get("aria-label") == "head 1.0: A at position 3 looks most at A at position 3, 1.00"
    assert root.find(f"{NS}desc").text.count("looks most at") == 3
    assert "<b>" in texts(drawn)
    inks = [(corner, one) for one in paths["h-ink"] for corner in re.findall(r"M[\d. ]+", one.get("d"))]
    opacity = {corner: float(one.get("fill-opacity")) / 0.38 for corner, one in inks}
    assert len(inks) == 4
    wanted = [share for some in SHARES for share in some if share is not None]
    assert [opacity.get(corner, 0.0) for corner in corners] == pytest.approx(wanted, abs=0.014)
