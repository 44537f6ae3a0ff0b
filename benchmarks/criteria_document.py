"""The registry as the document ``docs/criteria.md``: made from the records, so that it cannot say anything else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from analysis.criteria.criterion import KINDS, Criterion
from analysis.criteria.registry import CRITERIA, OF_MODELS, OF_MODELS_ALONE, criteria_for
from analysis.explanations.registry import KIND_OF, RECORDED
from pluriscope.glossary import terms

_WORDS: Final = {term.anchor: term.name for term in terms()}
_ON_THE_WEB: Final = {"causal scrubbing": "https://www.alignmentforum.org/s/h95ayYYwMebGEYN5y"}

_CIRCUITS_OF_MODELS: Final = "circuits of models"
_INTRODUCTION: Final = """\
# Criteria

Which explanations survive what. Made from the registry by `python -m benchmarks.criteria_document`; do not edit.

A criterion looks at one explanation at a time and gives a verdict: an outcome, a score where there is something to \
measure, one sentence of reason and, where there is one, a witness that shows the outcome. Outcomes are *passed*, \
*failed*, *undecided* (a budget was spent, a bound was not tight enough, or a search stopped at a limit) and \
*not_applicable* (the question does not arise). Keys are stable.

In the formulas D is the set of clean inputs, y the label, f the network's output, f_C that of circuit C, h_u the \
activation of neuron u in the full network, and d the decision: 0, 1 or neither. Criteria for circuits run over the \
valid circuits of the protocol and, unless they say otherwise, under the protocol's ablation and decision rule. With \
`circuit_family` = `any_ablation` these are the circuits valid under any of zero, mean and resample ablation, so that \
circuits that fail under one are judged too and each of the three is a criterion and a filter like any other; of the \
pretrained XOR network that is 573 circuits instead of the 197 valid under zero ablation. \
"Decides right" means what it means for validity: the share of rows decided as labelled is above the protocol's \
threshold.

Circuits of models of other kinds than the networks, such as transformers, are judged after the search that found \
them, under its rules; f_C is then the model with what the circuit leaves out cut as these say, and "decides right" is \
that the right output is strictly the largest on a share of rows above the threshold. What takes more runs than one \
criterion may have is undecided, the largest circuits first.
"""


def criteria_document() -> str:
    """The whole document, in Markdown."""
    parts = [_INTRODUCTION, "\n".join(_contents())]
    parts += ["\n".join(_section(criterion)) for criterion in (*CRITERIA, *OF_MODELS_ALONE)]
    return "\n".join(parts)


def _contents() -> Iterator[str]:
    yield "| applies to | criteria |"
    yield "|---|---|"
    asked = {_plural(kind): criteria_for(kind) for kind in (*KINDS, *(one.key for one in RECORDED))}
    for plural, criteria in {**asked, _CIRCUITS_OF_MODELS: OF_MODELS}.items():
        links = " ".join(f"[`{criterion.key}`](#{criterion.key})" for criterion in criteria)
        if links:
            yield f"| {plural} | {links} |"
    yield ""


def _section(criterion: Criterion) -> Iterator[str]:
    yield f"## {criterion.key}"
    yield ""
    yield f"**{criterion.label}.** {criterion.definition}"
    yield ""
    yield f"    {criterion.formula}"
    yield ""
    kinds = [_plural(kind) for kind in (*criterion.kinds, *criterion.recorded_kinds)]
    if "cut" in criterion.judges:
        kinds.append(_CIRCUITS_OF_MODELS)
    yield f"- Applies to: {', '.join(kinds)}"
    if criterion.of_models:
        yield f"- Of {_CIRCUITS_OF_MODELS}: {criterion.of_models}"
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
            yield f"| `{parameter.name}` | {parameter.default:g} | {parameter.range} | {unit} | {meaning} |"
        yield ""


def _plural(kind: str) -> str:
    return KIND_OF[kind].plural


def _linked(source: str) -> str:
    """The source with its arXiv numbers, and what appeared only on the web, as links."""
    numbered = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)
    for name, address in _ON_THE_WEB.items():
        numbered = numbered.replace(name, f"[{name}]({address})")
    return numbered


if __name__ == "__main__":
    sys.stdout.write(criteria_document())
