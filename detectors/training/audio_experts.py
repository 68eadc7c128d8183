"""Fit the two audio experts that learn from fixed features: boosted trees and a kernel machine."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import linalg
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from detectors.audio.boosting import Forest
from detectors.audio.condition import CONDITIONS, ConditionModel
from detectors.audio.kernel import KernelMachine, gaussian

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

TREES: Final = 160
LEAVES: Final = 12
RATE: Final = 0.08
COMPONENTS: Final = 320
RIDGE: Final = 1.0
_LIGHTEST, _HEAVIEST = 0.3, 3.0  # of the weights of single views
_UNPAIRED: Final = 0.7  # weight of a source that holds one class only


def page_weights(source: npt.NDArray[np.str_], synthetic: Bools) -> Floats:
    """Weights that make both classes equally heavy within every source, shape (views,).

    What separates the classes of one page is how the speech was made; what separates pages is
    microphones, codecs and speakers. Sources of one class only count less.
    """
    weights = np.full(source.size, _UNPAIRED)
    for name in np.unique(source):
        own = source == name
        count = np.array([np.sum(own & ~synthetic), np.sum(own & synthetic)])
        if count.all():
            weights[own] = (count.sum() / 2 / count)[synthetic[own].astype(int)]
    return np.asarray(np.clip(weights, _LIGHTEST, _HEAVIEST), np.float32)


def fit_forest(rows: Floats, synthetic: Bools, weights: Floats, *, seed: int) -> Forest:
    """Gradient boosting on statistics, each split looking at a tenth of the features."""
    model = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        l2_regularization=5.0,
        max_features=0.1,
        class_weight="balanced",
        early_stopping=False,
        random_state=seed,
    ).fit(rows, synthetic, sample_weight=weights)
    return _exported(model)


def _exported(model: HistGradientBoostingClassifier) -> Forest:
    """The fitted trees as arrays (scikit-learn keeps one record of nodes for each tree)."""
    trees: list[Any] = [stage[0].nodes for stage in model._predictors]
    size = max(nodes.size for nodes in trees)

    def column(name: str, dtype: type) -> npt.NDArray[Any]:
        return np.stack([np.pad(nodes[name], (0, size - nodes.size)) for nodes in trees]).astype(
            dtype
        )

    leaf = column("is_leaf", bool)
    own = np.broadcast_to(np.arange(size, dtype=np.int32), leaf.shape)
    return Forest(
        feature=np.where(leaf, 0, column("feature_idx", np.int32)).astype(np.int32),
        threshold=np.where(leaf, 0, column("num_threshold", np.float64)).astype(np.float32),
        left=np.where(leaf, own, column("left", np.int32)).astype(np.int32),
        right=np.where(leaf, own, column("right", np.int32)).astype(np.int32),
        value=np.where(leaf, column("value", np.float64), 0).astype(np.float32),
        baseline=np.asarray(model._baseline_prediction, np.float32).reshape(1),
        depth=np.asarray([max(int(nodes["depth"].max()) for nodes in trees)], np.int32),
    )


def fit_machine(rows: Floats, synthetic: Bools, weights: Floats, *, seed: int) -> KernelMachine:
    """Kernel ridge regression with a Gaussian kernel on principal components of features.

    Every row is a vector of the machine; the classes are equally heavy.
    """
    mean, scale = rows.mean(0), rows.std(0) + np.float32(1e-6)
    scaled = (rows - mean) / scale
    basis = PCA(COMPONENTS, svd_solver="randomized", random_state=seed).fit(scaled)
    components = _halved(basis.components_.T)
    vectors = _halved(scaled @ components)
    gamma = 1.0 / (COMPONENTS * float(vectors.var()))
    share = np.where(synthetic, synthetic.mean(), 1 - synthetic.mean())
    importance = weights / (2 * share)
    wanted = np.where(synthetic, 1.0, -1.0)
    bias = np.average(wanted, weights=importance)
    kernel = gaussian(vectors, vectors, gamma)
    kernel[np.diag_indices_from(kernel)] += (RIDGE / importance).astype(np.float32)
    solution = linalg.solve(
        kernel,
        (wanted - bias).astype(np.float32),
        assume_a="pos",
        overwrite_a=True,
        check_finite=False,
    )
    return KernelMachine(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        components=components,
        vectors=vectors,
        weights=solution.astype(np.float32),
        gamma=np.asarray([gamma], np.float32),
        bias=np.asarray([bias], np.float32),
    )


def _halved(values: Floats) -> Floats:
    """In the precision of a file."""
    return np.asarray(values.astype(np.float16), np.float32)


def fit_conditions(rows: Floats, view: npt.NDArray[np.str_]) -> ConditionModel:
    """Tell the conditions apart on statistics of both classes, so that none is held for another.

    On real speech alone the clean copies of synthetic speech looked like Opus to it.
    """
    mean, scale = rows.mean(0), rows.std(0) + np.float32(1e-6)
    model = LogisticRegression(C=0.02, max_iter=300).fit((rows - mean) / scale, view)
    order = [list(model.classes_).index(name) for name in CONDITIONS]
    return ConditionModel(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        weights=model.coef_[order].T.astype(np.float32),
        bias=model.intercept_[order].astype(np.float32),
    )
