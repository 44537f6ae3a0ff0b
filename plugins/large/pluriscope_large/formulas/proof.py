"""A proof that no circuit with fewer edges is valid, as a file, and its check.

The file has four parts, one after the other:

1. A line of JSON: what is claimed of which question, with what was rounded how, and the masks of the circuits that are
   models but that the engine found not valid.
2. The formula of which every valid circuit is a model (:mod:`pluriscope_large.formulas.encoding`, "outside"), as
   DIMACS.
3. The solver's steps as DRUP writes them, which end in a contradiction.

They start from the formula, a clause against each mask, and "at most so many edges". The last two are made anew by who
checks, from what is claimed, so that no file can say what they say. What rests on the network is checked on the
network: the formula is encoded again, and the engine judges each mask.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from pluriscope.analysis.errors import BeyondLimits, InvalidMask, InvalidProof, MissingLibrary, NotOffered
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.digest import canonical_json
from pluriscope_large.formulas.encoding import DEFAULT_BITS, encode
from pluriscope_large.formulas.formula import Formula
from pluriscope_large.formulas.refutation import Step, wrong_step
from pluriscope_large.formulas.searching import ValidCircuits, differs, find_smallest_solved, new_solver, solved

FORMAT: Final = "pluriscope-proof/1"
MAX_PROOF_BYTES: Final = 1 << 28
"""Of a file as it is and unpacked."""
_MOST_BITS: Final = 24  # that encode takes
_CURE: Final = "give a file that pluriscope prove wrote"


@dataclass(frozen=True)
class Claim:
    """Claim that a proof is of.

    Args:
        question: digest of the network, its output, task, protocol and rows.
        at_most: no circuit with at most so many edges is valid.
        circuit: mask of a valid circuit with one edge more, in hex; "" if no circuit is valid.
        bits: to which numbers were rounded.
        formula: digest of the formula.
        excluded: masks of models that are not valid, in hex.
    """

    question: str
    at_most: int
    circuit: str
    bits: int
    formula: str
    excluded: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Proof:
    """A claim, the formula that it rests on, and the solver's steps as lines."""

    claim: Claim
    formula: Formula
    steps: Sequence[str]

    def packed(self) -> bytes:
        """The file, by gzip; the same bytes each time."""
        head = canonical_json({"format": FORMAT, **asdict(self.claim)}).decode()
        text = "\n".join((head, self.formula.dimacs.rstrip("\n"), *self.steps, ""))
        return gzip.compress(text.encode(), mtime=0)


def prove_smallest(question: Question, work: Work = DEFAULT_WORK, bits: int = DEFAULT_BITS) -> Proof:
    """Find a smallest valid circuit, and prove that none is smaller.

    Raises:
        NotOffered, BeyondLimits: see :class:`~pluriscope_large.formulas.searching.ValidCircuits`; or the time was
        up.
    """
    circuits = ValidCircuits(question, work, bits)
    found = find_smallest_solved(circuits, 1)
    n_edges = question.layout.n_edges
    if not found.masks and found.searched_up_to < n_edges:
        cause = f"the time was up when no circuit with at most {found.searched_up_to} edges was valid"
        raise BeyondLimits("the proof", cause, "give more time")
    formula, excluded = circuits.formula, [m for m in circuits.excluded if m.bit_count() <= found.searched_up_to]
    to_hex = question.layout.to_hex
    claim = Claim(
        question.digest,
        found.searched_up_to,
        to_hex(found.masks[0]) if found.masks else "",
        bits,
        formula.digest,
        tuple(map(to_hex, sorted(excluded))),
    )
    with new_solver(_clauses(formula, claim), with_proof=True) as solver:
        with work.ending("proof"):
            solved(solver, work.check)
        if "proof" in work.ended:
            raise BeyondLimits("the proof", "the time was up before it was written", "give more time")
        return Proof(claim, formula, solver.get_proof())


def _clauses(formula: Formula, claim: Claim) -> list[list[int]]:
    """All that the steps start from."""
    edges = range(1, formula.n_edges + 1)
    against = [differs(int(mask, 16), edges) for mask in claim.excluded]
    return [*formula.clauses, *against, *at_most(edges, claim.at_most, formula.n_variables)]


def at_most(literals: Sequence[int], most: int, n_variables: int) -> list[list[int]]:
    """Clauses that hold if and only if at most so many literals do, over further variables.

    Variable (i, j) is true where more than j of the first i + 1 are (Sinz 2005, Towards an optimal CNF encoding of
    Boolean cardinality constraints).
    """
    clauses = []
    for i, literal in enumerate(literals):
        now = [n_variables + i * most + j + 1 for j in range(most)]
        before = [one - most for one in now] if i else []
        clauses += [[-old, new] for old, new in zip(before, now, strict=False)]
        clauses += [[-literal, -old, new] for old, new in zip(before, now[1:], strict=False)]
        clauses += [[-literal, now[0]]] if most else [[-literal]]
        clauses += [[-literal, -before[-1]]] if before else []
    return clauses


