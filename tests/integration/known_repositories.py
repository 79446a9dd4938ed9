"""Facts about the real packages of `real_repository`, read in their sources by people.

Each `Place` was looked at: `there` are findings that a reviewer would want, `absent` are places that only look
like one. Sizes count the files that the code-reviewer measures and their code lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from agents.contract.schema import Finding, Severity


@dataclass(frozen=True)
class Place:
    """A finding's rule and file, either may be a glob; `line` and `severity` of any value where None."""

    rule: str
    file: str = "*"
    line: int | None = None
    severity: Severity | None = None

    def fits(self, finding: Finding) -> bool:
        """Whether `finding` is one of these."""
        return (
            fnmatchcase(finding.rule, self.rule)
            and fnmatchcase(finding.file or "", self.file)
            and self.line in (None, finding.line)
            and self.severity in (None, finding.severity)
        )


@dataclass(frozen=True)
class Known:
    """One package. `sizes` is language → (files, code lines); `most_complex` is (name, file, line, complexity)."""

    license: str
    sizes: dict[str, tuple[int, int]]
    most_complex: tuple[str, str, int, int]
    there: tuple[Place, ...]
    absent: tuple[Place, ...]


KNOWN = {
    "flask": Known(
        license="BSD-3-Clause",
        sizes={"Python": (83, 10265)},
        most_complex=("test_response_types", "tests/test_basic.py", 1143, 27),
        # `raise ImportError()` before `from flask import Flask`: the module exists to fail.
        there=(
            Place("bugs/unreachable-code", "tests/test_apps/cliapp/importerrorapp.py", 5, Severity.INFO),
            Place("misconfiguration/python-debug-on", "tests/test_basic.py", 1894, Severity.INFO),
        ),
        absent=(
            Place("bugs/*", "src/*"),
            Place("code-injection/*", "src/flask/cli.py"),  # evaluates the user's own PYTHONSTARTUP
            Place("weak-crypto/*", "src/flask/sessions.py"),  # SHA-1 within an HMAC
        ),
    ),
    "requests": Known(
        license="Apache-2.0",
        sizes={"Python": (35, 7548)},
        most_complex=("RequestEncodingMixin._encode_files", "src/requests/models.py", 184, 21),
        there=(
            Place("complexity/high-complexity", "src/requests/models.py", 184, Severity.WARNING),
            # Keys of the test server's certificates: real keys, of no use outside the tests.
            Place("secrets/private-key", "tests/certs/*", severity=Severity.INFO),
        ),
        absent=(
            Place("bugs/*"),
            Place("weak-crypto/*", "src/requests/auth.py"),  # digest authentication asks for MD5
        ),
    ),
    "django": Known(
        license="BSD-3-Clause",
        sizes={"Python": (2823, 373562), "JavaScript": (46, 3252)},
        most_complex=("BaseDatabaseSchemaEditor._alter_field", "django/db/backends/base/schema.py", 934, 94),
        there=(
            Place("bugs/python-exception-ignored", "django/http/response.py", 338, Severity.INFO),
            Place("bugs/unreachable-code", "tests/test_runner/test_parallel.py", 82),
            Place("weak-crypto/python-hash-of-password", "django/contrib/auth/hashers.py", 658, Severity.ERROR),
        ),
        absent=(
            # `initial_forms > n` and `total_forms > n`: alike, not the same.
            Place("bugs/python-duplicate-condition", "django/forms/formsets.py", 186),
            Place("*", "*/js/vendor/*"),
            Place("open-redirect/*", "django/views/i18n.py"),  # url_has_allowed_host_and_scheme was asked
            Place("xss/*", "django/utils/html.py", 379),  # its parts were escaped in the lines before
            Place("deserialization/*", "django/core/serializers/pyyaml.py"),  # with the safe loader
        ),
    ),
    "express": Known(
        license="MIT",
        sizes={"JavaScript": (7, 1141)},
        most_complex=("send", "lib/response.js", 126, 23),
        there=(Place("complexity/high-complexity", "lib/response.js", 126, Severity.WARNING),),
        absent=(Place("bugs/*"), Place("xss/*", "lib/response.js")),  # the address goes through escapeHtml
    ),
    "lodash": Known(
        license="MIT",
        sizes={"JavaScript": (1046, 17304)},
        most_complex=("runInContext", "lodash.js", 1449, 46),
        there=(Place("style/js-loose-equality", "core.js", 696),),
        absent=(
            Place("bugs/*"),
            Place("*", "*.min.js"),
            Place("code-injection/*", "_root.js"),  # `Function('return this')`, a constant
        ),
    ),
    "eslint": Known(
        license="MIT",
        sizes={"JavaScript": (410, 64162), "TypeScript": (5, 2978)},
        most_complex=("create.handleFixes", "lib/rules/no-unused-vars.js", 976, 68),
        there=(
            Place("style/js-console-log", "lib/shared/logging.js", 18),
            Place("complexity/high-complexity", "lib/cli.js", 199, Severity.ERROR),
        ),
        absent=(
            Place("bugs/*"),
            Place("command-injection/*", "lib/cli.js"),  # a list of arguments, no shell
        ),
    ),
}
