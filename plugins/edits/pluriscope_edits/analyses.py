"""The analyses of what was planted, and of whether methods can be fooled."""

from __future__ import annotations

from typing import Final

from pluriscope.analyses.analysis import Analysis, about, never

PLANTED: Final = Analysis(
    "planted",
    "What stands where",
    "Planted",
    "This network was made to carry a known algorithm: is that what is found?",
    "Under a second; every intervention is tried.",
    "pluriscope_edits.planting.found:find",
    (("planted", "Planted", "located among all valid circuits, every interchange tried"),),
    about(0.5),
    reads=frozenset({"planted"}),
    shows="pluriscope_edits.shown.planted",
)
DECEPTION: Final = Analysis(
    "fooled",
    "Against networks that should have nothing",
    "Can it be fooled?",
    "Can methods be made to rank first a neuron that can go as a whole, and which criteria accept what they then give?",
    "Some minutes: for each method and limits a network is made by descent.",
    "pluriscope_edits.deception.report:find",
    (("deceiving", "Deceiving methods", "steps of descent, one method after another"),),
    never,
    version=2,
    needs=("edge-weights",),
    page="methods",
    searched=False,
)

EVERY: Final = (PLANTED, DECEPTION)
