"""SRPO's reward as a node: the successes of a batch say how near its failures came."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ...judges import Sample, Verdict
from ...judges.apart import apart
from ...judges.blame import nobody_answered
from ...judges.errors import Miscounted, WrongReturn
from ...judges.judge import exception
from ...judges.metrics import batch_metrics
from ...judges.sample import missing_column
from ..batch import Batch
from ..failure import broke_off
from ..leaf import as_reward
from ..reward import Reward

if TYPE_CHECKING:  # they need NumPy and scikit-learn
    from .centres import Eps
    from .shaping import Normalizer

Encoder = Callable[[Sequence[str]], Any]


@dataclass(frozen=True, repr=False)
class SelfReference(Reward):
    """1 for a success; a failure earns more the nearer it is to the successes beside it, and never as much.

    >>> from jurybox.judges import ExactJudge
    >>> reward = SelfReference(None, ExactJudge())
    >>> answers = ["the sum is 12", "the sum is 13", "no idea whatsoever"]
    >>> [round(number, 3) for number in reward(completions=answers, prompts=["9 + 3"] * 3, solution=[answers[0]] * 3)]
    [1.0, 0.596, 0.004]

    A batch is what is judged at once: in a training, the rows of one process, whose groups must be whole for all of
    them to have the same references. Nothing is remembered. A failure alone with successes earns half the cap, and the
    numbers say which failure is nearer, not how near. What resembles a success without being one earns up to the cap:
    that is the method, so the judge of success stays the measure of a policy.

    A row is a success when the part has *passed*; where it abstains, so does this, and it is no reference. Without a
    success of the same scope, or without an encoding (the encoder raised on this text alone, or gave None or a number
    that is not finite), a failure earns 0, and so does one on which the judge of success broke off. A failure abstains
    where the encoder raised on all texts, or could not be reached. Composes with everything.

    Reasons: "success", "compared" with the distance in the evidence, "no success to compare with", "no encoding", and
    "PART abstains".

    Args:
        encoder: texts -> `(n, D)` numbers (array, tensor or lists), with None for a text that has none. None instead of
            an encoder takes hashed n-grams (`NGrams`), which need no model and know form, not meaning.
        success: the judge of success, or any reward that says passed or not.
        scope: the column whose equal values share successes, a task for instance; by default the prompt.
        normalizer, cap, steepness, offset: how distance becomes reward; see `shaping`.
        eps, min_samples, z_score: how successes are clustered; see `success_centres`, whose `standardize` is z_score.
        l2_normalize: measure vectors of length 1.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: an option out of its range; when it is called, vectors of different sizes.
        TypeError: the encoder cannot be called.
    """

    encoder: Encoder | None
    success: Any
    scope: str | None = None
    normalizer: Normalizer = "minmax"
    cap: float | None = None
    eps: Eps = "auto"
    min_samples: int = 2
    z_score: bool = True
    steepness: float = 10.0
    offset: float = 0.5
    l2_normalize: bool = False

    _default_name = "self_reference"

    def __post_init__(self) -> None:
        from .shaping import CAPS, check_shaping

        if self.encoder is None:
            from ...judges.guardian import NGrams

            object.__setattr__(self, "encoder", NGrams())
        elif not callable(self.encoder):
            raise TypeError(f"the encoder is a function of texts to vectors, not {type(self.encoder).__name__}")
        if self.cap is None:
            object.__setattr__(self, "cap", CAPS.get(self.normalizer, 0.5))
        object.__setattr__(self, "success", as_reward(self.success))
        assert self.cap is not None
        check_shaping(self.normalizer, self.cap, self.eps, self.min_samples)
        super().__post_init__()

    @property
    def parts(self) -> tuple[Reward, ...]:
        return (self.success,)

    @property
    def beside_model(self) -> bool:
        from ...judges.guardian import NGrams

        return super().beside_model and isinstance(self.encoder, NGrams)  # a user's model may want the same device

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0

    def _written(self) -> str:
        options = [item for item in fields(SelfReference) if item.name not in ("encoder", "success", "label", "shown")]
        given = {item.name: getattr(self, item.name) for item in options if getattr(self, item.name) != item.default}
        given.pop("max_silent_batches", None)
        encoder = getattr(self.encoder, "__name__", repr(self.encoder))
        return f"SelfReference({', '.join([encoder, repr(self.success), *(f'{k}={v!r}' for k, v in given.items())])})"

    def require(self, given: Any) -> None:
        if self.scope is not None and self.scope not in given:
            raise missing_column(self.name, self.scope, given)
        super().require(given)

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        said = dict(zip(rows, self.success.evaluate(batch, rows), strict=True))
        scopes = {row: self._scope(batch.samples[row]) for row in rows}
        known = [row for row, part in said.items() if part.passed or (part.passed is False and not broke_off(part))]
        with_success, with_failure = (
            {scopes[row] for row in known if said[row].passed is passed} for passed in (True, False)
        )
        compared = [row for row in known if scopes[row] in with_success & with_failure]
        vectors = self._encoded([batch.samples[row] for row in compared])
        found = self._shaped(vectors, [bool(said[row].passed) for row in compared], [scopes[row] for row in compared])
        shaped = dict(zip(compared, found, strict=True))
        return [self._told(said[row], shaped.get(row, "no success to compare with")) for row in rows]

    def _scope(self, sample: Sample) -> Hashable:
        return sample.prompt_text if self.scope is None else repr(sample[self.scope])

    def _encoded(self, samples: Sequence[Sample]) -> list[Any]:
        """A vector for every sample, None for one without, an exception where the encoder raised."""
        said = apart(self._vectors, [sample.text for sample in samples]) if samples else []
        errors = [error for error in said if isinstance(error, Exception)]
        if errors and (len(errors) == len(said) or any(map(nobody_answered, errors))):
            return said  # not of the completions' making
        for error in errors:
            exception(self.name, error)  # the log says where
        return [None if isinstance(vector, Exception) else vector for vector in said]

    def _vectors(self, texts: Sequence[str]) -> Sequence[Any]:
        assert self.encoder is not None
        vectors = self.encoder(texts)
        if hasattr(vectors, "detach"):  # a tensor of any device and precision, perhaps with a gradient
            vectors = vectors.detach().double().cpu().numpy()
        if not hasattr(vectors, "__len__"):
            raise WrongReturn(f"the encoder of {self.name} returned {type(vectors).__name__}; it returns vectors")
        if len(vectors) != len(texts):
            raise Miscounted(f"the encoder of {self.name} returned {len(vectors)} vectors for {len(texts)} texts")
        return list(vectors)

    def _shaped(
        self, vectors: Sequence[Any], success: Sequence[bool], scopes: Sequence[Hashable]
    ) -> list[tuple[float, float] | str | Exception]:
        """(reward, distance to the successes) of every failure that was compared; why there are none of the others."""
        from .shaping import self_reference_reward

        result = self_reference_reward(
            [None if isinstance(vector, Exception) else vector for vector in vectors],
            success,
            scopes,
            normalizer=self.normalizer,
            cap=self.cap,
            eps=self.eps,
            min_samples=self.min_samples,
            standardize=self.z_score,
            steepness=self.steepness,
            offset=self.offset,
            zero_is_invalid=False,
            l2_normalize=self.l2_normalize,
        )
        found: list[tuple[float, float] | str | Exception] = []
        for vector, reward, distance in zip(vectors, result.rewards, result.distance_to_success, strict=True):
            if isinstance(vector, Exception):
                found.append(vector)
            elif reward is None:
                found.append("no encoding")
            else:
                found.append("no success to compare with" if distance is None else (reward, distance))
        return found

    def _told(self, part: Verdict, found: tuple[float, float] | str | Exception) -> Verdict:
        if part.passed is None:
            return self._say(None, None, (part,), f"{self.success.name} abstains")
        if part.passed:
            return self._say(1.0, True, (part,), "success")
        if isinstance(found, Exception):
            broken = exception(self.name, found)
            return self._say(None, None, (part,), broken.reason).replace(status="error", evidence=broken.evidence)
        if isinstance(found, str):
            return self._say(0.0, False, (part,), found)
        reward, distance = found
        return self._say(reward, False, (part,), "compared").replace(evidence={"distance": distance})

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """Beside the usual: the share of successes, and of failures that had a success to be compared with."""
        told = [verdict for verdict in verdicts if not verdict.abstains]
        failures = [verdict for verdict in told if not verdict.passed]
        ours = {"success": 1 - len(failures) / len(told)} if told else {}
        if failures:
            ours["compared"] = sum("distance" in verdict.evidence for verdict in failures) / len(failures)
        return batch_metrics(verdicts) | ours
