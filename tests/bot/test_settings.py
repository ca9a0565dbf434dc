"""Settings are checked at start, and what is wrong is said in words that help."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import Settings
from store.sealing import new_key

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"  # noqa: S105


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's environment nor a .env file counts."""
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields:
        monkeypatch.delenv(f"SANGDEN_{field.upper()}", raising=False)


def of(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"SANGDEN_{name}", value)
    return Settings()


def test_without_any_setting_it_runs_on_sqlite_in_var() -> None:
    assert Settings().database == "sqlite+aiosqlite:///var/sangden.db"


def test_the_data_directory_moves_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(monkeypatch, DATA_DIR="/srv/light").database == "sqlite+aiosqlite:////srv/light/sangden.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_way_of_writing_a_postgresql_address_is_understood(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    assert of(monkeypatch, DATABASE_URL=f"{scheme}://u:p@h/n").database == "postgresql+asyncpg://u:p@h/n"


def test_a_env_file_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SANGDEN_UTILITY_NAME=Điện lực Quận 1\n", "utf-8")
    assert Settings().utility_name == "Điện lực Quận 1"


def test_a_slash_at_the_end_of_an_address_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"SECRET_KEY": "long and random", "VAULT_KEYS": new_key("k1")}
    settings = of(monkeypatch, PUBLIC_URL="https://chat.example.vn/", **secrets)
    assert settings.public_url == "https://chat.example.vn"


@pytest.mark.parametrize("url", ["https://ai.example.vn", "https://ai.example.vn/", "https://ai.example.vn/v1/"])
def test_the_assistants_address_is_understood_with_and_without_its_version(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    settings = of(monkeypatch, ASSISTANT_URL=url, ASSISTANT_MODEL="small", ASSISTANT_KEY="s3cret")
    assert settings.assistant_url == "https://ai.example.vn"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"DATABASE_URL": "mysql://u@h/n"}, "postgresql+asyncpg://"),
        ({"PUBLIC_URL": "chat.example.vn"}, "https://chat.example.vn"),
        ({"PUBLIC_URL": "https://chat.example.vn"}, "SANGDEN_SECRET_KEY"),
        ({"PUBLIC_URL": "https://chat.example.vn", "SECRET_KEY": "long and random"}, "sangden vault key"),
        ({"VAULT_KEYS": "k1:c2hvcnQ="}, "sangden vault key"),
        ({"VAULT_KEYS": "c2hvcnQ="}, "id:base64"),
        ({"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_MODE": "webhook"}, "SANGDEN_PUBLIC_URL"),
        (
            {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_MODE": "webhook", "PUBLIC_URL": "http://x.vn"},
            "SANGDEN_TELEGRAM_WEBHOOK_SECRET",
        ),
        ({"ASSISTANT_URL": "http://127.0.0.1:8000"}, "SANGDEN_ASSISTANT_MODEL"),
        ({"ASSISTANT_URL": "127.0.0.1:8000", "ASSISTANT_MODEL": "small"}, "write the whole address"),
        ({"TELEGRAM_MODE": "pigeon"}, "'polling' or 'webhook'"),
        ({"TELEGRAM_RATE": "0"}, "greater than 0"),
        ({"LOG_LEVEL": "chatty"}, "'WARNING'"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        of(monkeypatch, **values)
    assert says in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "c2hvcnQ=" not in str(caught.value)


def test_the_level_may_be_written_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(monkeypatch, LOG_LEVEL="debug").log_level == "DEBUG"


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made: Any = Settings(data_dir=tmp_path / "new").secret()
    assert len(made) >= 32
    assert Settings(data_dir=tmp_path / "new").secret() == made
    files = list((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["secret_key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_so_is_a_key_for_the_vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.vault_ring() == settings.vault_ring()
    assert settings.vault == tmp_path / "vault"
    assert stat.S_IMODE((tmp_path / "vault_keys").stat().st_mode) == 0o600
    ring = of(monkeypatch, VAULT_KEYS=f"{new_key('k2')},{new_key('k1')}", VAULT_DIR="/srv/vault")
    assert list(ring.vault_ring()) == ["k2", "k1"]
    assert ring.vault == Path("/srv/vault")


def test_of_two_processes_that_start_at_once_both_use_the_first_ones_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)

    def late(_file: Path) -> bool:
        monkeypatch.undo()
        (tmp_path / "secret_key").write_text("the other one's")
        return False

    monkeypatch.setattr(Path, "exists", late)
    assert settings.secret() == "the other one's"
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TOKEN not in repr(of(monkeypatch, TELEGRAM_TOKEN=TOKEN))


def test_a_misspelt_setting_is_noticed() -> None:
    assert Settings.unknown(["SANGDEN_TELEGRM_TOKEN", "SANGDEN_TELEGRAM_TOKEN", "HOME"]) == [
        "SANGDEN_TELEGRM_TOKEN"
    ]
