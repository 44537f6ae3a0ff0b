"""Numbers of explanations that an analysis found: as objects, and in words with how sure they are and how found."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from pluriscope.analysis.circuits.hashed_count import Bracket
from pluriscope.analysis.circuits.result import SmallestCircuits, certainty_of
from pluriscope.analysis.network_files.result_file import read_parts, read_stops, stop_words
from pluriscope.analysis.numerics.large_numbers import SUPERSCRIPTS, in_words, interval
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.pages.place import AnyPlace
from pluriscope.figures.numbers import Bound, exact, noun, readable
from pluriscope.objects.counts import Count, Counts, certainty_words
from pluriscope.objects.verdict import Verdict, differ_in_zeros, empty_placements, kept_by_all


def counts_of(row: AnalysisRow) -> Counts:
    """Count the explanations of each kind, each number with how sure it is."""
    circuits: Bound = "exact" if row.circuits_method == "counted" or row.circuits_truncated_at is None else "at_least"
    if row.circuits_method == "listed" and row.circuits_truncated_at == 0:
        circuits = "unknown"
    whole = row.interpretations_complete and row.interpretations_truncated_at is None
    readings: Bound = "exact" if whole and row.circuits_truncated_at is None else "at_least"
    if not interpretations_counted(row) or (circuits != "exact" and not row.circuits_listed):
        readings = "unknown"
    if certainty_of(row.circuits_method) != "exact":
        ends = row.circuits_low, row.circuits_high, row.circuits_confidence, row.circuits_possible
        valid = Count(row.circuits_valid, "about", *ends)
        readings = readings if row.circuits_listed else "unknown"
    else:
        valid = Count(row.circuits_valid, circuits)
    placed: Bound = "exact" if row.algorithms_truncated_at is None else "at_least"
    spread = row.distributions
    # before it was kept that sets of neurons were too many to try any: nothing was aligned, no near miss is known, and
    # yet the search was not exhaustive
    bare = row.algorithms_candidates > 0 == row.algorithms_aligned and not row.exhaustive
    untried = spread.get("alignments_untried", bare and not spread["iia"]["counts"])
    if untried or row.algorithms_truncated_at == 0:
        placed = "unknown"
    return Counts(
        Count(row.circuits_possible),
        valid,
        Count(row.interpretations_total, readings),
        Count(row.interpretations_observed, readings),
        Count(row.algorithms_candidates),
        Count(row.algorithms_aligned, placed),
        Count(row.alignments_valid, placed),
        Count(row.alignments_minimal, placed),
    )


def verdict_of_stored(place: AnyPlace, valid: Count | None, *, contradict: bool = False, why: str = "") -> Verdict:
    """Whether a network has one explanation, by what is stored.

    Args:
        place: its output under its rules.
        valid: how many circuits are valid, as far as it is known.
        contradict: whether two explanations are known each of which is right where the other is wrong.
        why: why nothing more is known, in a sentence.
    """
    row, question = place.analysis, place.question
    known = Verdict(
        valid,
        question.kind.explaining.possible(question) if row is None else int(row.circuits_possible),
        question.kind.explaining.doubt(question),
        only_circuits=not place.boolean,
        part=place.part,
        contradict=contradict,
        why=why,
        decided=question.decided,
    )
    if row is None:
        return known
    counts, spread = counts_of(row), row.distributions
    return replace(
        known,
        readings=counts.interpretations,
        classes=counts.observed_classes,
        placements=counts.valid_alignments,
        empty=empty_placements(question, counts.valid_alignments),
        only_circuits=known.only_circuits or circuits_only(row),
        kept=None if valid is None else kept_by_all(question.graph, valid, spread, spread.get("backbone")),
        zeros=valid is not None and differ_in_zeros(question, valid, spread),
    )


def of_possible(row: AnalysisRow) -> Markup:
    """Say of how many possible circuits valid ones are, and how sure their number is."""
    valid, words = counts_of(row).valid_circuits, Markup("of {} possible").format(readable(row.circuits_possible))
    if valid.certainty is not None:
        words += Markup(", {}").format(certainty_words(valid.certainty, valid.confidence))
    return words + (": counted, not listed" if drawn(row) and row.circuits_method == "counted" else "")


def interpretations_counted(row: AnalysisRow) -> bool:
    """Whether interpretations of any circuit were counted; else every 0 means that it is not known."""
    return row.interpretations_truncated_at != 0


def circuits_only(row: AnalysisRow) -> bool:
    """Whether nothing else was searched, the data record's rows being no Boolean inputs."""
    return row.interpretations_truncated_at == 0 == row.algorithms_truncated_at and not row.algorithms_candidates


def drawn(row: AnalysisRow) -> bool:
    """Whether the stored circuits are only some of the valid ones: the smallest, and some drawn uniformly."""
    return row.circuits_method != "listed" and row.circuits_truncated_at is not None


