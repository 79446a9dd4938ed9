"""The rule about security headers and cookie flags."""

# ruff: noqa: E501 — texts of licences and one case a line read best unwrapped

from __future__ import annotations

from pathlib import Path

import pytest

from agents.compliance_checker.rules import security_headers
from agents.compliance_checker.schema import ComplianceParams, WebApp
from agents.compliance_checker.web.headers import NAMES
from agents.contract.schema import Finding
from agents.contract.workspace import Workspace

PACKAGE = '{"name": "shop", "dependencies": {"express": "^5", "helmet": "^8"}}'
HELMET = set(NAMES) - {"Permissions-Policy"}


def check(root: Path, files: dict[str, str]) -> tuple[tuple[WebApp, ...], tuple[Finding, ...]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    outcome = security_headers.check(ComplianceParams(), Workspace(root))
    return outcome.headers, outcome.findings


def present(root: Path, files: dict[str, str]) -> set[str]:
    [app], _ = check(root, files)
    assert set(app.present) | set(app.missing) == set(NAMES)
    return set(app.present)


def express(body: str, head: str = "") -> dict[str, str]:
    code = f"const express = require('express');\n{head}\nconst app = express();\n{body}\napp.listen(3000);\n"
    return {"package.json": PACKAGE, "server.js": code}


def test_an_express_application_without_headers_is_reported_where_it_is_created(tmp_path: Path) -> None:
    [app], findings = check(tmp_path, express(""))
    assert (app.framework, app.file, app.present) == ("express", "server.js", ())
    assert {finding.rule for finding in findings} == {f"headers/{name.lower()}" for name in NAMES}
    assert {(finding.file, finding.line) for finding in findings} == {("server.js", 3)}


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("const helmet = require('helmet');", "app.use(helmet());", HELMET),
        ("import helmet from 'helmet';", "app.use(wrap(helmet({ hsts: true })));", HELMET),
        ("const h = require('helmet'); const guard = h();", "app.use(guard);", HELMET),
        ("const helmet = require('helmet');", "// app.use(helmet());", set()),
        ("const helmet = require('helmet');", "/* app.use(\nhelmet()) */", set()),
        (
            "const helmet = require('helmet');",
            "app.use(helmet({contentSecurityPolicy: false}))",
            HELMET - {NAMES[0]},
        ),
        ("const helmet = require('helmet');", "app.use(helmet.frameguard());", {"X-Frame-Options"}),
        ("", "const s = 'app.use(helmet())';", set()),
        ("", "app.use((q, r, n) => { r.setHeader('X-Frame-Options', 'DENY'); n(); });", {"X-Frame-Options"}),
        ("", "app.use((q, r, n) => { r.set({'x-content-type-options': 'nosniff'}); n(); });", {NAMES[3]}),
        ("", "app.use((q, r, n) => { r.removeHeader('X-Frame-Options'); n(); });", set()),
        ("", "const re = /['\"]/; // r.setHeader('X-Frame-Options', 'DENY')", set()),
        ("", "r.set('Content-Security-Policy', \"frame-ancestors 'none'\");", {NAMES[0], "X-Frame-Options"}),
    ],
)
def test_what_express_sets_is_read_from_code(tmp_path: Path, head: str, body: str, expected: set[str]) -> None:
    assert present(tmp_path, express(body, head)) == expected


