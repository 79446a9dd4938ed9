"""Secrets are found, triaged and never shown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from agents.contract.schema import Confidence, Finding, NoteKind, Severity
from agents.contract.workspace import Workspace
from agents.engines import secrets

# Put together at run time, so that no scanner takes this file for a leak.
GITHUB = "ghp_" + "R7kQ2xVb9LmT4sWnY1cZ8dHfJ3gP6uEaXo5i"
AWS_ID, AWS_SECRET = "AKIA" + "Q7ZKXW5T3MNB2RVC", "k8Jm2Zp0qLx7Vt3RnYbW9s" + "HdGf4TcE6uAi1OoPq5"
PEM = "-----BEGIN RSA PRIVATE" + " KEY-----\n{}\n{}\n-----END RSA PRIVATE" + " KEY-----\n"
PEM = PEM.format(
    "MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0bu3aozN3tihPmljnnudb9G3HECdnH",
    "lWu2/a1gB9JW5TBQ+AVpum9Okx7KfqkfBKL9mcHgSAWWMHMfNfcOqTUfRhHnyH0r",
)


def scan(root: Path, files: dict[str, str], exclude: tuple[str, ...] = ()) -> list[Finding]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return secrets.scan(Workspace(root), exclude=exclude)


def rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


def test_a_providers_key_is_critical_and_points_to_its_place(tmp_path: Path) -> None:
    [finding] = scan(tmp_path, {"src/client.py": f'import x\n\nTOKEN = "{GITHUB}"\n'})
    assert (finding.rule, finding.severity, finding.confidence) == (
        "secrets/github-pat",
        Severity.CRITICAL,
        Confidence.HIGH,
    )
    assert (finding.file, finding.line, finding.column, finding.cwe) == ("src/client.py", 3, 10, "CWE-798")
    assert finding.remediation


def test_no_secret_of_a_line_is_shown_in_any_finding(tmp_path: Path) -> None:
    line = f'pair = ("{AWS_ID}", aws_secret := "{AWS_SECRET}"); token = "{GITHUB}"\n'
    findings = scan(tmp_path, {"a.py": line, "key.pem": PEM, "one.json": '{"k": "' + PEM.replace("\n", "\\n") + '"}'})
    assert {"secrets/github-pat", "secrets/private-key"} <= rules(findings)
    text = "".join(finding.model_dump_json() for finding in findings)
    for secret in (GITHUB, AWS_ID, AWS_SECRET, "MIIEpAIBAAKCAQEA"):
        assert secret not in text
    assert "[redacted]" in text


@pytest.mark.parametrize("name", [".betterleaksignore", ".gitleaksignore"])
def test_the_repositorys_ignore_file_hides_nothing(tmp_path: Path, name: str) -> None:
    digest = hashlib.sha256(GITHUB.encode()).hexdigest()
    files = {"a.py": f'TOKEN = "{GITHUB}"\n', name: f"{digest}\na.py:github-pat:1\n"}
    assert "secrets/github-pat" in rules(scan(tmp_path, files))


def test_the_repositorys_configuration_hides_nothing(tmp_path: Path) -> None:
    config = "[allowlist]\npaths = ['.*']\n[[rules]]\nid='x'\nregex='nothing'\n"
    files = {"a.py": f'TOKEN = "{GITHUB}"\n', ".gitleaks.toml": config, ".betterleaks.toml": config}
    assert "secrets/github-pat" in rules(scan(tmp_path, files))


@pytest.mark.parametrize("marker", ["gitleaks:allow", "betterleaks:allow"])
def test_an_inline_marker_hides_nothing(tmp_path: Path, marker: str) -> None:
    assert "secrets/github-pat" in rules(scan(tmp_path, {"a.py": f'TOKEN = "{GITHUB}"  # {marker}\n'}))


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("a.js", "const s = process.env.JWT_SECRET || 'keyboard cat';"),
        ("a.ts", 'const s = process.env["DB_PASSWORD"] ?? "pg-main-77";'),
        ("a.mjs", "const { SESSION_SECRET = 'abc123', PORT = '3000' } = process.env;"),
        ("a.py", 'import os\ns = os.environ.get("SECRET_KEY", "dev-key")'),
        ("a.py", 'import os\ns = os.getenv("API_TOKEN", default="abc123")'),
        ("a.py", 'import os\ns = os.getenv("DB_PASS") or "letmein"'),
        ("a.py", 's = env("DJANGO_SECRET_KEY", default="insecure")'),
        ("compose.yml", "a:\n  environment:\n    X: ${ROOT_PASSWORD:-r00tpw}"),
        ("config.php", "return ['key' => env('API_SECRET', 'abc123')];"),
        ("a.rb", 'x = ENV.fetch("API_TOKEN", "abc123")'),
    ],
)
def test_a_literal_default_of_a_secret_variable_is_found(tmp_path: Path, file: str, code: str) -> None:
    findings = scan(tmp_path, {file: code + "\n"})
    assert rules(findings) == {"secrets/environment-default"}
    assert findings[0].line == code.count("\n") + 1
    assert "[redacted]" in (findings[0].snippet or "")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("a.js", "const p = process.env.PORT || '3000';"),
        ("a.js", "// const s = process.env.JWT_SECRET || 'keyboard cat';"),
        ("a.js", "const s = process.env.JWT_SECRET || '';"),
        ("a.js", "const s = process.env.TOKEN_URL || 'https://id.test/token';"),
        ("a.js", "const s = process.env.CSRF_TOKEN || 'csrf-value';"),
        ("a.js", "const t = { password: 'Enter your password', confirm: \"Passwords don't match\" };"),
        ("a.js", "if (node.token === 'identifier9') { }"),
        ("a.py", 'import os\ns = os.environ.get("SECRET_KEY")'),
        ("a.py", 'import os\ns = os.environ.get("SECRET_FILE", "/run/secrets/key")'),
        ("a.py", 'password = "<password>"\ntoken = "${TOKEN}"\nsecret = "changeme"'),
        ("a.py", 'password_field = "password1"\nTOKEN_TYPE = "Bearer"\ntoken_url = "/auth/token2"'),
        ("a.py", 'def connect(password="password", secret=None): ...'),
        ("a.yml", "password: ${DB_PASSWORD}\nsecretName: tls-cert-1\ntoken: !vault abc"),
        ("package.json", '{"dependencies": {"@x/password": "1.2.1", "passwd": "^3.0.0-rc.1"}}'),
        ("package-lock.json", '{"a": {"token": "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"}}'),
        ("yarn.lock", "integrity sha512-k8Jm2Zp0qLx7Vt3RnYbW9sHdGf4TcE6uAi1OoPq5k8Jm2Zp0=="),
        ("app/locale/de.json", '{"password": "Passwort1 eingeben"}'),
        ("a.py", 'api_key_sha256 = "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"'),
        ("a.py", 'AWS = "AKIAIOSFODNN7EXAMPLE"'),
        ("a.yml", "password: settings.oauth2.clientPassword1\ntoken: feeds.W3CGeoFeed.title"),
        ("a.yml", "secret: /etc/dockyard/v2/ClientSecrets1"),
    ],
)
def test_no_false_alarm(tmp_path: Path, file: str, code: str) -> None:
    assert scan(tmp_path, {file: code + "\n"}) == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (".env", "DB_PASSWORD=Tr0ub4dor&3"),
        ("a.py", 'DATABASES = {"default": {"PASSWORD": "pr0d-Passw0rd!"}}'),
        ("a.js", "module.exports = { password: 'S3cur3P4ss!' };"),
        ("app.properties", "spring.datasource.password=Xk29fLq0"),
        ("a.py", 'ADMIN_PASSWORD = "k7JR8RFqB1.T9eV1o6G"'),
        ("compose.yml", "environment:\n  RABBITMQ_DEFAULT_PASS: pNwXuqAn.EuD3UXxJ2"),
        ("compose.yml", 'environment:\n  SESSION_SECRET: "/kUFNCvSq8esBArXEGOOW4nQYMeG65CrEKAuxpzyZQE="'),
        ("settings.py", "SECRET_KEY = 'django-insecure-9x!k2v8q@w^e&r*t(y)u1i2o3p4'"),
        ("a.py", 'DB = "postgresql://admin:Tr0ub4dor3@db.internal:5432/app"'),
    ],
)
def test_a_literal_password_is_a_warning(tmp_path: Path, file: str, code: str) -> None:
    [finding] = scan(tmp_path, {file: code + "\n"})
    assert finding.severity is Severity.WARNING
    assert finding.confidence is not Confidence.HIGH


def test_generic_hits_in_tests_and_documents_are_counted_not_reported(tmp_path: Path) -> None:
    password = 'login(user="a", password="Sup3rS3cret!")\n'
    for file in ("tests/test_a.py", "docs/index.rst", "examples/a.py", "src/a.spec.js", ".env.example"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(password)
    workspace = Workspace(tmp_path)
    assert secrets.scan(workspace) == []
    assert any("left out" in note.detail for note in workspace.notes if note.kind is NoteKind.ENGINE)


def test_a_providers_key_in_a_test_is_still_reported_but_lower(tmp_path: Path) -> None:
    [finding] = scan(tmp_path, {"tests/test_a.py": f'TOKEN = "{GITHUB}"\n'})
    assert finding.severity is Severity.WARNING


def test_a_private_key_of_a_test_is_for_information(tmp_path: Path) -> None:
    findings = scan(tmp_path, {"tests/certs/server.key": PEM, "deploy/server.key": PEM})
    assert {f.file: f.severity for f in findings} == {
        "tests/certs/server.key": Severity.INFO,
        "deploy/server.key": Severity.CRITICAL,
    }


def test_vendored_and_excluded_folders_are_left_out(tmp_path: Path) -> None:
    leak = f'TOKEN = "{GITHUB}"\n'
    files = {"node_modules/a/index.js": leak, "generated/a.py": leak, ".venv/lib/a.py": leak}
    assert scan(tmp_path, files, exclude=("generated/",)) == []


def test_binary_and_huge_files_become_notes(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1" + GITHUB.encode())
    (tmp_path / "big.txt").write_bytes(b"a" * (5 * 1024 * 1024))
    workspace = Workspace(tmp_path)
    assert secrets.scan(workspace) == []
    assert {(note.kind, note.file) for note in workspace.notes} == {
        (NoteKind.BINARY, "a.bin"),
        (NoteKind.TOO_LARGE, "big.txt"),
    }


def test_odd_bytes_links_and_broken_sources_fail_nothing(tmp_path: Path) -> None:
    (tmp_path / "latin.ini").write_bytes(b"name=caf\xe9\npassword=Xk29fLq0\n")
    (tmp_path / "broken.py").write_text("def (:\n  password = 'Xk29fLq0'\n")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    findings = secrets.scan(Workspace(tmp_path))
    assert {finding.file for finding in findings} == {"latin.ini", "broken.py"}
