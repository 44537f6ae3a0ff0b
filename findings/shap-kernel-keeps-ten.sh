#!/bin/sh
# shap's KernelExplainer keeps ten inputs and gives 0 to the others unless l1_reg is set: of a sum of twelve
# inputs, whose Shapley values are the weights, two vanish and the rest takes over their share.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q shap==0.51.0
cd "$folder"
venv/bin/python - <<'PY'
import warnings

warnings.simplefilter("ignore")
import numpy as np
import shap

weights = np.arange(1, 13) / 10
explainer = shap.KernelExplainer(lambda rows: rows @ weights, np.zeros((1, 12)))
usual = explainer.shap_values(np.ones((1, 12)), silent=True)[0]
whole = explainer.shap_values(np.ones((1, 12)), silent=True, l1_reg=False)[0]
print("shap", shap.__version__)
print("by default:    ", usual.round(3).tolist())
print("l1_reg=False:  ", whole.round(3).tolist())
print("weights:       ", weights.tolist())
assert np.count_nonzero(np.abs(usual) > 1e-9) == 10 and np.abs(whole - weights).max() < 1e-6
assert abs(usual.sum() - weights.sum()) < 1e-6
PY
