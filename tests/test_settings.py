"""Where settings come from, which win, and what a person reads when one does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from pipeline.settings import NAMES, Settings, SettingsError, load_settings, unknown_variables

DOCS = Path(__file__).resolve().parents[1] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(f"UPSWELL_{name.upper()}", raising=False)


def told(text: str) -> None:
    Path("upswell.toml").write_text(text)


def fault(text: str | bytes) -> str:
    Path("upswell.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        load_settings()
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_without_a_word_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.pane_ms, settings.max_out_of_orderness_ms, settings.partitions, settings.events) == (
        10_000,
        5_000,
        4,
        (),
    )


def test_a_flag_beats_the_environment_which_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    told("pane_ms = 2000\nmax_out_of_orderness_ms = 2000\npartitions = 2\n")
    monkeypatch.setenv("UPSWELL_MAX_OUT_OF_ORDERNESS_MS", "3000")
    monkeypatch.setenv("UPSWELL_PARTITIONS", "3")
    settings = load_settings(partitions=5, pane_ms=None)
    assert (settings.pane_ms, settings.max_out_of_orderness_ms, settings.partitions) == (2_000, 3_000, 5)


def test_config_names_another_file_than_that_of_the_folder() -> None:
    told("partitions = 2")
    Path("other.toml").write_text("partitions = 9")
    assert load_settings(Path("other.toml")).partitions == 9


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWELL_PARTITIONS", "")
    assert load_settings().partitions == 4


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("pane_ms", 999, "from 1000 to 60000"),
        ("pane_ms", 60_001, "from 1000 to 60000"),
        ("pane_ms", 7_000, "7000 does not divide 60000"),
        ("max_out_of_orderness_ms", -1, "from 0 to 600000"),
        ("max_out_of_orderness_ms", 600_001, "from 0 to 600000"),
        ("partitions", 0, "from 1 to 1024"),
        ("partitions", 1_025, "from 1 to 1024"),
    ],
)
def test_a_number_beyond_its_limit_is_refused_where_it_was_said(
    name: str, value: int, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**{name: value})
    assert str(caught.value).startswith(f"--{name.replace('_', '-')}: ")
    assert part in str(caught.value)
    line = fault(f"{name} = {value}")
    assert line.startswith(f"upswell.toml: {name}: ")
    assert part in line
    monkeypatch.setenv(f"UPSWELL_{name.upper()}", str(value))
    assert fault("").startswith(f"UPSWELL_{name.upper()}: ")


@pytest.mark.parametrize(
    ("text", "start", "part"),
    [
        ("pane_ms = 10000\nmax_out_of_orderness_ms 5\n", "upswell.toml:2: ", "expected '='"),
        ("[[event]\n", "upswell.toml:1: ", "not TOML"),
        ('a = "', "upswell.toml:1: ", "not TOML"),
        ("a = " + "[" * 5_000, "upswell.toml:1: ", "not TOML"),
        (b"# caf\xe9\n", "upswell.toml:1: ", "UTF-8"),
        ("pane_size = 1\n", "upswell.toml: ", "'pane_size' is not a setting"),
        ("max_out_of_orderness_mS = 1\n", "upswell.toml: ", "did you mean max_out_of_orderness_ms?"),
        ("partitions = true\n", "upswell.toml: partitions: ", "whole number"),
        (f"partitions = {'1' * 5_000}\n", "upswell.toml:", "digits"),
        ("partitions = 2.5\n", "upswell.toml: partitions: ", "not 2.5"),
        ("[[events]]\nname = 'a'\n", "upswell.toml: ", "did you mean [[event]]?"),
        ("[event]\nname = 'a'\n", "upswell.toml: event: ", "[[event]] in two brackets"),
        ("event = [1]\n", "upswell.toml: event[0]: ", "[[event]]"),
        ("[[event]]\ntitle = 'a'\n", "upswell.toml:1: event[0]", "`name`"),
        ("[[event]]\nname = 'Paris Web'\n", "upswell.toml:2: event[0] (Paris Web).name: ", "lower-case"),
        ("[[event]]\nname = 'a'\nhashtag = ['#a']\n", "upswell.toml:3: event[0] (a): ", "did you mean hashtags?"),
        ("[[event]]\nname = 'a'\nhashtags = [1]\n", "upswell.toml:3: event[0] (a).hashtags[0]: ", "str"),
        ("[[event]]\nname = 'a'\nhashtags = '#a'\n", "upswell.toml:3: event[0] (a).hashtags: ", "array"),
        ("[[event]]\nname = 'a'\n[[event]]\nname = 'a'\n", "upswell.toml:4: event[1] (a).name: ", "two events"),
        ("[[event]]\nname = 'a'\nonly_accounts = true\n", "upswell.toml:1: event[0] (a).accounts: ", "nobody is named"),
        ("[[event]]\nname = 'a'\nstart = 18:00:00\n", "upswell.toml:3: event[0] (a).start: ", "not a time"),
        ("[[event]]\nname = 'a'\nend = 'tomorrow'\n", "upswell.toml:3: event[0] (a).end: ", "tomorrow is not a time"),
        ("[[event]]\nname = 'a'\nstart = 1960-01-01\n", "upswell.toml:3: event[0] (a).start: ", "is not a time"),
        ("[[event]]\nname = 'a'\nstart = 2026-01-02\nend = 2026-01-01\n", "upswell.toml:4: event[0] (a).end", "before"),
    ],
)
def test_a_fault_in_the_file_names_file_place_and_fault_in_one_line(text: str | bytes, start: str, part: str) -> None:
    line = fault(text)
    assert line.startswith(start)
    assert part in line


def test_a_config_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            load_settings(path)


def test_events_carry_all_that_the_file_says_about_them() -> None:
    told(
        """
        [[event]]
        name = "capcomnet"
        title = "Cap'Com Net 2026"
        hashtags = ["#CapComNet", "#capcom"]
        words = ["communication publique"]
        accounts = ["@capcom"]
        start = 2026-11-17T09:00:00+01:00
        end = 2026-11-18
        [[event]]
        name = "paris20"
        start = "2026-11-17T09:00:00"
        """
    )
    first, second = load_settings().events
    assert first.title == "Cap'Com Net 2026"
    assert first.hashtags == ("#CapComNet", "#capcom")
    assert (first.words, first.accounts) == (("communication publique",), ("@capcom",))
    nine_utc = 1_794_906_000_000
    assert first.start == nine_utc - 3_600_000
    assert first.end == nine_utc + 15 * 3_600_000
    assert (second.name, second.start, second.end) == ("paris20", nine_utc, None)


TOKEN = "[[token]]\nname = 'ann'\nsecret = '{}'\nrights = '{}'\n"


def test_a_token_is_told_in_the_file_or_the_environment_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    told(TOKEN.format("s" * 16, "write"))
    settings = load_settings()
    assert [(it.name, it.secret, it.rights) for it in settings.tokens] == [("ann", "s" * 16, "write")]
    assert "ssss" not in repr(settings) + repr(settings.tokens)
    monkeypatch.setenv("UPSWELL_TOKENS", "bob:read:" + "t" * 20)
    assert [(it.name, it.rights) for it in load_settings().tokens] == [("bob", "read")]
    for wrong in ("bob:read:short-secret", "bob:all:" + "t" * 20, "t" * 20):
        monkeypatch.setenv("UPSWELL_TOKENS", wrong)
        line = fault("")
        assert line.startswith("UPSWELL_TOKENS: ")
        assert wrong.rpartition(":")[2] not in line


def test_a_fault_in_a_token_is_told_without_its_secret() -> None:
    assert fault(TOKEN.format("too-short", "read")).startswith("upswell.toml:3: token[0] (ann).secret: ")
    assert "too-short" not in fault(TOKEN.format("too-short", "read"))
    assert fault(TOKEN.format("s" * 16, "all")).startswith("upswell.toml:4: token[0] (ann).rights: ")
    assert "two tokens" in fault(TOKEN.format("s" * 16, "read") * 2)


@pytest.mark.parametrize("zone", ["Europe/Pariss", "..", "Europe", ""])
def test_an_events_time_zone_is_one(zone: str) -> None:
    line = fault(f"[[event]]\nname = 'a'\ntime_zone = '{zone}'\n")
    assert line.startswith("upswell.toml:3: event[0] (a).time_zone: ")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("words", "some", "must be one of off, events, all, not 'some'"),
        ("pictures", "maybe", "must be true or false, not 'maybe'"),
        ("partitions", "true", "must be a whole number from 1 to 1024, not 'true'"),
        ("networks", "a,b", 'no JSON list; write it like ["one", "two"]'),
        ("networks", '["A"]', "must be a list of names of a-z, 0-9, ., _ and -, 64 characters each at most, not ['A']"),
        ("embed_sites", '["a"]', "must be a list of addresses without a path, like https://www.example.org, not ['a']"),
        ("public_url", "ftp://a", "must be an address like https://trends.example.org, not 'ftp://a'"),
        ("contact", "a b", "must be a mail or web address without blanks, 200 characters at most, not 'a b'"),
        ("redis_url", "hunter2", "no address of Redis; write it like redis://127.0.0.1:6379/0"),
        ("kafka_brokers", "here", "'here' is not host:port; write it like 127.0.0.1:9092"),
    ],
)
def test_what_a_variable_must_be_is_told_in_words(
    name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"UPSWELL_{name.upper()}", value)
    assert fault("") == f"UPSWELL_{name.upper()}: {line}"


def test_texts_of_variables_become_what_the_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWELL_NETWORKS", '["mybb", "forum.example"]')
    monkeypatch.setenv("UPSWELL_PICTURES", "false")
    monkeypatch.setenv("UPSWELL_METRICS_PORT", "9100")
    settings = load_settings()
    assert (settings.networks, settings.pictures, settings.metrics_port) == (("mybb", "forum.example"), False, 9_100)


def test_passwords_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("kafka_sasl_password", "control_key", "redis_url")
    for name in names:
        assert "hunter2" not in fault(f"{name} = ['hunter2']")
    told("")
    for name in names:
        monkeypatch.setenv(f"UPSWELL_{name.upper()}", "redis://:hunter2@host/0")
    assert load_settings().redis_url == "redis://:hunter2@host/0"
    assert "hunter2" not in repr(load_settings())


def test_events_cannot_be_told_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWELL_EVENTS", "[]")
    with pytest.raises(SettingsError, match=r"^UPSWELL_EVENTS: .*\[\[event\]\] tables"):
        load_settings()


def test_a_misspelt_variable_does_not_pass_in_silence() -> None:
    lines = unknown_variables(
        {"UPSWELL_MAX_OUT_OF_ORDERNES_MS": "1", "UPSWELL_PANE_MS": "1000", "UPSWELL_DATA": "x", "HOME": "/"}
    )
    assert lines == [
        "the environment variable UPSWELL_MAX_OUT_OF_ORDERNES_MS is not a setting and changes nothing; "
        "did you mean UPSWELL_MAX_OUT_OF_ORDERNESS_MS?"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_is_documented_with_its_default_and_limits(name: str) -> None:
    (field,) = (field for field in msgspec.structs.fields(Settings) if field.name == name)
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"docs/settings.md has no row for {name}"
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    in_tables = ("events", "watchlists", "rules", "receivers", "sources", "webhooks")
    assert cells[1] == f"`UPSWELL_{name.upper()}`" or name in in_tables
    if isinstance(field.default, bool):
        assert cells[2] == f"`{str(field.default).lower()}`"
    elif isinstance(field.default, int):
        assert cells[2] == f"{field.default:,}"
        _, meta = get_args(field.type)
        limits = {f"{limit:,}" for limit in (meta.ge, meta.le)}
        assert len(limits) == 2
        assert limits <= set(cells[3].replace(";", "").split()), cells[3]
