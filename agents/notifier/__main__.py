"""`python -m agents.notifier`."""

import sys

from agents.contract.runner import main
from agents.notifier.agent import Notifier

if __name__ == "__main__":
    sys.exit(main(Notifier()))
