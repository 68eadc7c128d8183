"""How far size, frame rate, length and codec alone tell films apart: what no detector may live on.

Generated clips have other rates and sizes than camera clips, so every figure of a detector of films
is stated beside this one, on the same clips.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from detectors.bench.metrics import Metrics, Sample, measure

NUMBERS: Final = ("width", "height", "fps", "seconds")
FOLDS: Final = 5
SOURCES, CLIPS = "source_repo", "path"
"""What is kept out of training: the whole source of a clip, or the clip with its pair alone."""


def alone(manifest: Path, synthetic: Mapping[str, bool], held_out: str) -> Metrics:
    """Figures of a balanced logistic regression on the metadata of a manifest's clips.

    `synthetic` names the clips by path; `held_out` is `SOURCES` or `CLIPS`. Raises `ValueError`
    where the training part of a fold lacks a class.
    """
    with manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"] in synthetic]
    numbers = np.log([[float(row[column]) for column in NUMBERS] for row in rows])
    codecs = sorted({row["codec"] for row in rows})
    coded = [[row["codec"] == codec for codec in codecs] for row in rows]
    features = np.hstack([numbers, np.array(coded, np.float64)])
    classes = np.array([synthetic[row["path"]] for row in rows])
    groups = [row[SOURCES] if held_out == SOURCES else row["pair"] or row["path"] for row in rows]
    raw = np.empty(len(rows))
    if held_out == SOURCES:
        names = np.array(groups)
        folds = [(names != name, names == name) for name in sorted(set(groups))]
    else:
        split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
        folds = list(split.split(features, classes, groups))
    for kept, out in folds:
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
        raw[out] = model.fit(features[kept], classes[kept]).decision_function(features[out])
    return measure(Sample(synthetic=classes, raw=raw, ratio=raw / math.log(10)))
