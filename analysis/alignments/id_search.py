"""Search of the alignment that has an id: a hash cannot be inverted, but few placements can be tried.

So a link with nothing but ids works on every machine, whether or not a row keeps the alignment there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.alignments.alignment import Alignment, alignment_id, site_json
from pluriscope.analysis.alignments.sites import SiteRule, neuron_sites
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.subjects.perceptron.network import Network

MAX_TRIED: Final = 100_000  # about half a second


def alignment_with_id(
    network: Network, algorithm: HighLevelModel, wanted: str, rule: SiteRule, *, max_tried: int = MAX_TRIED
) -> Alignment | None:
    """The placement of an algorithm's variables that has an id, None if none has or if it was not among those tried.

    Args:
        network: cut to the analysed output.
        algorithm: whose variables are placed.
        wanted: 16 hex digits.
        rule: where a variable may live.
        max_tried: placements tried at most, those on earlier layers and fewer neurons first.

    Raises:
        BeyondLimits: the network has more neuron sets than can be searched.
    """
    paths = sorted(algorithm.carriers)
    sites = sorted(neuron_sites(network.hidden_sizes, rule).sites, key=lambda s: (s.layer, len(s.neurons), s.neurons))
    for tried, chosen in enumerate(_placements(sites, len(paths), frozenset())):
        if tried >= max_tried:
            return None
        if alignment_id(algorithm.text, [site_json(*pair) for pair in zip(paths, chosen, strict=True)]) == wanted:
            return Alignment.of(algorithm.text, zip(paths, chosen, strict=True))
    return None


def _placements(
    sites: list[NeuronSet], n_variables: int, taken: frozenset[tuple[int, int]]
) -> Iterator[tuple[NeuronSet, ...]]:
    """Every choice of disjoint sites, one per variable."""
    if n_variables == 0:
        yield ()
        return
    for site in sites:
        neurons = {(site.layer, neuron) for neuron in site.neurons}
        if not neurons & taken:
            for rest in _placements(sites, n_variables - 1, taken | neurons):
                yield (site, *rest)
