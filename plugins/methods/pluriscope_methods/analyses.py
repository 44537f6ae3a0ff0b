"""Analyses that come from here."""

from __future__ import annotations

from typing import Final

from pluriscope.analyses.registry import Analysis, never

STEERING: Final = Analysis(
    "steering",
    "What a direction does",
    "Steering",
    "What changes when a direction is added to a layer, and which explanations predict it?",
    "Answered at once, at an address that holds what you give.",
    "",
    (),
    never,
    reads=frozenset({"placed"}),
    needs=("play",),
    boolean=False,
    searched=False,
    example={"along": "means"},
    asks="result.steer(…)",
    after_play="Steer",
    shows="pluriscope_methods.pages.steering",
)
