"""Every valid placement of every candidate algorithm on neuron sets (spec §4).

1. Interchange every neuron set once, for all pairs of inputs.
2. A variable enters only through its behaviour (what the algorithm predicts under its interchange). Behaviours are few:
   agreement is one matrix product, behaviours × neuron sets, shared by all algorithms.
3. A placement is valid if each variable fits its own set, and minimal if none of them fits a smaller one inside. So
   both are counted exactly by a recursion over variables (:mod:`pluriscope.analysis.placements.counting`), never by
   listing.
4. Listed are the valid ones up to a limit, fewest neurons first, and the best that fail.

Where there are too many candidates to try each, those that can be aligned are found by what the network supports
(:mod:`pluriscope.analysis.placements.carriable`), and only they and the first candidates go through this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.candidates import Candidates, CandidateSpace
from pluriscope.analysis.algorithms.counting import count_irredundant
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.carriable import aligned_algorithms
from pluriscope.analysis.placements.counting import NEVER, PlacementCounter, Ranking
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.neuron_sets import SiteDecisions, site_decisions
from pluriscope.analysis.placements.placement import IIA, NeuronPlacement, OnNeurons, placement_ids, site_json
from pluriscope.analysis.placements.result import AlgorithmResult, AlgorithmSearch, CandidateTotals
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question

Array = NDArray[np.int64]

_ALGORITHMS_AT_ONCE = 64
_BEHAVIOURS_AT_ONCE = 512
_SITES_AT_ONCE = 1024
# what one algorithm's result takes until it is stored, each placement that fails and each place in it, and a behaviour
_RESULT_BYTES, _NEAR_BYTES, _PLACE_BYTES, _KEY_BYTES = 2_000, 500, 120, 1_000
_STEPS_BETWEEN_REPORTS = 1 << 14  # pairs of a site and used neurons: of small networks a report takes longer
MAX_KEPT = 20_000  # valid placements kept of all algorithms together; every one is counted
MAX_TIES = 2_000  # failing placements of equal IIA and size among which the least ids are looked for; 3-3 has ≤ 720


def search_formulas(
    question: Question, candidates: Candidates, work: Work = DEFAULT_WORK, *, max_aligned: int = 2_000
) -> AlgorithmSearch:
    """Align every candidate algorithm with the network.

    Args:
        candidates: the algorithms, all over the network's inputs.
        work: reports "alignments" before each algorithm, of small networks before every few; may cancel there. Its
            limits bound the memory of the results.
        max_aligned: how many aligned algorithms are kept of candidates that are not all listed.

    Returns:
        One result per algorithm, in the candidates' order; of candidates that are not all listed one for each of the
        first and for each that can be aligned, with the exact totals of all. Ended by time or memory, those after the
        first are untried, and ``truncated_at`` says how many were tried.

        If an algorithm has more valid placements than the protocol keeps, or than its share of :data:`MAX_KEPT`, those
        with fewest neurons stay, ties in the order of behaviours and neuron sets; the result says how many. Shares are
        equal, but what one algorithm does not need is left to the others. Near misses are in the order of IIA, neurons,
        id; where more than :data:`MAX_TIES` tie (a network that always decides alike), ids are compared among the first
        of them in that same order.

    Raises:
        BeyondLimits: too many hidden neurons for an exact search.
    """
    algorithms, totals = candidates.algorithms, None
    results: list[AlgorithmResult] = []
    with work.ending("alignments"):
        work.report_step("alignments", 0, len(algorithms))
        sites, protocol = site_decisions(question, work), question.protocol
        if candidates.space is not None:
            found = _supported(sites, candidates, candidates.space, work, max_aligned)
            if found is not None:  # else there are too many to find, and the first candidates are tried one by one
                algorithms, totals = found
        try:
            results.extend(place_with(sites, algorithms, protocol, work))  # those before an end stay
        except BeyondLimits:
            if totals is None:
                raise
            # the totals are exact, but no placement can be listed
            kept_none_of = 0 if totals.n_aligned else None
            return AlgorithmSearch((), candidates.n_candidates, kept_none_of, replace(totals, n_first=0))
    n_tried, truncated_at = len(results), candidates.truncated_at
    n_aligned = sum(1 for result in results if result.n_valid)
    if n_tried < len(algorithms) or (candidates.space is not None and (totals is None or n_aligned < totals.n_aligned)):
        truncated_at = n_tried
    results += map(untried, algorithms[n_tried:])
    return AlgorithmSearch(tuple(results), candidates.n_candidates, truncated_at, totals)


def place_with(
    sites: SiteDecisions, algorithms: Sequence[HighLevelModel], protocol: Protocol, work: Work = DEFAULT_WORK
) -> Iterator[AlgorithmResult]:
    """Align each algorithm under decisions that are already made, one after the other.

    Args:
        sites: what the network decides under every interchange.
        algorithms: over the network's inputs.
        protocol: what is kept.
        work: reports "alignments" before each algorithm, of small networks before every few; may cancel there.

    Raises:
        BeyondLimits: too many hidden neurons for an exact search.
        MemoryError: more algorithms than the work's limits have memory for.
        OutOfTime: the time is up.
    """
    total = max(1, len(algorithms))
    search = _Search(sites, algorithms, protocol, work)
    n_valid = 0
    for start in range(0, search.n_fitting, _ALGORITHMS_AT_ONCE):
        part = algorithms[start : min(start + _ALGORITHMS_AT_ONCE, search.n_fitting)]
        search.prepare(start, start + len(part))
        for done, algorithm in enumerate(part, start):
            if (done - start) % search.algorithms_between_reports == 0:
                work.report_step("alignments", done, total, f"{n_valid} valid placements")
            else:
                work.check()
            result = search.align(done, algorithm)
            n_valid += result.n_valid
            yield result
    if search.n_fitting < len(algorithms):
        raise MemoryError
    work.report_step("alignments", total, total, f"{n_valid} valid placements")


def fair_share(wanted: Sequence[int], most: int) -> int:
    """The largest bound on each that lets all together have no more than ``most``; at least 1.

    Args:
        wanted: how much each would have without a bound.
        most: for all together.
    """
    left = most
    for position, amount in enumerate(sorted(wanted)):
        n_sharing = len(wanted) - position
        if amount * n_sharing > left:
            return max(1, left // n_sharing)
        left -= amount
    return most


def untried(algorithm: HighLevelModel) -> AlgorithmResult:
    """An algorithm of which no placement was tried."""
    return AlgorithmResult(algorithm, (), 0, 0, truncated_at=0, irredundant=irredundancy(algorithm))


def _supported(
    sites: SiteDecisions, candidates: Candidates, space: CandidateSpace, work: Work, max_aligned: int
) -> tuple[tuple[HighLevelModel, ...], CandidateTotals] | None:
    """The first candidates and those that can be aligned, with the totals of all; None where these would take too long
    to find.
    """
    try:
        totals, found = aligned_algorithms(space.pattern, space.depth, sites, work, max_aligned=max_aligned)
    except BeyondLimits:
        return None
    counts = count_irredundant(space.pattern, space.n_inputs, space.depth)
    listed = sorted(
        {algorithm.text: algorithm for algorithm in (*candidates.algorithms, *found)}.values(),
        key=lambda algorithm: (algorithm.depth, algorithm.n_gates, algorithm.text),
    )
    return tuple(listed), replace(totals, irredundant=counts.by_class, n_first=len(candidates.algorithms))


def _variables(algorithm: HighLevelModel) -> tuple[tuple[Behaviour, ...], tuple[str, ...]]:
    """Behaviours and paths of an algorithm's variables, in the order of their behaviours."""
    responses = algorithm.responses.items()
    pairs = sorted((Behaviour.of(response, algorithm.n_inputs), path) for path, response in responses)
    return tuple(behaviour for behaviour, _ in pairs), tuple(path for _, path in pairs)


