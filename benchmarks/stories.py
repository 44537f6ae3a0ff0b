"""``python -m benchmarks.stories``: stories of every valid circuit of trained XOR networks, by two programs.

The engine (:mod:`analysis.stories`) and a plain program that shares no code with it (``tests/oracles``) are given the
first converged 2-3-3-1 networks of the default training. The plain program finds the valid circuits among all 2^18
masks by itself and asks each for its story; every circuit on which the two differ is counted. Printed is how many
circuits of which networks carry what, and how long each program took.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np

from analysis.circuits.search import search_circuits
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.question import ask
from analysis.stories.search import Stories, find_stories
from analysis.studies.measures.alice_or_bob import who
from analysis.tasks import named_task
from benchmarks.timing import timed
from tests.oracles.brute_force_stories import Plain

WORDS = ("Alice only", "Bob only", "both", "neither")


def converged(n_networks: int) -> list[tuple[int, Network]]:
    """The first networks that converge, with their seeds."""
    found: list[tuple[int, Network]] = []
    seed = 0
    while len(found) < n_networks:
        specs = [TrainingSpec(seed=number) for number in range(seed, seed + n_networks)]
        for spec, outcome in zip(specs, train_networks(specs), strict=True):
            if outcome.converged and outcome.network is not None:
                found.append((spec.seed, outcome.network))
        seed += n_networks
    return found[:n_networks]


def by_engine(network: Network) -> dict[int, str]:
    """The story of the whole network under −1, and of each valid circuit under its mask."""
    question = ask(network, task=named_task("XOR", 2))
    found = find_stories(question, search_circuits(question).masks)
    assert isinstance(found, Stories)
    words = [who(found.algorithms[number].text for number in story) for story in found.stories]
    whole = who(found.algorithms[number].text for number in found.whole)
    told = {mask: words[story] for mask, story in zip(found.masks.tolist(), found.story_of.tolist(), strict=True)}
    return {-1: whole, **told}


def by_plain_program(network: Network) -> dict[int, str]:
    """The same, one run at a time."""
    plain = Plain(
        [matrix.tolist() for matrix in network.weights],
        [bias.tolist() for bias in network.biases],
        network.activation,
        network.output_activation,
        network.negative_slope,
    )

    def words(story: frozenset[str]) -> str:
        return "both" if len(story) == 2 else f"{next(iter(story)).capitalize()} only" if story else "neither"

    return {-1: words(plain.story()), **{mask: words(plain.story(mask)) for mask in plain.valid_masks()}}


def table(stories: list[dict[int, str]]) -> Iterator[str]:
    """Circuits by what their network and they themselves carry, in Markdown."""
    networks = Counter(told[-1] for told in stories)
    circuits = Counter((told[-1], story) for told in stories for mask, story in told.items() if mask >= 0)
    yield f"| the network carries | networks | circuits | {' | '.join(WORDS)} |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for whole in WORDS:
        numbers = [circuits[whole, story] for story in WORDS]
        cells = [f"{n:,}" for n in (networks[whole], sum(numbers), *numbers)]
        yield f"| {whole} | {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Run both, print; the exit code is 1 if they differ anywhere."""
    parser = argparse.ArgumentParser(prog="benchmarks.stories", description=__doc__)
    parser.add_argument("--networks", type=int, default=50, help="networks that converged, by seed (50)")
    options = parser.parse_args(arguments)
    networks = converged(options.networks)
    engine_seconds, ours = timed(lambda: [by_engine(network) for _, network in networks])
    plain_seconds, theirs = timed(lambda: [by_plain_program(network) for _, network in networks])
    differing = sum(
        len({*one, *other}) - sum(other.get(mask) == story for mask, story in one.items())
        for one, other in zip(ours, theirs, strict=True)
    )
    n_circuits = sum(len(told) - 1 for told in ours)
    sizes = np.median([len(told) - 1 for told in ours])
    print(f"{len(networks)} networks, seeds {networks[0][0]} to {networks[-1][0]}; {n_circuits:,} valid circuits")
    print(f"median {sizes:g} circuits; the programs differ on {differing:,} stories")
    ratio = plain_seconds / engine_seconds
    print(f"engine {engine_seconds:.2f} s, plain program {plain_seconds:.1f} s, ratio {ratio:.0f}")
    print("\n".join(table(ours)))
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
