"""The registry as the document ``docs/criteria.md``, without what plugins bring."""

from __future__ import annotations

import sys
from typing import Final

from pluriscope.analysis.plugins import brought
from pluriscope.documents.criteria import EVERY, contents, details

OWN: Final = [one for one in EVERY if one not in brought("criteria").values()]
_INTRODUCTION: Final = """\
# Criteria

Which explanations survive what. Made from the registry by `python -m benchmarks.criteria_document`; do not edit. \
The page of criteria in the application has those of plugins, too.

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
threshold. What a criterion says of a circuit depends on what counts as a part (Sheng and Fu, \
[2607.18921](https://arxiv.org/abs/2607.18921)). Which questions of minimality are tractable at all is known from \
complexity theory (Adolfi, Vilas and Wareham, [2410.08025](https://arxiv.org/abs/2410.08025)).

Circuits of models of other kinds than the networks, such as transformers, are judged after the search that found \
them, under its rules; f_C is then the model with what the circuit leaves out cut as these say, and "decides right" is \
that the right output is strictly the largest on a share of rows above the threshold. What takes more runs than one \
criterion may have is undecided, the largest circuits first.

Placements on the sites of such models are judged over the rows of the task, where they are searched, by \
[`algorithms`](machine-interface.md#analyses); the margin is that of the two largest outputs in any run. A \
variable that changes no answer by itself is not asked about alone.
"""


def criteria_document() -> str:
    """The whole document, in Markdown."""
    heads = ((f"## {one.key}\n\n**{one.label}.** {one.definition}\n", *details(one)) for one in OWN)
    parts = [_INTRODUCTION, "\n".join(contents(OWN)), *("\n".join(lines) for lines in heads)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(criteria_document())
