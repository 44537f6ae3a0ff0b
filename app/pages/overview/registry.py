"""Every part of the overview, in the order in which the page shows them in each place."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.plugins import joined
from pluriscope.app.pages.explanations import people_of
from pluriscope.app.pages.overview.part import Part
from pluriscope.app.pages.place import FORMULAS
from pluriscope.app.pages.shared import shape_words

_HERE: Final = "pluriscope.app.pages.overview"
_OWN: Final = (
    Part("own-rows", "notices", f"{_HERE}.notices:own_rows", ("own-rows",), lambda known: known.place.row.input_data),
    Part("people", "notices", f"{_HERE}.notices:people", when=lambda known: people_of(known.place.row)),
    Part("edited", "notices", f"{_HERE}.edits:edited", when=lambda known: known.place.row.edited),
    Part("checkpoint", "notices", f"{_HERE}.training:checkpoint", when=lambda known: known.place.row.checkpoints),
    Part("learned", "notices", f"{_HERE}.notices:learned"),
    Part("planned", "notices", f"{_HERE}.notices:planned", when=lambda known: known.plan),
    Part("two", "beside", f"{_HERE}.found:two"),
    Part("ground", "beside", f"{_HERE}.found:ground", (FORMULAS,)),
    Part("sizes", "beside", f"{_HERE}.found:sizes", when=lambda known: known.place.question.kind.settings),
    Part(
        "inside",
        "folds",
        f"{_HERE}.inside:nodes",
        when=lambda known: known.place.question.kind.settings,
        title="Inside",
        sentence="what its nodes do over all rows",
    ),
    Part(
        "weights",
        "folds",
        f"{_HERE}.inside:weights",
        ("edge-weights",),
        title="Weights",
        sentence=lambda known: shape_words(known.place.question.subject),
    ),
    Part(
        "training",
        "folds",
        f"{_HERE}.training:course",
        ("protocols",),
        lambda known: known.place.row.training,
        title="Training",
        sentence="how it learned",
    ),
    Part(
        "counted",
        "folds",
        f"{_HERE}.provenance:provenance",
        title="How this was counted",
        sentence=lambda known: (
            f"network, rules, rows{'' if known.place.question.kind.settings else ', seconds, engine'}"
        ),
    ),
)
PARTS: Final = joined("overview", _OWN, lambda one: one.key)
