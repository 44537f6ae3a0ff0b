"""One network of a study along its training: which explanations it has at each loss target, when each comes and goes.

Read from what the study stored ("which-circuits", "which-alignments"); nothing is searched here. Circuits are many, so
those that are there at the same moments stand together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import parse_algorithm
from analysis.digest import short_id
from analysis.studies.cells import GRID_FACTORS, cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.measures.sets import alignment_of_word
from analysis.studies.outcome import CONVERGED, values_of
from analysis.studies.series import Course, Kind, follow, named
from app.addressing import Addresses
from app.db.reads.studies import outcomes_of_seed, stored_slugs
from app.db.studies import design_of
from app.db.study_tables import StudyOutcomeRow
from app.errors import NotFound
from app.options import PageModel
from app.pages.studies.stored import open_study

NEEDED: Final = ("which-circuits", "which-alignments")
_SHOWN: Final = 6  # circuits named of a group
_PROTOCOL: Final = "complete"


class CourseMoment(PageModel):
    """The network at one loss target."""

    target: str
    state: str
    epochs: int | None
    loss: float | None
    network: str = Field(description="Its digest; empty where the target was not reached.")
    network_url: str
    circuits: int | None = Field(description="Valid circuits; null where the target was not reached.")
    alignments: int | None = Field(description="Minimal alignments of irredundant algorithms.")


class CourseLine(PageModel):
    """One explanation along the moments."""

    kind: Kind
    item: str
    words: str
    present: list[bool | None] = Field(description="At each moment; null where the target was not reached.")
    appears: str = Field(description="Loss target at which it is first there.")
    disappears: str = Field(description="Loss target from which on it is absent for good; empty if it stays.")
    gaps: int = Field(description="How often it goes and comes back.")
    url: str = Field(description="The explanation in the last network that has it.")


class CircuitGroup(PageModel):
    """Circuits that are there at the same moments."""

    count: int
    masks: list[str]
    urls: list[str] = Field(description="Of the first few, in the last network that has them.")
    present: list[bool | None]
    appears: str
    disappears: str
    gaps: int


class CoursePage(PageModel):
    """One network along its training."""

    slug: str
    name: str
    study_url: str
    seed: int
    moments: list[CourseMoment]
    algorithms: list[CourseLine]
    alignments: list[CourseLine]
    circuits: list[CircuitGroup] = Field(description="Largest groups first.")
    n_circuits: int = Field(description="Different valid circuits over all moments.")
    n_lasting: int = Field(description="Of them, those that are there at every moment that was reached.")
    before_url: str = Field(description="The seed before; empty for the first.")
    after_url: str
    url: str


def follows(design: StudyDesign) -> bool:
    """Whether a study's networks of one seed are one network along its training, with its explanations named."""
    varying = [factor for factor in GRID_FACTORS if len(design.levels(factor)) > 1]
    rules = [protocol.name for protocol in design.protocols]
    return varying == ["loss_target"] and _PROTOCOL in rules and set(NEEDED) <= set(design.measures)


def build_course(session: Session, addresses: Addresses, study: str, seed: int) -> CoursePage:
    """The course of one seed.

    Raises:
        NotFound: no such study, one that does not follow its networks, or a seed that has no outcome.
    """
    row = open_study(session, addresses, study)
    design = design_of(row)
    if not follows(design):
        raise NotFound(
            f"training courses of study {row.slug!r}",
            "are not kept: it does not vary the loss target alone, or does not name its explanations",
            f"see a study with the measures {' and '.join(NEEDED)}",
        )
    outcomes = {one.position: one for one in outcomes_of_seed(session, row.id, seed)}
    if not outcomes:
        raise NotFound(f"seed {seed}", "has no outcome in this study", f"seeds begin at {design.seeds.first}")
    cells = sorted(cells_of(design), key=lambda cell: -float(cell.levels["loss_target"]))
    positions = [cells_of(design).index(cell) for cell in cells]
    rows = [outcomes.get(position) for position in positions]
    targets = [cell.labels["loss_target"] for cell in cells]
    found = [_sets(one) for one in rows]
    slugs = stored_slugs(session, [one.network_digest for one in rows if one is not None and one.network_digest])
    networks = [slugs.get(one.network_digest or "", "") if one is not None else "" for one in rows]
    courses = follow(found)
    circuits = [course for course in courses if course.kind == "circuit"]
    reached = [moment for moment, sets in enumerate(found) if sets is not None]
    last = design.seeds.first + design.seeds.count - 1

    def neighbour(other: int) -> str:
        return addresses.study_course(row.slug, other) if design.seeds.first <= other <= last else ""

    return CoursePage(
        slug=row.slug,
        name=row.name,
        study_url=addresses.study(row.slug),
        seed=seed,
        moments=[
            _moment(target, one, sets, addresses, slug)
            for target, one, sets, slug in zip(targets, rows, found, networks, strict=True)
        ],
        algorithms=[_line(c, targets, networks, addresses, design.n_inputs) for c in courses if c.kind == "algorithm"],
        alignments=[_line(c, targets, networks, addresses, design.n_inputs) for c in courses if c.kind == "alignment"],
        circuits=_groups(circuits, targets, networks, addresses),
        n_circuits=len(circuits),
        n_lasting=sum(1 for course in circuits if all(course.present[moment] for moment in reached)),
        before_url=neighbour(seed - 1),
        after_url=neighbour(seed + 1),
        url=addresses.study_course(row.slug, seed),
    )


