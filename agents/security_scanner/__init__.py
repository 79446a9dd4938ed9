"""The security-scanner: secrets and dangerous code, found without running any of it."""
