"""A network of a suite, and what decides a suite's digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.registry import kind_of_file, question_in
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope_bench.key.truth import Truth

SUITE_FORMAT: Final = "pluriscope-suite/1"


class InvalidSuite(AnalysisError):
    """A folder is no suite, is damaged, or is another one; or a design cannot be read."""


@dataclass(frozen=True)
class SuiteNetwork:
    """A network of a suite.

    Args:
        name: arm, cell and seed.
        digest: of its weights.
        rules: under which a transformer is asked about; empty for a perceptron.
        n_edges: E.
        planted: mask of the planted circuit; None where there is none.
        file: its file, JSON; empty where a suite is handed out without files.
    """

    name: str
    arm: str
    cell: str
    seed: int
    digest: str
    rules: str
    n_edges: int
    planted: int | None
    file: str

    @cached_property
    def question(self) -> Any:
        """Question about its one output on the rows of its task.

        Raises:
            InvalidSuite: the suite is without files.
        """
        if not self.file:
            cure = "make the suite with `pluriscope suite make`"
            raise InvalidSuite(f"network {self.name}", "has no file in these tables of a suite", cure)
        return question_of(self.file.encode(), self.rules)


def question_of(file: bytes, rules: str = "") -> Any:
    """Read the question about the network in a file of a suite.

    Raises:
        AnalysisError: the file cannot be read.
    """
    if kind_of_file(file) is not None:
        return question_in(file, rules)
    found = parse_network_file(file)
    return Question(found.network, 0, found.tasks[0], COMPLETE, clean_data(found.network.n_inputs))


def truth_row(network: str, truth: Truth) -> dict[str, Any]:
    """A truth as a row of a suite; masks are hex digits, bit i for edge i."""
    return {
        "network": network,
        "condition": truth.condition.key,
        "n_valid": truth.n_valid,
        "smallest": truth.smallest,
        "backbone": f"{truth.backbone:x}",
        "minimal": None if truth.minimal is None else [f"{one:x}" for one in truth.minimal],
        "sizes": [truth.by_size.get(n, 0) for n in range(truth.n_edges + 1)],
        "listed": truth.masks is not None,
    }


def truth_digest(rows: Sequence[Mapping[str, Any]], masks: NDArray[Any] | None) -> str:
    """SHA-256 of all that is known of a network.

    Args:
        rows: its truths.
        masks: every valid circuit under the primary condition, where they are listed.
    """
    listed = None if masks is None else sha256_hex(masks.astype("<u8").tobytes())
    return sha256_hex(canonical_json([*rows, listed]))


def suite_digest(design: str, half: str, networks: Mapping[str, str], truths: Mapping[str, str]) -> str:
    """SHA-256 over all that decides what is found of a suite.

    Args:
        design: its digest.
        networks: digest by name.
        truths: :func:`truth_digest` by name.
    """
    content = {"format": SUITE_FORMAT, "design": design, "half": half, "networks": networks, "truths": truths}
    return sha256_hex(canonical_json(content))
