"""Thousands of networks in the gallery and a study of as many, made up from real ones and saved as jobs save them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from analysis.network_files.files import NetworkFile
from analysis.networks.network import Network
from analysis.pipeline import analyse_output
from analysis.protocol import PAPER
from analysis.question import ask
from analysis.studies.cells import cells_of
from analysis.studies.outcome import StudyOutcome, network_of_outcome
from analysis.studies.result_file import StudyResults, read_results
from app.bundled import BundledNetwork, bundled_networks
from app.bundled.study_seeding import bundled_results
from app.db.engine import Store
from app.db.job_tables import JobRow
from app.db.prepared import prepare_analysis
from app.db.records import save_data_record, save_protocol
from app.db.shelf_tables import ShelfColumnRow
from app.db.shelves import save_shelves
from app.db.studies import save_results
from app.db.tables import AnalysisRow, NetworkRow
from app.db.writes import network_row
from app.jobs.definitions import analyse_arguments

STUDY: Final = "large"
_COPIED: Final = "xor-2-2-2"
_REPEATED: Final = "alice-or-bob"
_AT_ONCE: Final = 500  # networks in a transaction


@dataclass(frozen=True)
class PopulationSaving:
    """What saving took.

    Args:
        networks: in the gallery.
        outcomes: of the study.
        network_seconds: of the processor, for all networks with their analyses and jobs.
        study_seconds: of the processor, for the study, its summary included.
    """

    networks: int
    outcomes: int
    network_seconds: float
    study_seconds: float


def save_populations(store: Store, n: int, *, seed: int = 0) -> PopulationSaving:
    """Store that many networks, each with an analysis and its job, and a study of that many others."""
    random = np.random.default_rng(seed)
    start = time.process_time()
    _save_networks(store, n, random)
    saved = time.process_time()
    results = _study(n, random)
    with store.write() as session:
        save_results(session, results)
    return PopulationSaving(n, len(results.outcomes), saved - start, time.process_time() - saved)


def _save_networks(store: Store, n: int, random: np.random.Generator) -> None:
    """Copies of one network with weights that differ by some millionths, each with the analysis of that one and its
    job; without circuits and algorithms, which no page of many networks reads.
    """
    [real] = [one for one in bundled_networks() if one.slug == _COPIED]
    prepared = prepare_analysis(analyse_output(ask(real.network, task=real.tasks[0], protocol=PAPER)))
    now = datetime.now(UTC)
    for start in range(0, n, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, n))
        rows = [_network_row(real, number, now, random) for number in numbers]
        with store.write() as session:
            save_protocol(session, prepared.protocol)
            save_data_record(session, prepared.data)
            session.add_all(rows)
            session.flush()
            analyses = [AnalysisRow(**prepared.columns, network_id=r.id, staged="", created_at=now) for r in rows]
            session.add_all(analyses)
            session.flush()
            _save_empty_shelves(session, analyses)
            session.add_all(_job_row(row, number, now) for number, row in zip(numbers, rows, strict=True))


def _save_empty_shelves(session: Session, analyses: Sequence[AnalysisRow]) -> None:
    """Say of all that they have no algorithm and no alignment, as is said of the first."""
    save_shelves(session, analyses[0])
    mine = select(ShelfColumnRow.kind, ShelfColumnRow.name, ShelfColumnRow.data)
    columns = [row._asdict() for row in session.execute(mine.where(ShelfColumnRow.analysis_id == analyses[0].id))]
    rows = [{**column, "analysis_id": analysis.id} for analysis in analyses[1:] for column in columns]
    if rows:
        session.execute(insert(ShelfColumnRow), rows)


def _network_row(real: BundledNetwork, number: int, now: datetime, random: np.random.Generator) -> NetworkRow:
    file = NetworkFile(f"Copy {number}, made up", _moved(real.network, random), real.tasks)
    row = network_row(file, f"copy-{number}", "uploaded")
    row.training, row.position, row.created_at = {}, 1000, now
    return row


def _job_row(network: NetworkRow, number: int, now: datetime) -> JobRow:
    return JobRow(
        id=f"{number:016x}",
        kind="analyse",
        network_digest=network.digest,
        arguments=analyse_arguments(network.digest, 0, PAPER),
        title=f"{network.name}: {PAPER.name}",
        state="done",
        created_at=now,
        started_at=now,
        finished_at=now,
    )


def _moved(network: Network, random: np.random.Generator) -> Network:
    flat = np.concatenate([part.ravel() for pair in zip(network.weights, network.biases, strict=True) for part in pair])
    return Network.from_flat(
        flat * (1 + 1e-6 * random.random(len(flat))),
        network.sizes,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )


def _study(n: int, random: np.random.Generator) -> StudyResults:
    """The outcomes of a bundled study over and over, each with weights that differ by some millionths."""
    real = read_results(bundled_results()[_REPEATED])
    count = -(-n // real.design.n_cells)
    design = real.design.with_seeds(count).model_copy(update={"slug": STUDY, "name": "Large, made up"})
    return replace(real, design=design, outcomes=tuple(_repeated(real, count, random)))


def _repeated(real: StudyResults, count: int, random: np.random.Generator) -> Iterator[StudyOutcome]:
    by_cell: dict[str, list[StudyOutcome]] = defaultdict(list)
    for outcome in real.outcomes:
        by_cell[outcome.cell].append(outcome)
    for cell in cells_of(real.design):
        outcomes = by_cell[cell.key]
        for number in range(count):
            outcome = replace(outcomes[number % len(outcomes)], seed=real.design.seeds.first + number)
            network = network_of_outcome(cell, outcome)
            if network is None or outcome.weights is None:
                yield outcome
                continue
            weights = outcome.weights * (1 + 1e-6 * random.random(len(outcome.weights)))
            moved = network_of_outcome(cell, replace(outcome, weights=weights))
            assert moved is not None
            yield replace(outcome, weights=weights, network=moved.digest)
