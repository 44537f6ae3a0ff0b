"""Colours: text and shapes are legible on every ground, in both themes, and the two dark blocks agree."""

from __future__ import annotations

import re

from tests.checkout import ROOT

CSS = (ROOT / "static" / "drawings.css").read_text(encoding="utf-8")
VARIABLES = ("and", "or", "xor", "anb", "nab", "in")


def tokens(selector: str) -> dict[str, str]:
    start = CSS.index(selector)
    return dict(re.findall(r"(--[\w-]+):\s*(#[0-9a-fA-F]{6})", CSS[start : CSS.index("}", start)]))


LIGHT, DARK = tokens(":root {"), tokens(':root[data-theme="dark"] {')


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_is_legible_on_every_ground():
    for theme in (LIGHT, DARK):
        for ink in ("--ink", "--ink-2", "--ink-3"):
            for ground in ("--paper", "--surface", "--sunk"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        for name in VARIABLES:
            for ground in ("--paper", "--surface", "--sunk", f"--v-{name}-wash"):
                assert contrast(theme[f"--v-{name}-ink"], theme[ground]) >= 4.5, (name, ground)


def test_the_chosen_dark_theme_is_the_systems():
    assert tokens(':root:not([data-theme="light"]) {') == DARK
    assert set(DARK) <= set(LIGHT)
