"""The groups that customers fall into by recency, frequency and monetary value, each with its name and meaning.

Scores run from 1 to 5: one more for each whole fifth of all customers with orders whom a customer is ahead of, by the
day of the latest order, the number of orders, and net sales. Equals have equal scores, so the groups follow from the
data alone. The mean is that of the last two, halves rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import BadInputError

_ANY = (0, 5)
SCORES = (
    "Scores run from 1 to 5: a customer's is 1, and 1 more for each whole fifth of all customers with orders that the "
    "customer is ahead of. Recency counts by the day of the latest order, frequency by the number of orders, monetary "
    "by net sales; value is the mean of the last two, halves rounded up."
)


@dataclass(frozen=True)
class Segment:
    """A box of scores: the bounds, both included, of recency, frequency, and the `mean` of frequency and monetary.

    `definition` says what its customers did.
    """

    key: str
    name: str
    definition: str
    recency: tuple[int, int]
    mean: tuple[int, int]
    frequency: tuple[int, int] = _ANY

    def holds(self, recency: int, frequency: int, monetary: int) -> bool:
        """Whether a customer with these scores is in it."""
        return all(
            low <= score <= high
            for score, (low, high) in (
                (recency, self.recency),
                (frequency, self.frequency),
                (mean_of(frequency, monetary), self.mean),
            )
        )

    @property
    def rule(self) -> str:
        """Its bounds in words."""
        if self.recency == (0, 0):
            return "no order at all"
        frequency = "" if self.frequency == _ANY else f", frequency {_told(self.frequency)}"
        return f"recency {_told(self.recency)}{frequency}, value {_told(self.mean)}"


SEGMENTS = (
    Segment("champions", "Champions", "Ordered lately, often and for much.", (4, 5), (4, 5)),
    Segment("loyal", "Loyal", "Order often and for much, the last time a while ago.", (3, 3), (4, 5)),
    Segment("rising", "Rising", "Ordered lately, with middling numbers of orders and pounds.", (4, 5), (3, 3)),
    Segment("new", "New", "Ordered lately, and hardly ever before.", (4, 5), (1, 2), (1, 1)),
    Segment("promising", "Promising", "Ordered lately and not for the first time, for little.", (4, 5), (1, 2), (2, 5)),
    Segment("attention", "Need attention", "Ordered a while ago, seldom or for little.", (3, 3), (1, 3)),
    Segment("risk", "At risk", "Used to order often and for much, but not for long.", (1, 2), (4, 5)),
    Segment("fading", "Fading", "Have not ordered for long, and never often or for much.", (2, 2), (1, 3)),
    Segment("lost", "Lost", "Ordered longest ago of all, seldom and for little.", (1, 1), (1, 3)),
    Segment("returned", "Only returns", "Sent something back; their orders are older than these data.", (0, 0), (0, 0)),
)
NOBODY = "No customer id"
NOBODY_MEANS = "Invoices that name no customer: nobody can tell whether it is one or thousands."


def mean_of(frequency: int, monetary: int) -> int:
    """The mean of two scores, halves rounded up."""
    return (frequency + monetary + 1) // 2


def of(recency: int, frequency: int, monetary: int) -> Segment:
    """The one segment of three scores; (0, 0, 0) is that of customers without orders."""
    return next(segment for segment in SEGMENTS if segment.holds(recency, frequency, monetary))


def parse(text: str) -> Segment:
    """The segment that an address names. Raises BadInputError for an unknown one."""
    for segment in SEGMENTS:
        if text == segment.key:
            return segment
    raise BadInputError(f"{text[:40]!r} is no segment; use {', '.join(segment.key for segment in SEGMENTS)}.")


def _told(bounds: tuple[int, int]) -> str:
    low, high = bounds
    return str(low) if low == high else f"{low} to {high}"
