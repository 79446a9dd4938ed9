"""`python -m agents.patcher`."""

import sys

from agents.contract.runner import main
from agents.patcher.agent import Patcher

if __name__ == "__main__":
    sys.exit(main(Patcher()))
