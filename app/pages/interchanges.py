"""The evidence on the page of an alignment, on neurons or directions: interchanges one by one, and their origin."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
from pydantic import Field

from analysis import ENGINE_VERSION
from analysis.alignments.iia import InterchangeMatrix
from analysis.validity import margin_to_edge
from app.options import PageModel
from app.pages.candidates import HuedPage, input_text
from app.pages.formulas import AlgorithmView, FormulaNode, FractionView, VariableView, VerdictView
from app.pages.place import Place

MAX_FAILING_ROWS: Final = 500


class InterchangeView(VariableView):
    """Interchange interventions on one variable, all indexed [source][base]."""

    site: str
    score: FractionView
    margin: float | None = Field(description="Smallest distance of a tested output from the edge of the decision.")
    outputs: list[list[float]] = Field(description="What the network puts out.")
    decisions: list[list[int]] = Field(description="The network's decision: 0, 1, or −1 for neither.")
    expected: list[list[int]] = Field(description="What the algorithm says.")
    tested: list[list[bool]] = Field(description="Whether the protocol tests the pair.")
    agreed: list[list[bool]]


class EvidenceRow(VariableView):
    """One interchange intervention."""

    site: str
    source: str
    base: str
    expected: int
    decision: int
    output: float
    margin: float


class ProvenanceView(PageModel):
    """Where a page's content comes from."""

    network_digest: str
    protocol_name: str
    protocol_digest: str
    data_digest: str
    engine_version: str
    stored: bool = Field(description="Whether the analysis keeps this explanation, or this page computed it.")
    analysed_at: datetime | None
    result_digest: str


class AlignedPage(HuedPage):
    """A page about one alignment with its evidence."""

    algorithm: AlgorithmView
    tree: FormulaNode
    algorithm_url: str
    id: str
    ref: str = Field(description="How a comparison's address names it.")
    criteria_url: str = Field(description="Every criterion's verdict on it.")
    iia: FractionView
    valid: bool
    margin: float | None
    fragile: bool = Field(description="Whether the margin is below 1e-6.")
    verdicts: list[VerdictView]
    interchanges: list[InterchangeView]
    inputs: list[str] = Field(description="Every input as its bits, in binary order: rows and columns of the matrices.")
    failing: list[EvidenceRow] = Field(description=f"Interventions that fail, at most {MAX_FAILING_ROWS}.")
    n_failing: int
    n_siblings: int
    provenance: ProvenanceView


def interchange_view(view: VariableView, matrix: InterchangeMatrix, place: Place) -> InterchangeView:
    """Every interchange of one variable, scored over the tested pairs.

    Args:
        view: the variable, with the site that carries it.
        matrix: the interchanges, ``[source, base]`` each.
        place: has the protocol whose decision rule the margins are measured from.
    """
    tested = matrix.tested
    margins = margin_to_edge(matrix.outputs, place.question.protocol.alignment_decision)
    return InterchangeView.showing(
        view,
        score=FractionView(agreed=int((tested & matrix.agreed).sum()), of=int(tested.sum())),
        margin=float(margins[tested].min()) if tested.any() else None,
        outputs=matrix.outputs.tolist(),
        decisions=matrix.decisions.tolist(),
        expected=matrix.expected.tolist(),
        tested=tested.tolist(),
        agreed=matrix.agreed.tolist(),
    )


def failing_rows(view: InterchangeView, place: Place) -> list[EvidenceRow]:
    """The tested interchanges of one variable that do not end as the algorithm says."""
    n_inputs, rule = place.question.model.n_inputs, place.question.protocol.alignment_decision
    rows = np.argwhere(np.array(view.tested) & ~np.array(view.agreed))
    return [
        EvidenceRow.showing(
            view,
            source=input_text(source, n_inputs),
            base=input_text(base, n_inputs),
            expected=view.expected[source][base],
            decision=view.decisions[source][base],
            output=view.outputs[source][base],
            margin=float(margin_to_edge(np.array(view.outputs[source][base]), rule)),
        )
        for source, base in rows.tolist()
    ]


def provenance_view(
    place: Place, *, stored: bool, engine_version: str | None, analysed_at: datetime | None, result_digest: str
) -> ProvenanceView:
    """Where the numbers of an alignment's page come from.

    Args:
        place: network, protocol and data record.
        stored: whether a row keeps the alignment.
        engine_version: of what was stored; None where nothing was, so that the running engine made all of it.
        analysed_at: when it was stored.
        result_digest: of what was stored, "" where nothing was.
    """
    return ProvenanceView(
        network_digest=place.question.model.digest,
        protocol_name=place.question.protocol.name,
        protocol_digest=place.question.protocol.digest,
        data_digest=place.question.record.digest,
        engine_version=ENGINE_VERSION if engine_version is None else engine_version,
        stored=stored,
        analysed_at=analysed_at,
        result_digest=result_digest,
    )
