"""Analyses that come from here."""

from __future__ import annotations

from math import inf
from typing import Final

from pluriscope.analyses.analysis import LONGEST, Analysis, about, never
from pluriscope.analysis.subjects.perceptron.question import Question


def _directions_milliseconds(question: Question, n_algorithms: int = 1, n_networks: int = 1) -> float:
    """Time for every class in closed form, of some algorithms in some networks of this shape."""
    from pluriscope_methods.directions.search import MAX_CHEAP, closed_form_work

    work = n_networks * closed_form_work(question.network, n_algorithms) / MAX_CHEAP
    return LONGEST * work if question.network.hidden_sizes else inf


def _map_classes_milliseconds(question: Question) -> float:
    """Time for every class in closed form, here and on the permuted networks."""
    from pluriscope.analysis.algorithms.redundancy import MAX_PLACED
    from pluriscope_methods.map_classes.closed_classes import N_PERMUTED

    return _directions_milliseconds(question, MAX_PLACED, N_PERMUTED + 1)


DIRECTIONS: Final = Analysis(
    "directions",
    "What stands where",
    "Directions",
    "On which linear directions of a layer can the variables of algorithms live, by class of directions?",
    "Seconds for the classes in closed form; learned subspaces, and algorithms beyond the first, take minutes.",
    "pluriscope_methods.directions.report:find",
    (("directions", "Directions", "placements on linear directions of a layer, algorithm by algorithm"),),
    _directions_milliseconds,
    reads=frozenset({"formulas"}),
    thoroughly="learned subspaces, and every irredundant algorithm",
    version=2,
    needs=("formulas",),
    shows="pluriscope_methods.pages.directions",
    saves="pluriscope_methods.saving:save_directions",
)
EXPERIMENTS: Final = Analysis(
    "experiments",
    "How many hold up",
    "Experiments",
    "Which experiments would decide among the valid circuits, and which circuits does none separate?",
    "Under a second for most networks; minutes where circuits are more than 100,000.",
    "pluriscope_methods.experiments.report:find",
    (
        (
            "experiments",
            "Experiments",
            "every ablation, patch and interchange in every circuit, then the shortest lists",
        ),
    ),
    lambda question: 2_000 if question.layout.n_edges <= 18 else inf,
    needs=("formulas",),
    shows="pluriscope_methods.pages.experiments",
)
STORIES: Final = Analysis(
    "stories",
    "What stands where",
    "Carried algorithms",
    "Does each circuit, with all else left out, carry the algorithm of the whole network?",
    "Under a second for most networks; a sample of the circuits where all would take a minute.",
    "pluriscope_methods.carried_algorithms.report:find",
    (("stories", "Carried algorithms", "every set of active neurons of every circuit, by interchange"),),
    about(1),
    version=2,
    needs=("formulas",),
    page="funnel",
    shows="pluriscope_methods.pages.carried_algorithms",
)
MAP_CLASSES: Final = Analysis(
    "ladder",
    "What stands where",
    "Where an algorithm can stand",
    "On which neurons or directions can the variables of an algorithm stand, and in which circuits?",
    "Seconds for the classes in closed form; learned ones take minutes.",
    "pluriscope_methods.map_classes.closed_classes:find",
    (("ladder", "Classes of maps", "every class of maps, here and on networks with permuted weights"),),
    _map_classes_milliseconds,
    thoroughly="learned maps",
    needs=("formulas",),
    gathers=("directions",),
    shows="pluriscope_methods.pages.map_classes",
)
LENSES: Final = Analysis(
    "lenses",
    "What methods say",
    "Lenses",
    "What can be read from each layer, and what does the network use?",
    "Under a second for most networks; some seconds each for lenses that learn, or that run null networks.",
    "pluriscope_methods.lenses.report:find",
    (("lenses", "Lenses", "every lens under its default settings, and functions on every layer"),),
    about(2),
    reads=frozenset({"formulas"}),
    thoroughly="lenses that learn",
    searched=False,
    methods="pluriscope_methods.lenses.registry:LENSES",
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
    reads=frozenset({"formulas", "classes"}),
    boolean=False,
    searched=False,
    example={"along": "means"},
    asks="result.steer(…)",
    after_play="Steer",
    shows="pluriscope_methods.pages.steering",
)
NULL: Final = Analysis(
    "null",
    "Against networks that should have nothing",
    "Null models",
    "Do networks that have learned nothing have circuits as small?",
    "Some seconds for small networks; minutes for wide ones.",
    "pluriscope_methods.null_model:find",
    (("null networks", "Null networks", "networks drawn, each searched for its smallest circuits"),),
    never,
    boolean=False,
    needs=("studies",),
    searched=False,
    baseline=True,
    page="methods",
    shows="pluriscope_methods.pages.null",
)
SIMPLICITY: Final = Analysis(
    "simplicity",
    "How many hold up",
    "Simplicity",
    "Which explanations have the shortest description, and is it a single one?",
    "Under a second for most networks; wide ones take longer, which the page says.",
    "pluriscope_methods.simplicity.report:find",
    (("simplicity", "Simplicity", "circuits in the order of the shortest description that is possible"),),
    about(1),
    version=2,
    boolean=False,
    reads=frozenset({"formulas"}),
    page="funnel",
)
