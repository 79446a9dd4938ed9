"""Entry point: `python -m agents.security_scanner`."""

import sys

from agents.contract.runner import main
from agents.security_scanner.agent import SecurityScanner

if __name__ == "__main__":
    sys.exit(main(SecurityScanner()))
