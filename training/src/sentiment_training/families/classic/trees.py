"""A random forest as plain arithmetic: all trees are walked together, one level at a time.

ONNX has an operator for trees, but its nodes may point in a circle, and then it never ends; here the number
of steps is written into the graph. A leaf points to itself, so short paths wait there.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper
from sklearn.ensemble import RandomForestClassifier

from sentiment_training.graph_writing import Constants

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, end to end.

    Attributes
    ----------
    feature
        Which feature a node compares; 0 in a leaf. Shape (nodes,).
    value
        An inner node's threshold, a leaf's probability of *positive*. Shape (nodes,).
    children
        Where to go if the feature is at most the threshold, and where else: 2·node and 2·node + 1.
        Shape (2·nodes,).
    roots
        Shape (trees,).
    depth
        Steps from a root to the furthest leaf.
    """

    feature: npt.NDArray[np.int32]
    value: npt.NDArray[np.float32]
    children: npt.NDArray[np.int32]
    roots: IntArray
    depth: int

    @classmethod
    def of(cls, forest: RandomForestClassifier) -> "Trees":
        """Copy what scikit-learn has grown."""
        features, values, children, roots = [], [], [], []
        offset = 0
        for each in forest.estimators_:
            tree = each.tree_
            itself = np.arange(tree.node_count)
            leaf = tree.children_left < 0
            shares = tree.value[:, 0, :]
            probability = shares[:, -1] / shares.sum(axis=1)
            features.append(np.where(leaf, 0, tree.feature))
            values.append(np.where(leaf, probability, _at_most(tree.threshold)))
            sides = (np.where(leaf, itself, side) for side in (tree.children_left, tree.children_right))
            children.append(np.stack([*sides], axis=1).ravel() + offset)
            roots.append(offset)
            offset += tree.node_count
        return cls(
            feature=np.concatenate(features).astype(np.int32),
            value=np.concatenate(values).astype(np.float32),
            children=np.concatenate(children).astype(np.int32),
            roots=np.asarray(roots, np.int64),
            depth=max(each.tree_.max_depth for each in forest.estimators_),
        )

    def graph(self, features: str, probability: str) -> tuple[list[NodeProto], Constants]:
        """Build the graph from features (batch, k) to the mean of the leaves' probabilities (batch,)."""
        node = helper.make_node
        nodes = [
            # One row of roots for each text.
            node("Shape", [features], ["tree_batch"], end=1),
            node("Concat", ["tree_batch", "tree_count"], ["tree_shape"], axis=0),
            node("Expand", ["tree_roots", "tree_shape"], ["at_0"]),
        ]
        for level in range(self.depth):
            at = f"at_{level}"
            nodes += [
                node("Gather", ["tree_feature", at], [f"feature_{level}"]),
                node("GatherElements", [features, f"feature_{level}"], [f"given_{level}"], axis=1),
                node("Gather", ["tree_value", at], [f"threshold_{level}"]),
                node("Greater", [f"given_{level}", f"threshold_{level}"], [f"right_{level}"]),
                node("Cast", [f"right_{level}"], [f"side_{level}"], to=TensorProto.INT64),
                node("Add", [at, at], [f"pair_{level}"]),
                node("Add", [f"pair_{level}", f"side_{level}"], [f"way_{level}"]),
                node("Gather", ["tree_children", f"way_{level}"], [f"next_{level}"]),
                node("Cast", [f"next_{level}"], [f"at_{level + 1}"], to=TensorProto.INT64),
            ]
        nodes += [
            node("Gather", ["tree_value", f"at_{self.depth}"], ["tree_answers"]),
            node("ReduceMean", ["tree_answers"], [probability], axes=[1], keepdims=0),
        ]
        return nodes, {
            "tree_feature": self.feature,
            "tree_value": self.value,
            "tree_children": self.children,
            "tree_roots": self.roots[np.newaxis],
            "tree_count": np.array([len(self.roots)]),
        }


def _at_most(threshold: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest single-precision number that is not above: the same comparisons come true."""
    single = threshold.astype(np.float32)
    return np.where(single > threshold, np.nextafter(single, np.float32(-np.inf)), single)
