"""Entry point: `python -m agents.compliance_checker`."""

import sys

from agents.compliance_checker.agent import ComplianceChecker
from agents.contract.runner import main

sys.exit(main(ComplianceChecker()))
