"""What giving a study another name would do, shown before it is done."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.errors import InvalidStudy
from analysis.network_files.files import slug_of
from analysis.strict_json import plain_text
from app.addressing import Addresses
from app.db.errors import Conflict
from app.db.studies import MAX_SLUG, check_study_rename
from app.db.study_tables import FormerStudySlugRow, StudyRow
from app.options import Options, PageModel
from app.pages.studies.stored import open_study
from pluriscope.blocks import Action, Block, Form, Head, Notice, Prose, Section


class StudyRenameOptions(Options):
    """Options of the page."""

    name: str = Field("", max_length=200, description="The name that it is to have; empty for the present one.")
    slug: str = Field(
        "",
        max_length=80,
        description="The slug that it is to have; empty for one made of a new name.",
    )


class StudyRenamePage(PageModel):
    """A study, the name and slug that it is to have, and what stands in the way."""

    slug: str
    name: str
    digest: str
    asked: StudyRenameOptions = Field(
        description="Name and slug that it is to have, filled in; empty if nothing is asked."
    )
    refusal: str = Field(description="Why it cannot have these; empty if it can.")
    former: list[str] = Field(description="Slugs that it had before, last first; all of these lead to it.")
    study_url: str
    url: str = Field(description="POST `name` and `slug` here to rename it; programs POST under /api/v1.")

    @property
    def ready(self) -> bool:
        """Whether nothing but a yes is missing."""
        changed = (self.asked.name, self.asked.slug) != (self.name, self.slug)
        return bool(self.asked.slug) and not self.refusal and changed


def build_study_rename(
    session: Session, addresses: Addresses, study: str, options: StudyRenameOptions
) -> StudyRenamePage:
    """The page that an address names.

    Raises:
        NotFound: no such study.
        Gone: it was deleted.
        Moved: it had that slug once.
    """
    row = open_study(session, addresses, study)
    asked, refusal = StudyRenameOptions(), ""
    if options.name.strip() or options.slug.strip():
        try:
            name, slug = wanted_names(row, options)
            asked = StudyRenameOptions(name=name, slug=slug)
            check_study_rename(session, row, slug)
        except (Conflict, InvalidStudy) as problem:
            refusal = str(problem)
    mine = select(FormerStudySlugRow.slug).where(FormerStudySlugRow.study_id == row.id)
    return StudyRenamePage.showing(
        row,
        asked=asked,
        refusal=refusal,
        former=list(session.scalars(mine.order_by(FormerStudySlugRow.retired_at.desc(), FormerStudySlugRow.slug))),
        study_url=addresses.study(row.slug),
        url=addresses.study_action(row.slug, "rename"),
    )


def wanted_names(row: StudyRow, options: StudyRenameOptions) -> tuple[str, str]:
    """Name and slug that a study is to have: what is left out is the present name, and the slug made of a new name.

    Raises:
        InvalidStudy: the name holds what no line of text may.
    """
    name = plain_text(options.name or row.name, "name", InvalidStudy)
    made = row.slug if name == row.name else slug_of(name)[:MAX_SLUG].strip("-")
    return name, options.slug.strip() or made or row.slug


class NewNames(BaseModel):
    """The form of the page."""

    name: str = Field(title="Name", max_length=200, json_schema_extra={"autocomplete": "off"})
    slug: str = Field(
        "",
        title="Slug",
        max_length=60,
        description="Lower-case letters, digits and hyphens; empty for one made of a new name.",
        json_schema_extra={"autocomplete": "off"},
    )


def study_renaming(page: StudyRenamePage, addresses: Addresses) -> Iterator[Block]:
    """What another name would do, and the button that does it."""
    called = Markup(
        "In addresses it is called <code>{}</code>. Its identity is the digest of its design, <code>{}</code>, which "
        "stays; so do its outcomes."
    )
    asked = page.asked
    yield Head(f"Rename {page.name}", called.format(page.slug, page.digest))
    values = {"name": asked.name or page.name, "slug": asked.slug}
    yield Form(NewNames, page.url, "See what changes", values, changes=False, cancel=page.study_url)
    if page.refusal:
        yield Notice("Not possible", page.refusal, state="refused")
    elif asked.slug and not page.ready:
        yield Notice("Nothing changes", "It has this name and this slug already.")
    elif page.ready:
        fields = {"name": asked.name, "slug": asked.slug}
        yield Section(asked.name, action=Action("Rename", page.url, primary=True, changes=True, fields=fields))
        moves = "- Its address stays.\n"
        if asked.slug != page.slug:
            moves = (
                f"- Its pages move to `{addresses.study(asked.slug)}`.\n- Every address with `{page.slug}` redirects, "
                "with everything below it; no other study can have that slug.\n"
            )
        yield Prose(f"{moves}- Renaming it back undoes this.", glossary=False)
    if page.former:
        yield Section("Its other slugs", "Old links redirect.")
        yield Prose("\n".join(f"- `{slug}`" for slug in page.former), glossary=False)
