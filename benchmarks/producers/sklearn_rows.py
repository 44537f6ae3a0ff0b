"""scikit-learn, skops and skl2onnx."""

import json
import pickle

import joblib
import numpy as np
import skops.io
from made import INPUTS, LOGIT, Row, produce
from skl2onnx import to_onnx
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEEN = INPUTS * 2 - 0.25


def fitted(made, kind=MLPClassifier):
    """A model whose weights are those given."""
    target = (SEEN > 0.5)[:, : len(made[3])] * (1 if kind is MLPClassifier else 1.0)
    net = kind(hidden_layer_sizes=(len(made[1]),), activation="tanh", max_iter=1, random_state=0)
    net.fit(SEEN, target if target.shape[1] > 1 else target[:, 0])
    net.coefs_, net.intercepts_ = [made[0].T.astype(float), made[2].T.astype(float)], [made[1], made[3]]
    return net


def piped(made):
    return make_pipeline(StandardScaler().fit(SEEN), fitted(made))


def searched(made):
    search = GridSearchCV(MLPClassifier((len(made[1]),), max_iter=1), {"alpha": [0.1]}, cv=2)
    search.fit(np.repeat(SEEN, 4, 0), np.repeat((net := fitted(made)).predict(SEEN), 4, 0))
    search.best_estimator_ = net
    return search


def by(write, make_model=fitted):
    def make(path, made):
        write(net := make_model(made), path)
        if isinstance(net, MLPRegressor):
            return net.predict(INPUTS).reshape(4, -1)
        return net.predict_proba(INPUTS)[:, 1 if len(made[3]) == 1 else 0 :]

    return make


def as_json(net, path):
    said = {"coefs_": [w.tolist() for w in net.coefs_], "intercepts_": [b.tolist() for b in net.intercepts_]}
    path.write_text(json.dumps({**said, "activation": net.activation, "out_activation_": net.out_activation_}))


def graph(net, path):
    options = {} if isinstance(net, MLPRegressor) else {"options": {"zipmap": False}}
    path.write_bytes(to_onnx(net, INPUTS, **options).SerializeToString())


JOBLIB, OTHER = {"file": "net.joblib", "named": "joblib"}, {"file": "net.onnx", "named": "label"}
SKLEARN = {
    "joblib": Row("scikit-learn", "joblib", make=by(joblib.dump), **JOBLIB),
    "search": Row("scikit-learn", "a search", make=by(joblib.dump, searched), **JOBLIB),
    "pipeline": Row("scikit-learn", "a pipeline", make=by(joblib.dump, piped), **JOBLIB),
    "pickle": Row(
        "scikit-learn", "pickle", "net.pkl", by(lambda net, path: path.write_bytes(pickle.dumps(net))), named="scikit"
    ),
    "sklearn-json": Row("scikit-learn", "JSON as above", "net.json", by(as_json)),
    "skops": Row("skops", "classifier", "net.skops", by(skops.io.dump), named="skops"),
    "skl2onnx": Row("skl2onnx", "classifier", make=by(graph), **OTHER),
    "skl2onnx-pipeline": Row("skl2onnx", "pipeline", make=by(graph, piped), **OTHER),
    "skl2onnx-regressor": Row(
        "skl2onnx", "regressor", "net.onnx", by(graph, lambda made: fitted(made, MLPRegressor)), LOGIT
    ),
}

if __name__ == "__main__":
    produce(SKLEARN)
