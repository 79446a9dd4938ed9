"""Finding web applications and the security headers that they set; sources are parsed, never run."""
