"""The web side put together: page and API behind the guard, and that behind the hardening."""