def stops_of(row: AnalysisRow) -> str:
    """Name the searches that stopped at a limit; "" if none did. Circuits that were counted did not stop."""
    ended = read_stops(row.distributions)
    stops, stages = list(map(stop_words, ended)), {stop.stage for stop in ended}
    if circuits_only(row):
        return "; ".join(stops)
    if row.circuits_method == "listed" and row.circuits_truncated_at is not None:
        stops.append(f"circuits at {row.circuits_truncated_at:,}")
    if row.interpretations_truncated_at is not None and "interpretations" not in stages:
        stops.append("interpretations, which have too many states to be counted")
    if row.algorithms_truncated_at is not None and "algorithms" not in stages:
        stops.append(f"algorithms at {row.algorithms_truncated_at:,}")
    if truncated := row.distributions.get("algorithms_truncated", 0):
        stops.append(f"placements of {noun(truncated, 'algorithm')}")
    return "; ".join(stops)


def fragile_words(row: AnalysisRow) -> str:
    """Say how many are valid by less than rounding may change; "" where none is."""
    n = row.criteria.get("margin", {}).get("failed", 0)
    if not n:
        return ""
    return f"{exact(n)} of the circuits and placements listed {'is' if n == 1 else 'are'} valid by less than 10⁻⁶"


def interval_words(row: AnalysisRow) -> str:
    """The guaranteed interval, "" where there is none."""
    if row.circuits_low is None or row.circuits_high is None or row.circuits_confidence is None:
        return ""
    ends = interval(row.circuits_low, row.circuits_high, row.circuits_possible)
    return f"{row.circuits_confidence * 100:g}% interval {ends}, guaranteed"


def method_words(row: AnalysisRow, part: str) -> str:
    """Say how the number of valid circuits was found where they were not listed, and what the list then shows.

    Args:
        part: what a bit of a mask is, such as an edge.
    """
    if row.circuits_method == "listed":
        return ""
    parts = read_parts(row.distributions, row.circuits_possible)
    smallest = parts["smallest"]
    shown = f"The list shows {noun(row.circuits_listed, 'valid circuit')}"
    shown += f": {_listed(row, smallest)}. {_smallest(smallest, part)}" if drawn(row) else ", all of them."
    if row.circuits_method == "counted":
        words = f"Every possible circuit was judged: exactly {exact(row.circuits_valid)} are valid. {shown}"
    else:
        how = f"From {noun(row.circuits_tested or 0, 'circuit')} drawn uniformly from the possible ones"
        if bracket := parts["bracket"]:
            how = _hashing(bracket)
        if "by_size" in row.distributions:
            how += ", by size"
        words = f"{how}; {interval_words(row)}. {row.distributions.get('why', '')} {shown}".replace("  ", " ")
    return words.strip()


def _hashing(bracket: Bracket) -> str:
    """Say what was counted by hashing, and why the interval holds for the network that was not rounded."""
    surely, perhaps = (
        one and f"{'exactly' if one.exact else 'about'} {in_words(one.count)}"
        for one in (bracket.inside, bracket.outside)
    )
    inside = bracket.inside
    words = f"With weights rounded to multiples of 2⁻{str(bracket.bits).translate(SUPERSCRIPTS)}, {surely} circuits "
    words += "are right by more than rounding can change, so they are valid; "
    words += f"{perhaps} are not wrong by more than that" if perhaps else "the time was up before others were counted"
    words += ", and every valid one is among them" if perhaps else ""
    if bracket.n_counts:
        words += f". Each count that is not exact is within a factor of 1 + ε = {1 + inside.epsilon:g} "
        words += f"with probability 1 − δ = {1 - inside.delta:.0%}"
    return f"{words}. So the interval holds for the network as given"


def _listed(row: AnalysisRow, smallest: SmallestCircuits | None) -> str:
    """Say which of the valid circuits are listed where not all are."""
    if smallest is None or not smallest.masks:
        return f"{exact(row.circuits_listed)} drawn at random"
    how, n = "proved smallest" if smallest.proved else "the smallest found, not proved", len(smallest.masks)
    parts = [f"the {exact(n)} smallest ({how})" if n > 1 else f"the smallest ({how})"]
    if at_random := row.distributions.get("drawn"):
        parts.append(f"{exact(at_random)} drawn at random")
    elif others := row.circuits_listed - n:
        parts.append(f"{exact(others)} more of those drawn, the smaller ones first")
    return " and ".join(parts)


def _smallest(smallest: SmallestCircuits | None, part: str) -> str:
    """Say what is known of the fewest parts that a valid circuit has; "" where nothing was looked for."""
    if smallest is None:
        return ""
    fewest, up_to = smallest.n_edges, smallest.searched_up_to
    if fewest is None and smallest.proved:
        return "No circuit is valid; all were tried."
    none = f"no circuit with at most {noun(up_to, part)} is valid" if up_to > 0 else ""
    if fewest is None:
        return f"{none[0].upper()}{none[1:]}; larger ones were not all tried." if none else ""
    if smallest.proved:
        return f"The fewest {part}s of any valid circuit are {fewest}, exact: all smaller ones are ruled out."
    if not none:
        return f"The smallest valid circuit found has {noun(fewest, part)}; no size is ruled out."
    return f"The smallest valid circuit has {up_to + 1} to {fewest} {part}s, exact: {none}."