def read_proof(raw: bytes) -> tuple[Claim, Formula, list[Step], int]:
    """Read a file: what it claims, the formula, the steps, and the line before the first step.

    Raises:
        InvalidProof: it is no such file; the cause names the line.
    """
    text = _unpacked(raw)
    lines = text.split("\n")
    try:
        fields = json.loads(lines[0])
        if fields.pop("format") != FORMAT:
            raise ValueError
        claim = Claim(**{**fields, "excluded": tuple(fields["excluded"])})
        numbers = claim.at_most, claim.bits
        if any(type(n) is not int or n < 0 for n in numbers) or not all(int(m, 16) >= 0 for m in claim.excluded):
            raise ValueError
        if not 0 < claim.bits <= _MOST_BITS or not isinstance(claim.circuit, str):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InvalidProof("proof line 1", f"is no claim of {FORMAT}", _CURE) from None
    head, shown = (*lines[1:3], "", "")[:2]
    numbers_of = re.fullmatch(r"p cnf (\d{1,12}) (\d{1,12})", head)
    if numbers_of is None or not shown.startswith("c p show"):
        raise InvalidProof("proof line 2", "begins no formula of DIMACS", _CURE)
    n_variables, n_clauses, n_edges = int(numbers_of[1]), int(numbers_of[2]), len(shown.split()) - 4
    if n_variables > len(text):  # each that is used takes a character, and the check an array of so many
        raise InvalidProof("proof line 2", f"has {n_variables:,} variables, more than the file could name", _CURE)
    if claim.at_most > n_edges:  # so many are counted by clauses
        raise InvalidProof("proof line 1", f"counts to {claim.at_most:,} of {n_edges:,} edges", _CURE)
    end = 3 + n_clauses
    read = [_read(place, line, n_variables) for place, line in enumerate(lines[3:end], start=4)]
    literals = np.fromiter((n for clause, _ in read for n in (*clause, 0)), dtype=np.int32)
    formula = Formula(n_edges, n_variables, literals)
    if formula.digest != claim.formula or any(is_deleted for _, is_deleted in read):
        raise InvalidProof(f"proof lines 2 to {end}", "are not the formula whose digest line 1 has", _CURE)
    most = n_variables + n_edges * claim.at_most
    steps = [_read(place, line, most) for place, line in enumerate(lines[end:-1], start=end + 1)]
    return claim, formula, steps, end


def check_proof(raw: bytes, question: Question | None = None) -> tuple[Claim, int, str]:
    """Check every step and, of a question, everything that rests on the network.

    Returns:
        What was claimed and holds, the number of steps, and what was not checked, "" if all was.

    Raises:
        InvalidProof: something is wrong; the item names the line, the cause what.
    """
    claim, formula, steps, before = read_proof(raw)
    clauses = _clauses(formula, claim)
    most = formula.n_variables + formula.n_edges * claim.at_most
    wrong = wrong_step(clauses, steps, most)
    if wrong is not None:
        cause = "does not follow from what is before it" if wrong < len(steps) else "ends without a contradiction"
        raise InvalidProof(f"proof line {before + 1 + wrong}", cause, _CURE)
    if question is None:
        return claim, len(steps), "that this is the formula of a network, and that excluded circuits are not valid"
    return claim, len(steps), _check_question(claim, question)


def _check_question(claim: Claim, question: Question) -> str:
    if claim.question != question.digest:
        cause = "is about another network, output, task, protocol or rows"
        raise InvalidProof("proof line 1", cause, "give those that it was written of")
    judged = [(mask, False) for mask in claim.excluded] + [(mask, True) for mask in (claim.circuit,) if mask]
    for text, to_be_valid in judged:
        try:
            is_valid, n_edges = question.judge(mask := question.read_mask(text)).valid, mask.bit_count()
        except InvalidMask as error:
            raise InvalidProof("proof line 1", str(error), _CURE) from None
        if is_valid != to_be_valid or (is_valid and n_edges != claim.at_most + 1):
            words = "valid" if is_valid else "not valid"
            raise InvalidProof("proof line 1", f"circuit {text} has {n_edges} edges and is {words}", _CURE)
    if not claim.circuit and claim.at_most < question.layout.n_edges:
        raise InvalidProof("proof line 1", "names no circuit, and does not claim that none is valid", _CURE)
    try:
        formula = encode(question, claim.bits, "outside")
    except (MissingLibrary, NotOffered) as error:
        return f"that this is the formula of the network: {error.cause}"
    if formula.digest != claim.formula:
        raise InvalidProof("proof line 2", "is not the formula of this network", "write it again with this version")
    return ""


def _unpacked(raw: bytes) -> str:
    try:
        if raw[:2] == b"\x1f\x8b":
            unpacker = zlib.decompressobj(wbits=31)
            raw = unpacker.decompress(raw, MAX_PROOF_BYTES + 1)
            if not unpacker.eof and len(raw) <= MAX_PROOF_BYTES:
                raise InvalidProof("proof", "is cut short", _CURE)
        if len(raw) > MAX_PROOF_BYTES:
            raise InvalidProof("proof", f"is larger than the limit of {MAX_PROOF_BYTES:,} bytes", _CURE)
        return raw.decode("ascii")
    except (zlib.error, UnicodeDecodeError):
        raise InvalidProof("proof", "is damaged", _CURE) from None


def _read(place: int, line: str, n_variables: int) -> Step:
    words = line.split(" ")
    is_deleted = words[0] == "d"
    try:
        *clause, last = map(int, words[is_deleted:])
        if last == 0 and all(0 < abs(one) <= n_variables for one in clause):
            return clause, is_deleted
    except ValueError:
        pass
    raise InvalidProof(f"proof line {place}", f"{line[:60]!r} is no clause", _CURE)
