#!/bin/sh
# A background that is given to shap.Explainer as an array is cut to 100 of its rows without a word. The base
# value, called the expected value, is no longer the mean over the rows given.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q shap==0.51.0
cd "$folder"
venv/bin/python - <<'PY'
import contextlib
import io

import numpy as np
import shap

rows = np.linspace(0.0, 1.0, 1000)[:, None]


def base(masker):
    with contextlib.redirect_stderr(io.StringIO()):
        return float(shap.Explainer(lambda some: some[:, 0], masker)(rows[:1]).base_values[0])


usual, whole = base(rows), base(shap.maskers.Independent(rows, max_samples=len(rows)))
kept = len(shap.maskers.Independent(rows).data)
print("shap", shap.__version__)
print(f"mean of 1000 rows: {rows.mean():.6f}; base value: {usual:.6f}, of {kept} rows; with max_samples=1000: {whole:.6f}")
assert kept == 100 and abs(usual - rows.mean()) > 1e-3 and abs(whole - rows.mean()) < 1e-9
PY
