#!/bin/sh
# In shapiq's answer by SII, the Shapley interaction index, the entry of the empty set is not the value of the
# game without players: 5.83 where the game says 5, while baseline_value beside it is 5.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q shapiq==1.4.1
cd "$folder"
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import shapiq


class Both(shapiq.Game):
    """5, and 1 more for the first two players together, and 1 more for the third."""

    def value_function(self, coalitions):
        one = np.asarray(coalitions, dtype=float)
        return 5 + one[:, 0] * one[:, 1] + one[:, 2]


game = Both(n_players=3, normalize=False)
found = {index: shapiq.ExactComputer(game=game, n_players=3)(index=index, order=2) for index in ("SII", "k-SII")}
print("shapiq", version("shapiq"))
for index, values in found.items():
    print(f"{index}: of the empty set {values[()]:.4f}, baseline_value {values.baseline_value}")
assert abs(found["SII"][()] - (5 + 5 / 6)) < 1e-9 and abs(found["k-SII"][()] - 5) < 1e-9
assert found["SII"].baseline_value == 5
PY
