"""Protocols for models of any kind: the rules of the kind, and the share of rows that a valid circuit is right on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from analysis.digest import canonical_json, sha256_hex
from analysis.errors import InvalidProtocol
from analysis.models.model import ACCURACY_THRESHOLD, ModelKind, Rules
from analysis.protocol import BUILT_IN, COMPLETE, checked_name
from analysis.strict_json import combined

THRESHOLD: Final = "accuracy_threshold"


@dataclass(frozen=True)
class ModelProtocol:
    """What circuits of a model are valid under.

    Args:
        name: label for people; no part of the digest.
        rules: of the model's kind.
        accuracy_threshold: a circuit is valid if the share of rows on which it is right is above this.
    """

    name: str
    rules: Rules
    accuracy_threshold: float = ACCURACY_THRESHOLD

    @property
    def settings(self) -> dict[str, str | float]:
        """Everything but the name."""
        return {**self.rules, THRESHOLD: self.accuracy_threshold}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the settings as sorted-key JSON."""
        return sha256_hex(canonical_json(self.settings))


def named_model_protocol(kind: ModelKind, name: str) -> ModelProtocol:
    """The built-in protocol of a kind of model, which is called as the one of networks that lists everything.

    Raises:
        InvalidProtocol: another name.
    """
    if name == COMPLETE.name:
        return _usual(kind)
    cause = "is for MLPs" if name in BUILT_IN else "is unknown"
    raise InvalidProtocol(f"protocol {name!r}", cause, f"use {COMPLETE.name}, or a protocol file with {_known(kind)}")


def model_protocol(kind: ModelKind, given: Mapping[str, Any]) -> ModelProtocol:
    """A protocol of the user's own; missing settings have their usual values.

    Args:
        kind: of the model.
        given: settings by name. They may carry a ``digest``, as result files do; it must be theirs.

    Raises:
        InvalidProtocol: an unknown setting or value, all of them named at once.
    """
    problems = [
        InvalidProtocol(f"setting {setting[:40]!r}", "is unknown", f"use {_known(kind)}")
        for setting in given
        if setting not in (*kind.settings, THRESHOLD, "name", "digest")
    ]
    for setting, values in kind.settings.items():
        value = given.get(setting, values[0])
        if value not in values:
            cause = f"is {str(value)[:40]!r}" if isinstance(value, str) else "is no text"
            problems.append(InvalidProtocol(f"setting {setting!r}", cause, f"use {' or '.join(values)}"))
    threshold = given.get(THRESHOLD, ACCURACY_THRESHOLD)
    if not _is_share(threshold):
        problems.append(
            InvalidProtocol(f"setting {THRESHOLD!r}", "is no number from 0 to below 1", f"use {ACCURACY_THRESHOLD:g}")
        )
    if problems:
        raise combined(problems, "protocol", InvalidProtocol)
    rules = {setting: given.get(setting, usual) for setting, usual in kind.default_rules.items()}
    protocol = ModelProtocol(checked_name(given.get("name", "custom")), rules, float(threshold))
    if given.get("digest") not in (None, protocol.digest):
        cause = f"is stated as {str(given['digest'])[:64]!r} but the settings' is {protocol.digest}"
        raise InvalidProtocol("protocol digest", cause, "leave it out")
    if protocol.name in BUILT_IN and (protocol.name != COMPLETE.name or protocol.settings != _usual(kind).settings):
        cause = "has a built-in name but other settings"
        raise InvalidProtocol(f"protocol {protocol.name!r}", cause, "give it a name of its own")
    return protocol


def _usual(kind: ModelKind) -> ModelProtocol:
    return ModelProtocol(COMPLETE.name, kind.default_rules)


def _is_share(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value < 1


def _known(kind: ModelKind) -> str:
    return ", ".join((*kind.settings, THRESHOLD))
