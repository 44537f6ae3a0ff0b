#!/bin/sh
# A .nnet file holds means and ranges by which inputs and outputs are scaled. Marabou's read_nnet leaves them
# out unless asked, so what is verified is another function than the file's.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q maraboupy==2.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from maraboupy import Marabou

lines = ["// ReLU(a) + ReLU(b) of two scaled inputs", "2,2,1,2,", "2,2,1,", "0,", "-10,-10,", "10,10,"]
lines += ["1,0,2,", "2,1,10,"]  # means and ranges of both inputs and the output
lines += ["1,0,", "0,1,", "0,", "0,", "1,1,", "0,", ""]
with open("one.nnet", "w") as file:
    file.write("\n".join(lines))
row = np.array([[3.0, 1.0]])
usual = float(Marabou.read_nnet("one.nnet").evaluateWithMarabou(row)[0][0, 0])
scaled = float(Marabou.read_nnet("one.nnet", normalize=True).evaluateWithMarabou(row)[0][0, 0])
by_hand = 10 * (max(0, (3 - 1) / 2) + max(0, (1 - 0) / 1)) + 2
print("maraboupy", version("maraboupy"))
print(f"of (3, 1): read_nnet {usual}, with normalize=True {scaled}, by the file {by_hand}")
assert abs(usual - 4) < 1e-6 and abs(scaled - by_hand) < 1e-6 and by_hand == 22
PY
