"""Criteria of the structure of an alignment: causal order, and nothing to spare.

Nothing to spare is judged twice: among all valid alignments, and among those that are right under joint interchange
too. The first, judged before joint interchange, would leave alignments out that only a larger one stands for.
"""

from __future__ import annotations

import ast
import re
from itertools import combinations, product
from math import prod
from typing import Any, Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import read_algorithm
from pluriscope.analysis.criteria import on_sites, placements
from pluriscope.analysis.criteria.criterion import Criterion, Settings
from pluriscope.analysis.criteria.population import Population, PopulationOf
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, put_together
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.interchange import Interchange
from pluriscope.analysis.placements.joint import MAX_RUNS, jointly_right
from pluriscope.analysis.placements.placement import NeuronPlacement, OnNeurons, Placement
from pluriscope.analysis.placements.report import PlacedVariable
from pluriscope.analysis.subjects.question import SubjectQuestion


def _causal_order(population: Population, _: Settings) -> Verdicts:
    return put_together([_in_order(scored.alignment) for _, scored in population.items])


def _in_order(alignment: Placement[Any]) -> Verdict:
    """Judge whether an alignment is in causal order: a variable is computed from those whose paths go
    on from its own.
    """
    pairs = alignment.nested
    wrong = [(lower, upper) for lower, upper in pairs if lower[1].layer >= upper[1].layer]
    n_good, of = len(pairs) - len(wrong), len(pairs)
    if wrong:
        (lower, below), (upper, above) = wrong[0]
        reason = (
            f"Variable {upper} is computed from {lower}, but lies in layer {above.layer} and {lower} in layer "
            f"{below.layer}."
        )
        witness = {"variable": upper, "layer": above.layer, "computed_from": lower, "its_layer": below.layer}
        return Verdict.of_share("failed", n_good, of, reason, witness)
    return _all_in_order(of)


def _all_in_order(of: int) -> Verdict:
    earlier = f"All {of} variables inside others lie in earlier layers."
    return Verdict.of_share(
        "passed", of, of, earlier if of else "No variable is computed from another, so any layers will do."
    )


def _causal_order_on_sites(population: PopulationOf[SubjectQuestion], _: Settings) -> Verdicts:
    found = []
    for model, placement in population.items:
        order, below = population.once("order of sites", lambda: _order(population.question)), _below(model.text)
        pairs = [
            (one, other) for one, other in product(placement.places, repeat=2) if one.variable in below[other.variable]
        ]
        wrong = [(one, other) for one, other in pairs if max(_at(order, one)) >= min(_at(order, other))]
        if not wrong:
            found.append(_all_in_order(len(pairs)))
            continue
        lower, upper = wrong[0]
        reason = (
            f"Variable {upper.variable} is computed from {lower.variable}, but {upper.sites} not from {lower.sites}."
        )
        witness = {"variable": upper.variable, "computed_from": lower.variable}
        found.append(Verdict.of_share("failed", len(pairs) - len(wrong), len(pairs), reason, witness))
    return put_together(found)


def _order(question: SubjectQuestion) -> dict[str, int]:
    """The layer of each site by its name, from 0 in the order of computation; heads side by side share theirs."""
    layers, found, there = dict[str, int](), dict[str, int](), Interchange.of(question)

    def see(name: str, values: Any) -> Any:
        found[name] = layers.setdefault(re.sub(r"^([0-9]+)\.[0-9]+", r"\1", name), len(layers))
        return values

    there.subject.run_sites(there.subject.inputs[:1], see)
    return found


def _at(order: dict[str, int], place: PlacedVariable) -> list[int]:
    return [order[re.split(r"[~\[=]", site)[0]] for site in place.sites.split()]


def _below(text: str) -> dict[str, set[str]]:
    """The names that each name of an algorithm is computed from."""
    below = dict[str, set[str]]()
    for name, expression in read_algorithm(text).statements:
        read = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)} & below.keys()
        below[name] = read.union(*(below[one] for one in read))
    return below


def _minimal(population: Population, _: Settings) -> Verdicts:
    on_neurons = placements.on_neuron_sets(population)
    sites = dict.fromkeys(site for _, scored in on_neurons for _, site in scored.alignment.places)
    placements.run_together(population, (NeuronSet(site.layer, some) for site in sites for some in _smaller(site)))
    return put_together([_is_minimal(population, *one) for one in on_neurons])


def _is_minimal(population: Population, algorithm: HighLevelModel, scored: OnNeurons) -> Verdict:
    """Judge whether a valid alignment is minimal: a smaller one exists exactly if some variable fits a smaller set
    inside its own.
    """
    rule = population.question.protocol.interchange_pairs
    alignment = scored.alignment
    for path, site in alignment.places:
        if placements.disagreements(population, algorithm, path, site, rule).any():
            return Verdict("failed", "It is not valid, so it is no minimal valid placement.")
    for path, site in alignment.places:
        for neurons in _smaller(site):
            inside = NeuronSet(site.layer, neurons)
            if not placements.disagreements(population, algorithm, path, inside, rule).any():
                smaller = {**dict(alignment.places), path: inside}
                named = ", ".join(map(str, neurons))
                reason = f"Variable {path} fits neuron{'s' * (len(neurons) > 1)} {named} of its set already."
                witness = {
                    "variable": path,
                    "layer": site.layer,
                    "neurons": list(neurons),
                    "alignment": NeuronPlacement.of(alignment.algorithm_text, smaller).id,
                }
                return Verdict("failed", reason, witness)
    return Verdict("passed", "No variable fits a smaller set inside its own.")


