"""Saves: the same again changes nothing, another result replaces the old one whole, deletions leave nothing behind."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import func, inspect, select

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.network_files.files import NetworkFile, network_file_json, parse_network_file
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.training_course import EpochRecord
from pluriscope.analysis.subjects.perceptron.training_spec import training_spec
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.codecs import document_of, graph_question
from pluriscope.app.db.engine import SCHEMA, Store
from pluriscope.app.db.errors import Conflict, NotFound
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.links import rename_network
from pluriscope.app.db.prepared import result_digest
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.networks import known_as, networks
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.table_base import Base
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CheckpointRow, CircuitRow, NetworkRow
from pluriscope.app.db.writes import delete_network, save_network
from pluriscope.app.jobs import deletion, queue
from tests.factories import (
    XOR_SLUG,
    found_out,
    hand_made_analysis,
    pretrained_xor,
    real_analysis,
    save_analysis,
    searched,
    small_network,
    stored_analysis,
)


def dump(store: Store) -> dict[str, list[tuple]]:
    """Every row of every table."""
    with store.read() as session:
        there = inspect(session.connection()).get_table_names()
        tables = [table for table in SCHEMA.sorted_tables if table.name in there]  # another test may import a plugin's
        return {table.name: [tuple(row) for row in session.execute(table.select())] for table in tables}


def count(store: Store, table: type[Base]) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def listed(store: Store) -> list[int]:
    """Count the circuits that each analysis really has, and no row belongs to anything else."""
    with store.read() as session:
        return sorted(session.scalars(select(func.count()).select_from(CircuitRow).group_by(CircuitRow.analysis)))


@pytest.mark.slow
def test_what_a_later_file_says_was_planted_in_a_transformer_is_found(store):
    planted = bundled_models()["tracr-histogram"]
    bare = {name: value for name, value in json.loads(planted).items() if name != "planted"}
    with store.write() as session:
        row = save_network(session, canonical_json(bare))
        assert (row.planted, graph_question(row, "complete").subject.planted) == (None, None)
        analysis = searched(session, planted)
        assert analysis.network is row
        assert json.loads(row.document) == bare | {"planted": row.planted}
        assert found_out(session, analysis, "planted").found["valid"]


def checkpoint(epoch: int, rate: float = 0.1, step: float = 0.0) -> NetworkFile:
    """A checkpoint of a small network, its first biases so much larger."""
    network = small_network().network
    moved = replace(network, biases=(network.biases[0] + step, *network.biases[1:]))
    spec = training_spec({"hidden": network.sizes[1:-1], "n_inputs": network.sizes[0], "learning_rate": rate})
    record = EpochRecord(options=spec, epoch=epoch, loss=0.25, accuracy=0.5)
    return NetworkFile("small", moved, spec.resolved_tasks(), training=record)


def test_a_network_keeps_of_which_trainings_it_is_a_checkpoint(store):
    first, later, other, again = checkpoint(0), checkpoint(3, step=1.0), checkpoint(0, rate=0.2), checkpoint(2)
    with store.write() as session:
        row, second = save_network(session, replace(first, training=None)), save_network(session, later)
        assert document_of(row) == network_file_json(replace(first, training=None))
        for file in (first, other, again, first):
            assert save_network(session, file) is row
        kept = [(one.training, one.at) for one in row.checkpoints]
        assert (len(kept), len({*kept}), len({training for training, _ in kept})) == (3, 3, 2)
        (of_second,) = second.checkpoints
        assert (of_second.training, of_second.at) in {(training, 3) for training, at in kept if at == 2}
        assert parse_network_file(canonical_json(document_of(second))).training == later.training
        with pytest.raises(Conflict, match=r"has other weights than 'small.*', which is stored as epoch 3 of"):
            save_network(session, checkpoint(3, step=2.0))
        deletion.delete(session, second)
        assert save_network(session, checkpoint(3, step=2.0)).checkpoints[0].at == 3
        session.expire_all()
        assert second.checkpoints == []
        delete_network(session, row)
        assert session.scalars(select(CheckpointRow.at)).all() == [3]


def test_what_a_later_file_says_of_the_training_of_a_transformer_is_kept(store):
    bare = bundled_models()["majority-5-attention"]
    answer = {"options": {"seed": 3}, "step": 40, "loss": 0.5, "accuracy": 0.75}
    with store.write() as session:
        row = save_network(session, bare)
        assert (row.checkpoints, graph_question(row, "complete").subject.training) == ([], None)
        assert save_network(session, canonical_json(json.loads(bare) | {"training": answer})) is row
        assert [(one.at, one.record) for one in row.checkpoints] == [
            (40, answer | {"held_out_loss": None, "held_out_accuracy": None})
        ]
        assert graph_question(row, "complete").subject.training.step == document_of(row)["training"]["step"] == 40


@pytest.mark.parametrize("protocol", [COMPLETE, PAPER], ids=lambda protocol: protocol.name)
@pytest.mark.slow
def test_a_real_analysis_comes_back_and_the_same_again_changes_nothing(store, protocol):
    row = stored_analysis(store, protocol, real=True)
    before = dump(store)
    with store.read() as session:
        loaded = load_analysis(session, session.get(AnalysisRow, row.id))
    assert loaded.algorithms == real_analysis(protocol).algorithms
    assert loaded.interpretations == real_analysis(protocol).interpretations
    assert loaded.criteria == real_analysis(protocol).criteria
    with store.write() as session:
        save_analysis(session, loaded)
    assert dump(store) == before


@pytest.mark.slow
def test_another_result_replaces_the_old_one_whole(store):
    stored_analysis(store)
    stored_analysis(store, PAPER)
    analysis = hand_made_analysis()
    circuits, counts = analysis.circuits, analysis.interpretations
    smaller = replace(
        analysis,
        circuits=CircuitSearch(
            circuits.layout, 9_625, circuits.masks[:5], circuits.outputs[:5], circuits.margins[:5], 5
        ),
        interpretations=InterpretationCounts(counts.by_circuit[:5], counts.observed_by_circuit[:5]),
        algorithms=AlgorithmSearch((), 0),
    )
    with store.write() as session:
        row = save_analysis(session, smaller)
        assert (row.circuits_valid, row.circuits_truncated_at, row.exhaustive) == (5, 5, False)
    assert count(store, AnalysisRow) == 2
    assert listed(store) == [5, 197], "the other protocol's circuits stay"
    assert count(store, AlgorithmRow) == 2
    with store.write() as session:
        newer = save_analysis(session, smaller, engine_version="99")
        assert newer.engine_version == "99"
    assert listed(store) == [5, 197]


def test_an_analysis_needs_its_network(store):
    with store.write() as session, pytest.raises(NotFound):
        save_analysis(session, hand_made_analysis())


def test_an_analysis_without_anything_found_is_stored(store):
    analysis = hand_made_analysis()
    layout = analysis.circuits.layout
    empty = CircuitSearch(layout, 10**40, np.empty(0, np.uint64), np.empty((0, 4)), np.empty(0), truncated_at=0)
    nothing = replace(
        analysis, circuits=empty, interpretations=InterpretationCounts((), ()), algorithms=AlgorithmSearch((), 0)
    )
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG)
        row = save_analysis(session, nothing)
        assert (row.circuits_possible, row.circuits_valid, row.exhaustive) == (10**40, 0, False)
    with store.read() as session:
        assert result_digest(load_analysis(session, session.get(AnalysisRow, row.id))) == row.result_digest


def test_digests_see_results_and_not_timings():
    analysis = hand_made_analysis()
    same = result_digest(replace(analysis, seconds={}))
    assert same == result_digest(analysis)
    margins = analysis.circuits.margins.copy()
    margins[0] += 1e-12
    other = replace(analysis, circuits=replace(analysis.circuits, margins=margins))
    assert result_digest(other) != same
    assert result_digest(analysis, "99") != same


def test_slugs_are_made_of_names_and_never_shared(store):
    with store.write() as session:
        first = save_network(session, small_network(1, name="Ünser XOR / №1"))
        second = save_network(session, small_network(2, name="unser xor no1"), slug=first.slug)
        nameless = save_network(session, small_network(3, name="…"))
        assert first.slug == "unser-xor-no1"
        assert second.slug == f"unser-xor-no1-{second.digest[:6]}"
        assert nameless.slug == "network"


CURVE = {"options": {"seed": 3}, "losses": [[1, 0.5]]}


def found_in_list(store, query=""):
    with store.read() as session:
        return [row.slug for row in networks(session, query)]


def test_a_second_name_for_the_same_weights_leads_to_them_and_is_found(store):
    with store.write() as session:
        row = save_network(session, small_network(1, name="Old"), origin="bundled", position=0)
        for _ in range(2):  # again changes nothing
            save_network(session, small_network(1, name="My own"), origin="trained", training=CURVE)
        assert (row.name, row.slug, row.origin, row.position) == ("Old", "old", "bundled", 0)
        assert known_as(session, row) == ["Old", "My own"]
        assert row.training == CURVE
        save_network(session, small_network(1, name="My own"), origin="trained", training={"losses": [[1, 0.25]]})
        assert row.training == CURVE, "a curve that is kept already is not replaced"
        assert find_network(session, "my-own") is row
        rename_network(session, row, "my-own")
        assert known_as(session, row) == ["Old", "My own"], "a name outlives a change of slugs"
    assert found_in_list(store, "my OWN") == found_in_list(store) == ["my-own"]


def test_the_same_network_for_another_task_is_refused(store):
    file = small_network(1)
    with store.write() as session:
        save_network(session, file)
        with pytest.raises(Conflict, match=r"other tasks.*at /networks/"):
            save_network(session, NetworkFile("x", file.network, (named_task("AND", 2),)))


def test_deleting_a_network_leaves_nothing_of_it(store):
    with store.write() as session:
        other = save_network(session, small_network(1))
        queue.enqueue_analyses(session, other, [COMPLETE])
    before = dump(store)
    row = stored_analysis(store)
    with store.write() as session:
        network = session.get(NetworkRow, row.network_id)
        queue.enqueue_analyses(session, network, [COMPLETE, PAPER])
        assert count_in(session, JobRow) == 3
    with store.write() as session:
        delete_network(session, find_network(session, XOR_SLUG))
    after = dump(store)
    assert after.pop("protocols")
    before.pop("protocols")
    assert after == before
    assert count(store, AlignmentRow) == 0


def count_in(session, table: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(table))
