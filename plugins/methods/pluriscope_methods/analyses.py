"""Analyses that come from here."""

from __future__ import annotations

from typing import Final

from pluriscope.analyses.analysis import Analysis, always, never

LENSES: Final = Analysis(
    "lenses",
    "What methods say",
    "Lenses",
    "What can be read from each layer, and what does the network use?",
    "Under a second for most networks; some seconds each for lenses that learn, or that run null networks.",
    "pluriscope_methods.lenses.report:find",
    (("lenses", "Lenses", "every lens under its default settings, and functions on every layer"),),
    always,
    reads=frozenset({"carried"}),
    thoroughly="lenses that learn",
    searched=False,
    methods="pluriscope.analysis.lenses.registry:LENSES",
    shows="pluriscope_methods.pages.lenses",
)
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
SIMPLICITY: Final = Analysis(
    "simplicity",
    "How many hold up",
    "Simplicity",
    "Which explanations have the shortest description, and is it a single one?",
    "Under a second for most networks; wide ones take longer, and are told so.",
    "pluriscope_methods.simplicity.report:find",
    (("simplicity", "Simplicity", "circuits in the order of the shortest description that is possible"),),
    always,
    boolean=False,
    reads=frozenset({"placed"}),
    shows="pluriscope_methods.pages.simplicity",
)