def _minimal_joint(population: Population, _: Settings) -> Verdicts:
    every = placements.on_neuron_sets(population)
    found = []
    for algorithm, scored in population.work.each("criteria", every, "placements within jointly right ones"):
        found.append(_is_minimal_jointly(population, algorithm, scored.alignment))
    return put_together(found)


def _is_minimal_jointly(population: Population, algorithm: HighLevelModel, alignment: NeuronPlacement) -> Verdict:
    """Judge whether an alignment is minimal among those right under joint interchange too: all within it whose
    variables each fit their set are run, the smallest first, itself last.
    """
    rule = population.question.protocol.interchange_pairs
    fitting = [
        [
            inside
            for inside in (NeuronSet(site.layer, neurons) for neurons in (*_smaller(site), site.neurons))
            if not placements.disagreements(population, algorithm, path, inside, rule).any()
        ]
        for path, site in alignment.places
    ]
    if any(not sites or sites[-1] != site for sites, (_, site) in zip(fitting, alignment.places, strict=True)):
        return Verdict("failed", "It is not valid, so it is no minimal jointly right placement.")
    if prod(map(len, fitting)) > _MAX_WITHIN:
        reason = f"Not tried: {prod(map(len, fitting)):,} placements lie within it, and the limit is {_MAX_WITHIN:,}."
        return Verdict("undecided", reason)
    paths = [path for path, _ in alignment.places]
    try:
        if not jointly_right(population.question, algorithm, alignment, population.work):
            return Verdict("failed", "A joint interchange refutes it.")
        for sites in sorted(product(*fitting), key=lambda chosen: sum(len(site.neurons) for site in chosen))[:-1]:
            smaller = NeuronPlacement.of(alignment.algorithm_text, dict(zip(paths, sites, strict=True)))
            if jointly_right(population.question, algorithm, smaller, population.work):
                reason = "A placement within it is right under joint interchange already."
                return Verdict("failed", reason, {"alignment": smaller.id})
    except BeyondLimits as refusal:
        return Verdict("undecided", f"Not tried: {refusal.cause}.")
    return Verdict("passed", "No placement within it is right under joint interchange.")


def _smaller(site: NeuronSet) -> list[tuple[int, ...]]:
    """Nonempty proper subsets of a site, the smallest first."""
    return [chosen for size in range(1, len(site.neurons)) for chosen in combinations(site.neurons, size)]


_MAX_WITHIN: Final = 10_000  # alignments within one, tried one by one
_NOT_CONTAINED: Final = {"direction": "Directions are no sets of neurons, so none is contained in another."}

CAUSAL_ORDER: Final = Criterion(
    key="causal-order",
    label="Causal order",
    definition="Each variable lies in a strictly earlier layer than the variables computed from it.",
    formula="layer(τ(u)) < layer(τ(v)) for every variable v and every variable u below it",
    source="Geiger et al., JMLR 2025 (arXiv:2301.04709); the search of Méloux et al. "
    "(arXiv:2502.20914) has no such constraint",
    judges={"alignment": _causal_order, on_sites.SITES: _causal_order_on_sites},
    direction="higher",
    score="share of variables inside others that lie earlier",
    term="placement",
)
MINIMAL_ALIGNMENT: Final = Criterion(
    key="minimal-alignment",
    label="Minimal placement",
    definition="No other valid placement of the algorithm is contained in it, variable by variable.",
    formula="no valid τ′ ≠ τ with τ′(v) ⊆ τ(v) for every variable v",
    source="Méloux et al., ICLR 2025 (arXiv:2502.20914): minimal mappings",
    judges={"alignment": _minimal, on_sites.SITES: on_sites.minimal},
    idle=_NOT_CONTAINED,
    method="Whether a variable fits a set does not depend on the others, so it is enough to try every smaller set "
    "inside each variable's own. Pairs of inputs are the protocol's.",
    term="minimality",
)
MINIMAL_JOINT_ALIGNMENT: Final = Criterion(
    key="minimal-joint-alignment",
    label="Minimal among the jointly right",
    definition="It is right under single and joint interchange, and no other such placement of the algorithm is "
    "contained in it, variable by variable.",
    formula="τ in J, and no τ′ ≠ τ in J with τ′(v) ⊆ τ(v) for every variable v; J: valid, right for all b, s_1 … s_v",
    source="Méloux et al., ICLR 2025 (arXiv:2502.20914): minimal mappings; "
    "Geiger et al., JMLR 2025 (arXiv:2301.04709): interchange of several variables at once",
    judges={"alignment": _minimal_joint, on_sites.SITES: on_sites.minimal_jointly},
    idle=_NOT_CONTAINED,
    method="Every placement within it is tried whose variables each fit their set. Pairs of inputs are the protocol's, "
    f"joint interchanges all there are; beyond {MAX_RUNS:,} of one placement, or {_MAX_WITHIN:,} placements within "
    "one, it is undecided.",
    cost="bounded",
    term="minimality",
)
