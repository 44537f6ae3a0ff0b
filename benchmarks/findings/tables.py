"""The tables of docs/findings.md, one function each, as lines of Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from analysis.studies.design import Factor, Reference
from analysis.studies.measures.staircase import STEPS
from analysis.studies.statistics import Share, Spread, Tested, friedman, holm, page, share_of, spread_of, wilcoxon
from analysis.studies.summary import Group, StudySummary
from benchmarks.findings.results import known, results_of, summary_of

CLASSES: Final = ("Alice only", "Bob only", "both", "neither")
FINER, APART = "both, and one finer", "both, none finer"
GRAINS: Final = ("Alice only", "Bob only", FINER, APART, "neither")
MINIMAL: Final = "irredundant-literals"


def number(value: float | None) -> str:
    """A figure short enough for a table."""
    if value is None:
        return "–"
    if abs(value) >= 1e7:
        return f"{value:.3g}".replace("e+", " · 10^").replace("^0", "^")
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.3g}"


def quartiles(spread: Spread) -> str:
    return f"{number(spread.lower)} / **{number(spread.median)}** / {number(spread.upper)}"


def percent(share: Share) -> str:
    """A share with its interval."""
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{100 * share.value:.0f}% ({100 * share.low:.0f}–{100 * share.high:.0f})"


def row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def head(cells: Sequence[object]) -> Iterator[str]:
    yield row(cells)
    yield row(["---", *["--:"] * (len(cells) - 1)])


@dataclass(frozen=True)
class Arm:
    """Networks of one study that were found in one way.

    Args:
        name: "trained", or the prior that they were drawn from.
        slug: of the study.
        where: levels that its networks have.
    """

    name: str
    slug: str
    where: Mapping[Factor, str] = field(default_factory=dict)

    def groups(self, measure: str, factor: Factor, protocol: str = "complete") -> tuple[Group, ...]:
        """One group for each level of a factor."""
        return summary_of(self.slug).groups(measure, protocol, factor, self.where)

    def levels(self, factor: Factor) -> dict[int, str]:
        """The level of a factor by position, of the cells that are this arm's."""
        cells = enumerate(summary_of(self.slug).cells)
        return {
            position: cell.labels[factor]
            for position, cell in cells
            if all(cell.labels[key] == level for key, level in self.where.items())
        }


def arms_of(slug: str, null: str) -> list[Arm]:
    """The trained networks of one study and, beside them, those of another that were drawn, by prior.

    Args:
        slug: of the study of trained networks.
        null: of the study of drawn ones; "" where there is none.
    """
    priors = summary_of(null).design.labels("prior") if null else ()
    return [Arm("trained", slug), *(Arm(prior, null, {"prior": prior}) for prior in priors)]


def studies_table() -> Iterator[str]:
    """Every study: what it trained, what became of it, what its networks took together, its digest, the command.

    The seconds are those of the outcomes: what the result file says of the clock belongs to its last run alone where
    a run was killed and continued.
    """
    yield from head(("study", "networks", "converged", "otherwise", "seconds", "design", "command"))
    for slug in known():
        results = results_of(slug)
        states = Counter(outcome.state for outcome in results.outcomes)
        rest = ", ".join(f"{n:,} {s.replace('_', ' ')}" for s, n in sorted(states.items()) if s != "converged") or "–"
        name = f"[{results.design.name}](../app/bundled/studies/{slug}.json)"
        command = f"`pluriscope study run app/bundled/studies/{slug}.json`"
        seconds = sum(outcome.seconds for outcome in results.outcomes)
        cells = (f"{n:,}" for n in (len(results.outcomes), states["converged"]))
        yield row((name, *cells, rest, f"{seconds:,.0f}", f"`{results.design.digest[:12]}`", command))


def groups(summary: StudySummary, measure: str, factor: Factor | None, protocol: str = "complete") -> tuple[Group, ...]:
    """One group for each level of a factor, or for each cell."""
    return summary.groups(measure, protocol, factor)


