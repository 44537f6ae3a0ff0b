"""Protocols: the frozen, hashed rules that every number names (spec §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from pluriscope.analysis.errors import InvalidProtocol
from pluriscope.analysis.questions.decision import Decision
from pluriscope.analysis.values.digest import canonical_json, looks_like_digest, sha256_hex
from pluriscope.analysis.values.hashed import Hashed
from pluriscope.analysis.values.strict_json import plain_text, read_object, validated

MAX_NAME: Final = 64
MAX_PROTOCOL_BYTES: Final = 100_000
_OF_NOISE: Final = ("noise_std", "noise_seed", "noise_reading")
_USUAL: Final = ("granularity", "circuit_family")


class Protocol(Hashed):
    """The rules of one analysis. Everything but ``name`` is part of the digest."""

    name: str = Field(description="Label for people; not part of the digest.", max_length=MAX_NAME)
    circuit_space: Literal["all", "without_full_node_mask"] = Field(
        "all",
        description="'without_full_node_mask' drops circuits in which every neuron is active, and under 'rounding' an "
        "interpretation may split the output between any two values that it is rounded to, as the authors do.",
    )
    node_sparsity: Literal["none", "paper"] = Field(
        "none",
        description="'paper' keeps circuits whose share of inactive hidden neurons exceeds 1/5 where the widest hidden "
        "layer is 4 and 3/10 where it is 5 or more.",
    )
    ablation: Literal["zero", "mean"] = Field(
        "zero", description="What an absent edge into an active neuron carries: 0, or its source's mean activation."
    )
    circuit_family: Literal["own", "any_ablation"] = Field(
        "own",
        description="Which circuits are looked at: those valid under the protocol's ablation, or those valid under any "
        "of zero, mean and resample ablation.",
    )
    circuit_decision: Literal["rounding", "threshold"] = Field(
        "rounding", description="How a circuit's output becomes 0 or 1: round half to even, or output > 0.5."
    )
    accuracy_threshold: float = Field(
        0.99, ge=0, lt=1, description="A circuit is valid if the share of rows decided right is above this."
    )
    algorithm_form: Literal["and_inverter", "formula_trees", "shared_gates"] = Field(
        "and_inverter",
        description="Candidate algorithms as canonical and-inverter trees, the same with equal sub-trees as one shared "
        "gate, or as the authors' AND/OR/NOT formulas.",
    )
    max_depth: int = Field(3, ge=1, le=3, description="Largest depth in gates; also at most hidden layers + 1.")
    interchange_pairs: Literal["ordered", "one_direction"] = Field(
        "ordered", description="All ordered pairs source ≠ base, or only source before base in the authors' order."
    )
    alignment_decision: Literal["threshold", "rounding"] = Field(
        "threshold", description="How the network's output becomes 0 or 1 under interchange."
    )
    alignment_sites: Literal["neuron_sets", "single_neurons"] = Field(
        "neuron_sets", description="Where a variable may live: nonempty sets of neurons of one layer, or one neuron."
    )
    alignments_kept: Literal["all", "minimal"] = Field(
        "all", description="Whether all valid placements are kept, or the minimal ones only."
    )
    max_alignments: int = Field(
        10_000, ge=1, le=1_000_000, description="Valid placements kept for each algorithm; beyond: counted, truncated."
    )
    n_near_misses: int = Field(5, ge=0, le=100, description="Best failing placements kept for each algorithm.")
    noise_std: float = Field(
        0,
        ge=0,
        le=1,
        description="Standard deviation of normal noise on rows that are drawn for each network, on which circuits are "
        "judged as in the authors' program; 0: no rows are drawn.",
    )
    noise_seed: int = Field(0, ge=0, lt=2**62, description="Seed of the noisy rows, beside the network's digest.")
    noise_reading: Literal["cut", "clean"] = Field(
        "cut",
        description="Where interpretations read activations if rows are noisy: on the last noisy row of each Boolean "
        "input, counting a row to the input that it is when cut towards zero, as the authors do; or on clean inputs.",
    )
    granularity: Literal["edges", "neurons", "last-edges"] = Field(
        "edges",
        description="What a circuit is made of: edges of the whole network, hidden neurons, or edges into and out of "
        "the last hidden layer. Of the two last the ablation alone can be chosen, and 'threshold' decides.",
    )

    @model_serializer(mode="wrap")
    def _serialized(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The settings; later ones are left out where they are not used, so that earlier protocols keep digests."""
        answer: dict[str, Any] = write(self)
        unused: tuple[str, ...] = () if self.noise_std else _OF_NOISE
        unused += tuple(name for name in _USUAL if getattr(self, name) == type(self).model_fields[name].default)
        return {key: value for key, value in answer.items() if key not in unused}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the settings without the name, as sorted-key JSON."""
        return sha256_hex(canonical_json(self.model_dump(exclude={"name"})))

    @property
    def document(self) -> dict[str, Any]:
        """Name, settings and digest, as files have them."""
        return {**self.model_dump(mode="json"), "digest": self.digest}

    @property
    def decision(self) -> Decision:
        """The rule by which circuits are judged."""
        return Decision("value", rounded=self.circuit_decision == "rounding")

    @property
    def by_answers(self) -> Protocol:
        """The same rules, by which a circuit is right where it answers right, however far beyond 0 or 1 that is."""
        return self.model_copy(update={"circuit_decision": "threshold"})

    @property
    def splits_rounded(self) -> bool:
        """Whether interpretations split an output between any two values that it is rounded to, as the authors do."""
        return self.circuit_space == "without_full_node_mask" and self.circuit_decision == "rounding"

    def depth_for(self, n_hidden_layers: int) -> int:
        """Largest depth of an algorithm in gates for a network: min(hidden layers + 1, max_depth)."""
        return min(n_hidden_layers + 1, self.max_depth)


def in_space(n_active: int, sizes: Sequence[int], protocol: Protocol) -> bool:
    """Whether circuits with so many active hidden neurons belong to the protocol's space.

    The authors leave out circuits in which every neuron is active, and require the share of inactive hidden neurons to
    exceed 1/5 where the widest hidden layer is 4, and 3/10 where it is 5 or more (exact fractions).
    """
    hidden = list(sizes[1:-1])
    if protocol.circuit_space == "without_full_node_mask" and n_active == sum(hidden):
        return False
    if protocol.node_sparsity == "none" or not hidden or max(hidden) < 4:
        return True
    least = Fraction(1, 5) if max(hidden) == 4 else Fraction(3, 10)
    return Fraction(sum(hidden) - n_active, sum(hidden)) > least


COMPLETE: Final = Protocol(name="complete")
PAPER: Final = Protocol(
    name="paper",
    circuit_space="without_full_node_mask",
    node_sparsity="paper",
    algorithm_form="formula_trees",
    interchange_pairs="one_direction",
    alignments_kept="minimal",
    n_near_misses=0,
)
BUILT_IN: Final[Mapping[str, Protocol]] = {p.name: p for p in (COMPLETE, PAPER)}
SHARED_GATES: Final = Protocol(name="shared-gates", algorithm_form="shared_gates")
GRAINS: Final[Mapping[str, Protocol]] = {
    grain: Protocol(name=grain, granularity=grain, circuit_decision="threshold")
    for grain in ("edges", "neurons", "last-edges")
}
"""The protocols that files of every format have, by what circuits are made of."""
NAMED: Final[Mapping[str, Protocol]] = {**BUILT_IN, SHARED_GATES.name: SHARED_GATES, **GRAINS}
"""The protocols that have a name."""
BY_NAME: Final[Mapping[str, Protocol]] = {**BUILT_IN, **GRAINS}
"""Those that addresses name so; others are named by their digest, as a user's own."""


