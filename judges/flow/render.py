"""Points drawn as a camera sees them: the nearest one has the pixel. x is right, y down, z forward, in metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .rigid import Floats, rigid_transform

EMPTY, SCENE, OBJECT = -1, 0, 1


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. f: focal length in pixels, for both axes. cx, cy: the principal point."""

    f: float
    cx: float
    cy: float
    height: int
    width: int

    def __post_init__(self) -> None:
        if not self.f > 0 or self.height < 1 or self.width < 1:
            raise ValueError(f"a camera has a focal length above 0 and pixels, not {self}")

    @classmethod
    def of(cls, height: int, width: int, fov_deg: float = 55.0) -> Camera:
        """From the horizontal field of view, in degrees; the principal point is the middle."""
        if not 0 < fov_deg < 180:
            raise ValueError(f"fov_deg={fov_deg}: a field of view lies between 0 and 180 degrees")
        return cls(float(0.5 * width / np.tan(np.deg2rad(fov_deg) / 2)), width / 2, height / 2, height, width)


def render_ids(points: ArrayLike, ids: ArrayLike, camera: Camera) -> NDArray[np.int64]:
    """`(height, width)` the id of the nearest point in each pixel, −1 where there is none.

    The pixel is (floor(f x/z + cx), floor(f y/z + cy)); of equal depths the lower index is nearer. What is behind the
    camera, outside the picture or not finite is not drawn.

    points: `(N, 3)`. ids: `(N,)` whole numbers.

    Raises:
        ValueError: other shapes.
    """
    cloud, names = np.asarray(points, np.float64).reshape(-1, 3), np.asarray(ids, np.int64)
    if np.ndim(points) != 2 or names.shape != (len(cloud),):
        raise ValueError(f"points are (N, 3) with N ids, not {np.shape(points)} with {names.shape}")
    place = np.arange(len(cloud))[np.isfinite(cloud).all(1) & (cloud[:, 2] > 0)]
    x, y, z = cloud[place].T
    with np.errstate(over="ignore", divide="ignore"):
        u, v = np.floor(camera.f * x / z + camera.cx), np.floor(camera.f * y / z + camera.cy)
    inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    place, u, v, z = place[inside], u[inside].astype(int), v[inside].astype(int), z[inside]
    order = np.lexsort((place, z))[::-1]  # the nearest last: it is drawn over the others
    image = np.full((camera.height, camera.width), EMPTY, np.int64)
    image[v[order], u[order]] = names[place[order]]
    return image


@dataclass(frozen=True, eq=False)
class GoalRenderer:
    """A flow as a picture of its end: the object moved as the flow moves its points, before the scene.

    Pixels are −1 where there is nothing, 0 for the scene and 1 for the object.

    object: `(M, 3)` the object's points before the motion. scene: `(S, 3)` everything else.
    """

    camera: Camera
    object: ArrayLike
    scene: ArrayLike = ()

    def __call__(self, flow: Floats, columns: Any = None) -> NDArray[np.int64]:
        """`(height, width)` of a flow `(T, N, 3)`."""
        moved = rigid_transform(flow[0], flow[-1])(self.object)
        scene = np.asarray(self.scene, np.float64).reshape(-1, 3)
        ids = np.concatenate([np.full(len(scene), SCENE), np.full(len(moved), OBJECT)])
        return render_ids(np.concatenate([scene, moved]), ids, self.camera)
