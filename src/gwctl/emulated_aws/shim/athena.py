"""Athena: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def named_query_deletion() -> None:
    """Athena deletes named queries. moto cannot. Needed to destroy aws_athena_named_query."""
    from moto.athena.responses import AthenaResponse

    def delete(self: Any) -> str:
        self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
        return "{}"

    replace(AthenaResponse, "delete_named_query", delete)


PATCHES: Final = (named_query_deletion,)
