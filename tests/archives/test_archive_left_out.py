"""Tables of something else among archives: left out and told, and the rest counts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.read import read_archives

POSTS = "id,author,text,time\n1,ana,hello #paris,2024-05-01T10:00:00Z\n2,bob,again #paris,2024-05-01T10:01:00Z\n"
PEOPLE = "id,name,town,created_at\n1,Ana,Tonder,2020-05-01T10:00:00Z\n2,Bob,Lodz,2020-05-01T10:00:00Z\n"
CHAT = "chat_identifier,author,text,time\nfriends,ana,hello,2024-05-01T10:00:00Z\n"
WHY = {"people.csv": "has no column for text: it has id, name, town", "chat.csv": "holds messages of a chat"}


def folder(path: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (path / name).write_text(content)
    return path


def read(*paths: Path) -> tuple[list[str], list[str], bool]:
    """The texts of the posts, what is told, and whether something failed."""
    batches = list(read_archives(list(paths)))
    texts = [post.text for batch in batches for post in batch.posts]
    return texts, [note for batch in batches for note in batch.notes], any(batch.failed for batch in batches)


@pytest.mark.parametrize(("name", "content"), [("people.csv", PEOPLE), ("chat.csv", CHAT)])
def test_beside_posts_it_is_left_out_in_a_folder_as_in_a_zip(tmp_path: Path, name: str, content: str) -> None:
    folder(tmp_path, {"posts.csv": POSTS, name: content})
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as both:
        both.writestr(name, content)
        both.writestr("posts.csv", POSTS)
    for paths in ([tmp_path / "posts.csv", tmp_path / name], [tmp_path / "both.zip"]):
        texts, (note,), failed = read(*paths)
        assert texts == ["hello #paris", "again #paris"]
        assert f"{name} {WHY[name]}" in note
        assert note.endswith("; it is left out")
        assert failed


def test_a_column_that_is_asked_for_need_not_be_in_every_table(tmp_path: Path) -> None:
    folder(tmp_path, {"posts.csv": POSTS.replace("text", "said"), "people.csv": PEOPLE})
    assert run(["replay", str(tmp_path), "--columns", "text=said"]) == 1


def test_alone_it_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder(tmp_path, {"people.csv": PEOPLE}) / "people.csv"
    with pytest.raises(ArchiveError, match="name the columns"):
        read(path)
    assert run(["replay", str(path)]) == 2
    assert "left out" not in capsys.readouterr().err


@pytest.mark.parametrize("command", [["replay"], ["replay", "--explain"], ["why", "#paris"], ["alerts", "dry-run"]])
def test_every_command_tells_what_it_left_out(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "upswell.toml").write_text('[[rule]]\nname = "any"\n')
    (tmp_path / "archive").mkdir()
    folder(tmp_path / "archive", {"posts.csv": POSTS, "people.csv": PEOPLE})
    monkeypatch.chdir(tmp_path)
    run([*command, "archive", *(["--at", "2024-05-01 10:02"] if command[0] == "why" else [])])
    said = capsys.readouterr()
    assert "people.csv has no column for text" in said.out + said.err
