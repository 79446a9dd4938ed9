"""Dependencies and their licences from manifests, locks and installed packages; nothing is executed."""
