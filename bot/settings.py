"""Every setting: from the environment or `.env`, prefix SANGDEN_, typed, documented, checked at start."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.sealing import keys_from, new_key

PREFIX = "SANGDEN_"


class Settings(BaseSettings):
    """The service's settings; `sangden doctor` shows which are set and whether they work."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(
        Path("var"), description="Where the SQLite database, the vault and what is generated live."
    )
    database_url: str = Field(
        "", description="postgresql+asyncpg://… or sqlite+aiosqlite:///…; default: SQLite in DATA_DIR."
    )
    public_url: str = Field(
        "", description="The https address customers and platforms reach the service at; needed for webhooks."
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs web visitors' cookies; made in DATA_DIR for a local run, required with PUBLIC_URL.",
    )
    vault_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of the vault, id:base64 each, parted by commas; the first seals. Made in DATA_DIR for a "
        "local run, required with PUBLIC_URL.",
    )
    vault_dir: Path | None = Field(
        None, description="Where files that customers send are kept, sealed; default: vault in DATA_DIR."
    )
    utility_name: str = Field("Điện lực Sáng Đèn", description="The utility's name, as the web chat shows it.")
    hotline: str = Field("1900 545454", description="The hotline, as the web chat shows it.")
    log_format: Literal["console", "json"] = Field("console", description="How log lines are written.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    telegram_token: SecretStr = Field(SecretStr(""), description="The bot's token; empty: Telegram is off.")
    telegram_api_url: str = Field(
        "https://api.telegram.org", description="Another Bot API server, or an emulator."
    )
    telegram_mode: Literal["polling", "webhook"] = Field("polling", description="How updates arrive.")
    telegram_webhook_secret: SecretStr = Field(
        SecretStr(""), description="What Telegram repeats with each webhook call; required in webhook mode."
    )
    assistant_url: str = Field(
        "", description="An OpenAI-compatible server that may choose among articles; empty: there is none."
    )
    assistant_model: str = Field("", description="The model that the assistant's server is asked for.")
    assistant_key: SecretStr = Field(SecretStr(""), description="The assistant's key, if its server wants one.")
    telegram_rate: float = Field(30.0, gt=0, le=1000, description="Messages a second; above 30 they are paid for.")

    @field_validator("public_url", "telegram_api_url", "assistant_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("assistant_url")
    @classmethod
    def _without_version(cls, value: str) -> str:
        return value.removesuffix("/v1")

    @field_validator("public_url", "assistant_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("write the whole address, such as https://chat.example.vn")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value.startswith(("postgresql://", "postgres://")):
            value = "postgresql+asyncpg://" + value.partition("://")[2]
        if value and not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite:")):
            raise ValueError(
                "write postgresql+asyncpg://user:password@host/name or sqlite+aiosqlite:///path/to.db"
            )
        return value

    @field_validator("vault_keys")
    @classmethod
    def _ring(cls, value: SecretStr) -> SecretStr:
        keys_from(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        if self.telegram_token.get_secret_value() and self.telegram_mode == "webhook":
            if not self.public_url:
                raise ValueError("SANGDEN_TELEGRAM_MODE=webhook needs SANGDEN_PUBLIC_URL")
            if not self.telegram_webhook_secret.get_secret_value():
                raise ValueError("SANGDEN_TELEGRAM_MODE=webhook needs SANGDEN_TELEGRAM_WEBHOOK_SECRET")
        if self.assistant_url and not self.assistant_model:
            raise ValueError("SANGDEN_ASSISTANT_URL is set: set SANGDEN_ASSISTANT_MODEL as well")
        if self.public_url.startswith("https://") and not self.secret_key.get_secret_value():
            raise ValueError("SANGDEN_PUBLIC_URL is set: set SANGDEN_SECRET_KEY to a long random text as well")
        if self.public_url.startswith("https://") and not self.vault_keys.get_secret_value():
            raise ValueError(
                "SANGDEN_PUBLIC_URL is set: set SANGDEN_VAULT_KEYS as well; `sangden vault key` prints a new key"
            )
        return self

    @classmethod
    def unknown(cls, names: Iterable[str]) -> list[str]:
        """Those of the names that look like settings and are none."""
        known = {PREFIX + field.upper() for field in cls.model_fields}
        return sorted(name for name in map(str.upper, names) if name.startswith(PREFIX) and name not in known)

    @property
    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'sangden.db'}"

    @property
    def vault(self) -> Path:
        """The vault's directory."""
        return self.vault_dir or self.data_dir / "vault"

    @property
    def knowledge(self) -> Path:
        """The folder of the articles that staff write."""
        return self.data_dir / "knowledge"

    def secret(self) -> str:
        """The secret key; for a local run made once and kept in DATA_DIR, readable by its owner only."""
        return self.secret_key.get_secret_value() or self._made_once("secret_key", secrets.token_urlsafe(48))

    def vault_ring(self) -> dict[str, bytes]:
        """The keys of the vault; for a local run one is made once and kept in DATA_DIR. Raises ValueError."""
        return keys_from(self.vault_keys.get_secret_value() or self._made_once("vault_keys", new_key("local")))

    def _made_once(self, name: str, text: str) -> str:
        """The text of a file in DATA_DIR, which is made with this text if it is not there."""
        kept = self.data_dir / name
        if not kept.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            made = self.data_dir / f"{name}.{secrets.token_hex(4)}"
            made.touch(mode=0o600)
            made.write_text(text)
            # Two processes may start at once: the first one's text counts, and nobody reads half of it.
            with suppress(FileExistsError):
                kept.hardlink_to(made)
            made.unlink()
        return kept.read_text().strip()
