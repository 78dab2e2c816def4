"""The guardian as a judge: whether a text is such as the reference texts support."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ..completion import completion_text
from ..judge import Judge
from ..options import one_of
from ..sample import Sample
from ..verdict import Verdict
from ..written import shown
from .features import NGrams
from .projection import Projection
from .region import Ellipsoid, Kernel, Region
from .scaling import Floats, MinMax, training_rows

Shape = Literal["kernel", "ellipsoid"]
Embed = Callable[[Sequence[str]], ArrayLike]
FEWEST = 8  # references on which anything can be fitted


class DensityGuardian(Judge):
    """Scores 1 inside the region where the references are dense, 0 outside: the guardian of OGSRL for texts.

    >>> references = [f"{a} and {b} make {a + b}." for a in range(20) for b in range(20)]
    >>> guardian = DensityGuardian(references)
    >>> guardian.verdict("4 and 5 make 9.").passed, guardian.verdict("make make make make").passed
    (True, False)

    A reward that was learned or made up is right about texts like those it was made from. A policy that is trained on
    it goes where it is not; this says when. As a constraint: `Constrained(reward, costs={"outside": ~guardian},
    limits={"outside": 0.05})`; as a gate: `reward.gate(guardian)`; to sort data: `within(dataset, guardian)`.

    Embeddings of more than `dimensions` features are brought down to so many by their principal components and the
    distance from them, for a density in many dimensions means nothing. That is fitted on one half of the references,
    drawn at random, and the region on the other: a row that shaped a projection lies nearer to it than any new one.
    Of new texts like the references about a share of `alpha` is outside.

    Reasons: "inside", "outside", "no embedding" (it has a number that is not finite); abstains with "unusable
    embedding" where a row's column holds none. Evidence: the log-density, and how far it is above that of the border.

    Args:
        references: texts (or rows of messages) that are as they should be, 8 or more and better hundreds; or with
            `column`, their embeddings, `(n, D)`.
        embed: texts -> `(m, D)` numbers; a sentence encoder, for instance. By default hashed n-grams (`NGrams`), which
            need no model and know form, not meaning.
        column: the column with each row's embedding, instead of `embed`.
        region: "kernel" or "ellipsoid".
        alpha: about the share of good texts that is left outside.
        sigma: width of the kernel, where features span [-1, 1]; by default Scott's rule, the spread times
            n^(-1/(D+4)).
        dimensions: the most features that the density is taken in.

    Raises:
        ValueError: too few references, embeddings not finite or of different sizes, an option out of its range.
    """

    reads = "text"
    beside_model = True

    def __init__(
        self,
        references: Sequence[Any],
        *,
        embed: Embed | None = None,
        column: str | None = None,
        region: Shape = "kernel",
        alpha: float = 0.05,
        sigma: float | None = None,
        dimensions: int = 16,
    ) -> None:
        one_of("region", region, get_args(Shape))
        if embed is not None and column is not None:
            raise ValueError("give either an embedding function or the column with embeddings, not both")
        if isinstance(references, str) or len(references) < FEWEST:
            raise ValueError(f"references are {FEWEST} texts or more, and better hundreds")
        if sigma is not None and region != "kernel":
            raise ValueError("sigma goes with region='kernel'")
        self.column = column
        self.embed: Embed = embed or NGrams()
        self.beside_model = embed is None  # a model of the user's may want the same device
        vectors = training_rows(self._embedded(references) if column is None else references)
        self.count, self.features = vectors.shape
        self.projection: Projection | None = None
        if self.features > dimensions:
            mixed = vectors[np.random.default_rng(0).permutation(self.count)]  # rows may alternate between two kinds
            self.projection = Projection.fit(mixed[::2], dimensions).calibrated(mixed[1::2])
            vectors = self.projection(mixed[1::2])
        self.normalise = MinMax.fit(vectors)
        self.region = fitted(self.normalise(vectors), region, alpha, sigma)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        return () if self.column is None else (self.column,)

    def __repr__(self) -> str:
        given = {name: value for name, value in self._written_kwargs.items() if name != "references"}
        options = "".join(f", {name}={shown(value)}" for name, value in given.items())
        return f"DensityGuardian(<{self.count} references>{options})"

    def __eq__(self, other: object) -> bool:
        """Whether it asks the same of the same region; references may be arrays, which have no == of their own."""
        if self is other or type(other) is not type(self):
            return self is other
        assert isinstance(other, DensityGuardian)
        alike = (self.column, self.embed, self.region.threshold) == (other.column, other.embed, other.region.threshold)
        rows = ((mine.normalise.low, mine.normalise.high, mine.region.train) for mine in (self, other))
        return alike and all(map(np.array_equal, *rows))

    __hash__ = Judge.__hash__

    def _embedded(self, texts: Sequence[Any]) -> ArrayLike:
        return self.embed([completion_text(text) for text in texts])

    def log_density(self, vectors: ArrayLike) -> Floats:
        """`(m,)` of `(m, D)` embeddings; NaN for one that is not finite."""
        rows = np.asarray(vectors, np.float64)
        return self.region.log_density(self.normalise(self.projection(rows) if self.projection else rows))

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        if self.column is None:
            vectors = np.asarray(self._embedded([sample.text for sample in samples]), np.float64)
            if vectors.shape != (len(samples), self.features):
                raise ValueError(f"{len(samples)} texts were embedded as {vectors.shape}: {self.features} numbers each")
        else:
            vectors = np.stack([self._vector(sample) for sample in samples])
        return [self._finished(self._verdict(float(log)), 0.0) for log in self.log_density(vectors)]

    def _vector(self, sample: Sample) -> Floats:
        """The embedding of a row's column; NaN where it is none."""
        try:
            vector = np.asarray(sample[self.column or ""], np.float64)
        except (TypeError, ValueError):
            vector = np.zeros(0)
        return vector if vector.shape == (self.features,) else np.full(self.features, np.nan)

    def _unusable(self, sample: Sample) -> str:
        spoilt = self.column is not None and not np.isfinite(self._vector(sample)).all()
        return "unusable embedding" if spoilt else ""

    def _verdict(self, log_density: float) -> Verdict:
        if math.isnan(log_density):
            if self.column is not None:  # the data set's fault, and not the completion's
                return Verdict(None, "skipped", "unusable embedding")
            return Verdict(0.0, reason="no embedding")
        margin = log_density - self.region.log_threshold
        inside = margin >= 0
        evidence = {"log_density": round(log_density, 4), "margin": round(margin, 4)}
        return Verdict(float(inside), reason="inside" if inside else "outside", evidence=evidence)


def fitted(rows: Floats, shape: Shape, alpha: float, sigma: float | None) -> Region:
    """The region of scaled rows; the kernel's width is Scott's where none is given."""
    if shape == "ellipsoid":
        return Ellipsoid(rows, alpha=alpha)
    if sigma is None:
        varying = rows[:, rows.std(0) > 0]
        spread = math.sqrt(float((varying.std(0) ** 2).mean())) if varying.size else 1.0
        sigma = spread * len(rows) ** (-1 / (varying.shape[1] + 4))
    return Kernel(rows, sigma=sigma, alpha=alpha, leave_one_out=True)
