"""compliance-checker: licences, secrets and security headers of a repository."""
