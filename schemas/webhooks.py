"""A webhook: where a provider of SMS or mail brings what people send, as `[[webhook]]` tables of upswell.toml say."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas.sources import Name, Secret

WebhookKind = Literal["twilio", "vonage", "mailgun", "sendgrid", "postmark", "custom"]
FieldName = Literal["id", "author", "text", "time"]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The address `/hooks/NAME` (`/hooks/NAME/SECRET` where the provider signs nothing).

    `secret` is what the provider signs with (twilio, vonage, mailgun), the password of its address (postmark), or the
    last part of its address (sendgrid, custom). `event`: the posts say that they belong to it.
    """

    name: Name
    kind: WebhookKind
    secret: Annotated[Secret, msgspec.Meta(min_length=1)]
    event: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_-]{0,62})?$")] = ""
    keys: dict[Annotated[str, msgspec.Meta(max_length=256)], Secret] = {}  # twilio: its signing keys, by name
    algorithm: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] = "sha256"  # vonage
    fields: dict[FieldName, Path] = {}  # custom: where in the form or JSON each lies, `data.payload.text`
    senders: Literal["sms", "mail"] = "sms"  # custom: numbers, or mail addresses
    header: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{0,100}$")] = ""  # custom: holds the secret
    refused: Annotated[int, msgspec.Meta(ge=200, le=499)] = 200  # custom: what says "never again"

    def __repr__(self) -> str:
        return f"Webhook({self.name!r}, {self.kind!r})"  # secrets are for nobody's log