def _sets(outcome: StudyOutcomeRow | None) -> Mapping[Kind, frozenset[str]] | None:
    """What the network had; None where the target was not reached, or more was found than is named."""
    if outcome is None or outcome.state != CONVERGED:
        return None
    (values, *_) = values_of(outcome.figures).get(_PROTOCOL, ({},))
    words = [values[key].value if key in values else None for key in NEEDED]
    circuits, alignments = words
    if not isinstance(circuits, tuple) or not isinstance(alignments, tuple):
        return None
    return named(circuits, alignments)


def _moment(
    target: str,
    outcome: StudyOutcomeRow | None,
    sets: Mapping[Kind, frozenset[str]] | None,
    addresses: Addresses,
    slug: str,
) -> CourseMoment:
    return CourseMoment(
        target=target,
        state="not trained yet" if outcome is None else outcome.state,
        epochs=None if outcome is None else outcome.epochs,
        loss=None if outcome is None else outcome.loss,
        network="" if outcome is None or sets is None else outcome.network_digest or "",
        network_url=addresses.network(slug) if slug and sets is not None else "",
        circuits=None if sets is None else len(sets["circuit"]),
        alignments=None if sets is None else len(sets["alignment"]),
    )


def _ends(course: Course, targets: Sequence[str]) -> dict[str, str]:
    gone = course.disappears
    return {"appears": targets[course.appears], "disappears": "" if gone is None else targets[gone]}


def _last(course: Course, networks: Sequence[str]) -> str:
    """The last stored network that has it."""
    return next((networks[i] for i in reversed(range(len(networks))) if course.present[i] and networks[i]), "")


def _line(
    course: Course, targets: Sequence[str], networks: Sequence[str], addresses: Addresses, n_inputs: int
) -> CourseLine:
    network = _last(course, networks)
    text, _, places = course.item.partition("|")
    algorithm = parse_algorithm(text, "and_inverter", n_inputs)
    words, url = algorithm.formula, addresses.algorithm(network, short_id(text)) if network else ""
    if places:
        alignment = alignment_of_word(course.item)
        formulas = {variable.path: variable.shown for variable in algorithm.variables}
        words = "; ".join(
            f"{formulas[path]} on layer {site.layer}, neuron{'s' * (len(site.neurons) > 1)} "
            + " ".join(map(str, site.neurons))
            for path, site in alignment.places
        )
        url = addresses.alignment(network, algorithm.id, alignment.id) if network else ""
    return CourseLine.showing(
        course,
        words=words,
        gaps=course.n_gaps,
        url=url,
        **_ends(course, targets),
    )


def _groups(
    circuits: Sequence[Course], targets: Sequence[str], networks: Sequence[str], addresses: Addresses
) -> list[CircuitGroup]:
    together: dict[tuple[bool | None, ...], list[Course]] = {}
    for course in circuits:
        together.setdefault(course.present, []).append(course)
    groups = []
    for present, members in together.items():
        network = _last(members[0], networks)
        groups.append(
            CircuitGroup(
                count=len(members),
                masks=[course.item for course in members],
                urls=[addresses.circuit(network, course.item) for course in members[:_SHOWN]] if network else [],
                present=list(present),
                gaps=members[0].n_gaps,
                **_ends(members[0], targets),
            )
        )
    return sorted(groups, key=lambda group: (-group.count, group.masks))
