"""Secrets that upswell.toml names instead of holding them."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.settings.file import SettingsError


def secret_of(told: str, environ: Mapping[str, str], place: str) -> str:
    """`$NAME` is what the environment variable NAME holds. Raises SettingsError, which begins with `place`."""
    if not told.startswith("$"):
        return told
    value = environ.get(told[1:], "")
    if not value:
        raise SettingsError(f"{place}: the environment variable {told[1:]} is not set")
    return value
