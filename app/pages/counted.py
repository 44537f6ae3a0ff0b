"""How many explanations an analysis found, as objects have it, and in words how sure that is and how it was found."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from analysis.circuits.result import SmallestCircuits, certainty_of
from analysis.result_file import read_stops, stop_words
from app.db.distributions import smallest_in
from app.db.tables import AnalysisRow
from pluriscope.counts import Count, Counts, certainty_words
from pluriscope.figures.numbers import Bound, exact, interval, noun, readable


def counts_of(row: AnalysisRow) -> Counts:
    """How many there are of each kind, each number with how sure it is."""
    circuits: Bound = "exact" if row.circuits_method == "counted" or row.circuits_truncated_at is None else "at_least"
    if row.circuits_method == "listed" and row.circuits_truncated_at == 0:
        circuits = "unknown"
    whole = row.interpretations_complete and row.interpretations_truncated_at is None
    readings: Bound = "exact" if whole and row.circuits_truncated_at is None else "at_least"
    if not interpretations_counted(row) or (circuits != "exact" and not row.circuits_listed):
        readings = "unknown"
    if certainty_of(row.circuits_method) != "exact":
        valid = Count(row.circuits_valid, "about", row.circuits_low, row.circuits_high, row.circuits_confidence)
        readings = readings if row.circuits_listed else "unknown"
    else:
        valid = Count(row.circuits_valid, circuits)
    placed: Bound = "exact" if row.algorithms_truncated_at is None else "at_least"
    if _untried(row) or row.algorithms_truncated_at == 0:
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


def of_possible(row: AnalysisRow) -> Markup:
    """Of how many possible circuits valid ones are, and how sure their number is."""
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


def _untried(row: AnalysisRow) -> bool:
    """Whether there were too many sets of neurons to try any."""
    spread = row.distributions
    # before it was kept: nothing was aligned, no near miss is known, and yet the search was not exhaustive
    bare = row.algorithms_candidates > 0 == row.algorithms_aligned and not row.exhaustive
    return bool(spread.get("alignments_untried", bare and not spread["iia"]["counts"]))


def stops_of(row: AnalysisRow) -> str:
    """Which searches stopped at a limit, in words; "" if none did. Circuits that were counted did not stop."""
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


def interval_words(row: AnalysisRow) -> str:
    """The guaranteed interval, "" where there is none."""
    if row.circuits_low is None or row.circuits_high is None or row.circuits_confidence is None:
        return ""
    return f"{row.circuits_confidence * 100:g}% interval {interval(row.circuits_low, row.circuits_high)}, guaranteed"


def method_words(row: AnalysisRow) -> str:
    """How the number of valid circuits was found where they were not listed, and what the list then shows."""
    if row.circuits_method == "listed":
        return ""
    smallest = smallest_in(row.distributions)
    shown = f"The list shows {noun(row.circuits_listed, 'valid circuit')}"
    shown += f": {_listed(row, smallest)}. {_smallest(smallest)}" if drawn(row) else ", all of them."
    if row.circuits_method == "counted":
        words = f"Every possible circuit was judged: exactly {exact(row.circuits_valid)} are valid. {shown}"
    else:
        how = _HOW[row.circuits_method].format(noun(row.circuits_tested or 0, "circuit"))
        words = f"{how}; {interval_words(row)}. {shown}"
    return words.strip()


_HOW: Final = {
    "sampled": "From {} drawn uniformly from the possible ones",
    "hashed": "From a model counter on two formulas, one that valid circuits alone fulfil and one that all of them do",
}


def _listed(row: AnalysisRow, smallest: SmallestCircuits | None) -> str:
    """Which of the valid circuits are listed where not all are."""
    if smallest is None or not smallest.masks:
        return f"{exact(row.circuits_listed)} drawn at random"
    how, n = "proved smallest" if smallest.proved else "the smallest found, not proved", len(smallest.masks)
    parts = [f"the {exact(n)} smallest ({how})" if n > 1 else f"the smallest ({how})"]
    if at_random := row.distributions.get("drawn"):
        parts.append(f"{exact(at_random)} drawn at random")
    return " and ".join(parts)


def _smallest(smallest: SmallestCircuits | None) -> str:
    """What is known of the fewest edges that a valid circuit has; "" where nothing was looked for."""
    if smallest is None:
        return ""
    fewest, up_to = smallest.n_edges, smallest.searched_up_to
    if fewest is None and smallest.proved:
        return "No circuit is valid; all were tried."
    none = f"no circuit with at most {noun(up_to, 'edge')} is valid" if up_to else ""
    if fewest is None:
        return f"{none[0].upper()}{none[1:]}; larger ones were not all tried." if none else ""
    if smallest.proved:
        return f"The fewest edges of any valid circuit are {fewest}, exact: all smaller ones are ruled out."
    return f"The smallest valid circuit has {up_to + 1} to {fewest} edges, exact: {none or 'no size is ruled out'}."
