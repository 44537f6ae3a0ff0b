"""Many numbers of one network, tested at once beside those of networks whose matrices have their entries shuffled.

The entries of a matrix that has learned nothing are independent draws from one distribution, so that each order of them
was as likely, whatever that distribution is. An untrained network is then a draw among those with its own entries in
random order, and p ≤ α has a probability of at most α. Matrices that are equal were drawn once, and stay equal;
what need not be drawn stays as it is: biases, and embeddings of positions.

Each number is measured in standard deviations from its mean over all of these networks, the tested one among them, and
the largest is compared with the largest of each (Westfall & Young, "Resampling-Based Multiple Testing", 1993, the
single-step maximum), which corrects for all that was looked at; of several structures that are sought p is multiplied
by their number. The power is how often the test finds a structure that is planted in such networks, each beside null
networks of its own: what these have as well is not found, such as a code by magnitude of heads that look everywhere
alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope_methods.lenses.lens import Array, NullTest

S = TypeVar("S")
ALPHA: Final = 0.05
N_NETWORKS: Final = 199
"""Null networks: p is then a multiple of 1/200."""
N_PLANTED: Final = 10
N_BESIDE: Final = 20
"""For each structure that is sought, the networks that a planted one is one of: as few as p = .05 needs."""
NULL: Final = "networks with the entries of each matrix shuffled"
_NEAR: Final = 1e-9
_SEED: Final = 0


class Sought(NamedTuple, Generic[S]):
    """A structure that is sought in a network.

    Args:
        name: what is found where p is small, such as "a circle".
        looks: ``[looks]`` the numbers that are large where it is there.
        plant: puts it into a null network, which is then tested beside null networks of its own.
        orders: a network → these numbers under other orders of labels, ``[orders, numbers]``; p is then the larger of
            the two, among networks and among orders. None where order has no say.
        least: the share of orders that change nothing.
    """

    name: str
    looks: NDArray[np.bool_]
    plant: Callable[[S], S]
    orders: Callable[[S], Array] | None = None
    least: float = 0.0


def generator(number: int) -> np.random.Generator:
    """The random numbers of a null network, from 0."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([_SEED, number])))


def shuffled(random: np.random.Generator, matrices: Iterable[Array]) -> list[Array]:
    """Matrices with the entries of each in random order, the same for equal ones, which are drawn once."""
    given = [(one.tobytes(), one) for one in matrices]
    drawn = {key: random.permutation(one.ravel()) for key, one in dict(given).items()}
    return [drawn[key].reshape(one.shape) for key, one in given]


def null_runs(n_sought: int) -> int:
    """Number of networks that a test of so many structures runs, at most."""
    return N_NETWORKS + n_sought * (2 + N_PLANTED * (N_BESIDE * n_sought + 1))


def tested(
    subject: S, numbers: Callable[[S], Array], null: Callable[[S, int], S], sought: Sequence[Sought[S]], work: Work
) -> tuple[tuple[NullTest, ...], Array, Array]:
    """Test whether a network has what is sought.

    Args:
        subject: the network.
        numbers: a network → all that is looked at, ``[looks]``.
        null: a network → its null network of each number from 0.
        work: gets the progress; may cancel.

    Returns:
        The tests; the network's numbers ``[looks]`` in standard deviations; their means ``[looks]`` in null networks.
    """
    others = np.array([numbers(null(subject, at)) for at in work.each("lenses", range(N_NETWORKS), "null networks")])

    def p_of(one: S, what: Sought[S], others: Array) -> float:
        scores, centre, spread = standardised(numbers(one)[what.looks], others[:, what.looks])
        p = _as_large(scores[0], scores[1:])
        if what.orders is not None:
            p = max(p, _as_large(scores[0], (what.orders(one) - centre) / spread))
        return min(1.0, len(sought) * p)

    found, looks = list[NullTest](), sum(int(what.looks.sum()) for what in sought)
    for what in sought:
        n_found, p = 0, p_of(subject, what, others)
        for at in work.each("lenses", range(N_NETWORKS, N_NETWORKS + N_PLANTED), f"networks with {what.name} planted"):
            planted = what.plant(null(subject, at))
            beside = [numbers(null(planted, number)) for number in range(N_BESIDE * len(sought) - 1)]
            n_found += p_of(planted, what, np.array(beside)) <= ALPHA
        least = len(sought) * max(1.0 / (1 + N_NETWORKS), what.least)
        found.append(NullTest(what.name, NULL, looks, N_NETWORKS, least, p, p <= ALPHA, N_PLANTED, n_found))
    return tuple(found), standardised(numbers(subject), others)[0][0], fixed_order.mean(others)


def standardised(own: Array, others: Array) -> tuple[Array, Array, Array]:
    """Numbers ``[1 + networks, looks]`` in standard deviations, own first; their means and deviations ``[looks]``."""
    every = np.concatenate([own[None], others])
    centre = fixed_order.mean(every)
    spread = np.sqrt(fixed_order.mean((every - centre) ** 2))
    spread = np.where(spread > _NEAR, spread, np.inf)  # what is the same everywhere says nothing
    return (every - centre) / spread, centre, spread


def _as_large(own: Array, others: Array) -> float:
    """The p of the largest of some numbers beside the largest of each of others, ``[others, numbers]``."""
    as_large = int((others.max(axis=1) >= own.max() - _NEAR).sum())
    return (1 + as_large) / (1 + len(others))
