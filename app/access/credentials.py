"""Tokens, one-time links and sessions, kept as hashes in one file of the data folder.

A secret is 256 random bits, told once to whoever asked for it; the file has its SHA-256 (which suffices for what cannot
be guessed; slow hashes are for what people think up). So whoever reads the file, or a copy of it, gets in nowhere. It
is written whole, under a lock, readable for its owner alone, and looked at again whenever it has changed: what one
process revokes is gone for the others with their next request.
"""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.errors import ExplainedError

try:
    import fcntl
except ImportError:  # Windows has no such locks; there, one process at a time must do the writing
    fcntl = None  # type: ignore[assignment]

Role = Literal["editor", "admin"]
FILE_NAME: Final = "access.json"
PREFIX: Final = "plu_"
LINK_HOURS: Final = 24.0
MAX_SESSIONS: Final = 1_000
BY_SETTING: Final = "setting"


class Credential(BaseModel):
    """What lets somebody in: a token, which a program or a person shows; a link, which lets one person in once; or a
    session, which is one browser that is logged in. The secret itself is kept nowhere.

    ``by`` of a session is a token's id, "link", or :data:`BY_SETTING`; ``proof`` ties it to the token of the settings,
    so that it ends when that is changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    hash: str
    id: str = ""
    label: str = Field("", max_length=80)
    by: str = ""
    proof: str = ""
    made_at: datetime | None = None
    began_at: datetime | None = None
    expires_at: datetime = datetime.max.replace(tzinfo=UTC)

    def opened_by(self, secret: str) -> bool:
        """Whether a secret is its own; it may have expired."""
        return same(digest_of(secret), self.hash)

    @property
    def lasts(self) -> bool:
        return self.expires_at > now()


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    tokens: tuple[Credential, ...] = ()
    links: tuple[Credential, ...] = ()
    sessions: tuple[Credential, ...] = ()


class NoSuchCredential(ExplainedError):
    """No token or session has that id."""


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def now() -> datetime:
    return datetime.now(UTC)


class Credentials:
    """The credentials of one installation.

    Args:
        folder: the data folder.
        setting: the token of the settings, "" if none is set.
    """

    def __init__(self, folder: Path, setting: str = "") -> None:
        self._path = folder / FILE_NAME
        self._setting = setting
        self._lock = Lock()
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._kept = _Kept()

    # ---------- tokens ----------

    def tokens(self) -> tuple[Credential, ...]:
        return self._read().tokens

    def make_token(self, role: Role, label: str = "") -> tuple[Credential, str]:
        """A new token and its secret, which cannot be told again.

        Raises:
            OSError: the data folder cannot be written.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Credential(role=role, hash=digest_of(secret), id=secrets.token_hex(4), label=label, made_at=now())
        with self._changing() as kept:
            self._write(kept, tokens=(*kept.tokens, token))
        return token, secret

    def revoke_token(self, token_id: str) -> None:
        """End a token, and every session that began with it.

        Raises:
            NoSuchCredential: there is none.
            OSError: the data folder cannot be written.
        """
        with self._changing() as kept:
            tokens = tuple(token for token in kept.tokens if token.id != token_id)
            if len(tokens) == len(kept.tokens):
                item = f"token {token_id[:80]!r}"
                raise NoSuchCredential(item, "does not belong to this installation", "see pluriscope token list")
            self._write(kept, tokens=tokens, sessions=tuple(one for one in kept.sessions if one.by != token_id))

    def opens(self, secret: str) -> tuple[Role, str] | None:
        """The role that a token gives, and whose it is; None if it is not one of ours."""
        if self._setting and same(secret, self._setting):
            return "admin", BY_SETTING
        found = [token for token in self.tokens() if token.opened_by(secret)]  # all, so that the time tells nothing
        return (found[0].role, found[0].id) if found else None

    # ---------- links that let in once ----------

    def make_link(self, role: Role = "admin", hours: float = LINK_HOURS, *, only: bool = False) -> str:
        """The secret of a link that logs in one browser, once, until it expires.

        Args:
            role: what it lets do.
            hours: how long it may be used.
            only: earlier links that were not used end.

        Raises:
            OSError: the data folder cannot be written.
        """
        secret = secrets.token_urlsafe(32)
        link = Credential(role=role, hash=digest_of(secret), expires_at=now() + timedelta(hours=hours))
        with self._changing() as kept:
            earlier = () if only else tuple(one for one in kept.links if one.lasts)
            self._write(kept, links=(*earlier, link))
        return secret

    def use_link(self, secret: str) -> Role | None:
        """The role that a link gives; it is used up. None if it is none, was used, or has expired.

        Raises:
            OSError: the data folder cannot be written; then it is not used up either.
        """
        with self._changing() as kept:
            found = next((link for link in kept.links if link.opened_by(secret)), None)
            left = tuple(link for link in kept.links if link is not found and link.lasts)
            if len(left) != len(kept.links):
                self._write(kept, links=left)
        return found.role if found and found.lasts else None

    # ---------- sessions ----------

    def sessions(self) -> tuple[Credential, ...]:
        """Those that have not expired, the latest first."""
        return tuple(reversed([one for one in self._read().sessions if one.lasts]))

    def begin_session(self, role: Role, by: str, hours: float) -> str:
        """The secret of a new session, which goes into the browser's cookie.

        Raises:
            OSError: the data folder cannot be written.
        """
        secret, began = secrets.token_urlsafe(32), now()
        session = Credential(
            role=role,
            hash=digest_of(secret),
            id=secrets.token_hex(4),
            by=by,
            proof=self._proof(secret) if by == BY_SETTING else "",
            began_at=began,
            expires_at=began + timedelta(hours=hours),
        )
        with self._changing() as kept:
            lasting = [one for one in kept.sessions if one.lasts][-(MAX_SESSIONS - 1) :]
            self._write(kept, sessions=(*lasting, session))
        return secret

    def session(self, secret: str) -> Credential | None:
        """The session of a cookie; None if it has ended."""
        found = next((one for one in self.sessions() if one.opened_by(secret)), None)
        if found is None or found.by != BY_SETTING:
            return found
        return found if self._setting and same(found.proof, self._proof(secret)) else None

    def end_session(self, secret: str) -> None:
        """Log one browser out.

        Raises:
            OSError: the data folder cannot be written.
        """
        with self._changing() as kept:
            left = tuple(one for one in kept.sessions if not one.opened_by(secret))
            if len(left) != len(kept.sessions):
                self._write(kept, sessions=left)

    def end_sessions(self) -> int:
        """Log every browser out, and let links that were not used expire; how many sessions there were.

        Raises:
            OSError: the data folder cannot be written.
        """
        with self._changing() as kept:
            self._write(kept, sessions=(), links=())
        return sum(one.lasts for one in kept.sessions)

    def lets_nobody_in(self) -> bool:
        """Whether there is neither a token nor a session: somebody must be let in first."""
        return not self._setting and not self.tokens() and not self.sessions()

    # ---------- the file ----------

    def _proof(self, secret: str) -> str:
        return hmac.new(secret.encode(), self._setting.encode(), sha256).hexdigest()

    def _read(self) -> _Kept:
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return _Kept()
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        with self._lock:
            if seen != self._seen:
                self._kept = _Kept.model_validate_json(self._path.read_bytes())
                self._seen = seen
            return self._kept

    @contextmanager
    def _changing(self) -> Iterator[_Kept]:
        """What is kept, while nobody else changes it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield self._read()
        finally:
            os.close(handle)  # which lets go of the lock

    def _write(self, kept: _Kept, **changed: tuple[Credential, ...]) -> None:
        handle, temporary = tempfile.mkstemp(prefix=f".{FILE_NAME}.", dir=self._path.parent)  # for its owner alone
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(kept.model_copy(update=changed).model_dump_json(indent=1, exclude_defaults=True))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
