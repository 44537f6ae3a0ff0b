"""The design of a suite: arms of networks, cells of studies or trainings of transformers, and the seeds of each half.

The public half has seeds from 0. The other half has seeds from starts that follow from a secret, one for each arm: who
knows the secret makes the same networks, and its SHA-256, which stands in every manifest, shows that it is the one.

The design of a suite that somebody makes of files has an arm for each folder, and a cell for each file, whose seed
follows from its content and name.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.strict_json import read_object, validated
from pluriscope_bench.key.suite import InvalidSuite
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.reading import design_from_mapping

Half = Literal["small", "public", "secret", "own"]
OWN: Final = "own"
"""The suite of networks that somebody brings; also its arm of those in no folder of their own."""
HALVES: Final[tuple[Half, ...]] = tuple(one for one in get_args(Half) if one != OWN)
NO_CIRCUIT: Final = "no_valid_circuit"
"""The state of a network that converged and has no valid circuit under the primary condition."""
WRONG: Final = "wrong"
"""The state of one with valid circuits that is wrong itself."""
UNKNOWN: Final = "unknown"
"""The state of one the truth about which cannot be had under the primary condition."""
_SECRET: Final = re.compile("[0-9a-f]{64}")
_STARTS: Final = 2**30  # the seeds of a secret half are below twice this, and above those of any public one
_MOST_BYTES: Final = 1 << 20
_CURE: Final = "use the design that comes with Pluriscope"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Part):
    """Networks of one origin, of which scores are averaged before arms are.

    Args of exactly one origin, ``study``, ``transformers`` or ``files``, are there.
    """

    key: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Its name in tables and names of networks.")
    label: str = Field(description="For people.")
    note: str = Field("", description="What there is to know, such as why it is smaller.")
    study: dict[str, Any] = Field({}, description="Settings of a study's design, whose cells and seeds these are.")
    transformers: dict[str, Any] = Field({}, description="Settings of training; a list of tasks, each a cell.")
    files: dict[str, str] = Field({}, description="SHA-256 of each file with what is known of it, by name.")
    rules: str = Field("", description="Under which transformers are asked about; empty for perceptrons.")
    count: int = Field(ge=1, description="Seeds of each cell in a half.")
    small: tuple[int, ...] = Field(description="The seed of each cell in the suite that comes with Pluriscope.")


class SuiteDesign(_Part):
    """Design of a suite."""

    name: str
    version: str = Field(description="Another one where other networks, truths or conditions follow.")
    licence: str = Field(description="Of networks and truths, by SPDX.")
    secret_sha256: str = Field(description="SHA-256 of the secret, 64 hex digits as ASCII, of the other half.")
    arms: tuple[Arm, ...]

    def digest(self, half: Half) -> str:
        """SHA-256 of all that decides which networks there are in a half; of files their own digests say it."""
        if half == OWN:
            return sha256_hex(canonical_json([self.version, half]))
        for_others = {"label", "note", "count" if half == "small" else "small"}
        return sha256_hex(canonical_json([self.version, [arm.model_dump(exclude=for_others) for arm in self.arms]]))

    @cached_property
    def cells(self) -> tuple[SuiteCell, ...]:
        """Cells of all arms, in order."""
        return tuple(SuiteCell(arm, number, *one) for arm in self.arms for number, one in enumerate(_grid(arm)))

    def seeds(self, half: Half, secret: str = "") -> tuple[Sequence[int], ...]:
        """The seeds of each cell.

        Raises:
            InvalidSuite: the secret half is asked for without its secret.
        """
        if half == OWN:
            return tuple((seed_of(one.arm.files[one.key]),) for one in self.cells)
        if half == "small":
            return tuple(one.arm.small[one.number : one.number + 1] for one in self.cells)
        starts = {arm.key: 0 if half == "public" else secret_start(secret, arm.key) for arm in self.arms}
        return tuple(range(starts[one.arm.key], starts[one.arm.key] + one.arm.count) for one in self.cells)


@dataclass(frozen=True)
class SuiteCell:
    """Networks of one arm that differ by their seeds alone.

    Args:
        arm: whose cell it is.
        number: among the cells of its arm.
        key: its name in tables and names of networks.
        study: the same as a cell of a study; None of transformers and files.
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
    if arm.files:
        return [(name, None, "") for name in arm.files]
    if arm.transformers:
        return [(_slug(task), None, task) for task in arm.transformers["task"]]
    texts = {"slug": arm.key, "name": arm.label, "question": arm.label, "measures": ["circuits-valid"]}
    return [(_slug(cell.name), cell) for cell in cells_of(design_from_mapping({**texts, **arm.study}))]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def seed_of(digest: str) -> int:
    """The seed of a network that is a file, by the digest of what decides all that is made of it."""
    return int(digest[:15], 16)


def secret_start(secret: str, arm: str) -> int:
    """The first seed of an arm in the half of a secret.

    Raises:
        InvalidSuite: it is no secret.
    """
    if not _SECRET.fullmatch(secret):
        raise InvalidSuite("secret", "is not 64 hex digits", "give the file that holds them")
    return _STARTS + int.from_bytes(hmac.digest(secret.encode(), arm.encode(), sha256)[:8], "big") % (_STARTS - 10**6)


def secret_digest(secret: str) -> str:
    """Digest of a secret for a manifest; empty of none."""
    return secret and sha256_hex(secret.encode())


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
