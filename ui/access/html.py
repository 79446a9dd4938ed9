"""The pages of the door, as HTML without a script: they must work before anything else does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from flows.service.accounts import Session
from ui.access.addresses import HOME, LOGIN, LOGOUT, provider_for

_STYLE = Path(__file__).with_name("door.css")
_LONGEST_NAME, _LONGEST_PASSWORD = 128, 1024

_PAGE = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title} · Dockyard</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<p class="brand">Dockyard</p>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
""")

_SIGN_IN = Markup("""{said}<form method="post" action="{login}">
<input type="hidden" name="next" value="{then}">
<label for="name">Name</label>
<input id="name" name="name" value="{name}" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="{longest_name}" required{focus_name}{described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="{longest_password}"
 required{focus_password}{described}>
<button type="submit">Sign in</button>
</form>{provider}
<p class="soft">No account, or the password is lost? An admin adds people and gives new passwords.</p>""")

_PROVIDER = Markup("""
<p class="or">or</p>
<p><a class="button second" href="{address}">Sign in with {label}</a></p>""")

_LEFT = Markup("""<p role="status">You are signed out here. {label} may still know you in this browser\
{end}.</p>
""")

_SIGNED_IN = Markup("""<p>You are <strong>{name}</strong>, with the role {role}.</p>
<p><a class="button" href="{then}">Go on</a></p>
<form method="post" action="{logout}">
<input type="hidden" name="csrf" value="{csrf}">
<button type="submit" class="second">Sign out</button>
</form>""")

_LINK = Markup('<p role="status">{said}</p>\n<p><a class="button" href="{then}">{label}</a></p>')


@dataclass(frozen=True)
class LoginPage:
    """Asks for name and password; `said` is what came of the last try, `then` where a success leads.

    `provider` is what the identity provider is called, empty where there is none. `left` says that somebody has just
    signed out, `end` where they can sign out of the provider, too.
    """

    then: str = HOME
    name: str = ""
    said: str = ""
    provider: str = ""
    left: bool = False
    end: str | None = None

    def html(self) -> str:
        """The document."""
        focus, none = Markup(" autofocus"), Markup("")
        body = _SIGN_IN.format(
            said=self._news(),
            provider=self._provider(),
            login=LOGIN,
            then=self.then,
            name=self.name[:_LONGEST_NAME],
            focus_name=none if self.name else focus,
            focus_password=focus if self.name else none,
            described=Markup(' aria-describedby="said"') if self.said else "",
            longest_name=_LONGEST_NAME,
            longest_password=_LONGEST_PASSWORD,
        )
        return _document("Sign in", body)

    def _news(self) -> Markup:
        if self.said:
            return Markup('<p class="said" id="said" role="alert">{}</p>\n').format(self.said)
        if not self.left or not self.provider:
            return Markup("")
        end = Markup(': <a href="{}">sign out there, too</a>').format(self.end) if self.end else ""
        return _LEFT.format(label=self.provider, end=end)

    def _provider(self) -> Markup:
        if not self.provider:
            return Markup("")
        return _PROVIDER.format(address=provider_for(self.then), label=self.provider)


@dataclass(frozen=True)
class SignedInPage:
    """Says who is signed in, and lets them go on or out."""

    session: Session
    then: str = HOME

    def html(self) -> str:
        """The document."""
        body = _SIGNED_IN.format(
            name=self.session.name,
            role=self.session.account.role.value,
            then=self.then,
            logout=LOGOUT,
            csrf=self.session.csrf.get_secret_value(),
        )
        return _document("Your account", body)


@dataclass(frozen=True)
class LinkPage:
    """Says what did not work, and leads on."""

    title: str
    said: str
    then: str
    label: str

    def html(self) -> str:
        """The document."""
        return _document(self.title, _LINK.format(said=self.said, then=self.then, label=self.label))


def _document(title: str, body: Markup) -> str:
    return str(_PAGE.format(title=title, style=Markup(_STYLE.read_text(encoding="utf-8")), body=body))  # noqa: S704 - ours
