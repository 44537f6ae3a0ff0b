"""Every lens, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

from typing import Final

from analysis.lenses.attribution_patching import ATTRIBUTION_PATCHING
from analysis.lenses.das import DAS
from analysis.lenses.direct_attribution import DIRECT_ATTRIBUTION
from analysis.lenses.feature_pictures import FEATURE_PICTURES
from analysis.lenses.gradient_corners import GRADIENT_CORNERS
from analysis.lenses.integrated_gradients import INTEGRATED_GRADIENTS
from analysis.lenses.labels import LABELS
from analysis.lenses.lens import Lens
from analysis.lenses.lime import LIME
from analysis.lenses.logit_lens import AFFINE_LENS, LOGIT_LENS
from analysis.lenses.patching import PATCHING_TABLE, PATH_PATCHING
from analysis.lenses.probes import PROBES
from analysis.lenses.response_fields import RESPONSE_FIELDS
from analysis.lenses.roles import ROLES_LENS
from analysis.lenses.sae import SAE
from analysis.lenses.shapley import SHAPLEY
from analysis.lenses.sparsity import SPARSITY
from analysis.lenses.superposition import SUPERPOSITION

LENSES: Final[tuple[Lens, ...]] = (
    SHAPLEY,
    INTEGRATED_GRADIENTS,
    GRADIENT_CORNERS,
    LIME,
    PROBES,
    PATCHING_TABLE,
    PATH_PATCHING,
    ATTRIBUTION_PATCHING,
    RESPONSE_FIELDS,
    FEATURE_PICTURES,
    LABELS,
    SAE,
    DAS,
    DIRECT_ATTRIBUTION,
    LOGIT_LENS,
    AFFINE_LENS,
    ROLES_LENS,
    SUPERPOSITION,
    SPARSITY,
)
LENS_BY_KEY: Final = {lens.key: lens for lens in LENSES}
