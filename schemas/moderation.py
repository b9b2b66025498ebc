"""What a moderator decided about a post, an account, a word, a topic or a screen (topic `decisions`)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

EVERYWHERE = ""  # the event of a decision that holds for all events and all scopes

# what a decision is about -> the verdicts it can have; "" takes the decision back: as if nothing had been decided
Kind = Literal["post", "account", "trust", "word", "topic", "suspicion", "pin", "freeze", "mode"]
VERDICTS: dict[Kind, tuple[str, ...]] = {
    "post": ("approved", "stashed", "blocked", "deleted", "waiting", ""),
    "account": ("blocked", ""),
    "trust": ("trusted", ""),  # of an account: what it writes itself waits for nobody
    "word": ("blocked", ""),
    "topic": ("blocked", ""),  # everywhere: never a trend
    "suspicion": ("cleared", "suspect", ""),  # of a topic, everywhere, whatever the rule found
    "pin": ("pinned", ""),
    "freeze": ("frozen", ""),
    "mode": ("auto", "manual", ""),
}


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the decision log. Its key says what it is about; of one key the last decision holds, so a compacted
    topic keeps all that is needed."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]  # the same decision said twice counts once
    event: Annotated[str, msgspec.Meta(max_length=64)]  # EVERYWHERE or an event's name
    kind: Kind
    target: Annotated[str, msgspec.Meta(max_length=600)]  # SOURCE/ID, SOURCE/ACCOUNT, the word, the topic key, or ""
    verdict: Annotated[str, msgspec.Meta(max_length=16)]
    by: Annotated[str, msgspec.Meta(max_length=64)]  # name of the token
    at: int  # ms, when it was made; for people: the log alone orders
    before: Annotated[str, msgspec.Meta(max_length=16)] = ""  # the verdict that it replaced
    undoes: Annotated[str, msgspec.Meta(max_length=64)] = ""  # id of the decision that it takes back
    # digest of what was on the moderator's page (see pipeline.moderation.content_of): an approval and a pin hold for
    # that alone; later decisions of the key keep it, so that an undo gives back what was approved
    content: Annotated[str, msgspec.Meta(max_length=64)] = ""

    @property
    def key(self) -> str:
        """The record key on the topic."""
        return f"{self.event}/{self.kind}/{self.target}"
