"""Where one answer stands among all valid circuits of an output.

Every statement is about the answer's closed mask, but two: ``raw_valid`` and ``own_valid`` are about the raw mask,
by the protocol's rules and under the answer's own ablation. Only ``valid`` makes an answer a circuit of the protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.carried_algorithms.relation import Relation, relation_of
from analysis.carried_algorithms.search import Stories, Unasked, all_stories
from analysis.circuit_sets.backbone import Backbone, backbone_of, coverage_of
from analysis.circuit_sets.chance import SizeChance, chances
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import decide_right
from analysis.criteria.ablations import MEAN_ABLATION, RESAMPLE_ABLATION, ZERO_ABLATION
from analysis.criteria.criterion import Criterion
from analysis.criteria.population import Population
from analysis.criteria.registry import criteria_for
from analysis.criteria.verdict import OUTCOMES
from analysis.discovery.cuts import Closed, Cut, CutNetwork
from analysis.discovery.masked_runs import Rows, outputs_of_masks
from analysis.network_files.files import task_json
from analysis.question import Carried, Question
from analysis.subjects.graph import Graph
from analysis.subjects.perceptron.circuit import mask_array
from analysis.validity import decided_right
from analysis.work import DEFAULT_WORK, Work

QUICK: Final[tuple[Criterion, ...]] = tuple(c for c in criteria_for("circuit") if c.cost == "quick")
"""The criteria that every answer is judged by; those with a budget are asked where one circuit is looked at."""
MASKS_AT_ONCE: Final = 32_768  # what is worked on fits into a processor's cache
UNDER: Final[Mapping[str, Criterion]] = {"zero": ZERO_ABLATION, "mean": MEAN_ABLATION, "resample": RESAMPLE_ABLATION}
"""What says whether a circuit is valid with absent edges carrying 0, means, or any other row's values."""


@dataclass(frozen=True)
class Nearest:
    """The valid circuit with fewest edges to add or remove.

    Args:
        mask: of several the lowest.
        distance: edges that differ; an upper bound if it is not 0 and not all valid circuits are listed.
    """

    mask: int
    distance: int


@dataclass(frozen=True)
class Rank:
    """Valid circuits with fewer edges, with as many (the answer itself included if it is valid), and with more."""

    smaller: int
    equal: int
    larger: int
    exact: bool


@dataclass(frozen=True)
class Judged:
    """What is found out about a circuit by looking at it, wherever it stands.

    Args:
        valid: whether it is one of the valid circuits.
        under: by ablation, "zero", "mean" and "resample" among them, whether it would be one if absent edges carried
            that; None where it was not found out.
        criteria: outcome by criterion key; None if it is not valid.
        relation: of its story to the whole network's, "none" where it carries nothing; None if it is not valid or the
            question does not arise.
        carried: ids of the irredundant algorithms that it carries, sorted.
    """

    valid: bool
    under: Mapping[str, bool | None]
    criteria: Mapping[str, str] | None = None
    relation: Relation | None = None
    carried: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Location(Judged):
    """Where an answer stands.

    Args:
        closed: the circuit of the raw mask.
        raw_valid: whether the raw mask decides right as the protocol asks of circuits.
        own_valid: the same under its own ablation: of a network on every row, of a model of another kind on as many
            as valid circuits; None where it has none.
        excess: edges more than the smallest valid circuit has; None if it is not valid, or the smallest is not known.
        chance: valid and possible circuits of its size; None where no circuit of that size is possible.
        rank: by number of edges.
        nearest: None where no valid circuit is known.
        recall: backbone edges that it holds, and backbone edges; None where there is no backbone.
        extra: its edges outside the backbone.
    """

    closed: Closed
    raw_valid: bool
    own_valid: bool | None
    excess: int | None
    chance: SizeChance | None
    rank: Rank
    nearest: Nearest | None
    recall: tuple[int, int] | None
    extra: int | None

    @property
    def edges(self) -> int:
        return self.closed.mask.bit_count()


@dataclass(frozen=True, eq=False)
class KnownCircuits:
    """What is known of the valid circuits of something.

    Args:
        possible: circuits there are, valid or not.
        n_valid: None where they were not searched.
        masks: the listed valid ones, ascending.
        complete: whether every valid circuit is listed.
        counted: whether their number and spread over sizes is exact.
        by_size: number of edges → valid circuits, as far as they are known.
        smallest: edges of the smallest valid circuit; None where there is none or it is not known.
        backbone: edges that every valid circuit keeps; None where none is known.
        chances: for each number of edges how many of the circuits are valid.
    """

    possible: int
    n_valid: int | None
    masks: NDArray[Any]
    complete: bool
    counted: bool
    by_size: Mapping[int, int]
    smallest: int | None
    backbone: Backbone | None
    chances: Mapping[int, SizeChance]


