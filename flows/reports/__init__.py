"""One findings model to every format a reader needs."""
