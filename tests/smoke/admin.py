"""The admin API, as the smoke suite calls it. In: its URL and a token. Out: its answers."""

from datetime import UTC, datetime
from typing import Any

import httpx


class Admin:
    """Each method is a request; one that is refused raises httpx.HTTPStatusError."""

    def __init__(self, http: httpx.Client, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}

    def put_team(self, team: str) -> Any:
        """Create a team that may use every model."""
        return self._call("PUT", f"/teams/{team}", json={"id": team, "name": "smoke test"})

    def team(self, team: str) -> Any:
        """Read it."""
        return self._call("GET", f"/teams/{team}")

    def delete_team(self, team: str) -> None:
        """Delete it, whatever its version is."""
        self._call("DELETE", f"/teams/{team}", headers={"if-match": "*"})

    def create_client(self, team: str) -> Any:
        """Create a client of a team; the answer has its secret."""
        return self._call("POST", f"/teams/{team}/clients", json={"name": "smoke test"})

    def revoke_client(self, team: str, client: str) -> None:
        """Revoke it."""
        self._call("DELETE", f"/teams/{team}/clients/{client}", headers={"if-match": "*"})

    def usage_of(self, team: str, client: str) -> dict[str, Any]:
        """The sums of a client of today; empty when there are none."""
        today = datetime.now(UTC).date()
        question = {"by": "client", "team": team, "client": client, "from": str(today)}
        rows = self._call("GET", "/usage", params=question)["rows"]
        return rows[0] if rows else {}

    def _call(self, method: str, path: str, headers: dict[str, str] | None = None, **content: Any) -> Any:
        answer = self._http.request(
            method, f"{self._url}{path}", headers={**self._headers, **(headers or {})}, **content
        )
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path}: {answer.status_code} {answer.text}", request=answer.request, response=answer
            )
        return answer.json() if answer.content else None
