"""The lessons in order, and what plans and slides are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.pages.learn import algorithm_first, an_edit, experiment, one_method, stricter, two_circuits, two_readings
from app.pages.learn.lesson import Lesson

LESSONS: Final[tuple[Lesson, ...]] = (
    two_circuits.LESSON,
    two_readings.LESSON,
    experiment.LESSON,
    stricter.LESSON,
    one_method.LESSON,
    algorithm_first.LESSON,
    an_edit.LESSON,
)
NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Part:
    """One part of a plan.

    Args:
        words: what is done.
        lesson: number of the lesson that it is, from 1; 0 for the story, None for neither.
        minutes: that it takes; 0 for those of its lesson.
    """

    words: str
    lesson: int | None = None
    minutes: int = 0

    @property
    def takes(self) -> int:
        """Minutes."""
        return self.minutes or LESSONS[(self.lesson or 0) - 1].minutes


STORY: Final = 5
"""Minutes that the story takes."""
PLANS: Final[dict[int, Sequence[Part]]] = {
    20: (
        Part("The story, on the screen: all guess together", 0, STORY),
        Part("Lesson 1, in pairs", 1),
        Part("Lesson 3, up to the first hit", 3, 6),
        Part("What would convince you?", minutes=2),
    ),
    45: (
        Part("The story", 0, STORY),
        Part("Lesson 1, in pairs", 1),
        Part("Lesson 2, each alone", 2),
        Part("Lesson 3, in pairs", 3),
        Part("Lesson 5, together", 5),
        Part("Your own network, or a discussion", minutes=12),
    ),
}
"""Minutes of a plan → its parts."""
