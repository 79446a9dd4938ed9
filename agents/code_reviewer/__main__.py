"""`python -m agents.code_reviewer`: serve one request."""

import sys

from agents.code_reviewer.agent import CodeReviewer
from agents.contract.runner import main

if __name__ == "__main__":
    sys.exit(main(CodeReviewer()))
