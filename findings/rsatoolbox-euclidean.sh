#!/bin/sh
# In rsatoolbox the dissimilarity "euclidean" is the squared distance divided by the number of channels: a
# neuron that is 0 throughout, put beside the others, changes it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rsatoolbox==0.3.2
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import rsatoolbox

rows = np.array([[0.0, 0.0], [3.0, 4.0]])


def apart(values):
    found = rsatoolbox.rdm.calc_rdm(rsatoolbox.data.Dataset(values), method="euclidean")
    return float(found.dissimilarities[0, 0])


padded = np.concatenate([rows, np.zeros((2, 2))], axis=1)
print("rsatoolbox", version("rsatoolbox"))
print("of (0, 0) and (3, 4), 5 apart:", apart(rows), "; with two more channels that are 0:", apart(padded))
assert (apart(rows), apart(padded)) == (12.5, 6.25)
PY
