"""The command line says what it did, and what to do when it could not."""

from __future__ import annotations

import socket
from pathlib import Path

from aiohttp import ClientSession

from bot.app import running
from store.sealing import new_key
from tests.bot.command import sangden
from tests.sqlite_files import copied
from tests.web.service import settings_for


async def test_a_token_is_printed_once_and_works_until_its_name_gets_another(tmp_path: Path) -> None:
    assert sangden(tmp_path, "migrate", cold=True).returncode == 0
    old, new = (sangden(tmp_path, "token", "add", "scada", "--role", "operator").stdout.strip() for _ in range(2))
    assert old.startswith("sd_")
    assert old != new
    assert new.encode() not in (tmp_path / "sangden.db").read_bytes()
    async with running(settings_for(tmp_path, ""), "web", "127.0.0.1", 0) as address, ClientSession() as client:
        for token, status in ((old, 401), (new, 200)):
            headers = {"Authorization": f"Bearer {token}"}
            async with client.get(f"{address}/api/v1/outages", headers=headers) as response:
                assert response.status == status


def test_demonstration_data_is_loaded_only_once(tmp_path: Path) -> None:
    sangden(tmp_path, "migrate")
    assert "2000 customers" in sangden(tmp_path, "demo").stdout
    again = sangden(tmp_path, "demo")
    assert (again.returncode, "There are customers already" in again.stdout) == (1, True)
    quiet = sangden(tmp_path, "demo", "--if-empty")
    assert (quiet.returncode, quiet.stdout) == (0, "")


def test_without_tables_a_command_points_to_the_doctor(tmp_path: Path) -> None:
    done = sangden(tmp_path, "demo")
    assert done.returncode == 1
    assert "sangden doctor" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_says_what_is_missing_and_what_is_off(tmp_path: Path) -> None:
    before = sangden(tmp_path, "doctor")
    assert before.returncode == 1
    assert "run `sangden migrate`" in before.stdout
    sangden(tmp_path, "migrate")
    assert "run `sangden demo`" in sangden(tmp_path, "doctor").stdout
    sangden(tmp_path, "demo")
    well = sangden(tmp_path, "doctor", TELEGRM_TOKEN="x")  # noqa: S106
    assert well.returncode == 0, well.stdout
    assert "SANGDEN_TELEGRM_TOKEN is no setting" in well.stdout
    assert "2000 in the master data" in well.stdout
    assert "SANGDEN_TELEGRAM_TOKEN is not set" in well.stdout
    assert "SANGDEN_ASSISTANT_URL is not set" in well.stdout


def test_the_doctor_does_not_print_the_databases_password(tmp_path: Path) -> None:
    url = "postgresql://sangden:s3cret@127.0.0.1:9/none"
    done = sangden(tmp_path, "doctor", DATABASE_URL=url)
    assert done.returncode == 1
    assert "SANGDEN_DATABASE_URL" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_a_wrong_setting_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    done = sangden(tmp_path, "serve", TELEGRAM_MODE="pigeon")
    assert done.returncode == 2
    assert "SANGDEN_TELEGRAM_MODE" in done.stdout
    assert "'polling' or 'webhook'" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    sangden(tmp_path, "migrate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = sangden(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_vaults_keys_are_turned_and_a_missing_one_is_named(sqlite_template: Path, tmp_path: Path) -> None:
    copied(sqlite_template, tmp_path / "sangden.db")
    old, new = new_key("k1"), new_key("k2")
    said = sangden(tmp_path, "chat", said="theo dõi\n", VAULT_KEYS=old)
    assert "theo dõi nơi nào" in said.stdout, said.stderr

    lost = sangden(tmp_path, "chat", said="theo dõi\n", VAULT_KEYS=new)
    assert (lost.returncode, "The vault's keys lack k1" in lost.stderr) == (1, True), lost.stderr
    assert "Traceback" not in lost.stderr

    turned = sangden(tmp_path, "vault", "rotate", VAULT_KEYS=f"{new},{old}")
    assert turned.returncode == 0, turned.stderr
    assert "0 files and 1 texts" in turned.stdout
    well = sangden(tmp_path, "doctor", VAULT_KEYS=new)
    assert "sealed with the key k2" in well.stdout
