"""Drawings of what lenses find: directions as arrows, images as grids of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import circle, drawing, line, num, rect, text

_SHORT: Final = 10.0  # length of an arrow below which it has no room for its head and name


def arrow_panels(panels: Mapping[str, Mapping[str, Sequence[float]]], *, title: str) -> Markup:
    """Directions as arrows from the origin, all on one scale; the names of short ones stand below their panel.

    Args:
        panels: by the title of each, by name, the two coordinates of where an arrow ends.
        title: of what lens.
    """
    size, across = (260.0, 1) if len(panels) == 1 else (160.0, 4)
    radius, tall = 0.35 * size, size + 24
    scale = radius / (max((hypot(*end) for ends in panels.values() for end in ends.values()), default=0.0) or 1.0)
    body, arrows = "", list[str]()
    for number, (name, ends) in enumerate(panels.items()):
        x, y = size * (number % across + 0.5), tall * (number // across + 0.5)
        body += text(x, y - radius - 20, name, "lab", anchor="middle")
        body += line(x - radius, y, x + radius, y, "ax") + line(x, y - radius, x, y + radius, "ax")
        body += "".join(_arrow(x, y, end, scale, label) for label, end in ends.items())
        if short := [label for label, end in ends.items() if hypot(*end) * scale < _SHORT]:
            body += text(x, y + radius + 20, f"near 0: {', '.join(short)}", "lab s", anchor="middle")
        arrows += [f"{name} {label} ({decimal(a)}, {decimal(b)})".strip() for label, (a, b) in ends.items()]
    width, height = size * min(len(panels), across), tall * -(-len(panels) // across)
    return drawing(
        width, height, body, sentence=f"{title}. {'; '.join(arrows)}", css_class="scores wide", sizing="exact"
    )


def _arrow(x: float, y: float, end: Sequence[float], scale: float, label: str) -> str:
    """A shaft and a head, and its name beyond; a dot where it is short."""
    (a, b), length = end, hypot(*end) * scale
    if length < _SHORT:
        return circle(x, y, 2, "b")
    right, down, neck = a * scale / length, -b * scale / length, length - 8
    shape = ((0, 0.8), (neck, 0.8), (neck, 4), (length, 0), (neck, -4), (neck, -0.8), (0, -0.8))
    path = "L".join(f"{num(x + right * on - down * off)} {num(y + down * on + right * off)}" for on, off in shape)
    name = text(x + right * (length + 9), y + down * (length + 9) + 4, label, "lab code", anchor="middle")
    return f'<path class="b" d="M{path}Z"/>{name}'


def pixel_grids(images: Sequence[tuple[str, float]], *, title: str) -> Markup:
    """Black and white images beside each other, each with its number below.

    Args:
        images: the lines of each, such as "010 010 010", 1 where it is filled.
        title: of what.
    """
    size, across, body = 60.0, 72.0, ""
    for number, (image, value) in enumerate(images):
        lines, left = image.split(" "), number * across + (across - size) / 2
        side = size / max(len(lines), len(lines[0]))
        for y, line_of in enumerate(lines):
            for x, pixel in enumerate(line_of):
                body += rect(left + x * side, 1 + y * side, side, side, "m-ink" if pixel == "1" else "m-cell")
        body += text(left + size / 2, size + 18, decimal(value), "lab", anchor="middle")
    values = "; ".join(f"{image.replace(' ', '/')} ({decimal(value)})" for image, value in images)
    return drawing(across * len(images), size + 24, body, sentence=f"{title}: {values}", css_class="scores")
