"""Whether scores have fallen: a test that says so after few of them, and hardly ever of a model that has not changed.

What is known of a model (the mean of its scores, and how they spread) is held against each new score. Evidence that
they are lower than before multiplies: a score `x` counts `1 + bet * (expected - x)` times, where `expected` is the mean
less what is tolerated. While the mean is not below `expected`, that is 1 or less on average, whatever the scores are
like: so the evidence seldom grows large by chance, and comes to `rarity` once in as many scores at most. Where the mean
has fallen, it grows with nearly every score. It does not get below 1, so that a fall counts from when it begins.

This is Page's CUSUM on the wealth of a bet, an e-detector (Shin, Ramdas and Rinaldo, https://arxiv.org/abs/2203.03532).
The textbook's CUSUM, on standardised scores, is a little faster where these are normally distributed. Those of judges
are not: to it, two failures in a row of a check that nearly always passes are an alarm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

_DESIGN: Final = 0.1
"""The fall, beyond what is tolerated, for which the bet is best."""
_BOLDEST: Final = 0.8
"""How much of the evidence one perfect score may take away."""
_UNSEEN_VARIANCE: Final = 0.25
"""Of one score that nobody has seen, the largest there is: what has not varied yet may."""


class Level(NamedTuple):
    """Where scores lie: how many, their mean, and the sum of their squared distances from it."""

    samples: float = 0.0
    mean: float = 0.0
    squares: float = 0.0

    @property
    def variance(self) -> float:
        """Never 0: that of these scores and of one unseen."""
        return (self.squares + _UNSEEN_VARIANCE) / (self.samples + 1)

    @property
    def deviation(self) -> float:
        """Of these scores; 0 if there are none."""
        return math.sqrt(self.squares / self.samples) if self.samples else 0.0

    def joined(self, other: Level) -> Level:
        """With those of another level. Stable: no difference of large numbers (Chan, Golub and LeVeque)."""
        samples = self.samples + other.samples
        if not samples:
            return self
        distance, part = other.mean - self.mean, other.samples / samples
        squares = self.squares + other.squares + distance * distance * self.samples * part
        return Level(samples, self.mean + distance * part, squares)

    def at_most(self, samples: float) -> Level:
        """The same as if of so many at most: what comes next weighs more, and what is old is forgotten."""
        return self if self.samples <= samples else Level(samples, self.mean, self.squares * samples / self.samples)


class Track(NamedTuple):
    """What is remembered of the scores of one model: always as much, however many there were."""

    known: Level = Level()
    since: Level = Level()
    """The scores since there is evidence of a fall. They join what is known when there is none any more."""
    evidence: float = 0.0
    """Its natural logarithm, 0 or more."""


class Fall(NamedTuple):
    before: float
    """The mean that was known."""
    now: float
    """The mean since the fall began, as far as can be told."""
    samples: int
    """Scores since then."""


@dataclass(frozen=True)
class Detector:
    """The test; without state. ValueError for settings by which it would say nothing, or anything.

    warm_up: scores of a model until anything is said of it.
    memory: scores after which an older one is forgotten to a third; the mean is a rolling one.
    tolerance: how much lower a mean is no fall.
    rarity: of a model that has not changed, at most one false alarm in so many scores, on average.
    """

    warm_up: int = 50
    memory: int = 1000
    tolerance: float = 0.03
    rarity: float = 1000.0

    def __post_init__(self) -> None:
        if not (2 <= self.warm_up <= self.memory and 0 <= self.tolerance < 1 and self.rarity > 1):
            raise ValueError("drift: 2 <= warm_up <= memory, 0 <= tolerance < 1, rarity > 1")

    def step(self, track: Track, score: float) -> tuple[Track, Fall | None]:
        """What is known after one more score, from 0 to 1, and the fall that it completes.

        After a fall the scores since it began are what is known, and the warm-up begins with them.
        """
        known = track.known
        score_alone = Level(1.0, score)
        if known.samples < self.warm_up:
            return Track(known.joined(score_alone)), None
        evidence = track.evidence + math.log(self.factor(known, score))
        if evidence <= 0:
            return Track(known.joined(track.since).joined(score_alone).at_most(self.memory)), None
        since = track.since.joined(score_alone)
        if evidence < math.log(self.rarity):
            return Track(known, since, evidence), None
        return Track(since.at_most(self.memory)), Fall(known.mean, since.mean, round(since.samples))

    def factor(self, known: Level, score: float) -> float:
        """How many times the evidence is what it was: on average 1 or less while the mean is `expected` or more."""
        expected = self.expected(known)
        bet = min(_DESIGN / (known.variance + _DESIGN**2), _BOLDEST / (1 - expected))
        return 1 + bet * (expected - score)

    def expected(self, known: Level) -> float:
        """The lowest mean that is none of a fall: less than the one known, which is not known exactly."""
        return known.mean - self.tolerance - math.sqrt(known.variance / known.samples)
