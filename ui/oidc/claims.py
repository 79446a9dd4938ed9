"""What claims mean here: which account, which groups, which role. Pure; the settings are the admin's word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from flows.people import person
from flows.service.accounts import ExternalIdentity, Role, Vouched
from ui.oidc.errors import UntrustedAnswerError
from ui.oidc.settings import EMAIL, OidcSettings

MOST_GROUPS = 200
"""Groups of an account; the role goes by all that the provider lists."""
_GROUP = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_VERIFIED = "email_verified"

Claims = Mapping[str, JsonValue]


def needs_more(claims: Claims, settings: OidcSettings) -> bool:
    """Whether claims that the settings ask for are not there."""
    wanted = [settings.oidc_account_claim, settings.oidc_groups_claim]
    if EMAIL in wanted:
        wanted.append(_VERIFIED)
    return any(_value(claims, claim) is None for claim in wanted if claim)


def together(claims: Claims, said: Claims) -> dict[str, JsonValue]:
    """The ID token's claims with those that userinfo adds or renews."""
    # Else an address that nobody verified could be taken with the other's word that it is.
    kept = {key: value for key, value in claims.items() if EMAIL not in said or key not in {EMAIL, _VERIFIED}}
    return {**kept, **{key: value for key, value in said.items() if key not in {"iss", "sub", "aud"}}}


def vouch(claims: Claims, settings: OidcSettings) -> Vouched:
    """What the provider says of somebody, read by the settings. Raises UntrustedAnswerError for a subject that cannot be."""
    try:
        identity = ExternalIdentity(issuer=settings.oidc_issuer or "", subject=str(claims["sub"]))
    except ValidationError as error:
        said = "the identity provider knows you by an id that this hub cannot keep; ask an admin"
        raise UntrustedAnswerError(said, "the subject holds characters that cannot be kept") from error
    groups = _groups(claims, settings.oidc_groups_claim)
    role = _role(groups, settings)
    name, why = _name(claims, settings)
    joins = name is not None and name.rpartition("@")[2] in settings.oidc_join_domains
    return Vouched(
        identity=identity,
        name=name,
        unnamed=why,
        role=role,
        groups=_kept(groups) if settings.oidc_groups_claim else None,
        joins_as=(role or settings.oidc_default_role) if joins else None,
    )


def _name(claims: Claims, settings: OidcSettings) -> tuple[str | None, str]:
    """The account that the claims name, or why they name none."""
    claim = settings.oidc_account_claim
    given = _value(claims, claim)
    if not isinstance(given, str) or not given:
        said = f"the identity provider {settings.label} does not say your '{claim}'"
        return None, f"{said}, which would name your account here; ask an admin"
    if claim == EMAIL:
        verified = claims.get(_VERIFIED)
        if verified is not True and verified != "true":  # some write the word
            said = f"the identity provider {settings.label} has not verified your e-mail address"
            return None, f"{said}; verify it there, then sign in again"
        if given.count("@") != 1 or given.startswith("@") or not given.isascii():
            return None, "your e-mail address cannot name an account here; ask an admin to bind one to you"
    # Two spellings that only look or fold alike are two people there and would be one here.
    if unicodedata.normalize("NFKC", given) != given or given.casefold() != given.lower():
        return None, f"your '{claim}' cannot name an account here; ask an admin to bind one to you"
    try:
        return person(given), ""
    except ValueError:
        return None, f"your '{claim}' cannot name an account here; ask an admin to bind one to you"


def _groups(claims: Claims, claim: str | None) -> tuple[str, ...]:
    found = _value(claims, claim) if claim else None
    if isinstance(found, str):
        return (found,)
    return tuple(group for group in found if isinstance(group, str)) if isinstance(found, list) else ()


def _kept(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Those that can be an account's group, Keycloak's paths without their first slash."""
    return tuple(name for group in groups if _GROUP.fullmatch(name := group.removeprefix("/")))[:MOST_GROUPS]


def _role(groups: tuple[str, ...], settings: OidcSettings) -> Role | None:
    """The highest role of the groups; None where groups decide no role. Who is in none of them has lost what they had."""
    if not settings.oidc_roles:
        return None
    order = list(Role)
    given = [settings.oidc_roles[group] for group in groups if group in settings.oidc_roles]
    return max(given, key=order.index, default=settings.oidc_default_role)


def _value(claims: Claims, claim: str) -> JsonValue:
    """A claim by its name, or by a path of names; names themselves may hold dots."""
    if claim in claims:
        return claims[claim]
    found: JsonValue = dict(claims)
    for part in claim.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found
