"""The OAuth 2.0 scopes of the gateway: the words that every part must spell alike.

The issuer puts them into tokens, the edge and the admin API check them, and Terraform gives them to Cognito as
the custom scopes of one resource server (Cognito writes them `<resource server identifier>/<scope name>`).
"""

from typing import Final

RESOURCE_SERVER: Final = "gateway"

INVOKE: Final = "gateway/invoke"
"""Call models through the edge."""

ADMIN: Final = "gateway/admin"
"""Read and change policy through the admin API."""

READ: Final = "gateway/read"
"""Read policy and usage through the admin API."""

ALL: Final = (INVOKE, ADMIN, READ)
