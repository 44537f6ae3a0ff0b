"""The registry as the document ``docs/criteria.md``, without what plugins bring."""

from __future__ import annotations

import sys
from typing import Final

from pluriscope.analysis.plugins import brought
from pluriscope.documents.criteria import EVERY, contents, details

OWN: Final = [one for one in EVERY if one not in brought("criteria").values()]
_INTRODUCTION: Final = """\
# Criteria

Which explanations survive what. Made by `python -m benchmarks.criteria_document`; the page in the application has \
those of plugins, too.

A criterion gives each explanation a verdict, with a score where there is something to measure, a sentence of reason \
and perhaps a witness: *passed*, *failed*, *undecided* (a budget was spent, a bound was not tight enough, or a search \
stopped at a limit) or *not_applicable* (the question does not arise).

In the formulas D is the set of clean inputs, y the label, f the network's output, f_C that of circuit C, h_u the \
activation of neuron u in the full network, and d the decision: 0, 1 or neither. Criteria for circuits run over the \
valid circuits of the protocol and, unless they say otherwise, under its ablation and decision rule; with \
`circuit_family` = `any_ablation` over those valid under any of zero, mean and resample ablation. "Decides right" \
means that the share of rows decided as labelled is above the protocol's threshold. What counts as a part matters \
(Sheng and Fu, [2607.18921](https://arxiv.org/abs/2607.18921)), and not every question of minimality is tractable \
(Adolfi, Vilas and Wareham, [2410.08025](https://arxiv.org/abs/2410.08025)).

Circuits of other kinds of networks are judged under the rules of their search: "decides right" is that the right \
output is strictly the largest on a share of rows above the threshold, and an edge is a node where masks name \
nodes. An interpretation by variables is right about an interchange if sources with equal values of the nodes' \
variables give equal decisions, and those with the base's values the base's own. Placements on sites are judged over \
the rows of the task by [`algorithms`](machine-interface.md#analyses); a variable that changes no answer by itself is \
not asked about alone.
"""


def criteria_document() -> str:
    """The whole document, in Markdown."""
    heads = ((f"## {one.key}\n\n**{one.label}.** {one.definition}\n", *details(one)) for one in OWN)
    parts = [_INTRODUCTION, "\n".join(contents(OWN)), *("\n".join(lines) for lines in heads)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(criteria_document())
