"""Proofs that no smaller circuit is valid: right ones hold, and none of those that were changed."""

from __future__ import annotations

import gzip
import json
import random
from itertools import product

import pytest

from plugins.large.tests.formulas.test_searching import small
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import InvalidProof
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope_large.formulas.proof import at_most, check_proof, prove_smallest
from pluriscope_large.formulas.refutation import wrong_step
from tests.app.cli.test_analyse import run
from tests.factories import exact_xor

pytest.importorskip("z3")
pytest.importorskip("pysat")


@pytest.fixture(scope="module")
def proof():
    """Proof about a network whose formula has models that are not valid among the small ones."""
    question = small(seed=6, sizes=(2, 2, 2, 1))
    made = prove_smallest(question, bits=2)
    assert made.claim.excluded
    return question, made


def written(head, lines):
    return "\n".join((json.dumps(head), *lines)).encode()


def parts(made):
    head, *lines = gzip.decompress(made.packed()).decode().split("\n")
    return json.loads(head), lines


def test_a_proof_holds_with_its_network_and_alone(proof):
    question, made = proof
    smallest = min(mask.bit_count() for mask in search_circuits(question).masks.tolist())
    assert check_proof(made.packed(), question) == (made.claim, len(made.steps), "")
    assert made.claim.at_most == smallest - 1
    assert "excluded circuits are not valid" in check_proof(written(*parts(made)))[2]


def changed(made, **head):
    answer, lines = parts(made)
    return written(answer | head, lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: changed(p, at_most=p.claim.at_most + 1), "does not follow|without a contradiction"),
        (lambda p: changed(p, at_most=p.claim.at_most - 1), "line"),
        (lambda p: changed(p, excluded=p.claim.excluded[1:]), "does not follow|without a contradiction"),
        (lambda p: changed(p, excluded=(*p.claim.excluded, p.claim.circuit)), "and is valid"),
        (lambda p: changed(p, at_most=10**30), "line 1.* of 10 edges"),
        (lambda p: changed(p, bits=3), "is not the formula of this network"),
        (lambda p: changed(p, question="0" * 64), "is about another network"),
        (lambda p: changed(p, circuit="3ff"), "has 10 edges and is"),
        (lambda p: changed(p, circuit=""), "names no circuit"),
        (lambda p: changed(p, circuit="zz"), "line 1"),
        (lambda p: changed(p, format="x"), "line 1.* is no claim"),
        (lambda p: written(parts(p)[0], [*parts(p)[1][:-1], "1 x 0", ""]), "is no clause"),
        (lambda p: written(parts(p)[0], ["p cnf 1 1", *parts(p)[1][1:]]), "is no clause"),
        (lambda p: written(parts(p)[0], [f"p cnf {10**11} 1", *parts(p)[1][1:]]), "line 2.* more than the file could"),
        (lambda p: written(parts(p)[0], [f"p cnf 1 {'9' * 5000}", *parts(p)[1][1:]]), "begins no formula"),
        (lambda p: p.packed()[:-9], "is cut short|is damaged"),
        (lambda _: b"", "line 1"),
    ],
)
def test_what_was_changed_is_refused_with_its_line(change, words, proof):
    question, made = proof
    with pytest.raises(InvalidProof, match=words):
        check_proof(change(made), question)


def test_no_changed_literal_of_the_formula_passes(proof):
    _, made = proof
    head, lines = parts(made)
    for place in random.Random(0).sample(range(2, 2 + made.formula.n_clauses), 5):
        first, *rest = lines[place].split(" ")
        line = " ".join((str(-int(first)), *rest))
        with pytest.raises(InvalidProof, match="are not the formula"):
            check_proof(written(head, [*lines[:place], line, *lines[place + 1 :]]))


def test_random_bytes_never_make_a_false_claim_pass(proof):
    question, made = proof
    raw, chance, n_refused = gzip.decompress(made.packed()), random.Random(1), 0
    for _ in range(20):
        other = bytearray(raw)
        for place in chance.sample(range(len(raw)), 3):
            other[place] = chance.choice(b" -0123456789d\n")
        try:
            claim, _, _ = check_proof(bytes(other), question)
        except InvalidProof:
            n_refused += 1
        else:
            assert claim == made.claim
    assert n_refused


def test_steps_against_every_assignment_of_few_variables():
    chance = random.Random(2)
    seen = set()
    for _ in range(300):
        clauses = [
            chance.sample([n * s for n in (1, 2, 3, 4) for s in (1, -1)], chance.randint(1, 3)) for _ in range(9)
        ]
        given, steps = clauses[:6], [(clause, chance.random() < 0.2) for clause in clauses[6:]]
        wrong = wrong_step(given, [*steps, ([], False)], 4)
        models = [
            m for m in product((False, True), repeat=4) if all(any(m[abs(x) - 1] == (x > 0) for x in c) for c in given)
        ]
        follows = {
            n
            for n, (clause, _) in enumerate(steps)
            if all(any(m[abs(x) - 1] == (x > 0) for x in clause) for m in models)
        }
        added = {n for n, (_, is_deleted) in enumerate(steps) if not is_deleted}
        assert wrong is not None or not models
        assert added & set(range(len(steps) if wrong is None else wrong)) <= follows
        seen.add(wrong)
    assert {None, 0, 3} <= seen


@pytest.mark.parametrize("most", range(6))
def test_clauses_that_count(most):
    clauses = at_most(range(1, 6), most, 5)
    pysat = pytest.importorskip("pysat.solvers")
    with pysat.Solver("minisat22", clauses) as solver:
        for bits in product((1, -1), repeat=5):
            assert solver.solve([n * bit for n, bit in enumerate(bits, start=1)]) == (bits.count(1) <= most)


@pytest.mark.slow
def test_at_the_command_line(tmp_path, capsys):
    file, proof = tmp_path / "xor.json", tmp_path / "xor.proof"
    file.write_text(json.dumps(network_file_json(exact_xor())))
    assert run("prove", file, "--output", proof, "--quiet") == 0
    assert "No circuit with at most" in capsys.readouterr().out
    assert run("check-proof", proof, file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["unchecked"] == ""
    assert run("check-proof", proof) == 0
    assert "not checked: that this is the formula of a network" in capsys.readouterr().out
    assert run("check-proof", proof, file, "--protocol", "paper") == 2
    assert "line 1: is about another network" in capsys.readouterr().err