class ValidCircuits(ABC):
    """The valid circuits of something, as far as they are known, to locate answers among."""

    @property
    def graph(self) -> Graph:
        """Writes masks."""
        return self.cut("").graph

    @property
    @abstractmethod
    def known(self) -> KnownCircuits: ...

    @property
    def complete(self) -> bool:
        """Whether every valid circuit is listed."""
        return self.known.complete

    @property
    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What audit files say these are the circuits of."""

    @abstractmethod
    def cut(self, ablation: object) -> Cut:
        """What is searched, under an ablation; "" for the usual one.

        Raises:
            InvalidMethod: it has no such ablation, or too many rows for it.
        """

    def left(self, raw: int) -> Closed:
        """The circuit of a raw mask."""
        return self.cut("").left(raw)

    def is_valid(self, one: Closed) -> bool:
        """Whether that is a valid circuit of the protocol."""
        return self.cut("").is_valid(one)

    @abstractmethod
    def is_right(self, raw: int, own: Cut | None) -> bool:
        """Whether a raw mask decides right as the protocol asks of circuits; of its own ablation if that is given."""

    @abstractmethod
    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """What is found out about different circuits, by mask."""

    def locate_all(self, answers: Sequence[tuple[int, Cut | None]]) -> list[Location]:
        """Where raw masks stand, each with what its method ran under its own ablation, if it has one."""
        left = [self.left(raw) for raw, _ in answers]
        judged = self.judged({one.mask: one for one in left})
        return [self._location(one, judged[one.mask], raw, own) for one, (raw, own) in zip(left, answers, strict=True)]

    def _location(self, one: Closed, judged: Judged, raw: int, own: Cut | None) -> Location:
        n_edges, known = one.mask.bit_count(), self.known
        backbone = known.backbone
        shared = 0 if backbone is None else (one.mask & backbone.edges).bit_count()
        return Location(
            **vars(judged),
            closed=one,
            raw_valid=self.is_right(raw, None),
            own_valid=None if own is None else self.is_right(raw, own),
            excess=n_edges - known.smallest if judged.valid and known.smallest is not None else None,
            chance=known.chances.get(n_edges),
            rank=Rank(
                sum(n for size, n in known.by_size.items() if size < n_edges),
                known.by_size.get(n_edges, 0),
                sum(n for size, n in known.by_size.items() if size > n_edges),
                exact=known.counted,
            ),
            nearest=Nearest(one.mask, 0) if judged.valid else nearest_of(one.mask, known.masks),
            recall=None if backbone is None else (shared, backbone.edges.bit_count()),
            extra=None if backbone is None else n_edges - shared,
        )


@dataclass(frozen=True, eq=False)
class Landscape(ValidCircuits):
    """All valid circuits of one output, to locate answers among.

    Args:
        circuits: what the search for valid circuits found.
        work: told of what takes long.
        judges: whether answers are judged by criteria; minimality looks at all circuits at once.
    """

    question: Question
    circuits: CircuitSearch
    work: Work = DEFAULT_WORK
    judges: bool = True

    @cached_property
    def known(self) -> KnownCircuits:
        circuits, complete = self.circuits, self.circuits.truncated_at is None
        counted, by_size = complete or circuits.method == "counted", circuits.distribution.by_edges
        smallest = min(by_size, default=None) if counted else None
        if not counted and circuits.smallest is not None and circuits.smallest.proved:
            smallest = circuits.smallest.n_edges
        return KnownCircuits(
            possible=circuits.possible,
            n_valid=circuits.n_valid,
            masks=circuits.masks,
            complete=complete,
            counted=counted,
            by_size=by_size,
            smallest=smallest,
            backbone=backbone_of(circuits.distribution, coverage_of(circuits.method, circuits.truncated_at)),
            chances=chances(circuits, self.question.protocol),
        )

    @property
    def about(self) -> dict[str, Any]:
        question, story = self.question, self.story
        return {
            "network": question.subject.digest,
            "output": question.output,
            "task": task_json(question.task),
            "protocol": question.protocol.document,
            "data": {"digest": question.record.digest, "clean": question.record.is_clean},
            "story": None if isinstance(story, Unasked) else sorted(story.algorithms[one].id for one in story.whole),
        }

    @cached_property
    def _cuts(self) -> dict[object, CutNetwork]:
        return {}

    def cut(self, ablation: object) -> CutNetwork:
        """See :meth:`~analysis.discovery.cuts.CutNetwork.under`; each is made once."""
        ablation = ablation or "zero"
        if ablation not in self._cuts:
            self._cuts[ablation] = CutNetwork.under(self.question, ablation)
        return self._cuts[ablation]

    @cached_property
    def story(self) -> Stories | Unasked:
        """What the whole network carries."""
        return all_stories(self.question, mask_array([], self.question.layout), self.work)

    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """Ablations of all that are in the protocol's space, and criteria and stories of the valid ones."""
        inside = sorted(mask for mask, one in circuits.items() if self.cut("").in_space(one))
        if not inside:
            return {mask: Judged(valid=False, under=dict.fromkeys(UNDER, False)) for mask in circuits}
        asked = mask_array(inside, self.question.layout)
        some = Population("circuit", self.question, asked, work=self.work)
        right = {name: one.judge(some).passed.tolist() for name, one in UNDER.items()}
        under = {mask: {name: all_[place] for name, all_ in right.items()} for place, mask in enumerate(inside)}
        valid = list(compress(inside, decide_right(self.question, asked).tolist()))
        criteria, stories = self._criteria(valid), self._stories(valid)
        return {
            mask: Judged(
                mask in valid,
                under.get(mask, dict.fromkeys(UNDER, False)),
                criteria.get(mask),
                *stories.get(mask, (None, None)),
            )
            for mask in circuits
        }

    def is_right(self, raw: int, own: Cut | None) -> bool:
        """Of its own ablation on every row, by the protocol's rule for circuits; else on enough of the judged rows."""
        question = self.question
        if isinstance(own, CutNetwork):
            return bool(_right(question, raw, own.rows).all())
        inputs, labels = question.judged

        def enough(carried: Carried) -> bool:
            absent = tuple(np.repeat(np.asarray(v)[:, None], len(inputs), axis=1) for v in carried)
            right = _right(question, raw, Rows(inputs, labels, absent))
            return bool(np.count_nonzero(right) / len(labels) > question.protocol.accuracy_threshold)

        return any(all(map(enough, members)) for members in question.ablations)

    def _criteria(self, masks: Sequence[int]) -> dict[int, dict[str, str]]:
        """The outcome of every quick criterion for each mask."""
        if not masks or not self.judges:
            return {}
        asked = mask_array(masks, self.question.layout)
        some = Population("circuit", self.question, asked, work=self.work)
        everything = np.unique(np.concatenate([self.circuits.masks, asked]))
        whole = Population("circuit", self.question, everything, complete=self.complete, work=self.work)
        places = np.searchsorted(everything, asked)
        outcomes: dict[int, dict[str, str]] = {mask: {} for mask in masks}
        for criterion in QUICK:
            over_all = criterion.over == "population"
            found = criterion.judge(whole).outcomes[places] if over_all else criterion.judge(some).outcomes
            for mask, code in zip(masks, found.tolist(), strict=True):
                outcomes[mask][criterion.key] = OUTCOMES[code]
        return outcomes

    def _stories(self, masks: Sequence[int]) -> dict[int, tuple[Relation, tuple[str, ...]]]:
        """What each mask carries; nothing where the question does not arise or a limit ended it."""
        if not masks:
            return {}
        found = all_stories(self.question, mask_array(masks, self.question.layout), self.work)
        if isinstance(found, Unasked):
            return {}
        told: dict[int, tuple[Relation, tuple[str, ...]]] = {}
        for mask, number in zip(masks, found.story_of.tolist(), strict=True):
            story = found.stories[number]
            relation: Relation = relation_of(story, found.whole) if story else "none"
            told[mask] = relation, tuple(sorted(found.algorithms[one].id for one in story))
        return told


def nearest_of(mask: int, masks: NDArray[Any]) -> Nearest | None:
    """The circuit nearest to a mask of these, which ascend; None where there is none."""
    found: Nearest | None = None
    for start in range(0, len(masks), MASKS_AT_ONCE):
        some = masks[start : start + MASKS_AT_ONCE]
        apart = np.bitwise_count(some ^ masks.dtype.type(mask))
        place = int(apart.argmin())
        if found is None or apart[place] < found.distance:
            found = Nearest(int(some[place]), int(apart[place]))
    return found


def _right(question: Question, raw: int, rows: Rows) -> Any:
    outputs = outputs_of_masks(question, mask_array([raw], question.layout), rows)[0]
    return decided_right(outputs, rows.labels, question.protocol.circuit_decision)
