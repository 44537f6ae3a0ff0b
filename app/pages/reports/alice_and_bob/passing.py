"""What each of them passes, side by side."""

from __future__ import annotations

from fractions import Fraction

from app.db.reports import ContradictionsReport, StoredAlignment, StoredScore
from app.pages.formulas import FractionView
from app.pages.place import Place
from app.pages.reports.alice_and_bob.findings import share_between
from app.pages.reports.alice_and_bob.square import readers_of
from app.pages.reports.alice_and_bob.views import CellView, TestView


def tests_of(report: ContradictionsReport, place: Place) -> list[TestView]:
    """The test results of each explanation, side by side."""
    inter = report.interpretation
    readers = readers_of(report)
    silent = CellView(words="not applicable", detail="a circuit has no directions", passes=None)

    def for_all(cells: list[CellView], carol: CellView) -> list[CellView]:
        return [*cells, *([carol] if inter is not None else [])]

    found = [
        TestView(
            label="Interchange, one variable alone",
            about="every ordered pair of different inputs, orthogonal swap",
            cells=for_all([_score(one.single) for one in report.alignments], silent),
        ),
        TestView(
            label="Interchange, all variables at once",
            about="each variable or neuron from an input of its own",
            cells=for_all(
                [_score(one.joint) for one in report.alignments], _score(None if inter is None else inter.joint)
            ),
        ),
        TestView(
            label="The same along the dual basis",
            about="each swap leaves the other readings alone",
            cells=for_all([_score(one.dual_joint) for one in report.alignments], silent),
        ),
        TestView(
            label="On disjoint sets of neurons",
            about="alignments that pass, of all; the best joint score of any",
            cells=for_all([_on_sets(one) for one in report.alignments], silent),
        ),
        TestView(
            label="Random orthonormal directions that pass jointly",
            about="an estimate with its interval",
            cells=for_all([_chance(one) for one in report.alignments], silent),
        ),
    ]
    if report.in_cube:
        width = place.question.cut.sizes[-2]
        wrong = {one.readers[0]: one for one in report.in_cube if one.kind == "wrong"}
        impossible = {one.readers[0]: one for one in report.in_cube if one.kind == "impossible"}
        corners = 2**width
        found += [
            TestView(
                label="Corners of the hidden cube",
                about="states of 0s and 1s on which it decides as the network",
                cells=[_score(StoredScore(agreed=corners - wrong[i].corners, of=corners)) for i in range(len(readers))],
            ),
            TestView(
                label="Hidden cube",
                about="share of all hidden states on which it decides as the network, exact",
                cells=[_exact(1 - Fraction(wrong[i].share), full=True) for i in range(len(readers))],
            ),
            TestView(
                label="Hidden cube, impossible states",
                about="its variables have values that no input gives them, exact",
                cells=[_exact(Fraction(impossible[i].share), full=False) for i in range(len(readers))],
            ),
        ]
    if report.in_square:
        off = {one.readers[0]: one for one in report.in_square if one.kind == "wrong"}
        never = {one.readers[0]: one for one in report.in_square if one.kind == "impossible"}
        found += [
            TestView(
                label="Input square",
                about="share of [0, 1]² on which it decides as the network, between certain bounds",
                cells=[
                    CellView(words=share_between(1 - off[i].high, 1 - off[i].low), passes=off[i].high == 0)
                    for i in range(len(readers))
                ],
            ),
            TestView(
                label="Input square, impossible states",
                about="its variables have values that no Boolean input gives them",
                cells=[
                    CellView(
                        words=share_between(never[i].low, never[i].high),
                        detail="proved" if never[i].high == 0 else "",
                        passes=True if never[i].high == 0 else False if never[i].low > 0 else None,
                    )
                    for i in range(len(readers))
                ],
            ),
        ]
    return found


def _score(score: StoredScore | None) -> CellView:
    if score is None:
        return CellView(words="not run", detail="too many interchanges", passes=None)
    return CellView(
        words=f"{score.agreed:,} of {score.of:,}",
        passes=score.agreed == score.of,
        score=FractionView(agreed=score.agreed, of=score.of),
    )


def _on_sets(one: StoredAlignment) -> CellView:
    if one.sets_valid is None or one.sets_of is None:
        return CellView(words="not tried", detail="too many placements", passes=None)
    best = one.sets_best_joint
    detail = "" if best is None else f"best joint score {best.agreed:,} of {best.of:,}"
    return CellView(words=f"{len(one.sets_valid):,} of {one.sets_of:,}", detail=detail, passes=bool(one.sets_valid))


def _chance(one: StoredAlignment) -> CellView:
    share = one.chance_hits / one.chance_draws
    interval = f"{one.chance_low:.2%} to {one.chance_high:.2%} at {one.chance_confidence:.0%}"
    detail = f"{interval}, {one.chance_draws:,} draws, seed {one.chance_seed}"
    return CellView(words=f"≈ {share:.2%}", detail=detail, passes=None)


def _exact(share: Fraction, *, full: bool) -> CellView:
    passes = share == 1 if full else share == 0
    return CellView(words=f"{float(share):.1%}", detail=f"= {share}", passes=passes)
