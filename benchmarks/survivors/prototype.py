"""Figures of an earlier prototype, to be reproduced or corrected; none of them is a result of this engine.

The prototype trained 100 networks 2-3-3-1 on XOR to a loss of .01, of which 92 converged, took the circuits in which
not every hidden neuron is active, and reported medians of survivors. It was a quick numerical sketch of which no code
is left. Alignments: of the two algorithms of XOR without a redundant literal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.survivors.spread import Statistic

N_PROTOTYPE: Final = 92


@dataclass(frozen=True)
class Claim:
    """One figure of the prototype.

    Args:
        test: its number among the twelve tests, or "" for what they start from.
        what: what was counted.
        figure: the study's count that it is compared with, see :mod:`benchmarks.survivors.study`; "" if there is none.
        statistic: of that count over networks.
        value: the prototype's; shares from 0 to 1.
        n_networks: in its sample.
        apart: why the two are not of one kind, "" if they are.
        tight: compared with networks trained to .001.
    """

    test: str
    what: str
    figure: str
    statistic: Statistic
    value: float
    n_networks: int = N_PROTOTYPE
    apart: str = ""
    tight: bool = False


_BIASED: Final = "its networks were the fastest to converge of more"
_ALL_MASKS: Final = "its universe was all masks, with neurons that lead nowhere"
_NO_LIST: Final = "needs noise on sources, which no criterion has"

CLAIMS: Final = (
    Claim("", "valid circuits", "paper valid", "median", 52),
    Claim("", "valid circuits", "paper valid", "lower quartile", 30),
    Claim("", "valid circuits", "paper valid", "upper quartile", 85),
    Claim("", "valid circuits with every neuron active too", "complete valid", "median", 342),
    Claim("", "interpretations", "paper interpretations", "median", 76_521),
    Claim("", "interpretations", "paper interpretations", "lower quartile", 34_000),
    Claim("", "interpretations", "paper interpretations", "upper quartile", 158_000),
    Claim("1", "`observed-class`", "paper observed-class", "median", 548),
    Claim("2", "`minimal-cardinal`", "paper minimal-cardinal", "median", 1),
    Claim("2", "`minimal-cardinal`", "paper minimal-cardinal", "share of 1", 0.60),
    Claim("2", "`minimal-subset`", "paper minimal-subset", "median", 2.5),
    Claim("2", "`minimal-subset`", "paper minimal-subset", "share of 1", 0.30),
    Claim("2", "`minimal-local`", "paper minimal-local", "median", 1, apart=_ALL_MASKS),
    Claim("3", "`output-faithfulness`", "paper output-faithfulness", "median", 2),
    Claim("3", "`output-faithfulness`", "paper output-faithfulness", "share of 0", 0.26),
    Claim("4", "`knockout-completeness`", "paper knockout-completeness", "median", 8.5),
    Claim("4", "`knockout-completeness`", "paper knockout-completeness", "share of 0", 0.28),
    Claim("4", "the same on rounded outputs", "paper knock-outs rounded", "median", 8.5),
    Claim("4", "the same on rounded outputs", "paper knock-outs rounded", "share of 0", 0.28),
    Claim("5", "`resample-ablation`", "paper resample-ablation", "median", 19.5),
    Claim("6", "`all-ablations`", "paper all-ablations", "median", 15.5),
    Claim("6", "valid under mean ablation alone, of the whole space", "paper mean-valid", "median", 136),
    Claim("6", "with test 4", "paper all-ablations + knockout-completeness", "median", 4),
    Claim("6", "with test 3", "paper all-ablations + output-faithfulness", "median", 2),
    Claim("7", "agreement on a grid of 5 × 5", "paper grid", "median", 14.5),
    Claim("7", "with test 6", "paper all-ablations + grid", "median", 8),
    Claim("8", "minimal, one direction", "few one_direction minimal", "mean", 1.99),
    Claim("8", "minimal, one direction", "few one_direction minimal", "share of 1", 0.54),
    Claim("8", "`both-directions`, minimal", "few ordered minimal", "mean", 1.68),
    Claim("8", "`both-directions`, minimal", "few ordered minimal", "share of 1", 0.74),
    Claim("9", "all alignments, one direction", "few one_direction alignments", "mean", 4.46),
    Claim("9", "all alignments, both directions", "few ordered alignments", "mean", 4.46),
    Claim("9", "`joint-interchange`", "few ordered joint", "mean", 3.35),
    Claim("9", "`joint-interchange`, minimal", "few ordered minimal joint", "mean", 1.60),
    Claim("9", "with noise on the sources, minimal", "", "mean", 1.28, apart=_NO_LIST),
    Claim("10", "both algorithms align", "few ordered algorithms", "share of 2", 0.07),
    Claim("10", "both algorithms align", "few ordered algorithms", "share of 2", 21 / 150, 150, _BIASED, True),
    Claim("10", "neither aligns", "few ordered algorithms", "share of 0", 1 / 150, 150, _BIASED, True),
    Claim("10", "exactly one minimal alignment", "few ordered minimal", "share of 1", 0.63, 150, _BIASED, True),
    Claim("11", "`necessity`", "paper necessity", "median", 52),
    Claim("", "valid circuits, trained to .001", "paper valid", "median", 57, tight=True),
    Claim("5", "`resample-ablation`, trained to .001", "paper resample-ablation", "median", 26, tight=True),
    Claim("6", "`all-ablations`, trained to .001", "paper all-ablations", "median", 24.5, tight=True),
)
"""In the order of the tests; of test 12 (stability over seeds) nothing is a criterion for one explanation."""
