"""Search by a SAT solver for the smallest valid circuits, and for the edges that all or none of them keep.

The formula has a model for every valid circuit, and for some that are not valid, as its numbers are rounded
(:mod:`pluriscope_large.formulas.encoding`, "outside"). The engine judges each model on the given network and
excludes what is not valid by a clause. So answers are those of the given network: what is found is valid, and what no
model fulfils no valid circuit does.

A solver's conflicts are counted, not its seconds, so equal calls give equal results unless the time is up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from importlib import import_module
from operator import and_, or_
from typing import Any, Final

from pluriscope.analysis.circuits.result import EdgeUse, SmallestCircuits
from pluriscope.analysis.errors import BeyondLimits, MissingLibrary, NotOffered, needing
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_large.formulas.encoding import DEFAULT_BITS, encode

SOLVER: Final = "glucose4"
_CONFLICTS_AT_ONCE: Final = 500  # well below a second
_MAX_CONFLICTS: Final = 100_000  # of an analysis; some minutes


class _TooMany(Exception):
    """The solver met as many conflicts as it may, or gives what it was not asked for, which proves nothing."""


class ValidCircuits:
    """The valid circuits of one output, one at a time, found by what they have to fulfil.

    Literals are those of the formula: k + 1 for a circuit that keeps edge k, −k − 1 for one that lacks it.

    Args:
        question: about a network whose circuits can be encoded.
        work: gets the number of models judged; what ends it leaves the answers known until then.
        bits: see :func:`~pluriscope_large.formulas.encoding.encode`.

    Raises:
        NotOffered: see :func:`~pluriscope_large.formulas.encoding.encode`.
        MissingLibrary: a solver is not installed.
        BeyondLimits: likewise.
    """

    def __init__(self, question: Question, work: Work = DEFAULT_WORK, bits: int = DEFAULT_BITS) -> None:
        self.question, self.work, self.formula = question, work, encode(question, bits, "outside")
        self.stage = "edges"
        self.excluded: list[int] = []
        self.max_conflicts = math.inf
        self._solver = new_solver(self.formula.clauses)
        self._edges = list(range(1, self.formula.n_edges + 1))
        counter = import_module("pysat.card").ITotalizer(self._edges, len(self._edges), self.formula.n_variables)
        self._solver.append_formula(counter.cnf.clauses)
        self._above: list[int] = counter.rhs
        self._n_more: int = counter.top_id

    def at_most(self, n_edges: int) -> list[int]:
        """Assumption that a circuit has at most so many edges, as literals."""
        return [-self._above[n_edges]] if n_edges < len(self._edges) else []

    def having(self, clauses: Iterable[Sequence[int]]) -> int:
        """A literal that makes a circuit fulfil these clauses too."""
        self._n_more += 1
        self._solver.append_formula([[-self._n_more, *clause] for clause in clauses])
        return self._n_more

    def find(self, needed: Sequence[int] = ()) -> int | None:
        """The mask of a valid circuit that fulfils these literals; None if there is none.

        Raises:
            OutOfTime: the time is up.
            Cancelled: the report asked to stop.
        """
        while True:
            self.work.report_step(self.stage, 0, 1, f"{len(self.excluded):,} circuits near a decision's edge judged")
            if not solved(self._solver, self._check, needed):
                return None
            model = self._solver.get_model()
            mask = sum(1 << k for k, edge in enumerate(self._edges) if model[edge - 1] > 0)
            asked = (mask >> abs(one) - 1 & 1 == (one > 0) for one in needed if abs(one) <= len(self._edges))
            if mask in self.excluded or not all(asked):
                raise _TooMany
            if self.question.judge(mask).valid:
                return mask
            self.exclude(mask)
            self.excluded.append(mask)

    def exclude(self, mask: int, unless: int = 0) -> None:
        """Find a circuit no more, only where a literal holds if one is given."""
        self._solver.add_clause([*([-unless] if unless else []), *differs(mask, self._edges)])

    def _check(self) -> None:
        self.work.check()
        if self._solver.accum_stats()["conflicts"] > self.max_conflicts:
            raise _TooMany


def find_edge_use(circuits: ValidCircuits, known: Sequence[int] = (), max_conflicts: float = math.inf) -> EdgeUse:
    """Find the edges that every valid circuit keeps and that none does, exactly, by at most one proof for each edge.

    Args:
        known: masks of valid circuits: the more there are, the fewer edges are left to prove.
        max_conflicts: of the solver, from which on it is as if the time were up.
    """
    whole = (1 << circuits.formula.n_edges) - 1
    always, never, open_ = reduce(and_, known, whole), whole & ~reduce(or_, known, 0), whole
    circuits.max_conflicts = max_conflicts
    with circuits.work.ending("edge use"), suppress(_TooMany):
        if not known:
            found = circuits.find()
            if found is None:
                return EdgeUse(whole, whole)
            always, never = found, whole & ~found
        for bit in range(circuits.formula.n_edges):
            if (always | never) >> bit & 1:
                kept = always >> bit & 1
                other = circuits.find([-bit - 1 if kept else bit + 1])
                if other is not None:
                    always, never = always & other, never & ~other
            open_ &= ~(1 << bit)
    open_ &= always | never
    return EdgeUse(always & ~open_, never & ~open_, open_)


def find_smallest_solved(
    circuits: ValidCircuits,
    n_smallest: int,
    *,
    known: Sequence[int] = (),
    searched_up_to: int = 0,
    max_conflicts: float = math.inf,
) -> SmallestCircuits:
    """The smallest valid circuits by number of edges, all of a size before any of the next.

    Args:
        n_smallest: circuits wanted; of the last size there may be more than are found.
        known: masks of valid circuits, which are the answer where the time is up before one is proved smallest.
        searched_up_to: no other valid circuit has at most so many edges.
        max_conflicts: of the solver, from which on it is as if the time were up.
    """
    found = [mask for mask in known if mask.bit_count() <= searched_up_to]
    circuits.stage, circuits.max_conflicts = "smallest", max_conflicts
    new, n_edges = circuits.having(()), circuits.formula.n_edges
    for mask in found:
        circuits.exclude(mask, unless=new)
    with circuits.work.ending("smallest"), suppress(_TooMany):
        while len(found) < n_smallest and searched_up_to < n_edges:
            circuit = circuits.find([new, *circuits.at_most(searched_up_to + 1)])
            if circuit is None:
                searched_up_to += 1
            elif circuit.bit_count() > searched_up_to + 1 or circuit in found:
                raise _TooMany
            else:
                found.append(circuit)
                circuits.exclude(circuit, unless=new)
    masks = sorted(found or known, key=lambda mask: (mask.bit_count(), mask))[:n_smallest]
    proved = bool(found) or searched_up_to == n_edges
    return SmallestCircuits(tuple(masks), proved, searched_up_to, len(circuits.excluded), solved=True)


def with_solver(question: Question, found: SmallestCircuits, work: Work) -> SmallestCircuits:
    """Extend a search by a solver; unchanged where none is installed or the question cannot be encoded."""
    try:
        circuits = ValidCircuits(question, work)
    except (MissingLibrary, NotOffered, BeyondLimits):
        return found
    more = find_smallest_solved(
        circuits,
        work.limits.n_smallest,
        known=found.masks,
        searched_up_to=found.searched_up_to,
        max_conflicts=_MAX_CONFLICTS,
    )
    return replace(more, n_tried=found.n_tried, n_descended=found.n_descended)


def edge_use_of(question: Question, known: Sequence[int], work: Work) -> EdgeUse | None:
    """Find the use of all edges; None where that needs more time, or a solver or encoding that is missing.

    Args:
        known: masks of valid circuits. Where each edge is in some but not in all, they are proof enough.
    """
    whole = (1 << question.layout.n_edges) - 1
    if known and not reduce(and_, known) and reduce(or_, known) == whole:
        return EdgeUse(0, 0)
    try:
        use = find_edge_use(ValidCircuits(question, work), known, _MAX_CONFLICTS)
    except (MissingLibrary, NotOffered, BeyondLimits):
        return None
    return None if use.undecided else use


def new_solver(clauses: Iterable[Sequence[int]], *, with_proof: bool = False) -> Any:
    """A solver that holds these clauses.

    Raises:
        MissingLibrary: python-sat is not installed.
    """
    with needing("python-sat", "circuits found by a solver", "pluriscope-large[solvers]"):
        from pysat.solvers import Solver
    return Solver(SOLVER, bootstrap_with=clauses, with_proof=with_proof)


def solved(solver: Any, check: Callable[[], None], needed: Sequence[int] = ()) -> bool:
    """Whether the clauses have a model with these literals; ``check`` is called now and then and may end it."""
    while True:
        check()
        solver.conf_budget(_CONFLICTS_AT_ONCE)
        answer = solver.solve_limited(assumptions=list(needed))
        if answer is not None:
            return bool(answer)


def differs(mask: int, edges: Sequence[int]) -> list[int]:
    """The clause that all circuits but one fulfil, by the variables of the edges."""
    return [-edge if mask >> k & 1 else edge for k, edge in enumerate(edges)]
