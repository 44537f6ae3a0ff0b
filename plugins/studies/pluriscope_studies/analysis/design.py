"""A study's design: the question, the grid, the rules, the measures and the comparisons, declared before anything runs.

A design is a value. Its digest is over all that decides what is found, so not over texts for people and not over the
number of seeds: a study with 100 more seeds is the same study, extended, under the same address.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol, named_protocol, protocol_from_mapping
from pluriscope.analysis.questions.tasks import MAX_INPUTS
from pluriscope.analysis.subjects.perceptron.activations import DEFAULT_NEGATIVE_SLOPE, ActivationName
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.hashed import Hashed

STUDY_FORMAT: Final = "pluriscope-study/1"
MAX_SEEDS: Final = 100_000
MAX_NETWORKS: Final = 200_000
MAX_DESIGN_BYTES: Final = 1 << 20
_FOR_PEOPLE: Final = {"format", "slug", "name", "question", "description", "references"}

GridFactor = Literal[
    "tasks",
    "hidden",
    "activation",
    "output_activation",
    "loss_target",
    "noise_std",
    "input_weights",
    "planting",
    "prior",
    "regularisation",
]
SharedFactor = Literal["protocol", "method"]
Factor = Literal[GridFactor, SharedFactor]
FACTORS: Final[Mapping[Factor, str]] = {
    "tasks": "tasks",
    "hidden": "hidden layers",
    "activation": "activation",
    "output_activation": "output activation",
    "loss_target": "loss target",
    "noise_std": "input noise",
    "input_weights": "input weights",
    "planting": "planting",
    "prior": "prior",
    "regularisation": "regularisation",
    "protocol": "protocol",
    "method": "discovery method",
}
GRID_FACTORS: Final[tuple[Factor, ...]] = get_args(GridFactor)
SHARED: Final[frozenset[Factor]] = frozenset(get_args(SharedFactor))
"""Factors that are no part of the grid: every network is there under each of their levels."""
FILES: Final = "files"
"""The source whose networks are files: they have sizes of their own, and tasks unless the design names some."""
ANY_GATE: Final = "?"
"""A task that is drawn for each seed from the gates of ``source_options``."""
LATER: Final[tuple[Factor, ...]] = ("planting", "prior", "regularisation")
"""Factors that came later, whose only level "" is no part of a design's digest or of a cell's key."""
Evidence = Literal["C", "W", "D", "N", "S", "O"]
EVIDENCE: Final[Mapping[Evidence, str]] = {
    "C": "read in the authors' code",
    "W": "from the authors' site",
    "D": "digitised from the authors' plot, ±3%",
    "N": "as others sum it up, not checked in the paper",
    "S": "as cited by others, not checked in the source",
    "O": "measured by us before",
}


def _as_protocol(value: Any) -> Any:
    """Read a protocol from a built-in name or from settings."""
    try:
        if isinstance(value, str):
            return named_protocol(value)
        return protocol_from_mapping(value) if isinstance(value, Mapping) else value
    except AnalysisError as problem:
        raise ValueError(str(problem)) from None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seeds(_Part):
    """Seeds that every cell is trained from."""

    first: int = Field(0, ge=0, lt=2**62, description="The first seed.")
    count: int = Field(100, ge=1, le=MAX_SEEDS, description="How many; may grow later without making another study.")

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.count)


class TrainingRules(_Part):
    """Rules of training that every network of the study shares."""

    negative_slope: float = Field(DEFAULT_NEGATIVE_SLOPE, ge=0, lt=1, description="Slope of leaky_relu below 0.")
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Learning rate of AdamW.")
    epochs: int = Field(1000, ge=1, le=100_000, description="Largest number of epochs.")
    batch_size: int = Field(100, ge=1, le=10_000, description="Rows per step.")
    samples_per_input: int = Field(1000, ge=1, le=10_000, description="Training rows drawn per Boolean input.")
    patience: int = Field(3, ge=1, le=100_000, description="Epochs in a row without a lower loss before stopping.")
    accuracy_target: float = Field(0.99, ge=0, le=1, description="Smallest share of validation rows decided right.")


class Comparison(_Part):
    """A test that is made between the levels of one factor, declared beforehand."""

    measure: str = Field(description="Key of one of the study's measures.")
    factor: Factor = Field(description="Whose levels are compared.")
    test: str = Field(
        "kruskal-wallis",
        max_length=40,
        description="Of numbers mann-whitney (every pair of levels), kruskal-wallis (all), spearman (trend); networks "
        "of equal seed together: wilcoxon, friedman, page. Of yes or no and of words fisher (every pair), chi-squared "
        "(all); of equal seed mcnemar (yes or no) and stuart-maxwell (words too).",
    )
    protocol: str = Field("", description="Under which protocol; empty: under each. Not with factor 'protocol'.")
    where: dict[Factor, str] = Field(
        default_factory=dict, description="Levels of other factors that are held fixed; empty: over all of them."
    )
    levels: tuple[str, ...] = Field(
        (), max_length=64, description="Which levels of the factor are compared; empty: all of them."
    )

    def compared(self, design: StudyDesign) -> tuple[str, ...]:
        """The levels that are compared, in the design's order."""
        return tuple(label for label in design.labels(self.factor) if not self.levels or label in self.levels)


