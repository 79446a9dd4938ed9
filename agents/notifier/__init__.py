"""notifier: tells people what a run found, on the console or through a webhook."""
