"""The lessons in order, and what plans and slides are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pluriscope_learn.lesson import Lesson
from pluriscope_learn.lessons import (
    a_lie,
    algorithm_first,
    an_edit,
    experiment,
    one_method,
    stricter,
    two_circuits,
    two_readings,
    wrong_lesson,
)

LESSONS: Final[tuple[Lesson, ...]] = (
    two_circuits.LESSON,
    two_readings.LESSON,
    experiment.LESSON,
    stricter.LESSON,
    one_method.LESSON,
    algorithm_first.LESSON,
    an_edit.LESSON,
    a_lie.LESSON,
    wrong_lesson.LESSON,
)
NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Part:
    """Part of a plan.

    Args:
        words: what is done.
        lesson: number of the lesson that it is, from 1; 0 for the story, None for neither.
        minutes: that it takes; 0 for those of its lesson.
        does: what the class does; of a lesson that says it itself.
        asks: what to ask it, likewise.
        thought: what is to be kept of it, likewise.
    """

    words: str
    lesson: int | None = None
    minutes: int = 0
    does: str = ""
    asks: str = ""
    thought: str = ""

    @property
    def takes(self) -> int:
        """Minutes."""
        return self.minutes or LESSONS[(self.lesson or 0) - 1].minutes

    @property
    def content(self) -> Part | Lesson:
        """Text about the part: its lesson, or itself."""
        return LESSONS[self.lesson - 1] if self.lesson else self


STORY: Final = 5
"""Minutes that the story takes."""
LEVEL: Final = "From about 15 years. One needs “and” and “or”; no programming, and nothing about neural networks."
"""Whom it is for, and what they know before."""
_STORY: Final = Part(
    "The story, on the slides",
    0,
    STORY,
    "All guess; hands are counted.",
    "Which of the two is right?",
    "Two explanations pass the same tests. Each is wrong once.",
)
_END: Final = ("What would convince you of an explanation?", "Here there is no one explanation.")
PLANS: Final[dict[int, Sequence[Part]]] = {
    20: (
        _STORY,
        Part("Lesson 1, in pairs", 1),
        Part("Lesson 3, up to the first hit", 3, 6),
        Part("At the end", None, 2, "Each says one thing.", *_END),
    ),
    45: (
        _STORY,
        Part("Lesson 1, in pairs", 1),
        Part("Lesson 2, each alone", 2),
        Part("Lesson 3, in pairs", 3),
        Part("Lesson 5, together", 5),
        Part("A discussion in groups", None, 12, "Each group agrees on three tests an explanation has to pass.", *_END),
    ),
}
"""Minutes of a plan → its parts."""