def ladder_table(slug: str, factor: Factor, what: str, null: str = "") -> Iterator[str]:
    """Rule by rule: median, mean and most of a count, or the share with exactly one, for each level of a factor.

    Args:
        slug: of a study with the steps.
        factor: whose levels are the columns.
        what: "alignments", "algorithms" or "one".
        null: slug of a study of drawn networks with the same steps.
    """

    def cell(group: Group) -> str:
        if what == "one":
            return percent(group.yes)
        return f"**{number(group.spread.median)}** ({number(group.spread.mean)}, {number(group.spread.most)})"

    yield from head(("rule", *["networks"] * bool(null), *summary_of(slug).design.labels(factor)))
    directions = {"one-on-directions": "on directions"} if what == "one" else {}
    for key, words in ({f"{step}-{what}": words for step, words in STEPS.items()} | directions).items():
        for arm in arms_of(slug, null):
            yield row((words, *[arm.name] * bool(null), *map(cell, arm.groups(key, factor))))


def beside_table(
    slug: str, null: str, factor: Factor, measures: Sequence[str], protocol: str = "complete", *, some: bool = False
) -> Iterator[str]:
    """Quartiles or shares of trained networks and of drawn ones, for each level of a factor that both studies have.

    Args:
        slug: of the study of trained networks.
        null: of the study of drawn ones.
        factor: whose levels are the columns.
        measures: which.
        protocol: under which.
        some: quartiles of the networks that have any, and how many these are.
    """
    levels = [one for one in summary_of(slug).design.labels(factor) if one in summary_of(null).design.labels(factor)]

    def cell(group: Group) -> str:
        if summary_of(slug).measures[measure].kind == "yes-no":
            return percent(group.yes)
        values = [value for value in group.numbers if value or not some]
        of = f" ({len(values)} of {len(group.points)})" if some else ""
        return (quartiles(spread_of(values)) if values else "–") + of

    yield from head(("quartiles", "networks", *levels))
    for measure in measures:
        for arm in arms_of(slug, null):
            found = {group.label: group for group in arm.groups(measure, factor, protocol)}
            yield row((summary_of(slug).measures[measure].label, arm.name, *(cell(found[level]) for level in levels)))
    for arm in arms_of(slug, null):
        found = {group.label: group for group in arm.groups(measures[0], factor, protocol)}
        chosen = [found[level] for level in levels]
        yield row(("converged or accepted", arm.name, *(f"{g.of - g.failed:,} of {g.of:,}" for g in chosen)))


def classes_table(slug: str, factor: Factor | None, *, directions: bool = True) -> Iterator[str]:
    """Alice, Bob, both or neither, on neuron sets and on directions; what did not converge beside.

    Args:
        slug: of the study.
        factor: whose levels are the columns; None for every cell.
        directions: whether directions were asked.
    """
    summary = summary_of(slug)
    levels = summary.design.labels(factor) if factor else tuple(cell.name for cell in summary.cells)
    yield from head(("", *levels))
    found = groups(summary, "alice-or-bob", factor)
    yield row(("networks", *(f"{group.of:,}" for group in found)))
    yield row(("not converged", *(percent(share_of(group.failed, group.of)) for group in found)))
    for key, place in (("alice-or-bob", "neuron sets"), ("alice-or-bob-directions", "directions")):
        if key.endswith("directions") and not directions:
            continue
        found = groups(summary, key, factor)
        for name in CLASSES:
            shares = (share_of(group.categories[name], len(group.points)) for group in found)
            yield row((f"{place}: {name}", *map(percent, shares)))
    for key, words in (
        ("one-algorithm", "exactly one algorithm"),
        (f"{MINIMAL}-one", "exactly one minimal alignment"),
    ):
        yield row((words, *(percent(group.yes) for group in groups(summary, key, factor))))
    yield row(
        (
            "exactly one, of all networks trained",
            *(percent(g.yes_of_all) for g in groups(summary, f"{MINIMAL}-one", factor)),
        )
    )


def grain_table(slug: str, null: str) -> Iterator[str]:
    """Alice, Bob or both, and of both how many carry an algorithm that is finer than both.

    Args:
        slug: of the study of trained networks.
        null: of that of drawn ones.
    """
    found = [(arm.name, arm.groups("grain", "hidden")) for arm in arms_of(slug, null)]
    yield from head(("", "networks", *summary_of(slug).design.labels("hidden")))
    for name, some in found:
        yield row(("converged or accepted", name, *(f"{len(group.points):,}" for group in some)))
    for grain in GRAINS:
        for name, some in found:
            yield row((grain, name, *(f"{group.categories[grain]:,}" for group in some)))
    for name, some in found:
        both = (share_of(g.categories[FINER], g.categories[FINER] + g.categories[APART]) for g in some)
        yield row(("one finer, of those that carry both", name, *map(percent, both)))


