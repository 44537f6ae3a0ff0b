"""Numbers of valid circuits by hashing, and draws of them, where they are too rare for a uniform sample.

1. ApproxMC divides the models of a formula into about equal cells by random parities of edges, until one has few enough
   to list, and takes the median of several rounds: within a factor 1 + ε with probability 1 − δ, proved for every
   formula (Chakraborty, Meel and Vardi 2016). It is the one that pyunigen contains: pyapproxmc 4.3 and 4.4 leave out a
   factor of 2 for each edge that the formula does not depend on.
2. The given network's circuits lie between the models of two formulas of a rounded one
   (:mod:`pluriscope_large.formulas.encoding`), so their number is at least the one divided by 1 + ε and at most the
   other times 1 + ε, unless one of the counts failed. More bits narrow the gap between the formulas.
3. UniGen lists a random cell and draws eleven of its models, then those of another. Each model is drawn with a
   probability that is off by a proved factor of 17 at most (Chakraborty et al. 2015, On Parallel Scalable Uniform SAT
   Witness Generation, ε = 16), and by far less in trials. So intervals of shares among draws are estimates; the
   guaranteed number of circuits of a kind is a count of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from itertools import count as numbers
from math import ceil, comb
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, cast

import numpy as np

from pluriscope.analysis.circuits.distribution import distribution_of
from pluriscope.analysis.circuits.facet import Facet
from pluriscope.analysis.circuits.hashed_count import EPSILON, Bracket, HashedCount
from pluriscope.analysis.circuits.judging import enough_right, evaluate_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.errors import BeyondLimits, needing
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_large.formulas.encoding import DEFAULT_BITS, MAX_SIZE, encode
from pluriscope_large.formulas.formula import Formula
from pluriscope_large.formulas.rounding import refusal, rounded

DELTA: Final = 0.1
_ROUND_IS_RIGHT: Final = 0.64  # its proved probability, from which ApproxMC has its number of rounds
_DRAWS_AT_ONCE: Final = 110  # ten cells of eleven
_WRONG: Final = "Of {1:,} draws of pyunigen {2} {0:,} are no valid circuits; they are left out."
_FOR_DRAWS: Final = 0.2  # of the time
_PAUSE: Final = 0.1  # seconds
_PROCESS: Final = Path(__file__).with_name("unigen_process.py")


def obstacle(question: Question) -> str:
    """Reason why circuits cannot be counted by hashing, one clause; "" if they can."""
    n_rows, n_edges = len(question.judged[0]), question.layout.n_edges
    most = MAX_SIZE // (DEFAULT_BITS * n_rows)
    if missing := [name for name in ("z3", "pyunigen") if find_spec(name) is None]:
        return f'{" and ".join(missing)} missing: pip install "pluriscope-large[solvers]"'
    if n_edges > most:
        return f"the formula of {n_edges} edges on {n_rows:,} rows is too large; at most {most:,} edges would do"
    if not (why := refusal(question)):
        try:
            rounded(question, DEFAULT_BITS)
        except BeyondLimits as error:
            why = error.cause
    return why


def hash_count(
    formula: Formula,
    *,
    epsilon: float = EPSILON,
    delta: float = DELTA,
    seed: int = 0,
    work: Work = DEFAULT_WORK,
    clauses: Sequence[Sequence[int]] = (),
    name: str = "models",
) -> HashedCount:
    """Count the models of a formula within a factor.

    Args:
        epsilon: between 0 and 1.
        delta: between 0 and 1.
        seed: of the hash functions, from 0; the same one gives the same number on every machine.
        work: gets the round several times a second; ends the process that counts.
        clauses: more of them, over edges.
        name: of what is counted, in reports.

    Raises:
        MissingLibrary: pyunigen is not installed.
        OutOfTime: the time was up before, or somebody asked to stop.
        Cancelled: the report asked to stop.
        BeyondLimits: pyunigen failed, or its answer is none.
    """
    n_rounds, done, start = rounds(delta), 0, work.clock()

    def show(line: str) -> None:
        nonlocal done
        if begun := line.partition("round:")[2].split():
            done = int(begun[0])
        elif line:
            return
        work.report_step("circuits", done, n_rounds, f"{name}: round {done + 1} of {n_rounds}")

    asked = {"n_draws": 1, "epsilon": epsilon, "delta": delta, "known": None, "seeds": [seed]}
    try:
        (cells, hashes), *_ = [*_answers(formula.with_clauses(clauses), asked, show)] or [(0, 0)]
    except OutOfTime:
        enough = (work.clock() - start) * n_rounds / (done + 1)
        raise OutOfTime(f"in round {done + 1} of {n_rounds}", enough) from None
    if not (type(cells) is type(hashes) is int and hashes >= 0 <= cells and cells << hashes <= 1 << formula.n_edges):
        raise _failed(f"it counts {cells} · 2^{hashes} models on {formula.n_edges} edges")
    return HashedCount(cells, hashes, epsilon, delta, seed, version("pyunigen"))


def draw_models(formula: Formula, known: HashedCount, n: int, *, seed: int = 0, work: Work = DEFAULT_WORK) -> list[int]:
    """Masks of models drawn near-uniformly, with repetition, fewer where the time is up before, or pyunigen fails. Some
    may be no models, as of every thousand that version 2.5.8 draws two or three are.

    Args:
        known: the number of models of this formula, with ε at most .8.
        n: of draws.
        seed: of the draws, from 0 to 2^20 − 1.
        work: gets the number of draws; its time ends them.

    Raises:
        MissingLibrary: pyunigen is not installed.
        Cancelled: the report asked to stop.
    """
    masks: list[int] = []
    if not known.count or not n:
        return masks
    batches = range(1, ceil(n / _DRAWS_AT_ONCE) + 1)
    asked = {
        "n_draws": min(n, _DRAWS_AT_ONCE),
        "known": [known.cells, known.hashes],
        "seeds": [(seed << 12) + k for k in batches],
    }

    def show(_line: str) -> None:
        work.report_step("circuits", len(masks), n, f"{len(masks):,} valid circuits drawn")

    with suppress(OutOfTime, BeyondLimits):
        for batch in _answers(formula, asked, show):
            masks += [sum(1 << edge - 1 for edge in draw if 0 < edge <= formula.n_edges) for draw in batch]
    return masks[:n]


def bracket_of(question: Question, work: Work, seed: int, facet: Facet) -> Bracket:
    """Bracket the number of valid circuits that meet a condition; see :func:`bracket`."""

    def restricted(formula: Formula) -> Formula:
        most = formula.n_edges if facet.most_edges is None else min(facet.most_edges, formula.n_edges)
        return of_size(formula.with_clauses(facet.clauses), 0, most)

    return bracket(question, work, seed=seed, restricted=restricted)


def bracket(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    bits: int = DEFAULT_BITS,
    epsilon: float = EPSILON,
    delta: float = DELTA,
    seed: int = 0,
    restricted: Callable[[Formula], Formula] = lambda formula: formula,
) -> Bracket:
    """Bracket the number of valid circuits, or of those of a kind, by counts of two formulas.

    Args:
        work: its time ends what is under way. A bracket with more bits is tried while the formulas are further apart
            than the factor of the counts.
        bits: to begin with.
        epsilon, delta, seed: of each count.
        restricted: makes the formula one of circuits of a kind, such as :func:`of_size`.

    Raises:
        BeyondLimits: not even the first count was done in time; or the formula is too large.
        NotOffered: see :func:`~pluriscope_large.formulas.encoding.encode`.
        MissingLibrary: z3 or pyunigen is not installed.
        Cancelled: the report asked to stop.
    """
    counts: list[HashedCount] = []
    known, possible = None, count_in_space(question.network.sizes, question.protocol)

    def counted(formula: Formula, name: str) -> HashedCount:
        counts.append(hash_count(formula, epsilon=epsilon, delta=delta, seed=seed, work=work, name=name))
        return counts[-1]

    while True:
        try:
            formulas = [restricted(encode(question, bits, band)) for band in ("inside", "outside")]
            inside = counted(formulas[0], f"valid circuits at {bits} bits")
            known = known or Bracket(bits, inside, None, 0, possible)
            same = formulas[0].digest == formulas[1].digest
            outside = inside if same else counted(formulas[1], f"perhaps valid circuits at {bits} bits")
            known = Bracket(bits, inside, outside, 0, possible)
        except OutOfTime as late:
            work.ended["circuits"] = "time"
            if known is None:
                raise _too_early(*late.args) from None
            break
        except BeyondLimits:
            if known is None:
                raise
            break
        if outside.count <= (1 + epsilon) * inside.count:
            break
        bits += 1
    return replace(known, n_counts=sum(not one.exact for one in counts))


def count_by_hashing(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    bits: int = DEFAULT_BITS,
    epsilon: float = EPSILON,
    delta: float = DELTA,
    n_draws: int = 1_000,
    seed: int = 0,
) -> CircuitSearch:
    """Bracket the number of valid circuits by hashing, and draw some of them near-uniformly.

    Args:
        bits, epsilon, delta, seed: see :func:`bracket`.
        n_draws: at most; fewer where the time is up before.
        work: a fifth of its time is kept for draws.

    Returns:
        The bracket as the interval, :attr:`Bracket.about` as the count, the distribution of the draws, and those that
        are distinct as the list.

    Raises:
        Those of :func:`bracket`.
    """
    found = bracket(
        question,
        work.for_seconds((1 - _FOR_DRAWS) * work.seconds_left),
        bits=bits,
        epsilon=epsilon,
        delta=delta,
        seed=seed,
    )
    inside = encode(question, found.bits, "inside")
    draws = mask_array(draw_models(inside, found.inside, n_draws, seed=seed, work=work), question.layout)
    masks, of = np.unique(draws, return_inverse=True)
    valid = enough_right(question, keep_matrices(masks, question.layout))  # pyunigen 2.5.8 draws a few that are not
    wrong = int(np.count_nonzero(~valid[of]))
    draws, masks = draws[valid[of]], masks[valid]
    low, high = found.interval
    complete = low == high == len(masks)
    return CircuitSearch(
        question.layout,
        found.possible,
        masks,
        *evaluate_circuits(question, masks),
        truncated_at=None if complete else len(masks),
        method="hashed",
        count=found.about,
        interval=found.interval,
        confidence=found.confidence,
        n_tested=len(draws),
        known_distribution=None if complete else distribution_of(draws, question.layout),
        n_drawn=len(masks),
        bracket=found,
        why=_WRONG.format(wrong, wrong + len(draws), found.inside.version) if wrong else "",
    )


def of_size(formula: Formula, least: int, most: int) -> Formula:
    """Restrict a formula to circuits with ``least`` to ``most`` edges."""
    from pysat.card import CardEnc, EncType

    edges, more = list(range(1, formula.n_edges + 1)), formula
    for bound, trivial, encoded in ((least, 0, CardEnc.atleast), (most, formula.n_edges, CardEnc.atmost)):
        if bound == trivial:
            continue
        clauses = encoded(edges, bound, top_id=more.n_variables, encoding=EncType.seqcounter)
        more = more.with_clauses(clauses.clauses, max(clauses.nv - more.n_variables, 0))
    return more


def rounds(delta: float) -> int:
    """Rounds of ApproxMC: the fewest, an odd number, of which most are right with probability 1 − δ."""
    right = _ROUND_IS_RIGHT
    for n in numbers(1, 2):
        if sum(comb(n, k) * right**k * (1 - right) ** (n - k) for k in range(n // 2 + 1, n + 1)) >= 1 - delta:
            return n
    raise AssertionError


def _too_early(reached: str, enough: float) -> BeyondLimits:
    cause = f"not enough to say: the time was up {reached} of the first of two counts"
    return BeyondLimits("circuits", cause, f"give it about {2 * enough:,.0f} s, or allow a sample")


def _failed(how: str) -> BeyondLimits:
    return BeyondLimits("a count by hashing", f"pyunigen failed: {how[:200]}", "take another seed, or allow a sample")


def _answers(formula: Formula, asked: dict[str, Any], show: Callable[[str], None]) -> Iterator[Any]:
    """Answers of a process of its own, line by line; whatever ends this, the process ends with it."""
    with needing("pyunigen", "counts by hashing", "pluriscope-large[solvers]"):
        if find_spec("pyunigen") is None:  # which only the other process loads
            raise ImportError
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    process: Any = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(_PROCESS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": paths},
    )
    lines: SimpleQueue[str | None] = SimpleQueue()

    def talk() -> None:
        with suppress(OSError):  # it was ended
            with process.stdin as given:
                given.write(json.dumps({**asked, "n_edges": formula.n_edges}).encode() + b"\n")
                given.write(formula.literals.tobytes())
            for line in process.stdout:
                lines.put(line.decode(errors="replace").strip())
        lines.put(None)

    thread = Thread(target=talk, daemon=True)
    thread.start()
    last, line, answered = "", cast("str | None", ""), False
    try:
        while line is not None:
            if line.startswith("= "):
                answered = True
                yield json.loads(line[2:])
            else:
                show(line)
            last = line or last
            try:
                line = lines.get(timeout=_PAUSE)
            except Empty:
                line = ""
        if "unsatisfiable" not in last and (process.wait() or not answered):
            raise _failed(last or "it gave no answer")
    finally:
        process.kill()
        process.wait()
        thread.join()
        process.stdout.close()
