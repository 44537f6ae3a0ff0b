"""The grid of a study as a list of cells: one combination of levels each, with the networks that are trained in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.values.digest import canonical_json, sha256_hex, short_id
from pluriscope_studies.analysis.design import ANY_GATE, FILES, GRID_FACTORS, LATER, Factor, StudyDesign, level_label


@dataclass(frozen=True)
class Cell:
    """Cell of a design: one combination of levels.

    Args:
        design: whose grid it belongs to.
        levels: the level of every factor but the shared ones.
    """

    design: StudyDesign
    levels: Mapping[Factor, Any]

    @cached_property
    def key(self) -> str:
        """Hash of its levels, 16 hex digits: the same in every study that has such a cell.

        Where nothing is planted or drawn, that is no part of it: so it was before there were such factors.
        """
        levels = {factor: level for factor, level in self.levels.items() if factor not in LATER or level}
        return short_id(canonical_json(levels).decode())

    @cached_property
    def labels(self) -> dict[Factor, str]:
        """Its levels as text."""
        return {factor: level_label(factor, level) for factor, level in self.levels.items()}

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes of its networks."""
        return (self.design.n_inputs, *self.levels["hidden"], len(self.levels["tasks"]))

    @property
    def name(self) -> str:
        """Its levels that vary within the study, in words."""
        varying = [self.labels[factor] for factor in self.design.varying]
        if self.design.source == FILES:
            return f"files, {self.labels['tasks']}"
        return ", ".join(varying) or f"{self.labels['tasks']} {'-'.join(map(str, self.sizes))}"

    def tasks(self, seed: int) -> tuple[str, ...]:
        """The tasks of its network of one seed: its level, or as many of the design's gates drawn without replacement.

        They are drawn by hashes of seed and name, so that a network with one task more has those of one with less.
        """
        level: tuple[str, ...] = self.levels["tasks"]
        if ANY_GATE not in level:
            return level
        gates: list[str] = self.design.source_options["gates"]
        return tuple(sorted(gates, key=lambda gate: sha256_hex(f"{seed} {gate}".encode()))[: len(level)])

    def spec(self, seed: int) -> TrainingSpec:
        """Specification of the training of its network of one seed; a ValidationError for levels that no network can
        have.
        """
        return TrainingSpec.model_validate(
            {"n_inputs": self.design.n_inputs, "seed": seed}
            | {factor: level for factor, level in self.levels.items() if factor in TrainingSpec.model_fields}
            | {"tasks": self.tasks(seed)}
            | self.design.training.model_dump()
        )


def cells_of(design: StudyDesign) -> tuple[Cell, ...]:
    """All cells, the last varying factor fastest."""
    levels = [design.levels(factor) for factor in GRID_FACTORS]
    return tuple(Cell(design, dict(zip(GRID_FACTORS, choice, strict=True))) for choice in product(*levels))
