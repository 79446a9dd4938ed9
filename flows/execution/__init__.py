"""From a checked workflow to reports: what is ready, and how one node runs."""
