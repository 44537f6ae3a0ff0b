"""docs/survivors.md: the tables between its markers are made here, from CSV files and the engine; the words are not.

A marker is a line ``<!-- table: NAME -->``, the end of its table ``<!-- end -->``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from analysis.data import clean_data
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.tasks import named_task
from benchmarks.survivors.funnel import Step, funnel
from benchmarks.survivors.prototype import CLAIMS, Claim
from benchmarks.survivors.rows import Sample, read_rows
from benchmarks.survivors.spread import range_of_another, value_of
from benchmarks.survivors.study import CIRCUIT_CRITERIA

PRETRAINED: Final = Path(__file__).resolve().parents[2] / "tests" / "golden" / "xor_pretrained.json"
_ALIGNMENT_FIGURES: Final = {
    "few one_direction minimal": "irredundant algorithms, one direction: minimal",
    "few ordered alignments": "irredundant algorithms, `both-directions`: all",
    "few ordered minimal": "… `minimal-alignment`",
    "few ordered joint": "… `joint-interchange`",
    "few ordered causal": "… `causal-order`",
    "few ordered above-random": "… `above-random`",
    "few ordered all": "… the four together",
    "every one_direction minimal": "all 250 algorithms, one direction: minimal",
    "every ordered alignments": "all 250 algorithms, `both-directions`: all",
    "every ordered minimal": "… `minimal-alignment`",
    "every ordered joint": "… `joint-interchange`",
    "every ordered causal": "… `causal-order`",
}


def write_document(folder: Path) -> None:
    """Put every table anew between its markers."""
    path = folder / "survivors.md"
    path.write_text(with_tables(path.read_text(), read_rows(folder / "survivors.csv"), tight_of(folder)))


def tight_of(folder: Path) -> Sample:
    """The networks trained further."""
    return read_rows(folder / "survivors-tight.csv")


def with_tables(text: str, sample: Sample, tight: Sample) -> str:
    """The document with each table made anew.

    Raises:
        KeyError: a marker names no table.
    """
    tables: dict[str, Callable[[], Iterator[str]]] = {
        "samples": lambda: samples_table((sample, tight)),
        "claims": lambda: claims_table(sample, tight),
        "pairs": lambda: pairs_table(sample, tight),
        "circuits": lambda: family_table(sample, _circuit_figures()),
        "interpretations": lambda: family_table(sample, _INTERPRETATIONS),
        "alignments": lambda: alignments_table(sample),
        "funnel": lambda: funnel_table(funnel_of_the_pretrained()),
    }

    def made(match: re.Match[str]) -> str:
        return "\n".join([match[1], "", *tables[match[2]](), "", "<!-- end -->"])

    return re.sub(r"(<!-- table: ([a-z]+) -->)\n.*?<!-- end -->", made, text, flags=re.DOTALL)


# ---- samples ---------------------------------------------------------------------------------------------------------


def samples_table(samples: Sequence[Sample]) -> Iterator[str]:
    """How each sample was made, and what became of its networks."""
    yield "| | networks | converged | otherwise | undecided verdicts | seconds |"
    yield "|---|---|---|---|---|---|"
    for number, sample in enumerate(samples):
        states = Counter(row.state.replace("_", " ") for row in sample.rows)
        rest = ", ".join(f"{n} {state}" for state, n in sorted(states.items()) if state != "converged") or "–"
        n_open = sum(sum(sample.counts(f"undecided {kind}")) for kind in ("circuits", "interpretations"))
        converged = states["converged"]
        told = sample.told
        name = f"[{('survivors', 'survivors-tight')[number]}.csv]({('survivors', 'survivors-tight')[number]}.csv)"
        cells = (name, len(sample.rows), converged, rest, n_open, told["seconds"])
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    for sample in samples:
        yield f"- {sample.told['training']}. Measured on: {sample.told['machine']}."


# ---- claims ----------------------------------------------------------------------------------------------------------


def claims_table(sample: Sample, tight: Sample) -> Iterator[str]:
    """Each figure of the prototype beside ours."""
    yield "| test | survivors of | statistic | prototype [O] | here | a second sample: 95% | |"
    yield "|---|---|---|---|---|---|---|"
    for claim in CLAIMS:
        yield f"| {' | '.join(_claim(claim, tight if claim.tight else sample))} |"


def verdict_on(claim: Claim, sample: Sample) -> str:
    """Reproduced if the prototype's figure lies where that of a second sample of its size would in 95 of 100 cases."""
    if not claim.figure:
        return "not defined"
    if claim.apart:
        return "not of one kind"
    low, high = range_of_another(sample.counts(claim.figure), claim.statistic, claim.n_networks)
    rounding = 0.005 if claim.statistic.startswith("share") else 0
    return "reproduced" if low - rounding <= claim.value <= high + rounding else "**corrected**"


def _claim(claim: Claim, sample: Sample) -> tuple[str, ...]:
    share = claim.statistic.startswith("share")
    verdict = verdict_on(claim, sample)
    if claim.apart:
        verdict += f": {claim.apart}"
    if not claim.figure:
        return claim.test, claim.what, claim.statistic, _number(claim.value, share), "–", "–", verdict
    counts = sample.counts(claim.figure)
    low, high = range_of_another(counts, claim.statistic, claim.n_networks)
    here = value_of(counts, claim.statistic)
    between = f"{_number(low, share)} – {_number(high, share)}"
    return claim.test, claim.what, claim.statistic, _number(claim.value, share), _number(here, share), between, verdict