def test_helmet_in_another_file_of_the_package_counts_and_this_app_is_seen(tmp_path: Path) -> None:
    files = {
        "package.json": PACKAGE,
        "src/app.ts": "import express from 'express';\nexport class App { constructor() { this.app = express(); } }\n",
        "src/security.ts": "import helmet from 'helmet';\nexport default (app: any) => app.use(helmet());\n",
        "src/server.ts": "import { App } from './app';\nnew App().app.listen(80);\n",
    }
    assert present(tmp_path, files) == HELMET


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": '{"name": "express"}', "lib/a.js": "const express = require('./x'); app = express(); app.listen(1)"},
        {"package.json": '{"name": "tool", "devDependencies": {"express": "5"}}', "a.js": "const express = require('express'); const a = express(); a.listen(1)"},
        {"package.json": PACKAGE, "test/server.js": "const express = require('express'); const a = express(); a.listen(1)"},
        {"package.json": PACKAGE, "a.js": "// const express = require('express'); const app = express(); app.listen(1)"},
        {"package.json": PACKAGE, "router.js": "const express = require('express'); module.exports = express();"},
        {"pyproject.toml": "[project]\nname = 'Flask'\n", "src/flask/x.py": "from flask import Flask\napp = Flask(__name__)\n"},
        {"tests/test_a.py": "from flask import Flask\napp = Flask(__name__)\n"},
        {"a.py": '"""\nfrom flask import Flask\napp = Flask(__name__)\n"""\n'},
        {"conf/global_settings.py": "MIDDLEWARE = []\nINSTALLED_APPS = []\n"},
        {"nginx.conf": "server { listen 80; return 301 https://$host$request_uri; }\n"},
        {"app.conf": "[server]\nlisten = 80\n"},
        {"lib.py": "X_FRAME = 'X-Frame-Options'\n"},
    ],
)  # fmt: skip
def test_no_false_alarm_where_nothing_is_served(tmp_path: Path, files: dict[str, str]) -> None:
    assert check(tmp_path, files) == ((), ())


def test_flask_headers_in_a_hook_count_and_talisman_sets_all(tmp_path: Path) -> None:
    app = "from flask import Flask\napp = Flask(__name__)\n"
    hook = "@app.after_request\ndef f(r):\n    r.headers['X-Frame-Options'] = 'DENY'\n    return r\n"
    assert present(tmp_path, {"app.py": app + hook}) == {"X-Frame-Options"}
    talisman = app + "from flask_talisman import Talisman\nTalisman(app)\n"
    assert present(tmp_path, {"app.py": talisman}) == set(NAMES)


def test_flask_session_cookie_without_secure_is_reported(tmp_path: Path) -> None:
    app = "from flask import Flask, session\napp = Flask(__name__)\ndef f():\n    session['a'] = 1\n"
    _, bad = check(tmp_path, {"app.py": app})
    _, good = check(tmp_path, {"app.py": app + "app.config['SESSION_COOKIE_SECURE'] = True\n"})
    assert "headers/cookie-secure" in {finding.rule for finding in bad}
    assert "headers/cookie-secure" not in {finding.rule for finding in good}


DJANGO = """
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
"""


def test_django_settings_are_judged_with_djangos_defaults(tmp_path: Path) -> None:
    files = {"manage.py": "", "shop/settings.py": DJANGO}
    [app], findings = check(tmp_path, files)
    assert set(app.present) == {"X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy"}
    assert app.framework == "django"
    assert [f.message for f in findings if f.rule == "headers/cookie-secure"]


def test_hardened_django_settings_split_over_files_are_fine(tmp_path: Path) -> None:
    production = (
        "from .base import *\nSECURE_HSTS_SECONDS = 31536000\nSESSION_COOKIE_SECURE = True\nCSRF_COOKIE_SECURE = True\n"
        "MIDDLEWARE += ['csp.middleware.CSPMiddleware', 'django_permissions_policy.PermissionsPolicyMiddleware']\n"
    )
    files = {"manage.py": "", "shop/settings/base.py": DJANGO, "shop/settings/production.py": production}
    [app], findings = check(tmp_path, files)
    assert app.missing == ()
    assert findings == ()


def test_fastapi_lacks_headers_only_for_information(tmp_path: Path) -> None:
    _, findings = check(tmp_path, {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"})
    assert {finding.severity.value for finding in findings} == {"info"}


def test_nginx_headers_are_read_and_its_comments_are_not(tmp_path: Path) -> None:
    config = (
        "server {\n  listen 443 ssl;\n  root /srv;\n  add_header X-Frame-Options DENY always;\n"
        "  # add_header Referrer-Policy no-referrer;\n  add_header Strict-Transport-Security 'max-age=1' always;\n}\n"
    )
    assert present(tmp_path, {"deploy/nginx.conf": config}) == {
        "X-Frame-Options",
        "Strict-Transport-Security",
    }


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("try_files $uri /index.html;", {"X-Frame-Options", "X-Content-Type-Options"}),
        ("add_header Cache-Control no-store;", set()),
        ("add_header X-Frame-Options DENY;\n", {"X-Frame-Options"}),
        ("if ($a) { return 404; }\n add_header Cache-Control no-store;", set()),
        (
            "include snippets/headers.conf;\n add_header Cache-Control no-store;",
            {"X-Frame-Options", "X-Content-Type-Options"},
        ),
    ],
)
def test_a_location_of_nginx_with_a_header_of_its_own_inherits_none(
    tmp_path: Path, location: str, expected: set[str]
) -> None:
    config = (
        "server {\n  listen 443 ssl;\n  root /srv;\n  add_header X-Frame-Options DENY;\n"
        f"  add_header X-Content-Type-Options nosniff;\n  location / {{\n {location}\n  }}\n"
        "  location /static/ {\n    add_header Cache-Control public;\n  }\n}\n"
    )
    assert present(tmp_path, {"nginx.conf": config}) == expected


