"""OpenID Connect: what the hub asks an identity provider, and which answers count. Knows no page and no cookie."""
