"""The work of a "common-ground" job: where every explanation of a stored analysis stands on all interventions."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.algorithms.high_level_model import Form
from analysis.algorithms.parsing import parse_algorithm
from analysis.common_ground.points import THOROUGH, Bounds, Subject
from analysis.common_ground.survey import survey_common_ground
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.circuit import EdgeLayout
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.codecs import network_of
from app.db.common_ground import save_common_ground
from app.db.common_ground_columns import PreparedCommonGround, Stored, prepare_common_ground
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuits import masks_of, whole_counts
from app.db.tables import AlgorithmRow, AlignmentRow
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant


@dataclass(frozen=True)
class SurveyInputs:
    """What to survey, and what the store calls it."""

    subject: Subject
    stored: Stored
    thorough: bool


def load_survey_inputs(session: Session, arguments: Mapping[str, Any]) -> SurveyInputs:
    """Read circuits, algorithms and kept alignments.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    row = analysis_meant(session, arguments)
    network = network_of(row.network)
    cut = network.for_output(row.output)
    masks = masks_of(session, row)
    algorithms = session.scalars(
        select(AlgorithmRow)
        .where(AlgorithmRow.analysis_id == row.id, AlgorithmRow.n_kept > 0)
        .order_by(AlgorithmRow.position)
    ).all()
    columns = select(
        AlignmentRow.algorithm_row_id, AlignmentRow.alignment_id, AlignmentRow.valid, AlignmentRow.places
    ).where(AlignmentRow.analysis_id == row.id)
    kept: dict[int, list[tuple[str, bool, Any]]] = defaultdict(list)
    for algorithm, alignment, valid, places in session.execute(columns.order_by(AlignmentRow.id)):
        kept[algorithm].append((alignment, valid, places))
    subject = Subject(
        question=analysed_question(session, row),
        masks=masks,
        observed=whole_counts(session, row, "observed"),
        algorithms=[parse_algorithm(one.text, cast(Form, one.form), network.n_inputs) for one in algorithms],
        placements=[
            [
                [(path, NeuronSet(layer, tuple(neurons))) for path, layer, neurons in places]
                for _, _, places in kept[one.id]
            ]
            for one in algorithms
        ],
    )
    stored = Stored(
        masks=masks,
        n_hex=EdgeLayout(cut.sizes).n_hex_digits,
        positions=[one.position for one in algorithms],
        ids=[[alignment for alignment, _, _ in kept[one.id]] for one in algorithms],
        valid=[[valid for _, valid, _ in kept[one.id]] for one in algorithms],
    )
    return SurveyInputs(subject, stored, bool(arguments["thorough"]))


def compute_survey(inputs: SurveyInputs, work: Work = DEFAULT_WORK) -> PreparedCommonGround:
    """Survey, and make the points ready for the store."""
    began = time.perf_counter()
    bounds = THOROUGH if inputs.thorough else Bounds()
    found = survey_common_ground(inputs.subject, work, bounds=bounds)
    return prepare_common_ground(
        found,
        inputs.stored,
        thorough=inputs.thorough,
        seconds=time.perf_counter() - began,
        engine_version=ENGINE_VERSION,
    )


def save_survey(session: Session, arguments: Mapping[str, Any], outcome: PreparedCommonGround) -> Saved:
    """Store the survey beside its analysis."""
    row = analysis_meant(session, arguments)
    saved = save_common_ground(session, row, outcome)
    classes = f"{saved.classes_kept:,} observed classes"
    if saved.drawn:
        classes = f"{saved.classes_kept:,} of {saved.n_classes:,} observed classes (drawn, seed {saved.seed})"
    alignments = f"{saved.alignments_kept:,} alignments"
    if saved.alignments_kept < saved.n_alignments:
        alignments = f"the first {saved.alignments_kept:,} of {saved.n_alignments:,} alignments"
    found = f"{classes} and {alignments} on {saved.n_interventions:,} interventions"
    scope = scope_of(row, row.network.sizes[0])
    url = Addresses().common_ground(row.network.slug, scope)
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, found)


COMMON_GROUND: Handler[SurveyInputs, PreparedCommonGround] = Handler(load_survey_inputs, compute_survey, save_survey)
