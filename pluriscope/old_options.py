"""What the options of lists were called in earlier links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.explanations.registry import RECORDED
from pluriscope.kinds.columns import MARGIN
from pluriscope.kinds.recorded import column_name

_NAMES: Final = {
    "criteria": "passes",
    "among": "passes",
    "failed": "fails",
    "keep": "uses",
    "map": "classes",
    "standing": "valid",
}
_VALUES: Final = {"valid": "yes", "failing": "no"}
_GONE: Final = ("after", "view")
"""A list begins anew where a link led to a later page of one, and is shown as rows."""
_SORTS: Final = {"mask": "name"} | {
    one.name: column_name(kind, one.name)
    for kind in reversed(RECORDED)  # the first had such links
    for one in kind.columns
    if one.name != MARGIN.name
}
_LOST: Final = ("aligned", "margin_min", "minimal", "order", "q", "sort", "variables")
"""Options of the former lists that the list of all kinds does not have, or has in other words, and their orders."""
_STRATEGIES: Final = {
    "where-then-what": ("circuit", "interpretation"),
    "what-then-where": ("algorithm", "alignment", "direction"),
}
_USUAL_KINDS: Final = ("circuit", "algorithm", "alignment", "direction")
"""What a link without kinds listed: interpretations only where they were asked for."""


def translated(options: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The options of an earlier link as lists have them now; others stay as they are."""
    found: dict[str, list[str]] = {}
    for name, values in options.items():
        if name == "drop":
            found.setdefault("uses", []).extend(f"!{value}" for value in values)
        elif name == "figure":
            for value in values:
                column, _, wanted = value.partition("=")
                found.setdefault(column.replace(".", "_"), []).append(wanted)
        elif name == "strategy" and values[0] in _STRATEGIES:
            kinds = _STRATEGIES[values[0]]
            found["kind"] = [kind for kind in kinds if kind in (options.get("kind") or _USUAL_KINDS)]
        elif name == "sort":
            found["sort"] = [_SORTS.get(value, value) for value in values]
        elif name not in _GONE and (name != "kind" or "strategy" not in options):
            new = [_VALUES.get(value, value) for value in values] if name == "standing" else list(values)
            found.setdefault(_NAMES.get(name, name), []).extend(new)
    return found


def of_former_list(kind: str, options: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The options of a link to a list that one kind had of its own, as the list of all kinds has them.

    Args:
        kind: "circuit" or "algorithm".
        options: of the link; those that neither list had stay, so that the list refuses them by name.
    """
    kept = {key: values for key, values in options.items() if key not in _LOST}
    found = {"kind": [kind], **translated(kept)}
    if kind == "algorithm":
        found["valid"] = ["yes" if options.get("aligned", ["0"])[0] in ("1", "true") else "any"]
    return {name: values for name, values in found.items() if any(values)}