def test_says_that_nginx_dropped_a_header_rather_than_that_it_is_never_set(tmp_path: Path) -> None:
    config = (
        "server {\n  listen 80;\n  root /srv;\n  add_header X-Frame-Options DENY;\n"
        "  location / {\n    add_header Cache-Control no-store;\n  }\n}\n"
    )
    _, findings = check(tmp_path, {"nginx.conf": config})
    said = {finding.rule: finding.message for finding in findings}
    assert "inherits none" in said["headers/x-frame-options"]
    assert "never sets" in said["headers/content-security-policy"]


@pytest.mark.parametrize(
    ("made", "off"),
    [
        ("Talisman(app, content_security_policy=None)", {"Content-Security-Policy"}),
        (
            "Talisman(app, strict_transport_security=False, frame_options=None)",
            {"Strict-Transport-Security", "X-Frame-Options"},
        ),
        ("t = Talisman()\nt.init_app(app, content_security_policy=None)", {"Content-Security-Policy"}),
        ("Talisman(app, content_security_policy={'default-src': '*'}, force_https=False)", set()),
    ],
)
def test_what_talisman_is_told_to_leave_out_is_missing(tmp_path: Path, made: str, off: set[str]) -> None:
    app = f"from flask import Flask\nfrom flask_talisman import Talisman\napp = Flask(__name__)\n{made}\n"
    assert present(tmp_path, {"app.py": app}) == set(NAMES) - off


def test_headers_set_by_nginx_hold_for_the_application_behind(tmp_path: Path) -> None:
    lines = "".join(f"add_header {name} x;\n" for name in NAMES)
    files = express("") | {"nginx/site.conf": "server {\nlisten 80;\nproxy_pass http://app;\n" + lines + "}\n"}
    apps, findings = check(tmp_path, files)
    assert {app.framework: app.missing for app in apps} == {"express": (), "nginx": ()}
    assert findings == ()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("public/_headers", "/*\n  X-Frame-Options: DENY\n  # Referrer-Policy: x\n"),
        ("netlify.toml", '[[headers]]\nfor = "/*"\n[headers.values]\nX-Frame-Options = "DENY"\n'),
        (
            "vercel.json",
            '{"headers": [{"source": "/", "headers": [{"key": "x-frame-options", "value": "DENY"}]}]}',
        ),
        ("site.conf", "<VirtualHost *:80>\nHeader always set X-Frame-Options DENY\n</VirtualHost>\n"),
    ],
)
def test_hosting_configurations_are_read(tmp_path: Path, file: str, text: str) -> None:
    assert present(tmp_path, {file: text}) == {"X-Frame-Options"}


@pytest.mark.parametrize(
    ("call", "flags"),
    [
        ("res.cookie('session', v, {httpOnly: false, secure: true});", {"headers/cookie-httponly"}),
        ("res.cookie('token', v);", {"headers/cookie-httponly", "headers/cookie-secure"}),
        ("res.cookie('token', v, options);", set()),
        ("res.cookie('theme', 'dark');", set()),
        ("res.cookie('sid', v, {httpOnly: true, secure: true});", set()),
    ],
)
def test_cookie_flags_of_session_cookies(tmp_path: Path, call: str, flags: set[str]) -> None:
    _, findings = check(tmp_path, express(call))
    assert {finding.rule for finding in findings if "cookie" in finding.rule} == flags