def sets_and_directions_table(slug: str, null: str, where: str) -> Iterator[str]:
    """The same networks on neuron sets (rows) and on directions (columns), trained ones and drawn ones.

    Args:
        slug: of the study of trained networks.
        null: of that of drawn ones.
        where: the level of the hidden layers.
    """
    yield from head(("on neuron sets ↓, on directions →", "networks", *CLASSES))
    pairs: Counter[tuple[str, str, str]] = Counter()
    for arm in arms_of(slug, null):
        for level, values in _figures(arm, "hidden"):
            if level == where:
                pairs[arm.name, str(values["alice-or-bob"]), str(values["alice-or-bob-directions"])] += 1
    for sets in CLASSES:
        for arm in arms_of(slug, null):
            yield row((sets, arm.name, *(pairs[arm.name, sets, along] for along in CLASSES)))


def paper_finds_table(slug: str, null: str, factor: Factor) -> Iterator[str]:
    """For each class of networks, trained ones and drawn ones, in how many the paper's search finds any alignment.

    Args:
        slug: of the study of trained networks.
        null: of that of drawn ones.
        factor: whose levels are the columns.
    """
    labels = summary_of(slug).design.labels(factor)
    found: Counter[tuple[str, str, str, bool]] = Counter()
    for arm in arms_of(slug, null):
        for level, values in _figures(arm, factor):
            found[arm.name, level, str(values["alice-or-bob"]), values["paper-alignments"] > 0] += 1
    yield from head(("networks in which the paper's search finds an alignment", "networks", *labels))
    for name in CLASSES:
        for arm in arms_of(slug, null):
            counts = [[found[arm.name, level, name, any_] for any_ in (True, False)] for level in labels]
            yield row((name, arm.name, *(f"{some:,} of {some + none:,}" for some, none in counts)))