def _number(value: float, share: bool = False) -> str:
    if share:
        return f"{100 * value:.0f}%"
    return f"{value:,.0f}" if value == round(value) or value >= 1000 else f"{value:,.2f}".rstrip("0").rstrip(".")


_PAIRS: Final = (
    ("resample-ablation", "all-ablations", "mean ablation removes what resample ablation keeps"),
    ("valid", "necessity", "necessity removes a valid circuit"),
    ("valid", "minimal-quasi", "quasi-minimality removes a valid circuit"),
    ("valid", "margin", "a valid circuit is fragile"),
    ("grid", "input-robust", "certificates refute what a grid of 5 × 5 lets pass"),
    ("input-noise", "input-robust", "certificates refute what 99% of random points let pass"),
    ("minimal-subset", "minimal-cardinal", "a circuit is subset-minimal and not cardinally minimal"),
)


def pairs_table(sample: Sample, tight: Sample) -> Iterator[str]:
    """In how many networks one criterion leaves fewer circuits than another: paired, so no chance of sampling in it."""
    yield "| in `complete`, networks in which | trained to .01 | to .001 | circuits: .01 | .001 |"
    yield "|---|---|---|---|---|"
    for weak, strict, label in _PAIRS:
        networks, circuits = [], []
        for one in (sample, tight):
            before, after = one.counts(f"complete {weak}"), one.counts(f"complete {strict}")
            fewer = sum(late < early for early, late in zip(before, after, strict=True))
            networks.append(f"{fewer} of {len(before)}")
            circuits.append(f"{sum(before) - sum(after):,} of {sum(before):,}")
        yield f"| {label} | {' | '.join(networks + circuits)} |"


# ---- all figures -----------------------------------------------------------------------------------------------------


def _circuit_figures() -> dict[str, str]:
    """Names of figures without their family, and what they count."""
    own = {criterion.key: f"`{criterion.key}`" for criterion in CIRCUIT_CRITERIA}
    return {
        "valid": "valid circuits",
        **{key: label for key, label in own.items() if key != "zero-ablation"},
        "grid": "agreement on a grid of 5 × 5",
        "all-ablations + knockout-completeness": "`all-ablations` and `knockout-completeness`",
        "all-ablations + output-faithfulness": "`all-ablations` and `output-faithfulness`",
        "all-ablations + input-robust": "`all-ablations` and `input-robust`",
    }


_INTERPRETATIONS: Final = {
    "interpretations": "all interpretations",
    "observed-class": "`observed-class`",
    "interchange": "`interchange`",
    "interchange-joint": "`interchange-joint`",
}


def family_table(sample: Sample, figures: dict[str, str]) -> Iterator[str]:
    """Median, quartiles and shares in both families."""
    yield "| | `paper`: median (quartiles) | none | one | `complete`: median (quartiles) | none | one |"
    yield "|---|---|---|---|---|---|---|"
    for figure, label in figures.items():
        cells = [cell for family in ("paper", "complete") for cell in _spread(sample.counts(f"{family} {figure}"))]
        yield f"| {label} | {' | '.join(cells)} |"


def alignments_table(sample: Sample) -> Iterator[str]:
    """The same for alignments, for which the two families are one, with means."""
    yield "| alignments | median (quartiles) | mean | none | one |"
    yield "|---|---|---|---|---|"
    for figure, label in _ALIGNMENT_FIGURES.items():
        counts = sample.counts(figure)
        middle, none, one = _spread(counts)
        yield f"| {label} | {middle} | {value_of(counts, 'mean'):.2f} | {none} | {one} |"


def _spread(counts: Sequence[int]) -> tuple[str, str, str]:
    middle, low, high = (_number(value_of(counts, s)) for s in ("median", "lower quartile", "upper quartile"))
    none, one = (_number(value_of(counts, s), share=True) for s in ("share of 0", "share of 1"))
    return f"{middle} ({low} – {high})", none, one


# ---- the funnel ------------------------------------------------------------------------------------------------------


@lru_cache
def funnel_of_the_pretrained() -> tuple[Step, ...]:
    """The authors' pretrained XOR network under ``complete``."""
    stored = json.loads(PRETRAINED.read_text())["network"]
    network = Network.from_arrays(
        stored["weights"],
        stored["biases"],
        activation=stored["activation"],
        output_activation=stored["output_activation"],
        negative_slope=stored["negative_slope"],
    )
    return funnel(network, named_task("XOR", 2), COMPLETE, clean_data(2))


def funnel_table(steps: Sequence[Step]) -> Iterator[str]:
    """One line for each criterion."""
    yield "| applies to | criterion | of | pass it alone | undecided | pass it and all above |"
    yield "|---|---|---|---|---|---|"
    for step in steps:
        tally = step.alone
        left = "not counted" if step.left is None else f"{step.left:,}"
        link = f"[`{step.key}`](criteria.md#{step.key})"
        yield f"| {step.kind}s | {link} | {tally.of:,} | {tally.passed:,} | {tally.undecided:,} | {left} |"
