"""A study in small: the first measure that is a number, for cards, embeddings and previews."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.studies.design import Factor
from analysis.studies.summary import Group, StudySummary
from app.db.study_summaries import summary_row
from app.db.study_tables import StudyRow
from app.figures.svg.spreads import strips_drawing
from app.pages.studies.figures import protocol_named, x_title_of
from app.pages.studies.stored import read_summary, summary_key
from app.pages.studies.strips import value_text
from app.pages.studies.views import Sketch, SketchGroup, StudyPage
from app.recent import Recent

_DOTS: Final = 60
_DOTS_IN_LISTS: Final = 20
_GROUPS: Final = 8
_KEPT: Final = Recent[Sketch](500)


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


def sketch_for_lists(session: Session, row: StudyRow) -> Sketch:
    """The sketch of a study among others. Summaries that are read for this alone are not kept: there may be hundreds,
    and some are of ten thousand networks.
    """
    stored = summary_row(session, row.id)

    def drawn() -> Sketch:
        summary = read_summary(row, stored)
        return sketch_of(summary, protocol_named(summary.design, ""), None, _DOTS_IN_LISTS)

    return _KEPT.of(summary_key(row, stored), drawn)


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
