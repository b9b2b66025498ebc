"""The image's recipe, step by step, outside a container: what the context sends, what is copied, what is installed from
it, and how it then runs: as its entry point says, writing nothing but /data."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from tests.kafka.apache import free_port
from tests.sinks.servers import redis_server, until

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "Dockerfile").read_text()


def sent() -> list[Path]:
    """The files that .dockerignore lets into the context: the last rule that fits a path or a folder above decides."""
    rules = (ROOT / ".dockerignore").read_text().split()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    chosen = []
    for name in tracked.stdout.splitlines():
        path = Path(name)
        places = [str(path), *(str(parent) for parent in path.parents if parent != Path())]
        ignored = False
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            if any(fnmatch.fnmatch(place, pattern) for place in places):
                ignored = not rule.startswith("!")
        if not ignored:
            chosen.append(path)
    return chosen


def copied(context: Path, source: Path) -> None:
    """What the COPY steps of the build stage put into its folder."""
    for step in re.findall(r"^COPY (?!--)(.+)$", RECIPE, re.MULTILINE):
        *names, into = step.split()
        for name in names:
            place = source / into / ("" if into.endswith("/") else ".")
            if (context / name).is_dir():
                shutil.copytree(context / name, source / into, dirs_exist_ok=True)
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(context / name, place)


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    quickly = os.environ | {"CFLAGS": "-O0"}  # that it compiles and runs is what is asked here, not how fast
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=quickly)
    if "No matching distribution found for setuptools" in found.stderr:
        pytest.skip("the build needs setuptools, and no package registry is reached from here")
    assert found.returncode == 0, found.stderr[-2_000:]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with upswell in it as the recipe installs it. What it depends on comes from the tests' own venv: that
    it can be installed is what `make` has shown."""
    folder = tmp_path_factory.mktemp("image")
    context, source, venv = folder / "context", folder / "src", folder / "venv"
    for path in sent():
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, context / path)
    copied(context, source)
    assert re.search(r"^RUN /opt/upswell/bin/pip install .* \.$", RECIPE, re.MULTILINE)
    wheels = folder / "wheels"
    pip("wheel", "--no-deps", "--wheel-dir", str(wheels), str(source))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (wheel,) = wheels.glob("upswell-*.whl")
    pip("--python", str(venv / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    (site,) = (venv / "lib").glob("python3*/site-packages")
    (site / "depended.pth").write_text(f"{next(Path(sys.prefix).glob('lib/python3*/site-packages'))}\n")
    return venv


def environment(venv: Path, **more: str) -> dict[str, str]:
    """What ENV of the recipe sets, with the venv in its place."""
    told = dict(re.findall(r"([A-Z]+)=(\S+)", next(line for line in RECIPE.splitlines() if line.startswith("ENV "))))
    path = told.pop("PATH").replace("/opt/upswell", str(venv)).replace("$PATH", os.defpath)
    return told | {"PATH": path, "HOME": "/nonexistent"} | more


def test_the_context_holds_what_runs_and_nothing_else() -> None:
    tops = {path.parts[0] for path in sent()}
    assert tops == {
        *("pyproject.toml", "requirements.txt", "README.md", "LICENSE"),
        *("schemas", "pipeline", "agents", "upswell"),
    }


def test_every_file_that_the_page_needs_is_installed(image: Path) -> None:
    (installed,) = image.glob("lib/python3*/site-packages/pipeline/web/static")
    static = ROOT / "pipeline" / "web" / "static"
    there = {str(path.relative_to(static)) for path in static.rglob("*") if path.is_file()}
    assert {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()} == there


def test_what_is_compiled_is_compiled_where_the_image_is_built(image: Path) -> None:
    """The slim image has no compiler: there the parts would silently be left out."""
    assert re.findall(r"^FROM (\S+) AS build$", RECIPE, re.MULTILINE) == ["python:3.11.14-bookworm"]
    recipe = re.sub(r" *\\\n *", " ", RECIPE)
    checked = re.search(r'^RUN cd / && /opt/upswell/bin/python -c "import (.+)"$', recipe, re.MULTILINE)
    assert checked
    modules = checked[1].split(", ")
    assert {f"{name.replace('.', '/')}.c" for name in modules} == {
        str(path.relative_to(ROOT)) for name in ("schemas", "pipeline", "agents") for path in (ROOT / name).rglob("*.c")
    }
    (site,) = image.glob("lib/python3*/site-packages")
    for name in modules:
        assert list(site.glob(f"{name.replace('.', '/')}.*.so")), name


def test_the_entry_point_runs_from_the_installed_files_alone(image: Path, tmp_path: Path) -> None:
    entry = re.search(r'^ENTRYPOINT \["(.+)"\]$', RECIPE, re.MULTILINE)
    command = re.search(r'^CMD \["(.+)"\]$', RECIPE, re.MULTILINE)
    assert entry
    assert command
    run = subprocess.run(
        ["/usr/bin/env", entry[1], command[1]],
        cwd=tmp_path,
        env=environment(image),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Usage: upswell" in run.stdout
    where = subprocess.run(
        ["/usr/bin/env", "python", "-c", "import pipeline; print(pipeline.__file__)"],
        cwd=tmp_path,
        env=environment(image),
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(image))


def written(*places: Path) -> dict[str, int]:
    """What lies in these folders, and when it was last written."""
    return {str(path): path.stat().st_mtime_ns for place in places for path in (place, *place.rglob("*"))}


def test_the_page_is_served_writes_nothing_but_data_and_its_health_check_is_content(
    image: Path, tmp_path: Path
) -> None:
    """As the compose file runs it: with history and walls in /data, and all else read-only there."""
    web = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]
    port, kept = free_port(), redis_server(tmp_path)
    data, config = tmp_path / "data", tmp_path / "etc"
    data.mkdir()
    config.mkdir()
    command = [part.replace("/data/", f"{data}/").replace("8080", str(port)) for part in web["command"]]
    command[command.index("0.0.0.0")] = "127.0.0.1"
    kept.start()
    environs = environment(image, UPSWELL_REDIS_URL=f"redis://127.0.0.1:{kept.port}/0")
    before = written(image, config)
    log = tmp_path / "web.log"
    with log.open("wb") as told:
        serving = subprocess.Popen(
            ["/usr/bin/env", "upswell", *command, "--from", "redis"], cwd=config, env=environs, stdout=told, stderr=told
        )
    try:
        check = [part.replace("8080", str(port)) for part in web["healthcheck"]["test"][1:]]

        def healthy() -> bool:
            assert serving.poll() is None, log.read_text()
            run = subprocess.run(["/usr/bin/env", *check], env=environs, capture_output=True, check=False, timeout=10)
            return run.returncode == 0

        until(healthy, 40, "the health check of the compose file is content")
        page = httpx.get(f"http://127.0.0.1:{port}/")
        assert page.status_code == 200
        for asset in re.findall(r'"(/static/[^"]+)"', page.text):
            assert httpx.get(f"http://127.0.0.1:{port}{asset}").status_code == 200
        assert {path.name for path in data.iterdir()} >= {"trends.db", "walls.db"}
        serving.terminate()
        began = time.monotonic()
        assert serving.wait(15) == 0, log.read_text()
        assert time.monotonic() - began < 10
        assert written(image, config) == before
    finally:
        serving.kill()
        kept.kill()
