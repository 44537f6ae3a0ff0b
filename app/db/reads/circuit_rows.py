"""All stored circuits that pass a filter, in the order of their masks, without holding more than some blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuits.circuit import EdgeLayout
from app.db.circuit_columns import RANKED
from app.db.reads.circuit_scan import steps
from app.db.reads.circuits import CARD_COLUMNS, CircuitFilter, StoredCircuit, distinct_counts
from app.db.tables import AnalysisRow


def circuit_rows(
    session: Session, analysis: AnalysisRow, layout: EdgeLayout, wanted: CircuitFilter
) -> Iterator[StoredCircuit]:
    """Every stored circuit that passes.

    Args:
        session: must stay open until the last one is read.
        analysis: whose circuits.
        layout: of the network cut to the analysed output.
        wanted: the filter.
    """
    values = {name: distinct_counts(session, analysis.id, name) for name in RANKED}
    for positions, columns in steps(session, analysis, {*wanted.columns, *CARD_COLUMNS}):
        passing = wanted.passes(columns)
        chosen = np.arange(len(positions)) if passing is None else np.flatnonzero(passing)
        lists = {name: columns[name][chosen].tolist() for name in CARD_COLUMNS}
        for mask, edges, neurons, margin, total, observed in zip(
            *(lists[name] for name in ("mask", "edges", "neurons", "margin", *RANKED)), strict=True
        ):
            yield StoredCircuit(
                mask=layout.to_hex(mask),
                n_edges=edges,
                n_neurons=neurons,
                margin=margin,
                interpretations=values["interpretations"][total],
                observed=values["observed"][observed],
            )