def _figures(arm: Arm, factor: Factor) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The level of a factor and the values of each network of an arm that was analysed."""
    levels = arm.levels(factor)
    for record in summary_of(arm.slug).records:
        if record.position in levels and record.figures:
            yield levels[record.position], record.figures["complete"][0]


def counts_table(slug: str, factor: Factor, measures: Sequence[str], *, first_output: bool = False) -> Iterator[str]:
    """Quartiles of counts for each level, under each protocol."""
    summary = summary_of(slug, first_output=first_output)
    yield from head(("quartiles", "protocol", *summary.design.labels(factor)))
    for measure in measures:
        for protocol in summary.design.labels("protocol"):
            found = groups(summary, measure, factor, protocol)
            label = summary.measures[measure].label
            if summary.measures[measure].kind == "yes-no":
                cells = [percent(group.yes) for group in found]
            else:
                cells = [_spread(group) for group in found]
            yield row((label, f"`{protocol}`", *cells))
    first = groups(summary, measures[0], factor, summary.design.labels("protocol")[0])
    yield row(("converged", "", *(f"{group.of - group.failed:,} of {group.of:,}" for group in first)))


def _spread(group: Group) -> str:
    """Quartiles, and what must be said of them: lower bounds, networks that the measure gave up on."""
    words = quartiles(group.spread) + (" (some are bounds)" if group.bounded else "")
    return words + (f" (n/a for {group.silent})" if group.silent else "")


def tests_table(slug: str) -> Iterator[str]:
    """The comparisons that the design declares."""
    yield from head(("comparison", "protocol", "test", "groups", "effect", "p, Holm"))
    for comparison, protocol, tested in summary_of(slug).tests():
        effect, p = effect_and_p(tested)
        effect = effect if tested.effect is None else f"{tested.effect_name} {effect}"
        compared = " / ".join(tested.groups) if len(tested.groups) < 4 else f"{len(tested.groups)} levels"
        name = ", ".join((f"`{comparison.measure}` by {comparison.factor}", *comparison.where.values()))
        yield row((name, protocol or "both", tested.test, compared, effect, p))


def first_and_last_table(slug: str, factor: Factor, levels: tuple[str, str]) -> Iterator[str]:
    """The same networks at two levels, seed by seed, by Wilcoxon's test; at all between by Friedman's and Page's.

    Holm's correction is over the rows, for each test by itself.
    """
    summary, first, last = summary_of(slug), *levels
    labels = summary.design.labels(factor)
    between = labels[labels.index(first) : labels.index(last) + 1]
    yield from head(
        (
            "measure",
            "networks",
            "sum at " + first,
            "sum at " + last,
            "more",
            "fewer",
            "rank-biserial",
            "p, Holm",
            f"all {len(between)} levels: Kendall's W",
            "p, Holm",
            "Page: mean rho",
            "p, Holm",
        )
    )
    found, throughout, along = [], [], []
    for key in ("circuits-valid", "interpretations-total", f"{MINIMAL}-alignments"):
        values: dict[str, dict[Hashable, float]] = {
            group.label: {
                point.seed: float(point.value) for point in group.points if isinstance(point.value, (int, float))
            }
            for group in groups(summary, key, factor)
            if group.label in between
        }
        pairs = [(values[first][seed], values[last][seed]) for seed in values[first] if seed in values[last]]
        found.append((key, pairs, wilcoxon({last: values[last], first: values[first]})))
        throughout.append(friedman(values))
        along.append(page(values))
    rows = zip(found, holm([test for _, _, test in found]), holm(throughout), holm(along), strict=True)
    for (key, pairs, _), tested, blocked, trend in rows:
        sums = (number(sum(pair[place] for pair in pairs)) for place in (0, 1))
        more, fewer = sum(b > a for a, b in pairs), sum(b < a for a, b in pairs)
        said = [text for test in (tested, blocked, trend) for text in effect_and_p(test)]
        yield row((summary.measures[key].label, len(pairs), *sums, more, fewer, *said))


def effect_and_p(tested: Tested) -> tuple[str, str]:
    effect = "–" if tested.effect is None else f"{tested.effect:.2f}"
    return effect, "–" if tested.p_holm is None else ("< 0.001" if tested.p_holm < 0.001 else f"{tested.p_holm:.3f}")


def points_and_p(tested: Tested | None) -> tuple[str, str]:
    """A difference of shares in percentage points with its interval, and p; nothing where there is no test."""
    if tested is None or tested.effect is None or tested.low is None or tested.high is None:
        return "", ""
    points = [100 * value for value in (tested.effect, tested.low, tested.high)]
    return "{:+.0f} points ({:+.0f} to {:+.0f})".format(*points), effect_and_p(tested)[1]


def references_table() -> Iterator[str]:
    """Published values, with how they are known, beside ours."""
    yield row(("reported", "tag", "ours", "agreement or difference"))
    yield row(["---"] * 4)
    for slug in known():
        design = results_of(slug).design
        for reference in design.references:
            if reference.evidence != "O":
                yield row((reference.says, f"[{reference.evidence}]", ours(slug, reference), reference.explanation))


def ours(slug: str, reference: Reference) -> str:
    """The figure of ours that a reference is about."""
    if not reference.measure:
        return f"see [the study](../app/bundled/studies/{slug}.json)"
    summary = summary_of(slug)
    protocol = reference.protocol or summary.design.labels("protocol")[0]
    varying = (factor for factor in summary.design.varying if factor != "protocol")
    factor: Factor = next(iter(reference.where), None) or next(varying, "hidden")
    found = summary.groups(reference.measure, protocol, factor, reference.where)
    yes_no = summary.measures[reference.measure].kind == "yes-no"
    parts = []
    for group in found:
        label = "" if len(found) == 1 else f"{group.label}: "
        parts.append(label + (percent(group.yes) if yes_no else quartiles(group.spread)))
    return f"`{protocol}`: " + "; ".join(parts)


def prototype_table() -> Iterator[str]:
    """Shares of the prototype beside ours: does a sample of 150 with its share differ from ours?"""
    from scipy import stats

    yield from head(("width", "prototype [O], of 150", "here", "p (Fisher)", ""))
    summary = summary_of("alice-or-bob")
    for reference in summary.design.references:
        if reference.evidence != "O":
            continue
        (group,) = summary.groups(reference.measure, "complete", "hidden", reference.where)
        share = group.yes
        theirs = round(150 * reference.values["share"])
        p = float(stats.fisher_exact([[theirs, 150 - theirs], [share.hits, share.of - share.hits]]).pvalue)
        verdict = "holds" if p >= 0.05 else "**corrected**"
        label = reference.where["hidden"].partition("-")[0]
        yield row((label, f"{100 * reference.values['share']:.0f}%", percent(share), f"{p:.3f}", verdict))
