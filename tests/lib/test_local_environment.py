"""The environment maker: what counts as current, and that both requirement files say the same."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from connector_site.lib import local_environment

CHECKOUT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^\s;]+)", re.MULTILINE)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished environment: its Python is ours, its requirement file holds one line."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    requirements = tmp_path / "requirements-dev.txt"
    requirements.write_text("six==1.17.0\n")
    monkeypatch.setattr(local_environment, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(local_environment, "PYTHON", python)
    monkeypatch.setattr(local_environment, "REQUIREMENTS", requirements)
    monkeypatch.setattr(local_environment, "STAMP", tmp_path / ".venv" / "installed-requirements.json")
    local_environment.STAMP.write_text(json.dumps(local_environment.wanted_stamp()))
    return tmp_path


def pins(path: Path) -> dict[str, str]:
    return dict(PINNED.findall(path.read_text()))


def test_a_finished_environment_is_used_again(made: Path) -> None:
    assert made.exists()
    assert local_environment.is_current() is True


def test_changed_requirements_are_installed_anew(made: Path) -> None:
    (made / "requirements-dev.txt").write_text("six==1.16.0\n")

    assert local_environment.is_current() is False


def test_an_environment_that_was_never_finished_is_not_current(made: Path) -> None:
    (made / ".venv" / "installed-requirements.json").unlink()

    assert local_environment.is_current() is False


def test_an_environment_moved_from_another_folder_is_not_current(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_environment, "ENVIRONMENT", made / "moved")

    assert local_environment.is_current() is False


def test_an_environment_whose_python_is_gone_is_not_current(made: Path) -> None:
    python = made / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(made / "removed-python")

    assert local_environment.is_current() is False


def test_a_package_with_a_missing_file_is_named(tmp_path: Path) -> None:
    described = tmp_path / "shaky-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: shaky\nVersion: 1.0\n")
    (described / "RECORD").write_text("shaky/lost.py,,\nshaky-1.0.dist-info/METADATA,,\n")

    checked = subprocess.run(
        [sys.executable, "-c", local_environment.CHECK_FILES],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": os.defpath},
    )

    assert (checked.returncode, checked.stderr.strip()) == (1, "shaky: shaky/lost.py")


def test_both_requirement_files_pin_the_same_versions() -> None:
    production, development = pins(CHECKOUT / "requirements.txt"), pins(CHECKOUT / "requirements-dev.txt")

    assert len(production) > 50
    assert {name: development.get(name) for name in production} == production


def test_the_requirement_files_follow_the_project_file() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    runtime = dict(PINNED.findall("\n".join(project["project"]["dependencies"])))
    groups = project["dependency-groups"]
    development = dict(
        PINNED.findall("\n".join(each for each in [*groups["local"], *groups["dev"]] if isinstance(each, str)))
    )

    assert runtime.items() <= pins(CHECKOUT / "requirements.txt").items()
    assert development.items() <= pins(CHECKOUT / "requirements-dev.txt").items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_by_hash_and_no_host_is_named(name: str) -> None:
    text = (CHECKOUT / name).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert re.findall(r"https?://\S+|file:\S+|--\S*index\S*", text) == []
