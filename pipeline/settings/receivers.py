"""What the settings check about a receiver besides its types."""

from __future__ import annotations

import urllib.parse

from pipeline.wording import languages
from schemas.alerts import Receiver


def receiver_fault(receiver: Receiver) -> tuple[str, str] | None:
    """What is wrong with it: the key (with a point before it) and what to do; None where nothing is."""
    if receiver.lang not in languages():
        return ".lang", f"{receiver.lang:.40} is no language of upswell; use one of {', '.join(languages())}"
    if len(receiver.urls) > 1 and receiver.kind != "alertmanager":
        return ".url", "several addresses are for Alertmanagers alone; describe a receiver for each"
    for url in receiver.urls if receiver.kind in ("webhook", "alertmanager") else ():
        if not is_address(url):
            return ".url", "this is no address of HTTP; write it like https://example.org/hook"
    return None


def is_address(url: str) -> bool:
    """Whether it is an address of HTTP that can be asked."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        return parts.scheme in ("http", "https") and bool(host) and parts.port != 0 and url.isprintable()
    except ValueError:  # no number, or one above 65535; no host name
        return False
