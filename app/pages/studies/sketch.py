"""A study in small: the first measure that is a number, for cards, embeddings and previews."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from analysis.studies.design import Factor
from analysis.studies.summary import Group, StudySummary
from app.figures.svg.spreads import strips_drawing
from app.pages.studies.figures import x_title_of
from app.pages.studies.strips import value_text
from app.pages.studies.views import Sketch, SketchGroup, StudyPage

_DOTS: Final = 60
_GROUPS: Final = 8


def sketch_of(summary: StudySummary, protocol: str, by: Factor | None, dots: int = _DOTS) -> Sketch:
    """The sketch of a study: dots of the first networks of its first groups, quartiles of all."""
    numeric = [measure for measure in summary.measures.values() if measure.numeric]
    lines = [(measure.label, _median_words(summary.groups(measure.key, protocol, by))) for measure in numeric[:3]]
    if not numeric:
        return Sketch(title="", x_title=x_title_of(summary.design, by), log=False, groups=[], lines=lines)
    groups = summary.groups(numeric[0].key, protocol, by)[:_GROUPS]
    return Sketch(
        title=numeric[0].label,
        x_title=x_title_of(summary.design, by),
        log=numeric[0].log,
        groups=[_group(group, dots) for group in groups],
        lines=lines,
    )


def sketch_drawing(page: StudyPage) -> Markup:
    """The sketch as a drawing."""
    sketch = page.sketch
    sentence = f"{sketch.title or 'Networks'} in the study {page.name}"
    return strips_drawing(
        sketch.strips, y_title=sketch.title, x_title=sketch.x_title, sentence=sentence, log=sketch.log
    )


def _group(group: Group, dots: int) -> SketchGroup:
    spread = group.spread
    return SketchGroup.showing(
        spread,
        label=group.label,
        values=[float(value) for value in group.numbers[:dots]],
    )


def _median_words(groups: tuple[Group, ...]) -> str:
    told = [f"{value_text(m)} ({group.label})" for group in groups[:3] if (m := group.spread.median) is not None]
    return "median " + ", ".join(told) if told else "none yet"
