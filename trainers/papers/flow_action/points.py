"""From pixels to points: which ones move, where they are in space, and a few that stand for all.

f = ½ W / tan(fov / 2)      X = (u − W/2) z / f      Y = (v − H/2) z / f      z = depth[t, ⌊v⌋, ⌊u⌋]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....judges.flow import Camera
from ....judges.flow.rigid import Floats


def unproject_flow(depth: ArrayLike, flow_uv: ArrayLike, fov_deg: float = 55.0) -> Floats:
    """`(T, h, w, 3)` points in metres of tracks in pixels; NaN where a track has left the picture.

    Pixels are truncated, as the authors do it: that is half a pixel off, and takes no mean over an object's border.

    depth: `(T, H, W)` metres. flow_uv: `(T, h, w, 2)` or more, of which u (right) and v (down) are read.

    Raises:
        ValueError: shapes that do not belong together.
    """
    z, uv = np.asarray(depth, np.float64), np.asarray(flow_uv, np.float64)
    if z.ndim != 3 or uv.ndim != 4 or uv.shape[-1] < 2 or len(z) != len(uv) or not z.size:
        raise ValueError(f"depth is (T, H, W) and flow_uv (T, h, w, 2 or 3), not {z.shape} and {uv.shape}")
    _, height, width = z.shape
    camera = Camera.of(height, width, fov_deg)
    u, v = uv[..., 0], uv[..., 1]
    seen = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    column, row = (np.where(seen, track, 0).astype(int) for track in (u, v))
    far = np.where(seen, z[np.arange(len(z))[:, None, None], row, column], np.nan)
    return np.stack([(column - camera.cx) * far / camera.f, (row - camera.cy) * far / camera.f, far], axis=-1)


@dataclass(frozen=True, eq=False)
class Moving:
    """Which points are the moved object's.

    Attributes:
        rejected: whether the clip shows nothing usable.
        reason: None, "no_points", "little_motion" or "large_area".
        mask: `(N,)` the points kept.
        bbox: of them in the first frame, x_min, y_min, x_max, y_max; None of none.
    """

    rejected: bool
    reason: str | None
    mask: NDArray[np.bool_]
    bbox: tuple[float, float, float, float] | None = None


def moving_points(
    tracks: ArrayLike,
    height: int = 256,
    width: int = 256,
    *,
    early_frame: int = 5,
    early_px: float = 1.0,
    min_px: float = 10.0,
    frac: float = 0.25,
    max_area_frac: float = 0.25,
) -> Moving:
    """The points that are moved, but not at once: those are the gripper's.

    tracks: `(T, N, 2)` pixels. A point that is lost (not finite) at one of the frames looked at is left out.
    early_frame: a point that has gone `early_px` by then is the gripper's. min_px: how far the farthest has to go.
    frac: kept is what went farther than this share of the range of distances. max_area_frac: of the picture.

    Raises:
        ValueError: another shape, or not as many frames.
    """
    p = np.asarray(tracks, np.float64)
    if p.ndim != 3 or p.shape[2] != 2 or len(p) <= early_frame:
        raise ValueError(f"tracks are (T, N, 2) with more than {early_frame} frames, not {p.shape}")
    early, gone = (np.linalg.norm(p[frame] - p[0], axis=1) for frame in (early_frame, -1))
    rest = (early < early_px) & np.isfinite(gone)
    none = np.zeros(p.shape[1], bool)
    if not rest.any():
        return Moving(True, "no_points", none)
    least, most = gone[rest].min(), gone[rest].max()
    if most < min_px:
        return Moving(True, "little_motion", none)
    kept = rest & (gone > (most - least) * frac)
    (x0, y0), (x1, y1) = p[0, kept].min(0), p[0, kept].max(0)
    large = bool((x1 - x0) * (y1 - y0) > height * width * max_area_frac)
    return Moving(large, "large_area" if large else None, kept, (float(x0), float(y0), float(x1), float(y1)))


def farthest_point_sampling(points: ArrayLike, n: int = 16, start: int = 0) -> list[int]:
    """Indices of n points, each the farthest from those before it; of equal ones the first.

    >>> farthest_point_sampling([[0.0, 0, 0], [1, 0, 0], [5, 0, 0], [4, 0, 0]], n=3)
    [0, 2, 1]

    points: `(N, 3)`; one that is not finite is never taken.

    Raises:
        ValueError: not so many points, or a start that is none of them.
    """
    cloud = np.asarray(points, np.float64)
    finite = np.asarray(np.isfinite(cloud).all(1))
    if not 1 <= n <= int(finite.sum()):
        raise ValueError(f"n={n}: there are {int(finite.sum())} points to take from")
    if not 0 <= start < len(cloud) or not finite[start]:
        raise ValueError(f"start={start} is none of the {len(cloud)} points")
    taken = [start]
    nearest = np.where(finite, np.inf, -1.0)
    while len(taken) < n:
        distance: Any = ((cloud - cloud[taken[-1]]) ** 2).sum(1)
        nearest = np.where(finite, np.minimum(nearest, distance), -1.0)
        nearest[taken] = -1.0
        taken.append(int(nearest.argmax()))
    return taken