@dataclass(frozen=True, eq=False)
class _Outcome:
    """The placements that all algorithms with the same behaviours share; columns are variables in the order of their
    behaviours.

    Args:
        n_valid: valid placements.
        n_minimal: minimal ones.
        n_listable: those that the protocol would keep if there were no limit.
        valid: ``[kept, variables]`` site numbers.
        minimal: ``[kept]`` whether each is minimal.
        near: ``[placements, variables]`` the best that fail, all that tie with the last included.
        near_costs: ``[placements]`` disagreements × weight + neurons of each.
    """

    n_valid: int
    n_minimal: int
    n_listable: int
    valid: Array
    minimal: NDArray[np.bool_]
    near: Array
    near_costs: Array


class _Search:
    """Tables shared by all algorithms of one search.

    Algorithms are many and behaviours few, so whatever depends on behaviours alone is computed once for each of them,
    or for each list of them, and looked up by every algorithm whose variables behave so.
    """

    def __init__(
        self, sites: SiteDecisions, algorithms: Sequence[HighLevelModel], protocol: Protocol, work: Work
    ) -> None:
        self._protocol = protocol
        self._table = sites.table
        self._n_pairs = sites.n_pairs
        self._margins: list[float] = sites.margins.tolist()
        # 1. Take algorithms in their order for as long as what they will need fits into half of the memory, for
        #    the other half is what the search itself works with. Those beyond come back untried.
        self._variables, keys = [], set[Behaviour]()
        n_bytes = 0
        for algorithm in algorithms:
            work.check()
            known, variables = len(keys), _variables(algorithm)
            keys.update(variables[0])
            n_bytes += _RESULT_BYTES + protocol.n_near_misses * (_NEAR_BYTES + len(variables[0]) * _PLACE_BYTES)
            n_bytes += (len(keys) - known) * (_KEY_BYTES + 4 * len(sites.decisions))
            if n_bytes > work.limits.max_bytes // 2:
                break
            self._variables.append(variables)
        self.n_fitting = len(self._variables)
        # 2. Compare each behaviour with each site, once. A variable fits a site if all tested pairs agree.
        self._rows = {key: row for row, key in enumerate(sorted({key for some, _ in self._variables for key in some}))}
        self._agreed = _agreements([*self._rows], sites, work)
        self._valid = self._agreed == self._n_pairs
        # Whether a variable fits depends on no other variable, so a placement is minimal if each of its sites is.
        self._minimal = self._table.minimal(self._valid)
        # With one variable that fits nowhere an algorithm has no valid placement, and nothing needs to be counted.
        self._placeable = {key for key, fits in zip(self._rows, self._valid.any(axis=1).tolist(), strict=True) if fits}
        self._counter = PlacementCounter(self._table, work)
        # 3. Two orders in which placements are kept. Valid ones: fewest neurons first. Those that fail: fewest
        #    disagreements first, then fewest neurons, in one number, in which one disagreement outweighs any number of
        #    neurons; at least one variable must fail, or the placement is valid.
        self._weight = self._table.n_neurons + 1
        sizes = self._table.sizes
        kept = self._minimal if protocol.alignments_kept == "minimal" else self._valid
        rows, agreed, valid = self._rows, self._agreed, self._valid
        self._fewest = Ranking(self._counter, lambda key: np.where(kept[rows[key]], sizes, NEVER))
        self._nearest = Ranking(
            self._counter,
            lambda key: (self._n_pairs - agreed[rows[key]].astype(np.int64)) * self._weight + sizes,
            lambda key: ~valid[rows[key]],
        )
        # 4. What is found is remembered by the list of behaviours, which many algorithms share.
        self._most = protocol.max_alignments
        self._counted: dict[tuple[Behaviour, ...], tuple[int, int, int]] = {}
        self._near: dict[tuple[Behaviour, ...], tuple[Array, Array]] = {}
        self._outcomes: dict[tuple[Behaviour, ...], _Outcome] = {}
        self._texts: dict[str, list[str]] = {}
        # 5. How many placements each may keep follows from how many all of them have.
        self.algorithms_between_reports = max(1, _STEPS_BETWEEN_REPORTS // max(1, self._counter.n_steps))
        self._share(MAX_KEPT, work)

    def _share(self, most: int, work: Work) -> None:
        """Bound what each algorithm keeps, so that all of them together keep no more than ``most``, or one each.

        A network that always decides alike has hundreds of thousands of valid placements, none of which says more than
        the others. They are counted all the same.
        """
        listable = []
        for done, (keys, _) in enumerate(self._variables):
            if done % _ALGORITHMS_AT_ONCE == 0:
                work.report_step("alignments", 0, len(self._variables), "counted first")
            listable.append(self._counts(keys)[2] if keys else 0)
        self._most = min(self._protocol.max_alignments, fair_share(listable, most))

    def prepare(self, start: int, stop: int) -> None:
        """Find the best that fail for the algorithms at these positions, at once."""
        if self._protocol.n_near_misses:
            keys = dict.fromkeys(behaviours for behaviours, _ in self._variables[start:stop])
            # without variables nothing can fail; what an earlier algorithm had needs no second search
            todo = [k for k in keys if k and k not in self._outcomes]
            found = self._nearest.cheapest_of_each(todo, self._protocol.n_near_misses, at_most=MAX_TIES)
            self._near.update(zip(todo, found, strict=True))

    def align(self, position: int, algorithm: HighLevelModel) -> AlgorithmResult:
        """The result of the algorithm at a position, after :meth:`prepare`."""
        keys, paths = self._variables[position]
        irredundant = irredundancy(algorithm)
        if not keys:  # nothing to place: the empty placement says nothing wrong
            empty = OnNeurons(NeuronPlacement(algorithm.text, ()), IIA(0, 0), minimal=True, margin=float("inf"))
            return AlgorithmResult(algorithm, (empty,), 1, 1, None, irredundant)
        outcome = self._outcome(keys)
        scored = self._scored(algorithm.text, paths, outcome)
        truncated_at = len(outcome.valid) if outcome.n_listable > len(outcome.valid) else None
        return AlgorithmResult(algorithm, scored, outcome.n_valid, outcome.n_minimal, truncated_at, irredundant)

    def _scored(self, text: str, paths: Sequence[str], outcome: _Outcome) -> tuple[OnNeurons, ...]:
        """The kept placements of one algorithm: valid ones by neurons and id, then failing ones by IIA, neurons, id."""
        if not len(outcome.valid) and not len(outcome.near):
            return ()
        total = self._n_pairs * len(paths)
        # outcomes have variables in the order of behaviours, placements in that of paths
        columns = sorted(range(len(paths)), key=lambda column: paths[column])
        by_path = [paths[column] for column in columns]
        kept = []
        valid = outcome.valid[:, columns]
        sizes = self._table.sizes[valid].sum(axis=1).tolist()
        # ids break ties, so that the order depends on nothing but what is found
        for _, _, row in sorted(zip(sizes, self._ids(text, by_path, valid), range(len(sizes)), strict=True)):
            iia = IIA(total, total)
            kept.append(self._one_scored(text, by_path, valid[row].tolist(), iia, bool(outcome.minimal[row])))
        near = outcome.near[:, columns]
        costs = outcome.near_costs.tolist()  # every placement that ties with the last is there, so that ids decide
        named = zip(costs, self._ids(text, by_path, near), range(len(costs)), strict=True)
        for cost, _, row in nsmallest(self._protocol.n_near_misses, named):
            iia = IIA(total - cost // self._weight, total)  # the rest of the division are neurons
            kept.append(self._one_scored(text, by_path, near[row].tolist(), iia, minimal=False))
        return tuple(kept)

    def _ids(self, text: str, paths: Sequence[str], picks: Array) -> list[str]:
        """Alignment ids of placements; columns are variables sorted by path."""
        names = []
        for path, column in zip(paths, picks.T.tolist(), strict=True):
            known = self._site_texts(path)
            names.append([known[site] for site in column])
        return placement_ids(text, names)

    def _site_texts(self, path: str) -> list[str]:
        """A variable's places as JSON, by site number."""
        if path not in self._texts:
            self._texts[path] = [site_json(path, site) for site in self._table.sites]
        return self._texts[path]

    def _one_scored(self, text: str, paths: Sequence[str], chosen: list[int], iia: IIA, minimal: bool) -> OnNeurons:
        """Make a kept placement; variables are sorted by path, as in every placement."""
        sites, margins = self._table.sites, self._margins
        pairs = tuple([(path, sites[site]) for path, site in zip(paths, chosen, strict=True)])
        return OnNeurons(NeuronPlacement(text, pairs), iia, minimal, min([margins[site] for site in chosen]))

    def _counts(self, keys: tuple[Behaviour, ...]) -> tuple[int, int, int]:
        """Valid placements of variables with these behaviours, minimal ones, and those that the protocol keeps."""
        if keys not in self._counted:
            placeable = self._placeable.issuperset(keys)
            n_valid = self._counter.count([self._valid[self._rows[key]] for key in keys]) if placeable else 0
            n_minimal = self._counter.count([self._minimal[self._rows[key]] for key in keys]) if n_valid else 0
            listable = n_minimal if self._protocol.alignments_kept == "minimal" else n_valid
            self._counted[keys] = n_valid, n_minimal, listable
        return self._counted[keys]

    def _outcome(self, keys: tuple[Behaviour, ...]) -> _Outcome:
        """Counts and the best placements for variables with these behaviours."""
        if keys not in self._outcomes:
            n_valid, n_minimal, n_listable = self._counts(keys)
            valid = near = np.zeros((0, len(keys)), dtype=np.int64)
            near_costs = np.zeros(0, dtype=np.int64)
            if n_listable:  # of hundreds of thousands the ranking makes only those that are kept
                valid, _ = self._fewest.cheapest(keys, self._most)
            # where all valid ones are kept, those whose every site is minimal are marked
            minimal = np.ones(len(valid), dtype=bool)
            for column, key in enumerate(keys):
                minimal &= self._minimal[self._rows[key]][valid[:, column]]
            if self._protocol.n_near_misses:
                near, near_costs = self._near.pop(keys)  # of many algorithms these take much memory
            self._outcomes[keys] = _Outcome(n_valid, n_minimal, n_listable, valid, minimal, near, near_costs)
        return self._outcomes[keys]


def _agreements(keys: Sequence[Behaviour], sites: SiteDecisions, work: Work = DEFAULT_WORK) -> NDArray[np.int16]:
    """Count the tested pairs that agree, ``[behaviours, sites]``."""
    agreed = np.zeros((len(keys), len(sites.decisions)), dtype=np.int16)  # at most 64 · 63
    for start in range(0, len(keys), _BEHAVIOURS_AT_ONCE):
        part = slice(start, start + _BEHAVIOURS_AT_ONCE)
        expected = np.array([key.expected(sites.n_inputs)[sites.tested] for key in keys[part]], dtype=np.float32)
        for begin in range(0, len(sites.decisions), _SITES_AT_ONCE):
            work.check()
            some = slice(begin, begin + _SITES_AT_ONCE)
            # as float32: numbers of pairs are exact, 64 · 63 is below 2^24
            ones, zeros = ((sites.decisions[some] == bit).astype(np.float32).T for bit in (1, 0))
            agreed[part, some] = np.rint(expected @ ones + (1 - expected) @ zeros)
    return agreed
