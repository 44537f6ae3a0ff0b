"""Every lens from here, in the order in which pages list them: one line for each way in which it is asked."""

from __future__ import annotations

from typing import Final

from pluriscope_methods.lenses.attribution_patching import ATTRIBUTION_PATCHING
from pluriscope_methods.lenses.das import DAS, DAS_ON_SITES
from pluriscope_methods.lenses.direct_attribution import DIRECT_ATTRIBUTION
from pluriscope_methods.lenses.feature_pictures import FEATURE_PICTURES
from pluriscope_methods.lenses.feature_structure import FEATURE_STRUCTURE
from pluriscope_methods.lenses.gradient_corners import GRADIENT_CORNERS
from pluriscope_methods.lenses.head_matrices import HEAD_MATRICES
from pluriscope_methods.lenses.integrated_gradients import INTEGRATED_GRADIENTS
from pluriscope_methods.lenses.labels import LABELS
from pluriscope_methods.lenses.lime import LIME, LIME_ON_SITES
from pluriscope_methods.lenses.logit_lens import AFFINE_LENS, LOGIT_LENS
from pluriscope_methods.lenses.magnitude_codes import MAGNITUDE_CODES
from pluriscope_methods.lenses.patching import PATCHING_TABLE, PATH_PATCHING
from pluriscope_methods.lenses.preferred_inputs import PREFERRED_INPUTS
from pluriscope_methods.lenses.probes import PROBES
from pluriscope_methods.lenses.response_fields import RESPONSE_FIELDS
from pluriscope_methods.lenses.roles import ROLES_LENS
from pluriscope_methods.lenses.sae import SAE, SAE_ON_SITES
from pluriscope_methods.lenses.shapley import SHAPLEY, SHAPLEY_ON_SITES
from pluriscope_methods.lenses.site_attribution import ATTRIBUTION_PATCHING_ON_SITES
from pluriscope_methods.lenses.site_patching import PATCHING_TABLE_ON_SITES, PATH_PATCHING_ON_SITES
from pluriscope_methods.lenses.site_probes import PROBES_ON_SITES
from pluriscope_methods.lenses.sparse_probes import SPARSE_PROBES
from pluriscope_methods.lenses.sparsity import SPARSITY
from pluriscope_methods.lenses.superposition import SUPERPOSITION
from pluriscope_methods.lenses.token_gradients import INTEGRATED_GRADIENTS_ON_SITES

EVERY: Final = (
    SHAPLEY,
    SHAPLEY_ON_SITES,
    INTEGRATED_GRADIENTS,
    INTEGRATED_GRADIENTS_ON_SITES,
    GRADIENT_CORNERS,
    LIME,
    LIME_ON_SITES,
    PROBES,
    PROBES_ON_SITES,
    SPARSE_PROBES,
    PATCHING_TABLE,
    PATCHING_TABLE_ON_SITES,
    PATH_PATCHING,
    PATH_PATCHING_ON_SITES,
    ATTRIBUTION_PATCHING,
    ATTRIBUTION_PATCHING_ON_SITES,
    RESPONSE_FIELDS,
    FEATURE_PICTURES,
    PREFERRED_INPUTS,
    LABELS,
    SAE,
    SAE_ON_SITES,
    DAS,
    DAS_ON_SITES,
    DIRECT_ATTRIBUTION,
    LOGIT_LENS,
    AFFINE_LENS,
    ROLES_LENS,
    HEAD_MATRICES,
    FEATURE_STRUCTURE,
    MAGNITUDE_CODES,
    SUPERPOSITION,
    SPARSITY,
)
