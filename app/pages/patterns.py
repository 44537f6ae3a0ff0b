"""The components of our templates: their names, parameters and comments, read from the templates themselves."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import numpy as np
from pydantic import Field

from analysis.networks.ablation import zeros
from analysis.networks.network import Network
from analysis.networks.training_course import TrainingCourse, course_json
from analysis.networks.training_spec import TrainingSpec
from app.addressing import Addresses
from app.figures.samples import WEIGHTS, pattern_context
from app.options import PageModel
from app.pages.input_plane import PlaneView, plane_of
from app.pages.training.course import Learning, learning_of
from app.resources import TEMPLATES

COMPONENTS: Final = TEMPLATES / "components"
_MACRO: Final = re.compile(
    r"(?:\{#(?P<comment>(?:(?!#\}).)*)#\}\s*)?\{%-?\s*macro (?P<name>\w+)\((?P<signature>.*?)\) -?%\}", re.S
)


class Component(PageModel):
    """One macro that templates may use as ``ui.name(…)``."""

    name: str
    file: str = Field(description="Template that holds it.")
    signature: str = Field(description="Its parameters as the template writes them.")
    comment: str = Field(description="What stands before it; empty for one that its neighbours explain.")


class PatternsPage(PageModel):
    """Every component."""

    components: list[Component]
    url: str


def build_patterns(addresses: Addresses) -> PatternsPage:
    """All components by name."""
    return PatternsPage(components=list(components()), url=addresses.patterns())


@lru_cache(maxsize=1)
def components() -> tuple[Component, ...]:
    """All components by name, as the templates stand on disk."""
    found = [
        Component(
            name=match["name"],
            file=path.name,
            signature=" ".join(match["signature"].split()),
            comment=" ".join((match["comment"] or "").split()),
        )
        for path in sorted(COMPONENTS.glob("_*.html"))
        for match in _MACRO.finditer(path.read_text(encoding="utf-8"))
    ]
    return tuple(sorted(found, key=lambda component: component.name))


_EXAMPLE_OF_A_PART: Final = {
    "form_url": "#part",
    "fields": [],
    "changes": [1],
    "along": [],
    "network": {"sizes": [1, 1, 1]},
    "part": {
        "share": 0.25,
        "run": {"output": 0.2, "decisions": [{"decision": 0}, {"decision": 0}]},
        "shares": [0.0, 0.5, 1.0],
        "outputs": [0.0, 0.4, 1.0],
        "activations": [[[1.0]] * 3, [[0.0], [0.5], [1.0]], [[0.0], [0.4], [1.0]]],
        "exact": True,
        "bends": [0.5],
        "turns": [7 / 12],
    },
}
"""What a sandbox's page says of changes done in part."""


def example_context() -> dict[str, Any]:
    """What the template of the page shows its components with, made up and always the same."""
    return {
        **pattern_context(),
        "learned": example_of_learning(),
        "plane": _example_of_a_plane(),
        "sandbox_part": _EXAMPLE_OF_A_PART,
    }


def _example_of_a_plane() -> PlaneView | None:
    """The input plane of the network that the drawings are shown with."""
    weights = [np.array(matrix) for matrix in WEIGHTS]
    biases = [np.zeros(len(matrix)) for matrix in weights]
    network = Network.from_arrays(weights, biases, activation="relu", output_activation="linear")
    return plane_of(network, "threshold", zeros(network.sizes))


_SPEC = TrainingSpec(n_inputs=2, hidden=(3,), epochs=400)
_LOSSES = tuple((epoch, 0.3 * 0.93**epoch) for epoch in range(1, 48))
_OUTPUTS = tuple(
    (epoch, tuple((target + (0.5 - target) * 0.94**epoch,) for target in (0, 1, 1, 0))) for epoch in range(1, 48, 2)
)


def example_of_learning() -> Learning:
    """One network that converged, and one that failed."""
    stuck = _SPEC.model_copy(update={"seed": 1})
    courses = [
        TrainingCourse(_SPEC, "converged", 47, _LOSSES[-1][1], 1.0, _LOSSES, _OUTPUTS),
        TrainingCourse(stuck, "stopped_early", 20, 0.125, 0.75, ((1, 0.31), (9, 0.13), (20, 0.125)), ()),
    ]
    return learning_of(_SPEC, [course_json(course) for course in courses], Addresses())
