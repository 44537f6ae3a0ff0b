#!/bin/sh
# Captum's Lime fits by a lasso with a penalty of .01, so its scores depend on the unit of the output: a
# linear function with slopes .05 and -.02 gets .011 and 0, the same in a unit of a hundredth nearly its
# slopes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 captum==0.9.0 scikit-learn==1.9.1
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

import torch
from captum.attr import Lime

slopes, row = torch.tensor([0.05, -0.02]), torch.ones(1, 2)


def scores(unit):
    torch.manual_seed(0)
    return (Lime(lambda rows: unit * (rows @ slopes)).attribute(row, n_samples=1000)[0] / unit).tolist()


plain, finer = scores(1.0), scores(100.0)
print("captum", version("captum"), "torch", torch.__version__)
print("slopes:", slopes.tolist(), "; scores:", plain, "; scores of 100 times the function, divided by 100:", finer)
assert plain[1] == 0 and plain[0] < 0.02 and abs(finer[0] - 0.05) < 0.002 and abs(finer[1] + 0.02) < 0.002
PY
