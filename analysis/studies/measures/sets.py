"""Which explanations a network has, by name, so that they can be followed from network to network.

A circuit is named by its mask in hex. A minimal alignment is named by its algorithm's text and the place of each
variable: ``(!(!A&!B)&!(A&B))|0@1:0|1@1:1,2`` puts variable 0 on neuron 0 of layer 1 and variable 1 on neurons 1 and 2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.algorithms.candidates import Candidates
from analysis.alignments.alignment import Alignment
from analysis.alignments.search import search_alignments
from analysis.networks.circuit import Circuit
from analysis.protocol import COMPLETE
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.measures.staircase import irredundant_algorithms
from analysis.studies.subject import Studied

MAX_NAMED: Final = 2_000
_MINIMAL: Final = COMPLETE.model_copy(
    update={"name": "complete, minimal", "alignments_kept": "minimal", "n_near_misses": 0}
)


def alignment_word(alignment: Alignment) -> str:
    """An alignment's name."""
    places = (f"{path}@{site.layer}:{','.join(map(str, site.neurons))}" for path, site in alignment.places)
    return "|".join((alignment.algorithm_text, *places))


@measure("which-circuits", "which valid circuits", "set", needs=("circuits",))
def _circuits(studied: Studied) -> Measured:
    """The masks of all valid circuits."""
    search = studied.analysis.circuits
    if search.truncated_at is not None or search.n_valid != search.n_listed:
        return Measured(None, note="circuits were not all listed")
    if search.n_listed > MAX_NAMED:
        return Measured(None, note=f"{search.n_listed:,} circuits are more than are named")
    return Measured(tuple(Circuit(search.layout, mask).hex for mask in search.masks.tolist()))


@measure("which-alignments", "which minimal alignments", "set")
def _alignments(studied: Studied) -> Measured:
    """The minimal alignments of the algorithms without a redundant literal, every ordered pair."""
    algorithms = irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)
    found = search_alignments(replace(studied.question, protocol=_MINIMAL), Candidates(algorithms, len(algorithms)))
    if found.n_minimal_alignments > MAX_NAMED:
        return Measured(None, note=f"{found.n_minimal_alignments:,} alignments are more than are named")
    words = (
        alignment_word(scored.alignment)
        for result in found.algorithms
        if result.algorithm.responses
        for scored in result.alignments
    )
    return Measured(tuple(sorted(words)))
