"""Whether a request is its provider's: signatures, secrets, and how old it may be. Compared in constant time.

A request that is sent again may bear the signature of the first time, so the span of time within which one is taken is
that in which its provider sends again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.sources.webhooks.came import Came
from schemas.access import same

VONAGE_S = 25 * 3_600  # it sends again for 24 h
MAILGUN_S = 9 * 3_600  # 8 h
AHEAD_S = 600  # a provider's clock may be ahead of ours
_TWILIO = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}


def twilio(came: Came, token: str, keys: Mapping[str, str]) -> bool:
    """By the account's token and SHA-1, or as the header of the newer form says: by one of `keys`, and its hash."""
    secret, digest = token, hashlib.sha1
    if settings := came.headers.get("x-twilio-webhooks-signature-settings", ""):
        told = dict(part.strip().partition("=")[::2] for part in settings.split(","))
        known = _TWILIO.get(told.get("algorithm", ""))
        secret = keys.get(told.get("key", ""), "")
        if known is None or not secret:
            return False
        digest = known
    if hashed := dict(came.query).get("bodySHA256", ""):
        if not same(hashlib.sha256(came.body).hexdigest(), hashed.lower()):
            return False
        signed = ""
    elif came.form or not came.body:
        signed = "".join(name + value for name, value in sorted(set(came.form)))
    else:
        return False  # a body that the signature would not cover
    shown = came.headers.get("x-twilio-signature", "")
    valid = False
    for url in _with_and_without_port(came.url):
        mac = hmac.new(secret.encode(), (url + signed).encode("utf-8", "surrogatepass"), digest).digest()
        valid |= same(base64.b64encode(mac).decode(), shown)
    return valid


def _with_and_without_port(url: str) -> tuple[str, ...]:
    """Some of Twilio's machines sign the standard port, some do not."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    standard = 443 if parts.scheme == "https" else 80
    if parts.port not in (None, standard):
        return (url,)
    bare, told = f"{parts.scheme}://{host}", f"{parts.scheme}://{host}:{standard}"
    rest = url[len(f"{parts.scheme}://{parts.netloc}") :]
    return bare + rest, told + rest


def vonage(came: Came, secret: str, algorithm: str, now_s: float) -> bool:
    """`sig` over all other parameters, in their order, each `&name=value` with `_` for `&` and `=` in it."""
    fields = {name: value for name, value in came.told.items() if name != "sig"}
    clean = str.maketrans("&=", "__")
    signed = "".join(f"&{name}={str(fields[name]).translate(clean)}" for name in sorted(fields)).encode(
        "utf-8", "surrogatepass"
    )
    if algorithm == "md5hash":
        made = hashlib.md5(signed + secret.encode(), usedforsecurity=False).hexdigest()
    else:
        made = hmac.new(secret.encode(), signed, algorithm).hexdigest()
    return same(made, came.text("sig").lower()) and _fresh(came.text("timestamp"), VONAGE_S, now_s)


def mailgun(came: Came, key: str, now_s: float) -> bool:
    """`signature` over timestamp and token. It does not cover the mail: whoever takes it remembers the token."""
    timestamp, token = came.text("timestamp"), came.text("token")
    made = hmac.new(key.encode(), (timestamp + token).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return bool(token) and same(made, came.text("signature").lower()) and _fresh(timestamp, MAILGUN_S, now_s)


def basic(came: Came, password: str) -> bool:
    """The password of an address like https://user:PASSWORD@host/."""
    scheme, _, told = came.headers.get("authorization", "").partition(" ")
    try:
        shown = base64.b64decode(told.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and same(password, shown.partition(":")[2])


def _fresh(timestamp: str, within_s: float, now_s: float) -> bool:
    return timestamp.isascii() and timestamp.isdigit() and -AHEAD_S <= now_s - int(timestamp[:15]) <= within_s
