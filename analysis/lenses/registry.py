"""Every lens, in the order in which pages and documents list them: one line for each way in which it is asked."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.lenses.attribution_patching import ATTRIBUTION_PATCHING
from pluriscope.analysis.lenses.das import DAS, DAS_ON_SITES
from pluriscope.analysis.lenses.direct_attribution import DIRECT_ATTRIBUTION
from pluriscope.analysis.lenses.feature_pictures import FEATURE_PICTURES
from pluriscope.analysis.lenses.feature_structure import FEATURE_STRUCTURE
from pluriscope.analysis.lenses.gradient_corners import GRADIENT_CORNERS
from pluriscope.analysis.lenses.head_matrices import HEAD_MATRICES
from pluriscope.analysis.lenses.integrated_gradients import INTEGRATED_GRADIENTS
from pluriscope.analysis.lenses.labels import LABELS
from pluriscope.analysis.lenses.lime import LIME, LIME_ON_SITES
from pluriscope.analysis.lenses.logit_lens import AFFINE_LENS, LOGIT_LENS
from pluriscope.analysis.lenses.magnitude_codes import MAGNITUDE_CODES
from pluriscope.analysis.lenses.patching import PATCHING_TABLE, PATH_PATCHING
from pluriscope.analysis.lenses.preferred_inputs import PREFERRED_INPUTS
from pluriscope.analysis.lenses.probes import PROBES
from pluriscope.analysis.lenses.response_fields import RESPONSE_FIELDS
from pluriscope.analysis.lenses.roles import ROLES_LENS
from pluriscope.analysis.lenses.sae import SAE, SAE_ON_SITES
from pluriscope.analysis.lenses.shapley import SHAPLEY, SHAPLEY_ON_SITES
from pluriscope.analysis.lenses.site_attribution import ATTRIBUTION_PATCHING_ON_SITES
from pluriscope.analysis.lenses.site_patching import PATCHING_TABLE_ON_SITES, PATH_PATCHING_ON_SITES
from pluriscope.analysis.lenses.site_probes import PROBES_ON_SITES
from pluriscope.analysis.lenses.sparse_probes import SPARSE_PROBES
from pluriscope.analysis.lenses.sparsity import SPARSITY
from pluriscope.analysis.lenses.superposition import SUPERPOSITION
from pluriscope.analysis.lenses.token_gradients import INTEGRATED_GRADIENTS_ON_SITES
from pluriscope.analysis.method import Registry, records

LENSES: Final = Registry(
    "lens",
    records(
        "lenses",
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
    ),
)
