"""A claimed circuit against its null: how small are the circuits of networks in which there is nothing to be found?

Two null models answer. *Untrained* networks have the weights with which a training begins. *Drawn* ones have
independent normal weights and biases with each layer's own means and deviations, drawn until a network decides every
Boolean input as the task asks: equal function without training. Of each network the smallest valid circuits are sought
that also meet a standard, a criterion of circuits. A claim of k edges that meets a standard is as good as chance in
every null network with such a circuit of at most k edges; its p is (1 + those) / (1 + all).

If the claimed network is itself a draw of the null model, and the claim its smallest circuit by the standard, its rank
among them is uniform up to ties. So p ≤ α has a probability of at most α, whatever the networks compute. Of drawn
networks that holds nearly: their scale is read off the claimed one.

Source: Méloux and others, "The Dead Salmons of AI Interpretability", 2025, asks that explanations be tested against
those of networks that have learned nothing; the rank test is Barnard's (JRSS B 1963).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.discovery.mechanistic_validity import ALPHA
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.methods.report import Analysed, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.drawing import Drawing, Drawn, Prior, draw_network

STAGE: Final = "null networks"
N_NETWORKS: Final = 199
"""Of each null model: p is then a multiple of 1/200."""
POWER: Final = 0.8
MAX_POSSIBLE: Final = 5_000_000
"""Circuits of one network; of more, hundreds of networks take hours."""
STANDARDS: Final = ("", "mean-ablation", "resample-ablation", "output-faithfulness", "knockout-completeness")
"""Valid under the protocol alone, or by a criterion, too."""
_MOST_DRAWS: Final = 400_000
_LOOSE: Final = 0.25  # mean squared error of outputs that all round to their labels, at most
_JUDGED: Final = 4_096  # circuits of one size that are judged at once


class NullSizes(Part):
    """The smallest circuits of the networks of a null model that meet a standard."""

    standard: str = Field(description="Key of a criterion that valid circuits meet as well; empty: valid alone.")
    sizes: list[int] = Field(description="Edges of the smallest of each network that has one, ascending.")


class NullModel(Part):
    """Counts of the networks of one null model."""

    key: str
    n: int = Field(description="Networks that were looked at.")
    draws: int = Field(description="Networks that were drawn to get these.")
    power_share: float | None = Field(
        description="A claim is significant with a probability of 80% where at most this share of all null "
        "networks is as good; null: there are too few networks for any claim."
    )
    by_standard: list[NullSizes]
    why: str = Field("", description="Why there are fewer than were asked for, a sentence.")

    def as_good(self, edges: int, standard: str = "") -> int:
        """Networks with a circuit of at most so many edges that meets a standard."""
        sizes = next(one.sizes for one in self.by_standard if one.standard == standard)
        return bisect_right(sizes, edges)

    def p(self, edges: int, standard: str = "") -> Fraction:
        """Significance of a claim of so many edges that meets a standard."""
        return Fraction(1 + self.as_good(edges, standard), 1 + self.n)


class AgainstNull(Part):
    """Comparison of a claim with the networks of one null model."""

    model: str
    standard: str = Field(description="That it meets, see by_standard.")
    as_good: int
    of: int
    p: float


class NullReport(Report):
    """The null distributions of the size of a smallest circuit."""

    protocol: str
    seed: int
    alpha: float = Field(description="A claim is significant where p is at most this.")
    models: list[NullModel]

    def against(self, edges: int, met: Collection[str]) -> list[AgainstNull]:
        """A valid circuit of so many edges beside the null networks, by validity and by each standard that it meets."""
        return [
            AgainstNull(
                model=model.key,
                standard=one.standard,
                as_good=model.as_good(edges, one.standard),
                of=model.n,
                p=float(model.p(edges, one.standard)),
            )
            for model in self.models
            for one in model.by_standard
            if model.n and one.standard in {"", *met}
        ]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        return [sentence for one in self.models for sentence in _findings(one)]


ABOUT: Final = {
    "untrained": "networks with the weights with which a training begins",
    "drawn": "networks with weights drawn at each layer’s own scale that compute the task",
}


def _findings(model: NullModel) -> Iterator[str]:
    if model.n:
        sizes = model.by_standard[0].sizes
        smallest = f", the smallest with {sizes[0]} edges" if sizes else ""
        many = "none has" if not sizes else "one has" if len(sizes) == 1 else f"{len(sizes)} have"
        yield f"Of {model.n} {ABOUT[model.key]}, {many} a valid circuit for the task{smallest}."
    if model.why:
        yield model.why


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> NullReport:
    """The null distributions for the claims about one network."""
    return null_report(of.question, work)


def null_report(question: Question, work: Work = DEFAULT_WORK, *, n: int = N_NETWORKS, seed: int = 0) -> NullReport:
    """Draw the networks of both null models, and look for their smallest circuits.

    Args:
        question: about the network that a circuit is claimed of.
        n: networks of each null model.
        seed: of their draws.
        work: its time is shared by both; may raise Cancelled.

    Raises:
        BeyondLimits: a network of this shape has too many circuits.
    """
    sizes = question.network.sizes
    if (possible := count_in_space(sizes, question.protocol)) > MAX_POSSIBLE:
        cause = f"each of {n} networks has {possible:,} possible circuits, and the limit is {MAX_POSSIBLE:,}"
        raise BeyondLimits("null networks", cause, "use a smaller network")
    untrained = _model(
        "untrained", question, untrained_networks(question, seed), n, work.for_seconds(work.seconds_left / 2)
    )
    if question.data.boolean and question.record.is_clean:
        drawn = _model("drawn", question, drawn_networks(question, seed, work), n, work)
    else:
        drawn = _without("drawn", "No network is drawn: the rows are not the Boolean inputs themselves.")
    return NullReport(protocol=question.protocol.name, seed=seed, alpha=ALPHA, models=[untrained, drawn])


def untrained_networks(question: Question, seed: int) -> Callable[[int], Drawn]:
    """The untrained network of each number, from 0."""
    base, sizes = question.network, question.network.sizes

    def make(number: int) -> Drawn:
        stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number, *sizes])))
        values = initial_parameters(stream, sizes).astype(np.float64)
        return Drawn(_like(base, values), 1, None)

    return make


def drawn_networks(question: Question, seed: int, work: Work) -> Callable[[int], Drawn]:
    """The drawn network of each number, from 0; without one where too many draws failed. May raise Cancelled."""
    base = question.network
    moments = tuple(
        (float(w.mean()), float(w.std()), float(b.mean()), float(b.std()))
        for w, b in zip(base.weights, base.biases, strict=True)
    )
    drawing = Drawing(
        prior=Prior("matched", moments=moments),
        hidden=base.hidden_sizes,
        tasks=(question.task,),
        activation=base.activation,
        output_activation=base.output_activation,
        negative_slope=base.negative_slope or 0.0,
        loss_target=_LOOSE,
        most_draws=_MOST_DRAWS,
    )

    def make(number: int) -> Drawn:
        return draw_network(drawing, seed + number, work)

    return make


def _like(base: Network, values: NDArray[np.float64]) -> Network:
    activations = {"activation": base.activation, "output_activation": base.output_activation}
    return Network.from_flat(values, base.sizes, **activations, negative_slope=base.negative_slope)


def _model(key: str, question: Question, make: Callable[[int], Drawn], n: int, work: Work) -> NullModel:
    """The null model's first networks, as many as the time allows."""
    found: list[dict[str, int]] = []
    draws, why = 0, f"The time was too short for all {n} {key} networks."
    with work.ending(STAGE):
        for number in range(n):
            work.report_step(STAGE, number, n, f"{key}, {number} of {n}")
            candidate = make(number)
            draws += candidate.draws
            if candidate.network is None:
                why = f"None of {candidate.draws:,} networks drawn after the first {len(found)} computes the task."
                break
            found.append(smallest_by_standard(replace(question, subject=candidate.network, output=0)))
        else:
            why = ""
    return NullModel(
        key=key,
        n=len(found),
        draws=draws,
        power_share=power_share(len(found)),
        by_standard=[
            NullSizes(standard=one, sizes=sorted(sizes[one] for sizes in found if one in sizes)) for one in STANDARDS
        ],
        why=why,
    )


