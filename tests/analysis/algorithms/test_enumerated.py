"""Algorithms enumerated from a vocabulary: which there are, which are kept, and what is too large."""

from itertools import combinations, product

import numpy as np
import pytest

from pluriscope.analysis.algorithms import enumerated
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.enumerated import MAX_SIZE, candidates
from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of, written
from pluriscope.analysis.errors import Cancelled
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import small_network

PARITY = ask(small_network(sizes=(3, 2, 1)).network, task=named_task("PARITY", 3))


def made(patch, *words, question=PARITY, **options):
    vocabulary = Vocabulary("mine", "Mine", lambda _: True, lambda _: words, **options)
    patch.setattr(enumerated, "VOCABULARIES", (vocabulary,))
    found = candidates(question)
    assert {one.vocabulary for one in found.models} <= {"mine"}
    return found, [one.model.text for one in found.models]


def test_each_choice_of_variables_of_an_expression(monkeypatch):
    words = Words("s1 = a + b; _t = s1 + 1; s2 = (_t + c) % 2", ("1 - s2", "s1 % 2"))
    found, texts = made(monkeypatch, words)
    assert texts == [
        "s1 = a + b; _t = s1 + 1; _s2 = (_t + c) % 2; y = 1 - _s2",
        "_s1 = a + b; _t = _s1 + 1; s2 = (_t + c) % 2; y = 1 - s2",
        "s1 = a + b; _t = s1 + 1; s2 = (_t + c) % 2; y = 1 - s2",
    ]
    assert found.of == {"mine": 3 + 1}


def test_names_that_go_together_are_one_choice(monkeypatch):
    _, texts = made(monkeypatch, Words("e1 = a != b; e2 = e1 != c; q = c", ("e2",), together=("e",)))
    assert texts == ["e1 = a != b; e2 = e1 != c; y = e2"]


def test_tables_read_no_more_than_decides(monkeypatch):
    found, texts = made(monkeypatch, Words("p = a != b; q = 2 * a + b; r = none if a else b; one = 1", reads=2))
    assert texts == [
        "p = a != b; y = ((0, 1)[x[2]], (1, 0)[x[2]])[p]",
        "q = 2 * a + b; y = ((0, 1)[x[2]], (1, 0)[x[2]], (1, 0)[x[2]], (0, 1)[x[2]])[q]",
    ]
    assert found.of == {"mine": 2 + 3 + 3 + 3}  # p or q alone, with an input, or both: each, or both variables


def test_a_table_has_no_answer_on_what_no_row_has(monkeypatch):
    _, texts = made(monkeypatch, Words("n = -1 - 2 * ((a + b + c) % 2)", reads=1))
    assert texts == ["n = -1 - 2 * ((a + b + c) % 2); y = (1, none, 0)[n + 3]"]


def test_a_table_reads_nothing_that_is_made_of_what_it_reads(monkeypatch):
    _, texts = made(monkeypatch, Words("p = a; q = 4 * ((a + b + c) % 2) + (1 - p) * (1 - b) + p", reads=2))
    assert {text.partition("y = ")[2] for text in texts} == {"(0, 0, none, none, 1, 1)[q]"}


def test_kept_are_exactly_those_that_a_brute_force_over_all_sources_tells_apart(monkeypatch):
    words = [
        Words("p1 = a; p2 = (p1 + b) % 2; p3 = (p2 + c) % 2", ("p3", "(p2 + c) % 2"), reads=2),
        Words("s1 = a; s2 = s1 + b; s3 = s2 + c", ("s3 % 2",), reads=2),
        Words("l1 = a; l2 = b", ("(l1 + l2 + c) % 2",), reads=2),
    ]
    _, texts = made(monkeypatch, *words, most=3)
    inputs, tried = inputs_of(PARITY), dict[str, set]()
    parts = [enumerated._Part(one, inputs, PARITY.examples.answers, 3) for one in words]
    for text in (text for n in (1, 2, 3) for part in parts for text in part.texts(n)):
        tried[text] = behaviour(read_causal_model(text), inputs)
    assert len(tried) > 2 * len(texts)
    assert [tried[text] for text in texts] == [*dict.fromkeys(tried.values())]


def behaviour(model, inputs):
    """Answers on every base under every choice of sources, for each set of variables, these by how they split rows."""
    clean = model.run(inputs)
    splits = {
        name: tuple([*dict.fromkeys(clean[name].tolist())].index(v) for v in clean[name].tolist())
        for name in model.variables
    }
    found = set()
    for n in range(1, len(splits) + 1):
        for chosen in combinations(sorted(splits, key=splits.__getitem__), n):
            sources = np.array([*product(range(8), repeat=n)])
            answers = model.run(inputs, {name: clean[name][sources[:, k]] for k, name in enumerate(chosen)})[
                model.answer
            ]
            answers = np.broadcast_to(answers, (8, len(sources)))
            found.add((tuple(splits[name] for name in chosen), answers.tobytes()))
    return frozenset(found)


def test_tables_fit_what_exchanges_make_of_their_index(monkeypatch):
    """On rows n is at most 2, and 3 where m of another row is set; as long a table can be written by hand."""
    _, texts = made(monkeypatch, Words("m = 1 - max(a, b); n = 2 * m + min(a, b)", reads=2))
    assert texts == [
        "m = 1 - max(a, b); _n = 2 * m + min(a, b); y = ((1, 0)[x[2]], (0, 1)[x[2]], (0, 1)[x[2]], none)[_n]",
        "_m = 1 - max(a, b); n = 2 * _m + min(a, b); y = ((1, 0)[x[2]], (0, 1)[x[2]], (0, 1)[x[2]])[n]",
        "m = 1 - max(a, b); n = 2 * m + min(a, b); y = ((1, 0)[x[2]], (0, 1)[x[2]], (0, 1)[x[2]], none)[n]",
    ]
    assert [written(text, PARITY).text for text in texts] == texts


def test_a_vocabulary_that_is_too_large_is_left_out_with_its_size(monkeypatch):
    n = 60
    words = Words("; ".join(f"v{k} = a + {k} * b" for k in range(n)), reads=3)
    found, texts = made(monkeypatch, words)
    size = found.of["mine"]
    assert size > MAX_SIZE
    assert (texts, found.refused) == ([], {"mine": f"It has {size:,} algorithms to try, and 100,000 are the most."})


def test_what_is_too_long_is_counted(monkeypatch):
    long = " + ".join(["a"] * 300)
    found, texts = made(monkeypatch, Words(f"p = {long}; q = (a + b + c) % 2", ("q", "q + 0 * p")))
    assert texts == ["q = (a + b + c) % 2; y = q"]
    assert found.refused == {"mine": "3 of its algorithms are too long, or have too many combinations."}


def test_it_can_be_cancelled(monkeypatch):
    def stop(_):
        raise Cancelled

    made(monkeypatch, Words("p = a"))
    with pytest.raises(Cancelled):
        candidates(PARITY, Work(stop))


def test_when_time_is_up_those_found_are_kept(monkeypatch):
    """The clock goes on by one for each algorithm."""
    _, texts = made(monkeypatch, Words("p = a + b; q = p + c; r = q % 2", ("r",)))
    work = Work(clock=iter(range(99)).__next__, deadline=2.5)
    assert [one.model.text for one in candidates(PARITY, work).models] == texts[:2] != texts
    assert work.ended == {"vocabularies": "time"}
