"""Who is there: signing in, sessions and tokens before the page and the API alike."""
