"""Networks as marks: each a dot, a group of them a strip with quartiles, a share a bar."""

from __future__ import annotations

from analysis.studies.design import StudyDesign
from analysis.studies.summary import Group, Point
from app.figures.numbers import exact
from app.figures.studies import BarMark, Dot, Strip
from pluriscope.naming import protocol_key


def strip_of(group: Group) -> Strip:
    """A group under a measure of numbers."""
    spread = group.spread
    dots = tuple(Dot(float(_number(point)), not point.exact) for point in group.points)
    return Strip(group.label, dots, spread.lower, spread.median, spread.upper, _missing(group))


def _number(point: Point) -> float:
    return point.value if isinstance(point.value, (int, float)) else 0


def _missing(group: Group) -> str:
    left = [f"{group.failed} failed"] if group.failed else []
    left += [f"{group.silent} n/a"] if group.silent else []
    return ", ".join(left)


def protocol_in_addresses(design: StudyDesign, name: str) -> str:
    """How addresses of networks name a study's protocol."""
    return next(protocol_key(protocol) for protocol in design.protocols if protocol.name == name)


def value_text(value: float) -> str:
    """A number for people: integers with separators, others to four digits."""
    if isinstance(value, int) or float(value).is_integer():
        return exact(int(value))
    return f"{value:,.4g}"


def yes_bar(group: Group) -> BarMark:
    """A group under a measure of yes and no, with Wilson's interval."""
    share = group.yes
    value = share.value
    words = f"{group.label}: {share.hits:,} of {share.of:,}"
    if value is not None and share.low is not None and share.high is not None:
        words += f" ({value:.1%}, 95% interval {share.low:.1%} to {share.high:.1%})"
    if group.failed:
        words += f"; {group.failed:,} of {group.of:,} networks failed"
    return BarMark(group.label, value or 0.0, share.low, share.high, words)
