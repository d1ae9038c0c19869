"""The shapes of how one is told: channels for each topic, quiet hours, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from minjing.kernel.notify.queries import Wanted
from minjing.portals.api.shapes import Shape, TextOut, Typed

Channel = Annotated[str, Field(max_length=20)]


class BoundOut(Shape):
    """Where one is reached; `label` says enough to know it again."""

    id: UUID
    channel: str
    label: str
    since: datetime


class ChoiceOut(Shape):
    """What notices are about, and the channels they go by now; `required`: one that reaches people stays on."""

    topic: str
    title: TextOut
    required: bool
    channels: list[str]


class WaysOut(Shape):
    """How one is told: by what one can be reached, where, for which topic; quiet hours ("": the city's)."""

    usable: list[str]
    bound: list[BoundOut]
    waiting_email: str
    topics: list[ChoiceOut]
    quiet: str
    doors: list[str]

    @staticmethod
    def of(wanted: Wanted, doors: Mapping[str, datetime]) -> WaysOut:
        return WaysOut(
            usable=list(wanted.usable),
            bound=[BoundOut.model_validate(bound) for bound in wanted.bound],
            waiting_email=wanted.waiting_email,
            topics=[
                ChoiceOut(
                    topic=choice.topic.name,
                    title=TextOut(**choice.topic.title),
                    required=choice.topic.required,
                    channels=list(choice.on),
                )
                for choice in wanted.choices
            ],
            quiet=wanted.quiet,
            doors=sorted(doors),
        )


class WishesIn(Shape):
    """The channels for each topic, and quiet hours: "" for the city's, "none", or whole hours such as 22:00-08:00.

    A topic that is not named goes by no channel but the app, and by the one that the law wants.
    """

    topics: dict[Annotated[str, Field(max_length=40)], Annotated[list[Channel], Field(max_length=10)]] = Field(
        max_length=50
    )
    quiet: str = Field("", pattern=r"^$|^none$|^([01]\d|2[0-3]):00-([01]\d|2[0-3]):00$")


class EmailIn(Shape):
    """An e-mail address; it counts once the link that is mailed there has been opened."""

    address: Typed = Field(max_length=400)


class TokenIn(Shape):
    """The token in the link that was mailed."""

    token: Typed = Field(max_length=100)


class LetterIn(Shape):
    """Where letters go: the name on the envelope, and up to five lines."""

    name: Typed = Field(max_length=60)
    address: Typed = Field(max_length=1000)


class CodeOut(Shape):
    """A code to be sent to the official account within ten minutes."""

    code: str
    lasts_s: int