class Ladder(_Part):
    """Measures of the same networks side by side as bars, each a step stricter or looser than the one before."""

    label: str = Field(max_length=200)
    measures: tuple[str, ...] = Field(min_length=2, max_length=12)


class Reference(_Part):
    """Result that somebody else reports, shown beside ours with how sure it is."""

    says: str = Field(max_length=500, description="What is reported, in words.")
    source: str = Field(max_length=300, description="Where: paper and section, or place in the code.")
    evidence: Evidence = Field(description="How it is known.")
    measure: str = Field("", description="Key of the measure that it is about; empty: none of ours.")
    protocol: str = ""
    where: dict[Factor, str] = Field(default_factory=dict, description="Levels of the cells that it is about.")
    values: dict[Literal["lower", "median", "upper", "mean", "share", "count"], float] = Field(
        default_factory=dict, description="Its figures, by what they are."
    )
    explanation: str = Field("", max_length=2000, description="Why ours agrees or differs.")


def _levels(usual: tuple[Any, ...], words: str) -> Any:
    return Field(usual, min_length=1, max_length=64, description=f"Levels: {words}.")


class StudyDesign(Hashed):
    """Design of a study: all that is decided before it runs."""

    format: Literal["pluriscope-study/1"] = STUDY_FORMAT
    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="Its name in addresses.")
    name: str = Field(min_length=1, max_length=200)
    question: str = Field(min_length=1, max_length=1000, description="What is asked, in one or two sentences.")
    description: str = Field("", max_length=20_000, description="Paragraphs about method and expectation.")
    references: tuple[Reference, ...] = Field((), max_length=100)

    source: str = Field("boolean", max_length=40, description="Where networks come from; 'boolean': trained here.")
    source_options: dict[str, Any] = Field(default_factory=dict, description="Settings of the source.")
    n_inputs: int = Field(2, ge=1, le=MAX_INPUTS, description="Number of Boolean inputs.")
    tasks: tuple[tuple[str, ...], ...] = _levels((("XOR",),), "tasks learned at once; '?' for a drawn gate")
    hidden: tuple[tuple[int, ...], ...] = _levels(((3, 3),), "hidden layer sizes")
    activation: tuple[ActivationName, ...] = _levels(("leaky_relu",), "hidden activation")
    output_activation: tuple[ActivationName | None, ...] = _levels((None,), "output activation; null: the hidden one")
    loss_target: tuple[float, ...] = _levels((0.01,), "training stops below this mean squared error")
    noise_std: tuple[float, ...] = _levels((0.0,), "standard deviation of noise on training inputs")
    input_weights: tuple[tuple[float, ...] | None, ...] = _levels((None,), "how often inputs are drawn; null: equally")
    planting: tuple[str, ...] = _levels(("",), "of the source 'planted': how, then disguises, with commas")
    prior: tuple[str, ...] = _levels(("",), "of the source 'drawn': such as 'normal 1'; empty: trained")
    regularisation: tuple[str, ...] = _levels(("",), "such as 'l1 0.001' or 'prune 0.5'; empty: weight decay of .01")
    training: TrainingRules = TrainingRules()
    seeds: Seeds = Seeds()
    protocols: tuple[Annotated[Protocol, BeforeValidator(_as_protocol)], ...] = Field(
        (COMPLETE,), min_length=1, max_length=8, description="Names of built-in protocols, or settings."
    )
    criteria: tuple[str, ...] = Field(
        (), max_length=40, description="Of former results: criteria whose passing explanations were counted."
    )
    methods: tuple[str, ...] = Field(
        (), max_length=32, description="Discovery methods that are asked about every network, such as 'acdc(tau=0.1)'."
    )
    measures: tuple[str, ...] = Field(min_length=1, max_length=60, description="Keys of measures.")
    across_outputs: Literal["mean", "sum", "first"] = Field(
        "mean", description="How the values of several outputs become one for the network."
    )
    comparisons: tuple[Comparison, ...] = Field((), max_length=100)
    ladders: tuple[Ladder, ...] = Field((), max_length=12)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides what is found: not the texts for people, not the number of seeds."""
        content = self.model_dump(mode="json", exclude=_FOR_PEOPLE)
        del content["seeds"]["count"]
        # what came later is left out where it is not used, so that studies from before keep their digests
        for name in (*LATER, "methods"):
            if not any(content[name]):
                del content[name]
        for comparison in content["comparisons"]:
            if not comparison["levels"]:
                del comparison["levels"]
        return sha256_hex(canonical_json(content))

    def levels(self, factor: Factor) -> tuple[Any, ...]:
        """The levels of a factor, in the design's order."""
        if factor == "method":
            return self.methods or ("",)
        return tuple(self.protocols if factor == "protocol" else getattr(self, factor))

    def labels(self, factor: Factor) -> tuple[str, ...]:
        """The levels of a factor as text, as ``where`` and addresses write them."""
        return tuple(level_label(factor, level) for level in self.levels(factor))

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Factors that say something of this study: planting, priors and methods only where there are any."""
        used = {"method": bool(self.methods)} | {factor: self.levels(factor) != ("",) for factor in LATER}
        return tuple(factor for factor in FACTORS if used.get(factor, True))

    @property
    def varying(self) -> tuple[Factor, ...]:
        """Factors of the grid with more than one level."""
        return tuple(factor for factor in GRID_FACTORS if len(self.levels(factor)) > 1)

    @property
    def n_cells(self) -> int:
        """Cells of the grid."""
        return math.prod(len(self.levels(factor)) for factor in GRID_FACTORS)

    @property
    def n_networks(self) -> int:
        return self.n_cells * self.seeds.count

    def with_seeds(self, count: int) -> StudyDesign:
        """Change the number of seeds."""
        return self.model_copy(update={"seeds": self.seeds.model_copy(update={"count": count})})


_EMPTY: Final[Mapping[Factor, str]] = {
    "input_weights": "equal",
    "output_activation": "as hidden",
    "planting": "none",
    "regularisation": "none",
    "prior": "trained",
}


def level_label(factor: Factor, level: Any) -> str:
    """Write a level of a factor as text: "XOR + AND", "3-3", "0.01", "1:1:4:4", "same as hidden"."""
    if factor == "tasks":
        return f"{len(level)} drawn" if ANY_GATE in level else " + ".join(level) or "their own tasks"
    if factor == "protocol":
        return str(level.name)
    if not level and factor in _EMPTY:
        return _EMPTY[factor]
    if isinstance(level, tuple):
        return ("-" if factor == "hidden" else ":").join(f"{one:g}" for one in level)
    return f"{level:g}" if isinstance(level, float) else str(level)
