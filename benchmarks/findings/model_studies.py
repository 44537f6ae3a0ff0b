"""Studies of models of other kinds than the networks: ``findings/SLUG.design.json`` and what was found, ``SLUG.jsonl``.

Designs of populations declare a grid of networks; a transformer's tasks, sizes and rules are none of its factors, so
these studies have a format of their own, with a line for each model.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from pydantic import BaseModel, ConfigDict

SLUGS: Final = ("one-induction-circuit",)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelDesign(_Record):
    """What is trained and asked, written before it was.

    Args:
        expected: in sentences.
        note: what was known when these were written.
        rules: as addresses write them.
        listed: most circuits that are looked at one by one, those with the fewest edges; all are counted.
    """

    name: str
    question: str
    expected: tuple[str, ...]
    note: str
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    layers: int
    heads: int
    d_model: int
    d_head: int
    rules: tuple[str, ...]
    listed: int


class SpaceFound(_Record):
    """What a search under some rules found of one model.

    Args:
        minimal: of the listed circuits, those of which no smaller part is valid.
        induction: which heads are induction heads in the whole model.
        induction_in_circuits: likewise in the listed circuits: which heads → how many circuits.
        seconds: of one processor.
    """

    rules: str
    possible: int
    valid: int
    listed: int
    fewest: int | None
    minimal: int
    induction: str
    induction_in_circuits: dict[str, int]
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every valid circuit was listed; otherwise there may be more minimal ones."""
        return self.listed == self.valid

    @property
    def has_one(self) -> bool:
        """Whether there is exactly one minimal circuit.

        Raises:
            ValueError: one is known, and not all valid circuits were listed.
        """
        if self.minimal == 1 and not self.complete:
            raise ValueError("whether there is a second minimal circuit is not known")
        return self.minimal == 1


class ModelFound(_Record):
    """One model of the design."""

    task: str
    seed: int
    converged: bool
    digest: str = ""
    spaces: tuple[SpaceFound, ...]


class ModelStudy(_Record):
    """A design and what was found."""

    slug: str
    design: ModelDesign
    models: tuple[ModelFound, ...]

    def spaces(self, task: str, rules: str) -> list[tuple[ModelFound, SpaceFound]]:
        """The models of a task that converged, with what was found under some rules."""
        of_task = [one for one in self.models if one.task == task]
        return [(one, space) for one in of_task for space in one.spaces if space.rules == rules]


def design_file(slug: str) -> Traversable:
    """Where the design lies."""
    return resources.files("app.bundled") / "findings" / f"{slug}.design.json"


def results_file(slug: str) -> Traversable:
    """Where a line for each model lies."""
    return resources.files("app.bundled") / "findings" / f"{slug}.jsonl"


@cache
def model_study(slug: str) -> ModelStudy:
    """A bundled study.

    Raises:
        KeyError: none has that slug.
    """
    if slug not in SLUGS:
        raise KeyError(slug)
    design = ModelDesign.model_validate_json(design_file(slug).read_bytes())
    lines = results_file(slug).read_text(encoding="utf-8").splitlines()
    return ModelStudy(slug=slug, design=design, models=tuple(map(ModelFound.model_validate_json, lines)))
