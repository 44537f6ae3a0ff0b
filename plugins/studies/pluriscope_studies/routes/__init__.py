"""All addresses of studies, findings and the paper."""

from fastapi import APIRouter

from pluriscope_studies.routes import findings, studies

router = APIRouter()
router.routes.extend((*studies.router.routes, *findings.router.routes))