def named_protocol(name: str) -> Protocol:
    """A protocol of :data:`NAMED`.

    Raises:
        InvalidProtocol: none has that name.
    """
    try:
        return NAMED[name]
    except KeyError:
        cure = f"use {', '.join(NAMED)}, or a protocol file"
        raise InvalidProtocol(f"protocol {name!r}", "is unknown", cure) from None


def protocol_from_mapping(settings: Mapping[str, Any]) -> Protocol:
    """A protocol of the user's own; missing settings are those of ``complete``.

    The settings may carry a ``digest``, as result files do; it must be theirs.

    Raises:
        InvalidProtocol: an unknown setting or a value out of range, all problems named at once.
    """
    stated = settings.get("digest")
    given = {"name": "custom", **{key: value for key, value in settings.items() if key != "digest"}}
    protocol = validated(Protocol, given, "protocol", InvalidProtocol, "see docs/machine-interface.md for its settings")
    protocol = protocol.model_copy(update={"name": checked_name(protocol.name)})
    if stated is not None and stated != protocol.digest:
        raise InvalidProtocol(
            "protocol digest",
            f"is stated as {str(stated)[:64]!r} but the settings' is {protocol.digest}",
            "leave it out",
        )
    built_in = BUILT_IN.get(protocol.name)
    if built_in is not None and built_in.digest != protocol.digest:
        raise InvalidProtocol(
            f"protocol {protocol.name!r}", "has a built-in name but other settings", "give it a name of its own"
        )
    return protocol


def parse_protocol_file(raw: bytes) -> Protocol:
    """Read a protocol file.

    Args:
        raw: the file's bytes, at most 100,000.

    Raises:
        InvalidProtocol: no JSON object, or settings that are unknown or out of range.
    """
    return protocol_from_mapping(protocol_settings(raw))


def protocol_settings(raw: bytes) -> dict[str, Any]:
    """The settings in a protocol file, as yet unexamined.

    Args:
        raw: the file's bytes, at most 100,000.

    Raises:
        InvalidProtocol: no JSON object.
    """
    cure = "give one JSON object of settings; docs/machine-interface.md lists them"
    return read_object(raw, "protocol file", InvalidProtocol, MAX_PROTOCOL_BYTES, cure)


def checked_name(name: str) -> str:
    """A name that can be shown, and that no address takes for a digest.

    Raises:
        InvalidProtocol: no text of one line, or it could be the beginning of a digest.
    """
    text = plain_text(name, "protocol name", InvalidProtocol, limit=MAX_NAME)
    if looks_like_digest(text):
        cause = "could be the beginning of a digest, by which addresses name protocols too"
        raise InvalidProtocol(f"protocol name {text!r}", cause, "give it a name with another character in it")
    return text
