"""Two networks in training with made-up figures, for the page of components."""

from __future__ import annotations

from analysis.networks.training_course import TrainingCourse, course_json
from analysis.networks.training_spec import TrainingSpec
from app.addressing import Addresses
from app.pages.training.course import Learning, learning_of

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
