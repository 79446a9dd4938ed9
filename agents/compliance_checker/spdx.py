"""SPDX expressions: reading what people write, and asking whether a policy is satisfied."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing


@cache
def _licensing() -> Any:  # the library publishes no types
    return get_spdx_licensing()


_WRITTEN = {
    "apache": "Apache-2.0", "apache 2": "Apache-2.0", "apache 2.0": "Apache-2.0",
    "apache software": "Apache-2.0", "apache-2": "Apache-2.0", "apache v2": "Apache-2.0",
    "apache v2.0": "Apache-2.0", "apache2": "Apache-2.0", "apache2.0": "Apache-2.0",
    "apache software 2.0": "Apache-2.0", "apache version 2.0": "Apache-2.0", "mit": "MIT", "expat": "MIT",
    "mit/x11": "MIT", "x11": "MIT", "isc": "ISC", "iscl": "ISC", "isc (iscl)": "ISC",
    "bsd 3-clause": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause", "bsd-3": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause", "modified bsd": "BSD-3-Clause", "revised bsd": "BSD-3-Clause",
    "bsd 3 clause": "BSD-3-Clause", "bsd 2-clause": "BSD-2-Clause", "2-clause bsd": "BSD-2-Clause",
    "bsd-2": "BSD-2-Clause", "simplified bsd": "BSD-2-Clause", "bsd 2 clause": "BSD-2-Clause",
    "unlicense (unlicense)": "Unlicense", "mozilla public 2.0 (mpl 2.0)": "MPL-2.0", "mpl 2.0": "MPL-2.0",
    "mpl2": "MPL-2.0", "mpl-2": "MPL-2.0", "mozilla public 2.0": "MPL-2.0", "psf": "PSF-2.0",
    "python software foundation": "PSF-2.0", "psfl": "PSF-2.0", "gplv2": "GPL-2.0-only",
    "gpl v2": "GPL-2.0-only", "gpl-2": "GPL-2.0-only", "gplv2+": "GPL-2.0-or-later",
    "gplv3": "GPL-3.0-only", "gpl v3": "GPL-3.0-only", "gpl-3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later", "gnu general public v2 (gplv2)": "GPL-2.0-only",
    "gnu general public v3 (gplv3)": "GPL-3.0-only",
    "gnu general public v2 or later (gplv2+)": "GPL-2.0-or-later", "gnu gplv3": "GPL-3.0-only",
    "gnu general public v3 or later (gplv3+)": "GPL-3.0-or-later", "agplv3": "AGPL-3.0-only",
    "gnu affero general public v3": "AGPL-3.0-only", "agplv3+": "AGPL-3.0-or-later",
    "gnu affero general public v3 or later (agplv3+)": "AGPL-3.0-or-later", "lgplv3": "LGPL-3.0-only",
    "gnu lesser general public v2 (lgplv2)": "LGPL-2.0-only", "lgplv3+": "LGPL-3.0-or-later",
    "gnu lesser general public v2 or later (lgplv2+)": "LGPL-2.0-or-later", "lgplv2.1": "LGPL-2.1-only",
    "gnu lesser general public v3 (lgplv3)": "LGPL-3.0-only", "wtfpl": "WTFPL", "zlib/libpng": "Zlib",
    "gnu lesser general public v3 or later (lgplv3+)": "LGPL-3.0-or-later", "zope public": "ZPL-2.1",
    "zpl 2.1": "ZPL-2.1", "boost software 1.0 (bsl-1.0)": "BSL-1.0", "bsl 1.0": "BSL-1.0", "0bsd": "0BSD",
    "cc0": "CC0-1.0", "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
    "historical permission notice and disclaimer (hpnd)": "HPND", "eclipse public 2.0 (epl-2.0)": "EPL-2.0",
    "european union public 1.2 (eupl 1.2)": "EUPL-1.2",
}  # fmt: skip
"""Words in metadata, without `License` and `the`, in lower case. `BSD` or `GPL` alone say too little."""


def normalize(text: str | None) -> str | None:
    """The SPDX expression that `text` means (`Apache 2.0` → `Apache-2.0`); None where that is unclear."""
    if not text or not text.strip() or len(text) > 500:
        return None
    written = re.sub(r"\blicen[sc]ed?\b|\bthe\b|[,\"']", " ", text.strip(), flags=re.IGNORECASE)
    known = _WRITTEN.get(" ".join(written.lower().split()))
    if known:
        return known
    try:
        parsed = _licensing().parse(text.strip(), validate=True)
    except (ExpressionError, ValueError, AttributeError, TypeError):
        return None
    return str(parsed) if parsed is not None else None


def choice(names: Iterable[str]) -> str | None:
    """Several names stated side by side as one expression, by custom a choice; None if one is unclear."""
    clear = [normalize(name) for name in names]
    known = [name for name in clear if name]
    return " OR ".join(dict.fromkeys(known)) if known and len(known) == len(clear) else None


def keys(expression: str) -> frozenset[str]:
    """The licence ids in an expression."""
    return frozenset(str(key) for key in _licensing().license_keys(expression))


def base(key: str) -> str:
    """An id without its `-only` or `-or-later`: a licence's text cannot tell the two apart."""
    return re.sub(r"-(?:only|or-later)$|\+$", "", key)


def same_text(text: str, declared: str) -> bool:
    """Whether a licence text identified as `text` fits what is `declared`: every id of it is declared."""
    return {base(key) for key in keys(text)} <= {base(key) for key in keys(declared)}


def permitted(expression: str, allow: Collection[str], deny: Collection[str]) -> bool:
    """Whether a user of the dependency can choose terms that the policy permits.

    `OR` needs one permitted side, `AND` all of them; an empty `allow` permits what isn't denied.
    """
    allowed = {normalize(item) or item for item in allow}
    denied = {normalize(item) or item for item in deny}
    return _permitted(_licensing().parse(expression), allowed, denied)


def _permitted(node: Any, allowed: set[str], denied: set[str]) -> bool:
    if node.__class__.__name__ == "OR":
        return any(_permitted(part, allowed, denied) for part in node.args)
    if node.__class__.__name__ == "AND":
        return all(_permitted(part, allowed, denied) for part in node.args)
    # `GPL-2.0-only WITH Classpath-exception-2.0` isn't denied with the GPL: the exception lifts it.
    exact, main = str(node), str(getattr(node, "license_symbol", node))
    if allowed:
        return (exact in allowed or main in allowed) and exact not in denied
    return exact not in denied
