"""Criterion of selectivity: whether other functions could have been found at a site just as well."""

from __future__ import annotations

from collections import Counter
from math import comb
from typing import Final

import numpy as np

from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from pluriscope.analysis.explanations.explanation import Claim
from pluriscope.analysis.explanations.registry import BY_KEY


def _selective(population: Population, settings: Settings) -> Verdicts:
    """Compare each claim with every function that has as many ones: the score is the share of these found at the same
    site.
    """
    n_rows = 1 << population.question.network.n_inputs
    claims = map(BY_KEY[population.kind].claims, population.items)
    sites = [[_site(claim, n_rows) for claim in some] for some in claims]
    found = Counter(site for some in sites for site in set(some))
    shares = [
        max(
            ((found[site], controls(site[-1], n_rows)) for site in some),
            key=lambda share: share[0] / share[1],
            default=(0, 1),
        )
        for some in sites
    ]
    numerators, denominators = (np.array([share[i] for share in shares], dtype=np.int64) for i in (0, 1))
    passed = numerators <= settings["most"] * denominators

    def explain(position: int) -> tuple[str, Witness]:
        some, every = shares[position]
        what = (
            "of the functions with as many ones"
            if population.complete
            else "at least, of the functions with as many ones,"
        )
        return f"{some:,} of {every:,} {what} are found at the same site.", {"found": some, "functions": every}

    undecided = None if population.complete else passed  # more may be found, never fewer
    return verdicts_of(passed, explain, numerators=numerators, denominators=denominators, undecided=undecided)


def _site(claim: Claim, n_rows: int) -> tuple[int, tuple[int, ...], int]:
    """Return the site of a claim and the number of ones of its function; a function and its negation count as one."""
    ones = claim.function.bit_count()
    return claim.layer, claim.neurons, min(ones, n_rows - ones)


def controls(ones: int, n_rows: int) -> int:
    """Functions on so many rows with so many ones or zeros, of each function and its negation one."""
    return comb(n_rows, ones) // (2 if 2 * ones == n_rows else 1)


SELECTIVE: Final = Criterion(
    key="selective",
    label="Selective",
    definition="Of all Boolean functions of the inputs with as many ones, no more than a share, 5% by default, is "
    "found at the same site.",
    formula="#{g found at the site : |g| = |f|} / #{g : |g| = |f|}  ≤  most, each g and its negation counted once",
    source="Hewitt & Liang, EMNLP 2019 (arXiv:1909.03368), with every function as a control task",
    judges={"placed": _selective},
    direction="lower",
    parameters=(Parameter("most", 0.05, 0.0, 1.0, "largest share of control functions found at the site"),),
    score="share of the functions with as many ones that are found at the same site",
    method="The controls are not drawn: every function with the same number of ones (or of zeros) is one. Where the "
    "search for explanations stopped early, the share is a lower bound, and what is below the limit stays undecided.",
    over="population",
)
