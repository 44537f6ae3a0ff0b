"""Studies of transformers, which come with Pluriscope, as the summary that studies of networks have.

Their tasks are the cells of the grid. What counts as a part is asked about the same models one after the other, as
discovery methods are about the same networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from analysis.studies.measures.measure import Measure, Measured, answer_key
from analysis.studies.summary import Record, StudySummary
from app.bundled.model_studies import ModelStudy, SpaceFound

GRANULARITIES: Final = {
    "nodes": "parts are whole heads",
    "heads": "parts are edges between heads",
    "": "parts are edges by query, key and value",
}
"""Rules as addresses write them, and what counts as a part under them."""
COLUMNS: Final = ("task", "seed", "converged", "digest", *SpaceFound.model_fields)


def _unasked(_: Any) -> Measured:
    raise ValueError("models of a bundled study are not measured again")


MEASURES: Final = {
    one.key: one
    for one in (
        Measure(
            "one-minimal",
            "models with exactly one minimal circuit",
            "Whether a model has one minimal valid circuit and no other.",
            "yes-no",
            _unasked,
            of_answer=True,
        ),
        Measure(
            "minimal",
            "minimal circuits",
            "Valid circuits of which no smaller part is valid.",
            "count",
            _unasked,
            "circuits",
            log=True,
            of_answer=True,
        ),
        Measure(
            "valid",
            "valid circuits",
            "Circuits that are right on more than 99% of the rows while all else is cut.",
            "count",
            _unasked,
            "circuits",
            log=True,
            of_answer=True,
        ),
    )
}


def _measured(space: SpaceFound) -> dict[str, Any]:
    """What was found under some rules, measure by measure; minimal ones of some circuits are a lower bound."""
    bound = None if space.complete else space.listed
    return {
        "one-minimal": space.has_one,
        "minimal": Measured(space.minimal, truncated_at=bound).as_json(),
        "valid": space.valid,
    }


@dataclass(frozen=True)
class _Cell:
    """The models of one task."""

    name: str

    @property
    def labels(self) -> Mapping[str, str]:
        return {"tasks": self.name}


@dataclass(frozen=True)
class _Grid:
    """What a summary asks of a design."""

    methods: tuple[str, ...]
    ladders: tuple[Any, ...] = ()
    varying: tuple[str, ...] = ("tasks",)
    across_outputs: str = "first"


class ModelSummary(StudySummary):
    """What a study of transformers found, answered as a study of networks is.

    Args:
        study: with what was found.
    """

    noun: ClassVar[str] = "model"
    asked: ClassVar[str] = "granularity"
    pools: ClassVar[bool] = True

    def __init__(self, study: ModelStudy) -> None:
        tasks = study.design.tasks
        self.rules = dict(zip(study.design.rules, (GRANULARITIES[rules] for rules in study.design.rules), strict=True))
        self._start(
            _Grid(tuple(self.rules.values())),
            [
                Record(
                    tasks.index(one.task),
                    one.seed,
                    "converged" if one.converged else "not converged",
                    one.digest or None,
                    {
                        "": [
                            {
                                answer_key(key, self.rules[space.rules]): value
                                for space in one.spaces
                                for key, value in _measured(space).items()
                            }
                        ]
                    },
                )
                for one in study.models
            ],
            tuple(map(_Cell, tasks)),
            {
                answer_key(key, words): measure.of_method(words)
                for key, measure in MEASURES.items()
                for words in self.rules.values()
            },
        )
        self._tests = []

    @cached_property
    def shown(self) -> dict[str, Measure]:
        return MEASURES


def model_rows(found: ModelStudy) -> Iterator[dict[str, Any]]:
    """A row for each model under each set of rules; one for a model that did not converge."""
    for one in found.models:
        own = {"task": one.task, "seed": one.seed, "converged": one.converged, "digest": one.digest}
        for space in one.spaces:
            yield own | space.model_dump() | {"rules": space.rules or "qkv"}
        if not one.spaces:
            yield own
