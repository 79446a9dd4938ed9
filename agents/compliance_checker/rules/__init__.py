"""The rules there are, by scope. Adding one is adding its line here."""

from agents.compliance_checker.outcome import Check
from agents.compliance_checker.rules import dependency_licenses, license_file, secrets, security_headers
from agents.compliance_checker.schema import Scope

RULES: tuple[tuple[Scope, Check], ...] = (
    (Scope.LICENSES, license_file.check),
    (Scope.LICENSES, dependency_licenses.check),
    (Scope.SECRETS, secrets.check),
    (Scope.HEADERS, security_headers.check),
)
