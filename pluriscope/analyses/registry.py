"""The analyses of a network, in the order in which pages list them.

What computes an analysis and what shows it are named by their paths: a worker imports what computes and no templates,
and no page imports what learns. Jobs, addresses, pages, JSON and commands follow from the entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any, Final

from pluriscope.analyses.analysis import Analysis, about
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.subject import SubjectKind


def _pair_milliseconds(question: Question) -> float:
    """Time to draw readings of its circuits: seconds to 24 edges; beyond, there may be millions of classes."""
    return 3_000 if question.layout.n_edges <= 24 else inf


def _placing_milliseconds(question: Any) -> float:
    """Time of the runs of all sets of sites."""
    from pluriscope.analysis.explaining.placing import milliseconds

    return milliseconds(question)


def _reading_milliseconds(question: Any) -> float:
    """Time of the runs of the circuits that are read."""
    from pluriscope.analysis.readings.report import milliseconds

    return milliseconds(question)


RIVALS: Final = Analysis(
    "rivals",
    "Two that differ",
    "The two that share least",
    "Which valid circuits have least in common?",
    "Some seconds; all pairs are compared or ruled out.",
    "pluriscope.analysis.circuit_sets.rivals:find",
    (("most different circuits", "Most different circuits", "every pair, block by block"),),
    about(1),
    page="compare",
    shows="pluriscope.analyses.compare",
)
PAIR: Final = Analysis(
    "pair",
    "Two that differ",
    "Two that contradict each other",
    "Which two interpretations pass the same tests, each right where the other is wrong?",
    "Seconds up to 24 edges, far longer beyond; of more than 10,000 observed classes 2,000 are drawn.",
    "pluriscope.analysis.pair.report:find",
    (
        ("readings", "Predictions", "what every observed class predicts under every intervention"),
        ("pairs", "Pairs", "every two of them, block by block"),
    ),
    _pair_milliseconds,
    version=3,
    reads=frozenset({"observed"}),
    needs=("formulas",),
    page="compare",
    shows="pluriscope.analyses.compare",
)
METHODS: Final = Analysis(
    "methods",
    "What methods say",
    "Methods",
    "What do discovery methods answer, and where does it stand among all valid circuits?",
    "Under a second for most networks; methods that learn take some seconds each.",
    "pluriscope.analysis.discovery.report:find",
    (("methods", "Methods", "every discovery method under its settings, located among the circuits"),),
    about(2),
    boolean=False,
    thoroughly="methods that learn",
    thorough_needs=("gates",),
    version=2,
    methods="pluriscope.analysis.discovery.registry:METHODS",
)
COMMON_GROUND: Final = Analysis(
    "common-ground",
    "How many hold up",
    "Common ground",
    "Which explanations predict what the network does under every intervention?",
    "Seconds for most networks; a sample of the observed classes where all would take more than a minute.",
    "pluriscope.analysis.common_ground.report:find",
    (
        ("common ground", "Common ground", "what every explanation predicts under interventions"),
        ("spread", "Spread", "how many of all interpretations predict how many interventions right"),
    ),
    about(5),
    reads=frozenset({"formulas", "classes", "placements"}),
    thoroughly="all observed classes",
    thorough_needs=("formulas",),
    version=4,
    one_of=("formulas", "sites"),
    sums_on_sites="algorithms",
    thumb="pluriscope.analyses.ground_chart:ground_chart",
)
FUNNEL: Final = Analysis(
    "funnel",
    "How many hold up",
    "Funnel",
    "How many explanations survive one stricter criterion after another?",
    "Summing up takes no time; judging by every criterion takes a minute or so.",
    "pluriscope.analysis.criteria.funnel:find",
    (),
    about(20),
    reads=frozenset({"judged", "placements"}),
    sums="criteria",
    sums_on_sites="algorithms",
    one_of=("formulas", "sites"),
)
_ALGORITHMS: Final = Analysis(
    "algorithms",
    "What stands where",
    "Algorithms on sites",
    "Which algorithms with finite variables can be placed on sites of the network, where and how many ways?",
    "Under a second for small recurrent and convolutional networks; minutes for a trained transformer.",
    "pluriscope.analysis.explaining.placing:find",
    (("placements", "Placements", "every set of sites, exchanged between all pairs of rows"),),
    _placing_milliseconds,
    needs=("sites",),
    searched=False,
    written=True,
    shows="pluriscope.analyses.algorithms",
)
_INTERPRETATIONS: Final = Analysis(
    "interpretations",
    "What stands where",
    "Interpretations by variables",
    "As which variables of the task can each node of a circuit be read, and how many interpretations does that make?",
    "Some seconds for small networks, a minute for trained transformers; of many circuits the smallest are read.",
    "pluriscope.analysis.readings.report:find",
    (("interpretations", "Interpretations", "every node of a circuit, exchanged between all pairs of rows"),),
    _reading_milliseconds,
    needs=("readings",),
    boolean=False,
    shows="pluriscope.analyses.interpretations",
)
_CORE: Final = (FUNNEL, COMMON_GROUND, _ALGORITHMS, _INTERPRETATIONS, PAIR, RIVALS, METHODS)
_JOINED: Final = joined("analyses", _CORE, lambda one: one.key)
_HOSTS: Final = {key: one.key for one in _JOINED for key in one.gathers}
EVERY: Final = tuple(replace(one, page=_HOSTS[one.key]) if one.key in _HOSTS else one for one in _JOINED)
"""All that are asked about networks."""
_FIRST: Final = ("How many hold up", "Two that differ", "What stands where", "What methods say")
GROUPS: Final[Mapping[str, tuple[Analysis, ...]]] = {
    title: tuple(one for one in EVERY if one.group == title)
    for title in dict.fromkeys((*_FIRST, *(one.group for one in EVERY)))
}
ANALYSES: Final = tuple(one for one in EVERY if one.find)
"""Those that a job computes."""
BY_KEY: Final[Mapping[str, Analysis]] = {one.key: one for one in ANALYSES}

BASELINE: Final = next((one for one in ANALYSES if one.baseline), None)
"""What valid circuits that somebody claims are held against; None where no plugin brings it."""


def of_kind(kind: SubjectKind) -> tuple[Analysis, ...]:
    """Analyses that apply to subjects of a kind."""
    return tuple(one for one in EVERY if not one.lacks(kind))
