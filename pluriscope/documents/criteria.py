"""Criteria in words, made from their records, so that document and pages cannot say anything else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from pluriscope.analysis.criteria.criterion import KINDS, Criterion
from pluriscope.analysis.criteria.on_sites import MODEL, SITES
from pluriscope.analysis.criteria.on_variables import VARIABLES
from pluriscope.analysis.criteria.registry import CRITERIA, OF_MODELS_ALONE
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.documents.glossary import terms

EVERY: Final = (*CRITERIA, *OF_MODELS_ALONE)
_WORDS: Final = {term.anchor: term.name for term in terms()}
_ON_THE_WEB: Final = {"causal scrubbing": "https://www.alignmentforum.org/s/h95ayYYwMebGEYN5y"}
_OTHERS: Final = {
    "circuit": ("cut", "of perceptrons by edges", "of other graphs and grains"),
    "interpretation": (VARIABLES, "by gates", "by variables"),
    "algorithm": (MODEL, "of gates", "with finite variables"),
    "alignment": (SITES, "on neurons or directions", "on sites"),
}
"""By kind of explanation: its other form as criteria judge it, and what tells each form apart."""


def contents(of: Collection[Criterion]) -> Iterator[str]:
    """Lines of a table of kinds of explanations, each with links to its criteria in ``of``."""
    yield "| applies to | criteria |"
    yield "|---|---|"
    for kind in KINDS:
        criteria = (one for one in EVERY if one in of and {kind, _OTHERS[kind][0]} & one.judges.keys())
        yield f"| {_plural(kind)} | {' '.join(f'[`{one.key}`](#{one.key})' for one in criteria)} |"
    yield ""


def details(criterion: Criterion) -> Iterator[str]:
    """Lines on a criterion below its definition: its formula, the kinds that it judges, its source and its settings."""
    yield f"    {criterion.formula}"
    yield ""
    yield f"- Applies to: {', '.join(plurals(criterion))}"
    if criterion.of_models:
        yield f"- Of other graphs: {criterion.of_models}"
    for kind, reason in criterion.idle.items():
        yield f"- Not applicable to {_plural(kind)}: {reason[:1].lower()}{reason[1:].rstrip('.')}"
    if criterion.score:
        better = f" ({criterion.direction} is better)" if criterion.direction else ""
        yield f"- Score: {criterion.score}{better}"
    yield f"- Source: {_linked(criterion.source)}"
    anchor = criterion.term or criterion.key
    yield f"- Word: [{_WORDS.get(anchor, anchor)}](glossary.md#{anchor})"
    if criterion.vacuous:
        yield f"- Vacuous here: {criterion.vacuous}"
    for number, change in enumerate(criterion.changes, start=2):
        former = f"; the former question is `{change.key}`" if change.key else ""
        yield f"- Meaning {number}: {change.now}. Before, {change.before}{former}"
    yield ""
    if criterion.method:
        yield criterion.method
        yield ""
    if criterion.parameters:
        yield "| parameter | default | allowed | unit | meaning |"
        yield "|---|---|---|---|---|"
        for parameter in criterion.parameters:
            unit = parameter.unit or "–"
            meaning = parameter.meaning
            yield f"| `{parameter.name}` | {parameter.default:.10g} | {parameter.range} | {unit} | {meaning} |"
        yield ""


def plurals(criterion: Criterion) -> list[str]:
    """The kinds of explanations that a criterion judges, in words."""
    found = []
    for kind in KINDS:
        other, *words = _OTHERS[kind]
        forms = [key in criterion.judges for key in (kind, other)]
        if any(forms):
            found.append(_plural(kind) if all(forms) else f"{_plural(kind)} {words[forms.index(True)]}")
    return found


def _plural(kind: str) -> str:
    return KIND_OF[kind].plural


def _linked(source: str) -> str:
    """The source with its arXiv numbers, and what appeared only on the web, as links."""
    numbered = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)
    for name, address in _ON_THE_WEB.items():
        numbered = numbered.replace(name, f"[{name}]({address})")
    return numbered
