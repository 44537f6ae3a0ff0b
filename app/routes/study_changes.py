"""Deleting studies with confirmation and undo, and renaming them without breaking links."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Body, Request
from fastapi.responses import RedirectResponse

from app.addressing import API_PREFIX
from app.db.studies import rename_study
from app.error_answers import api_errors
from app.jobs.deletion import delete_study, purge_beside, restore_study
from app.limits import undo_days_in
from app.pages.delete import StudyRemovalPage, build_study_removal, removal_of, study_removal
from app.pages.studies.renaming import (
    StudyRenameOptions,
    StudyRenamePage,
    build_study_rename,
    study_renaming,
    wanted_names,
)
from app.pages.studies.stored import open_study
from app.routes.changes import Writing
from app.routes.depends import Form, Links
from app.routes.page import Page, add_page

router = APIRouter()
_API = f"{API_PREFIX}/studies/{{study}}"


add_page(
    router,
    Page(
        "/studies/{study}/delete",
        build_study_removal,
        "study_delete",
        "studies",
        "What deleting a study does",
        "What would be deleted, or until when a deletion can be undone.",
        blocks=study_removal,
    ),
    Page(
        "/studies/{study}/rename",
        build_study_rename,
        "study_rename",
        "studies",
        "What renaming a study would do",
        "Whether a study may have a name and a slug, and what it was called before.",
        errors=(400, 404, 410),
        blocks=study_renaming,
    ),
)


@router.post("/studies/{study}/delete", include_in_schema=False)
def delete_from_form(
    request: Request, session: Writing, links: Links, study: str, later: BackgroundTasks
) -> RedirectResponse:
    """The confirmation: on to the page that offers to undo it."""
    page = delete(request, session, links, study, later)
    return RedirectResponse(page.url, status_code=303)


@router.delete(_API, tags=["studies"], summary="Delete a study", responses=api_errors(403, 404))
def delete(request: Request, session: Writing, links: Links, study: str, later: BackgroundTasks) -> StudyRemovalPage:
    """Delete a study with its outcomes; for some days that can be undone. Its work is cancelled.

    Networks that are here as its outcomes and nothing else keep their pages as long as that can be undone.
    """
    row = open_study(session, links, study, deleted=True)
    delete_study(session, row)
    later.add_task(purge_beside, request.app.state.store, undo_days_in(session))
    return removal_of(session, links, row)


@router.post("/studies/{study}/restore", include_in_schema=False)
def restore_from_form(session: Writing, links: Links, study: str) -> RedirectResponse:
    """Back to the study's page."""
    return RedirectResponse(restore(session, links, study).study_url, status_code=303)


@router.post(f"{_API}/restore", tags=["studies"], summary="Undo a deletion", responses=api_errors(403, 404))
def restore(session: Writing, links: Links, study: str) -> StudyRemovalPage:
    """Bring a deleted study back; if it was running, it goes on."""
    row = open_study(session, links, study, deleted=True)
    restore_study(session, row)
    return removal_of(session, links, row)


@router.post("/studies/{study}/rename", include_in_schema=False)
def rename_from_form(session: Writing, links: Links, study: str, form: Form) -> RedirectResponse:
    """The same from the page's form: on to the study under its new slug."""
    sent = StudyRenameOptions(name=str(form.get("name") or "")[:200], slug=str(form.get("slug") or "")[:80])
    return RedirectResponse(rename(session, links, study, sent).study_url, status_code=303)


@router.post(
    f"{_API}/rename", tags=["studies"], summary="Rename a study", responses=api_errors(403, 404, 409, 410, 422)
)
def rename(session: Writing, links: Links, study: str, sent: Annotated[StudyRenameOptions, Body()]) -> StudyRenamePage:
    """Give a study another name and slug. Addresses with the former slug redirect for as long as the study is here."""
    row = open_study(session, links, study)
    rename_study(session, row, *wanted_names(row, sent))
    return build_study_rename(session, links, row.slug, StudyRenameOptions())
