"""`pluriscope token`: who may change things on a server: tokens, links that let in once, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from app.cli.reading import read_settings
from app.cli.signature import Within
from app.cli.terminal import Refusal, Shown, remark

if TYPE_CHECKING:
    from app.access.credentials import Credentials
    from app.settings import Settings

Role = Literal["editor", "admin"]


def credentials_of(settings: Settings) -> Credentials:
    """The credentials in the data folder."""
    from app.access.credentials import Credentials

    return Credentials(settings.data, settings.token)


def login_address(settings: Settings, secret: str) -> str:
    """The address that lets one browser in, as far as this machine knows what it is called elsewhere."""
    from app.addressing import Addresses

    name = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104  # compared only
    host = f"[{name}]" if ":" in name else name
    base = settings.public_url.rstrip("/") or f"http://{host}:{settings.port}"
    return base + Addresses(settings.prefix).login(key=secret)


def make(*, role: Role = "editor", label: str = "") -> Shown:
    """Make a token and print it, once: only its hash is kept.

    Example: pluriscope token make --label "Ana's notebook"

    Args:
        role: editor: may change things; admin: sees how the server does besides.
        label: Who or what it is for, to find it again.
    """
    if len(label) > 80 or not label.isprintable():
        raise Refusal("label: has more than 80 characters, or some that cannot be shown. Choose another.")
    made, secret = credentials_of(read_settings()).make_token(role, label)
    remark(f"token {made.id}, {role}. Keep it: it cannot be shown again. pluriscope token revoke {made.id} ends it.")
    return Shown({**made.model_dump(mode="json", exclude={"hash"}), "token": secret}, [secret])


def link(*, role: Role = "editor", hours: Annotated[float, Within(0.01, 720)] = 24.0) -> Shown:
    """Print a link that logs in one browser, once.

    Example: pluriscope token link --role admin

    Args:
        role: editor: may change things; admin: sees how the server does besides.
        hours: How long it may be used.
    """
    settings = read_settings()
    address = login_address(settings, credentials_of(settings).make_link(role, hours))
    return Shown({"url": address, "role": role, "hours": hours}, [address])


def list_tokens() -> Shown:
    """List tokens and sessions, without their secrets."""
    kept = credentials_of(read_settings())
    tokens, sessions = kept.tokens(), kept.sessions()
    lines = [f"token    {one.id}  {one.role:<6}  made {one.made_at:%Y-%m-%d %H:%M}  {one.label}" for one in tokens]
    lines += [
        f"session  {one.id}  {one.role:<6}  until {one.expires_at:%Y-%m-%d %H:%M}  by {one.by}" for one in sessions
    ]
    document = {
        "tokens": [one.model_dump(mode="json", exclude={"hash"}) for one in tokens],
        "sessions": [one.model_dump(mode="json", exclude={"hash", "proof"}) for one in sessions],
    }
    return Shown(document, [line.rstrip() for line in lines] or ["no tokens, no sessions"])


def revoke(token_id: str = "", *, sessions: bool = False) -> Shown:
    """End a token with the sessions that began with it, or all sessions; a running server knows at once.

    Example: pluriscope token revoke 3f2a9c01

    Args:
        token_id: Its ID in the list; not the token itself.
        sessions: Log every browser out, and end links that were not used.
    """
    if bool(token_id) == sessions:
        raise Refusal("token: name one by its ID, or give --sessions. See pluriscope token list.")
    if sessions:
        n_ended = credentials_of(read_settings()).end_sessions()
        remark(f"ended {n_ended} session{'' if n_ended == 1 else 's'}")
        return Shown({"ended": n_ended})
    credentials_of(read_settings()).revoke_token(token_id)
    remark(f"revoked {token_id}")
    return Shown({"revoked": token_id})


def let_somebody_in(settings: Settings) -> None:
    """Where a server can be reached from elsewhere and nobody could log in, print a link that lets in once."""
    from app.access.callers import needs_login

    kept = credentials_of(settings)
    if settings.read_only or not needs_login(settings):
        return
    if not kept.lets_nobody_in():
        return
    try:
        secret = kept.make_link("admin", only=True)
    except OSError as error:
        remark(f"nobody can log in: {settings.data} cannot be written ({error.strerror}). Set PLURISCOPE_TOKEN.")
        return
    remark(
        "Nobody can change anything here yet. This link lets one browser in as admin, once, within 24 hours:\n"
        f"  {login_address(settings, secret)}\n"
        "(with the name by which you reach this server). Another: pluriscope token link --role admin"
    )