def _without(key: str, why: str) -> NullModel:
    nothing = [NullSizes(standard=one, sizes=[]) for one in STANDARDS]
    return NullModel(key=key, n=0, draws=0, power_share=None, by_standard=nothing, why=why)


def smallest_by_standard(question: Question) -> dict[str, int]:
    """Edges of the smallest valid circuit that meets each standard; none where no circuit does."""
    masks = search_circuits(question).masks
    sizes, found = np.bitwise_count(masks).astype(int), dict[str, int]()
    for size in sorted({*sizes.tolist()}):
        same = masks[sizes == size]
        found.setdefault("", size)
        for standard in [one for one in STANDARDS if one not in found]:
            judge = criterion_named(standard).judge
            parts = (same[start : start + _JUDGED] for start in range(0, len(same), _JUDGED))
            if any(judge(Population("circuit", question, part)).passed.any() for part in parts):
                found[standard] = size
        if len(found) == len(STANDARDS):
            break
    return found


def power_share(n: int, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The largest share of null networks as good as a claim at which p is at most α with a given probability.

    Args:
        n: networks that are drawn.
        alpha: size of the test.
        power: that probability.

    Returns:
        The share q at which a binomial number of n with probability q is small enough with that probability; None where
        no number is.
    """
    from scipy.special import betaincinv  # which takes a while

    most = int(Fraction(alpha).limit_denominator(10_000) * (n + 1)) - 1  # as good as the claim, at most
    return None if most < 0 else 1.0 - float(betaincinv(n - most, most + 1, power))
