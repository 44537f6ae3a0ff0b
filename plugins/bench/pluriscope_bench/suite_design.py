"""The design of a suite: arms of networks, cells of studies or trainings of transformers, and the seeds of each half.

The public half has seeds from 0, the small one some of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.strict_json import read_object, validated
from pluriscope_bench.key.suite import InvalidSuite
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.reading import design_from_mapping

Half = Literal["small", "public"]
HALVES: Final[tuple[Half, ...]] = get_args(Half)
NO_CIRCUIT: Final = "no_valid_circuit"
"""The state of a network that converged and has no valid circuit under the primary condition."""
WRONG: Final = "wrong"
"""The state of one with valid circuits that is wrong itself."""
UNKNOWN: Final = "unknown"
"""The state of one the truth about which cannot be had under the primary condition."""
_MOST_BYTES: Final = 1 << 20
_CURE: Final = "use the design that comes with Pluriscope"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Part):
    """Networks of one origin, of which scores are averaged before arms are.

    Args of exactly one origin, ``study`` or ``transformers``, are there.
    """

    key: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Its name in tables and names of networks.")
    label: str = Field(description="For people.")
    note: str = Field("", description="What there is to know, such as why it is smaller.")
    study: dict[str, Any] = Field({}, description="Settings of a study's design, whose cells and seeds these are.")
    transformers: dict[str, Any] = Field({}, description="Settings of training; a list of tasks, each a cell.")
    rules: str = Field("", description="Under which transformers are asked about; empty for perceptrons.")
    count: int = Field(ge=1, description="Seeds of each cell in a half.")
    small: tuple[int, ...] = Field(description="The seed of each cell in the suite that comes with Pluriscope.")


class SuiteDesign(_Part):
    """Design of a suite."""

    name: str
    version: str = Field(description="Another one where other networks, truths or conditions follow.")
    licence: str = Field(description="Of networks and truths, by SPDX.")
    arms: tuple[Arm, ...]

    def digest(self, half: Half) -> str:
        """SHA-256 of all that decides which networks there are in a half."""
        for_others = {"label", "note", "count" if half == "small" else "small"}
        return sha256_hex(canonical_json([self.version, [arm.model_dump(exclude=for_others) for arm in self.arms]]))

    @cached_property
    def cells(self) -> tuple[SuiteCell, ...]:
        """Cells of all arms, in order."""
        return tuple(SuiteCell(arm, number, *one) for arm in self.arms for number, one in enumerate(_grid(arm)))

    def seeds(self, half: Half) -> tuple[Sequence[int], ...]:
        """The seeds of each cell."""
        if half == "small":
            return tuple(one.arm.small[one.number : one.number + 1] for one in self.cells)
        return tuple(range(one.arm.count) for one in self.cells)


@dataclass(frozen=True)
class SuiteCell:
    """Networks of one arm that differ by their seeds alone.

    Args:
        arm: whose cell it is.
        number: among the cells of its arm.
        key: its name in tables and names of networks.
        study: the same as a cell of a study; None of transformers.
        task: of transformers.
    """

    arm: Arm
    number: int
    key: str
    study: Cell | None = None
    task: str = ""

    @property
    def name(self) -> str:
        return f"{self.arm.key}-{self.key}"


def _grid(arm: Arm) -> list[tuple[Any, ...]]:
    """Key, study's cell and task of each cell."""
    if arm.transformers:
        return [(_slug(task), None, task) for task in arm.transformers["task"]]
    texts = {"slug": arm.key, "name": arm.label, "question": arm.label, "measures": ["circuits-valid"]}
    return [(_slug(cell.name), cell) for cell in cells_of(design_from_mapping({**texts, **arm.study}))]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def read_design(raw: bytes) -> SuiteDesign:
    """A design from its file.

    Raises:
        InvalidSuite: it cannot be read.
    """
    content = read_object(raw, "suite's design", InvalidSuite, _MOST_BYTES, _CURE)
    design = validated(SuiteDesign, content, "suite's design", InvalidSuite, _CURE)
    for arm in design.arms:
        if len(arm.small) != len(_grid(arm)):
            raise InvalidSuite(f"arm {arm.key}", f"has {len(arm.small)} seeds of {len(_grid(arm))} cells", _CURE)
    return design
