"""The doors: command line now; page and API mount here."""
