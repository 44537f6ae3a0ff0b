"""The stories of an analysis' circuits as they are stored: what was found in sum, and each circuit's relation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuits.result import CircuitMethod
from analysis.networks.circuit import EdgeLayout
from analysis.stories.contrast import Contrast, smallest_first
from analysis.stories.grain import Grain
from analysis.stories.relation import RELATIONS, Relation
from analysis.stories.search import CONFIDENCE, Stories, Unasked
from app.db.reports import Mask, Stored, save_report
from app.db.tables import AnalysisReportRow, AnalysisRow
from app.recent import Recent

STORIES: Final = "stories"
NOT_ASKED: Final = 255
"""Stands in the column of relations for a circuit that was not drawn."""
N_EXAMPLES: Final = 24
_LETTERS: Final = b"snwo-v?"
"""Of each relation, in the order of :data:`RELATIONS`, and of a circuit that was not drawn."""
_CODES: Final = bytes([*range(len(RELATIONS)), NOT_ASKED])
_AS_LETTERS: Final = bytes.maketrans(_CODES, _LETTERS)
_AS_CODES: Final = bytes.maketrans(_LETTERS, _CODES)
_KEPT: Final = Recent[NDArray[np.uint8]](16_000_000, lambda column: column.nbytes)


class StoredContrast(Stored):
    """See :class:`analysis.stories.contrast.Contrast`."""

    mask: Mask
    usual: Mask
    algorithm: int
    carrier: Mask
    path: str
    layer: int
    neurons: list[int]
    source: int
    base: int
    expected: int
    decided: int


class StoredStory(Stored):
    """One set of algorithms, and the circuits that carry exactly these."""

    algorithms: list[int]
    relation: Relation
    circuits: int
    examples: list[str] = Field(description="Masks, fewest edges first.")


class StoredGrainAlgorithm(Stored):
    """An irredundant algorithm that the whole network carries, and its smallest alignment."""

    text: str
    n_gates: int
    minimal: int = Field(description="Minimal alignments.")
    places: list[tuple[str, int, list[int]]] = Field(description="Path, layer and neurons of each variable.")
    refines: bool = Field(description="Whether it shares a gate and is finer than all that are carried and share none.")


class StoredGrain(Stored):
    """See :class:`analysis.stories.grain.Grain`; without ``considered`` it says why there is none."""

    considered: int = Field(0, description="Irredundant algorithms with variables, those with shared gates included.")
    reason: str = ""
    carried: list[StoredGrainAlgorithm] = Field([])


class StoriesReport(Stored):
    """See :class:`analysis.stories.search.Stories`; without ``algorithms`` it says why there is none."""

    arises: bool
    reason: str = ""
    algorithms: list[str] = Field([])
    whole: list[int] = Field([])
    asked: int = 0
    of: int = 0
    exact: bool = Field(False, description="Whether every valid circuit was asked.")
    drawn: bool = Field(False, description="Whether those asked are a uniform sample of all valid ones.")
    confidence: float = CONFIDENCE
    counts: dict[Relation, int] = Field({})
    intervals: dict[Relation, tuple[float, float]] = Field({})
    by_edges: list[tuple[int, list[int]]] = Field([], description="Edges, and circuits by relation.")
    stories: list[StoredStory] = Field([])
    contrasts: list[StoredContrast] = Field([])
    grain: StoredGrain | None = Field(None, description="None of other algorithms than trees, and of older reports.")

    @property
    def told(self) -> bool:
        """Whether circuits were asked."""
        return bool(self.algorithms)


@dataclass(frozen=True)
class CircuitSet:
    """The listed circuits of an analysis, and what they are of all valid ones.

    Args:
        masks: ``[listed]`` ascending.
        undrawn: those that no uniform draw hit: listed for being the smallest.
        n_valid: valid circuits, exact or estimated.
        method: how they were found, as in :class:`analysis.circuits.result.CircuitSearch`.
        truncated: whether not all valid ones are listed.
    """

    masks: NDArray[Any]
    undrawn: tuple[int, ...]
    n_valid: int
    method: CircuitMethod
    truncated: bool


def stories_report(
    found: Stories | Unasked,
    contrasts: tuple[Contrast, ...],
    grain: Grain | Unasked | None,
    circuits: CircuitSet,
    layout: EdgeLayout,
) -> StoriesReport:
    """The stored form of stories. Figures are of uniform draws alone, where not every circuit is listed."""
    if isinstance(found, Unasked):
        return StoriesReport(arises=found.arises, reason=found.reason)
    told = found.of_draws(circuits.method, circuits.truncated, circuits.undrawn, circuits.n_valid)
    drawn = told.sampled and (circuits.method != "listed" or not circuits.truncated)
    return StoriesReport(
        arises=True,
        algorithms=[algorithm.text for algorithm in told.algorithms],
        whole=sorted(told.whole),
        asked=told.n_asked,
        of=told.of,
        exact=not told.sampled and not circuits.truncated,
        drawn=drawn,
        counts=dict(told.counts),
        intervals={r: (float(told.interval(r)[0]), float(told.interval(r)[1])) for r in RELATIONS} if drawn else {},
        by_edges=[(edges, [row[r] for r in RELATIONS]) for edges, row in told.by_edges.items()],
        stories=[
            StoredStory(
                algorithms=sorted(story),
                relation=relation,
                circuits=int(np.count_nonzero(told.story_of == number)),
                examples=[layout.to_hex(m) for m in smallest_first(found.masks[found.story_of == number])[:N_EXAMPLES]],
            )
            for number, (story, relation) in enumerate(zip(found.stories, found.relations, strict=True))
        ],
        contrasts=[
            StoredContrast.showing(one, layout, layer=one.site.layer, neurons=one.site.neurons) for one in contrasts
        ],
        grain=_stored_grain(grain),
    )


def _stored_grain(found: Grain | Unasked | None) -> StoredGrain | None:
    if not isinstance(found, Grain):
        return None if found is None else StoredGrain(reason=found.reason)
    refining = found.refining
    return StoredGrain(
        considered=len(found.considered),
        carried=[
            StoredGrainAlgorithm.showing(
                result.algorithm,
                minimal=result.n_minimal,
                places=[(path, site.layer, list(site.neurons)) for path, site in result.alignments[0].alignment.places],
                refines=result.algorithm in refining,
            )
            for result in found.carried
        ],
    )


def relation_column(found: Stories | Unasked, masks: NDArray[Any]) -> NDArray[np.uint8]:
    """``[listed]`` positions in :data:`~analysis.stories.relation.RELATIONS`, or :data:`NOT_ASKED`."""
    column = np.full(len(masks), NOT_ASKED, dtype=np.uint8)
    if isinstance(found, Stories):
        column[np.searchsorted(masks, found.masks)] = found.codes
    return column


@dataclass(frozen=True)
class Told:
    """What was found, ready for the store.

    Args:
        column: each listed circuit's relation, see :func:`relation_column`.
    """

    report: StoriesReport
    column: NDArray[np.uint8]


def save_stories(session: Session, analysis: AnalysisRow, *, report: Told, **how: Any) -> AnalysisReportRow:
    """Store what was found in place of what an earlier job found; ``how`` as for :func:`save_report`."""
    row = save_report(session, analysis, kind=STORIES, report=report.report, **how)
    row.by_circuit = report.column.tobytes().translate(_AS_LETTERS).decode()
    session.flush()
    return row


def stored_relations(
    session: Session, analysis: AnalysisRow, row: AnalysisReportRow | None
) -> NDArray[np.uint8] | None:
    """The column of relations that was stored with a report; None without one, or where no circuit was asked."""
    if row is None or not row.found["algorithms"]:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, row.content)
    return _KEPT.of(key, lambda: np.frombuffer(row.by_circuit.encode().translate(_AS_CODES), np.uint8))
