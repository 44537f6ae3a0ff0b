"""Training of a network on its overview: its curve and options, and the other checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.app.db.codecs import record_of
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.page import pairs
from pluriscope.app.pages.plugged import actions_on
from pluriscope.app.pages.training.course import same_again
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Notice, Section

_LEFT_OUT: Final = ("options", "losses", "outputs", "message")
"""Of what is kept of a training; the curves are drawn, and in the JSON."""


def checkpoint(known: Known) -> Iterator[Notice]:
    """Notice that it is a checkpoint, with the way to the others."""
    place = known.place
    record = record_of(place.row.checkpoints[0], place.row)
    notice = Notice(f"A checkpoint: {record.unit} {record.at} of its training")
    yield from actions_on("training", known.links, place, notice)


def course(known: Known) -> Iterator[Block]:
    """Show how it learned, and with which options."""
    learning, training = known.learning, known.place.row.training
    if learning is not None:
        caption = f"Mean squared error by epoch; drawn: {learning.thinning}."
        yield ChartFigure(chart=learning.chart, caption=caption, id="training.loss")
    outcome = {key: value for key, value in training.items() if key not in _LEFT_OUT}
    options = dict(training.get("options") or {})
    shown = outcome | options
    if outcome.keys() & options.keys() & {"epochs"}:
        shown["epochs"] = f"stopped at {outcome['epochs']:,} of at most {options['epochs']:,}"
    words = {key.replace("_", " ").capitalize(): _words(value) for key, value in shown.items()}
    yield pairs("option", {key: value for key, value in words.items() if value not in ("", "None")})
    again = same_again(known.place.row, known.links) if learning is None else learning.again_url
    if again:
        yield Section("Again", "with these options, or others", Action("Train again", again))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("_", " ")
