"""What is found on directions, in the store: there and back, once, and never in place of what looked further."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from sqlalchemy import delete, func, select

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.alignment import IIA
from analysis.directions.findings import CLOSED_FORM, find_directions
from analysis.directions.result import CLASSES, DirectionSearch, LearnedChoice
from analysis.directions.result_json import directions_json
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.tasks import named_task
from app.db import direction_codecs as codecs
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow, DirectionSearchRow, DirectionTextRow
from app.db.directions import save_directions
from app.db.reads import directions as reads
from app.db.reads.direction_results import load_directions
from app.db.tables import AnalysisRow
from app.db.writes import delete_network
from tests.factories import pretrained_xor, stored_analysis

TABLES = (DirectionSearchRow, DirectionAlgorithmRow, DirectionAlignmentRow)


@lru_cache
def findings(direction_class: str) -> DirectionSearch:
    candidates = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2)
    return find_directions(ask(pretrained_xor().network), candidates, direction_class)


def save(store, *found: DirectionSearch) -> list[str]:
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        return [
            row.content for row in save_directions(session, analysis, [codecs.prepare_directions(f) for f in found])
        ]


def sizes(session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(table)) for table in TABLES]


@pytest.mark.slow
def test_what_an_id_stands_for_outlives_the_search(store):
    stored_analysis(store)
    save(store, findings("oblique"))
    with store.write() as session:
        kept = dict(session.execute(select(DirectionAlignmentRow.alignment_id, DirectionAlignmentRow.text)).all())
        session.execute(delete(DirectionSearchRow))
    assert kept
    save(store, findings("oblique"))  # the same texts again are no conflict
    with store.write() as session:
        session.execute(delete(DirectionSearchRow))
    with store.read() as session:
        assert sizes(session) == [0, 0, 0]
        texts = session.scalars(select(DirectionTextRow)).all()
        assert {row.alignment_id: row.text for row in texts} == kept
        first = texts[0]
        assert reads.direction_text(session, first.algorithm_id, first.alignment_id) == first.text
        assert reads.direction_text(session, first.algorithm_id, "0" * 16) == ""


@pytest.mark.slow
@pytest.mark.parametrize("direction_class", CLOSED_FORM)
def test_there_and_back(store, direction_class):
    stored_analysis(store)
    found = findings(direction_class)
    save(store, found)
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        search = reads.direction_search(session, analysis, direction_class)
        assert (search.n_aligned, search.n_valid, search.n_joint, search.exact) == (
            found.n_aligned,
            found.n_valid,
            found.n_joint,
            found.is_exact,
        )
        rows, more = reads.direction_algorithms(session, search)
        assert not more
        assert [row.algorithm_id for row in rows] == [one.algorithm.id for one in found.algorithms]
        kept = reads.alignments_of_directions(session, rows)
        for row, one in zip(rows, found.algorithms, strict=True):
            assert codecs.unread_of(row) == one.unread
            told = [replace(f, swaps=f.swaps and replace(f.swaps, witness=None, steps=0)) for f in one.families]
            assert list(codecs.families_of(row)) == told
            for stored, scored, evidence in zip(kept[row.id], one.alignments, one.evidence, strict=True):
                assert codecs.direction_alignment_of(stored, row.text) == scored.alignment
                assert (stored.agreed, stored.of, stored.valid) == (scored.iia.agreed, scored.iia.of, scored.valid)
                assert codecs.read_outs_of(stored) == scored.read_outs
                splits = [told.rowspace for told in evidence]
                for split, back in zip(splits, codecs.rowspace_of(stored), strict=True):
                    assert back == replace(split, share=round(split.share, 12))
                assert stored.illusory is any(split.is_illusory for split in splits)
                assert stored.family_dimension == (4 if direction_class in ("orthogonal", "oblique") else None)
                ((again, of_search),) = reads.find_directions(
                    session, analysis.id, row.algorithm_id, stored.alignment_id
                )
                assert (again.id, of_search.id) == (stored.id, search.id)


@pytest.mark.slow
def test_the_same_again_changes_nothing_and_deleting_leaves_nothing(store):
    stored_analysis(store)
    both = findings("oblique"), findings("integer-any")
    first = save(store, *both)
    with store.read() as session:
        numbers = session.scalars(select(DirectionSearchRow.id)).all()
        before = sizes(session)
    assert save(store, *(replace(one, seconds=9.0) for one in both)) == first
    with store.read() as session:
        assert session.scalars(select(DirectionSearchRow.id)).all() == numbers
        assert sizes(session) == before
        assert before[0] == 2
        assert before[2] > 8
    with store.write() as session:
        delete_network(session, session.scalars(select(AnalysisRow)).one().network)
    with store.read() as session:
        assert sizes(session) == [0, 0, 0]


@pytest.mark.slow
def test_what_looked_at_less_never_replaces_what_looked_at_more(store):
    stored_analysis(store)
    few = findings("orthogonal")
    every = replace(few, irredundant_only=False)
    short, long = save(store, few)[0], save(store, every)[0]
    assert short != long
    assert save(store, few) == [long]
    learned = replace(
        few,
        direction_class="learned",
        settings={"seeds": 3, "steps": 300, "max_dimension": None},
    )
    more = save(store, learned)[0]
    fewer_seeds = replace(learned, settings={"seeds": 1, "steps": 300, "max_dimension": None})
    assert save(store, fewer_seeds) == [more]
    longer = replace(learned, settings={"seeds": 3, "steps": 900, "max_dimension": None})
    assert save(store, longer) != [more]
    other = replace(learned, settings={"seeds": 9, "steps": 10, "max_dimension": 1})  # neither less nor more: the last
    assert save(store, other)[0] not in (more, short, long)
    with store.read() as session:
        assert sizes(session)[0] == 2


@pytest.mark.slow
def test_a_refusal_gives_way_and_seeds_are_kept(store):
    stored_analysis(store)
    found = findings("orthogonal")
    refused = replace(found, algorithms=(), refused="too wide")
    save(store, refused)
    with store.read() as session:
        (row,) = session.scalars(select(DirectionSearchRow)).all()
        assert (row.refused, row.exact, row.n_searched) == ("too wide", False, 0)
    choice = LearnedChoice(
        (("0", 1, 1), ("1", 2, 2)), "0123456789abcdef", IIA(20, 24), None, ((0, 150, IIA(20, 24), False),)
    )
    first, *rest = found.algorithms
    save(store, replace(found, algorithms=(replace(first, choices=(choice,)), *rest)))
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        searches = reads.direction_searches(session, analysis.id)
        assert searches["orthogonal"].refused == ""
        rows, _ = reads.direction_algorithms(session, searches["orthogonal"])
        assert [codecs.choices_of(row) for row in rows] == [(choice,), ()]


@pytest.mark.slow
def test_a_result_file_from_the_store_says_what_the_search_said(store):
    stored_analysis(store)
    found = [findings(one) for one in CLASSES if one in CLOSED_FORM]
    save(store, *found)
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        assert directions_json(load_directions(session, analysis)) == directions_json(found)


@pytest.mark.slow
def test_lists_over_classes(store):
    stored_analysis(store)
    save(store, *(findings(one) for one in CLOSED_FORM))
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        assert list(reads.direction_searches(session, analysis.id)) == [key for key in CLASSES if key != "learned"]
        found = reads.all_direction_alignments(session, analysis.id)
        assert [key for _, _, key in found] == sorted((key for _, _, key in found), key=list(CLASSES).index)
        assert all(row.valid for row, _, _ in found)
        assert len(found) == 12 + 1 + 8
        oblique = reads.all_direction_alignments(session, analysis.id, valid_only=False, classes=["oblique"])
        assert len(oblique) == 8
        search = reads.direction_search(session, analysis, "integer-any")
        (passing,), more = reads.direction_algorithms(session, search, passing_only=True)
        assert (passing.n_valid, more) == (12, False)
        (first,), more = reads.direction_algorithms(session, search, limit=1)
        assert more
        rest, _ = reads.direction_algorithms(session, search, after=first.position)
        assert [row.position for row in rest] == [1]
        by_class = reads.classes_of_algorithm(session, analysis.id, passing.algorithm_id)
        assert {key: row.n_valid for key, row in by_class.items()} == {
            "integer": 0, "integer-any": 12, "orthogonal": 1, "oblique": 4,
        }  # fmt: skip
