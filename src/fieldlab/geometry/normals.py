"""Normals of points that come without."""

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import KDTree
from trimesh.points import PointCloud

NEIGHBOURS = 16


def estimate_normals(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Normals of the planes through each point's 16 nearest neighbours, oriented alike (Hoppe et al. 1992).

    Signs spread along the spanning tree on which neighbours' planes agree best, from the highest point, whose
    normal points up; in every connected part by itself.
    """
    count = min(NEIGHBOURS, len(points))
    normals = PointCloud(points).estimate_normals(cluster_size=count)
    near = np.asarray(KDTree(points).query(points, k=count)[1])[:, 1:]
    rows, columns = np.repeat(np.arange(len(points)), count - 1), near.ravel()
    agreement = np.abs((normals[rows] * normals[columns]).sum(-1))
    graph = coo_matrix((1.001 - agreement, (rows, columns)), shape=(len(points),) * 2)
    tree = minimum_spanning_tree(graph.tocsr())
    parts, labels = connected_components(tree, directed=False)
    for part in range(parts):
        members = np.flatnonzero(labels == part)
        top = members[points[members, 2].argmax()]
        normals[top] *= np.sign(normals[top, 2]) or 1.0
        order, parents = breadth_first_order(tree, top, directed=False)
        for point in order[1:]:
            if normals[point] @ normals[parents[point]] < 0:
                normals[point] *= -1
    return normals
