"""The ledger's quota store in DynamoDB, see `gwctl.ledger.quotas.store`.

One item for each window: `pk` = `quota#<quota id>`, `sk` = `<unit>#<window id>`, the numbers `committed`, `settled`
and `archived`, the number set `notified`, one map for each lease under the name `lease#<agent id>`, and `expires_at`
for the table's time to live. A lease is an attribute of its own, not a member of one map: so the first write to a
window needs no other before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.ledger.quotas.scopes import Period
from gwctl.ledger.quotas.store import (
    EMPTY,
    Lease,
    Outcome,
    StoreUnavailable,
    Swap,
    WindowKey,
    WindowState,
    check_archivable,
)
from gwctl.ledger.quotas.windows import period_of
from gwctl.stores.aws.clients import AWS_ERRORS, code_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Item: TypeAlias = Mapping[str, Any]

LEASE_PREFIX: Final = "lease#"
BATCH_KEYS: Final = 100
"""The most keys that one BatchGetItem takes."""

BATCH_ROUNDS: Final = 10

DAY: Final = 86400
KEPT_SECONDS: Final[dict[Period, int | None]] = {"minute": 2 * DAY, "day": 400 * DAY, "month": 800 * DAY, "total": None}
"""How long after its last write a window's item is kept for reports."""

REFUSED: Final = "ConditionalCheckFailedException"


def connect(region: str, endpoint_url: str | None = None, *, connections: int = 8) -> "DynamoDBClient":
    """A client that gives up soon: the caller repeats, and knows by the lease's `seq` what came through."""
    import boto3  # here: whoever brings a client, as the admin API does, needs neither of them
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=4,
        retries={"total_max_attempts": 1},
        max_pool_connections=connections,
        parameter_validation=False,  # against the service's model: costs CPU, and the service does it anyway
    )
    # The stubs know every service's client; only DynamoDB's are installed.
    return boto3.client("dynamodb", region_name=region, endpoint_url=endpoint_url, config=config)  # pyright: ignore[reportUnknownMemberType]


class DynamoQuotaStore:
    """A `QuotaStore` in a DynamoDB table with the string keys `pk` and `sk`. Safe to share between threads."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Callable[[], float] = time) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def swap(self, swap: Swap) -> Outcome:
        """See `QuotaStore.swap`. One UpdateItem."""
        conditions, names, values = _guard(swap.agent, swap.before)
        if swap.ceiling is not None:
            within = "committed <= :ceiling"
            # A window that is not there has nothing committed, but a missing attribute compares as false.
            conditions.append(f"(attribute_not_exists(committed) OR {within})" if swap.ceiling >= 0 else within)
            values[":ceiling"] = _number(swap.ceiling)
        update = "SET #lease = :after ADD committed :growth, settled :spent"
        values[":after"] = {"M": _lease_item(swap.after)}
        values[":growth"] = _number(swap.growth)
        values[":spent"] = _number(swap.after.settled - swap.before.settled)
        kept = KEPT_SECONDS[period_of(swap.key.window)]
        if kept is not None:
            update = update.replace(" ADD", ", expires_at = :kept_until ADD")
            values[":kept_until"] = _number(int(self._clock()) + kept)
        return self._update(swap.key, update, conditions, names, values)

    def read(self, keys: Iterable[WindowKey]) -> dict[WindowKey, WindowState]:
        """See `QuotaStore.read`. One BatchGetItem for 100 windows."""
        found: dict[WindowKey, WindowState] = {}
        for batch in _batches(list(dict.fromkeys(keys))):
            wanted: list[Any] = [_key(key) for key in batch]
            for _ in range(BATCH_ROUNDS):
                items, wanted = self._get(wanted)
                found.update({_key_of(item): _state(item) for item in items})
                if not wanted:
                    break
            else:
                raise StoreUnavailable(f"{self._table}: {len(wanted)} windows could not be read: throttled")
        return found

    def claim(self, key: WindowKey, threshold: int) -> bool:
        """See `QuotaStore.claim`. One UpdateItem."""
        values = {":threshold": _number(threshold), ":set": {"NS": [str(threshold)]}}
        condition = ["NOT contains(notified, :threshold)"]
        return self._update(key, "ADD notified :set", condition, {}, values).applied

    def archive(self, key: WindowKey, agent: str, lease: Lease) -> bool:
        """See `QuotaStore.archive`. One UpdateItem."""
        check_archivable(lease)
        conditions, names, values = _guard(agent, lease)
        values[":settled"] = _number(lease.settled)
        return self._update(key, "REMOVE #lease ADD archived :settled", conditions, names, values).applied

    def _update(
        self, key: WindowKey, update: str, conditions: Sequence[str], names: Mapping[str, str], values: Item
    ) -> Outcome:
        more: Any = {"ExpressionAttributeNames": names} if names else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(key),
                UpdateExpression=update,
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **more,
            )
        except ClientError as error:
            response = cast("Item", error.response)
            if code_of(error) != REFUSED:
                raise StoreUnavailable(f"{self._table}: {error}") from error
            item = response.get("Item")
            return Outcome(applied=False, state=_state(item) if item else EMPTY)
        except BotoCoreError as error:
            raise StoreUnavailable(f"{self._table}: {error}") from error
        return Outcome(applied=True, state=_state(answer["Attributes"]))

    def _get(self, keys: Sequence[Any]) -> tuple[list[Item], list[Any]]:
        try:
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
        except AWS_ERRORS as error:
            raise StoreUnavailable(f"{self._table}: {error}") from error
        left = answer["UnprocessedKeys"].get(self._table)
        return list(answer["Responses"].get(self._table, [])), list(left["Keys"]) if left else []


def _guard(agent: str, before: Lease) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """Condition, names and values that say: the agent's lease still is `before`."""
    names = {"#lease": f"{LEASE_PREFIX}{agent}"}
    if not before.seq:
        return ["attribute_not_exists(#lease)"], names, {}
    names |= {"#seq": "seq", "#writer": "writer"}
    values = {":seq": _number(before.seq), ":writer": {"S": before.writer}}
    return ["#lease.#seq = :seq", "#lease.#writer = :writer"], names, values


def _key(key: WindowKey) -> dict[str, Any]:
    return {"pk": {"S": f"quota#{key.quota}"}, "sk": {"S": f"{key.unit}#{key.window}"}}


def window_of(item: Item) -> tuple[WindowKey, WindowState]:
    """The window that an item stands for."""
    return _key_of(item), _state(item)


def _key_of(item: Item) -> WindowKey:
    return WindowKey.parse("/".join([item["pk"]["S"].partition("#")[2], *item["sk"]["S"].split("#")]))


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _int(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _lease_item(lease: Lease) -> dict[str, Any]:
    item: dict[str, Any] = {
        "outstanding": _number(lease.outstanding),
        "settled": _number(lease.settled),
        "mark": _number(lease.mark),
        "seq": _number(lease.seq),
        "writer": {"S": lease.writer},
        "expires_at": _number(lease.expires_at),
    }
    return item | ({"closed": {"BOOL": True}} if lease.closed else {})


def _lease(item: Item) -> Lease:
    return Lease(
        outstanding=_int(item, "outstanding"),
        settled=_int(item, "settled"),
        mark=_int(item, "mark"),
        seq=_int(item, "seq"),
        writer=str(item["writer"]["S"]),
        expires_at=_int(item, "expires_at"),
        closed="closed" in item,
    )


def _state(item: Item) -> WindowState:
    notified = item["notified"]["NS"] if "notified" in item else ()
    return WindowState(
        committed=_int(item, "committed"),
        settled=_int(item, "settled"),
        archived=_int(item, "archived"),
        leases={
            name.removeprefix(LEASE_PREFIX): _lease(value["M"])
            for name, value in item.items()
            if name.startswith(LEASE_PREFIX)
        },
        notified=frozenset(int(threshold) for threshold in notified),
    )


def _batches(keys: Sequence[WindowKey]) -> Iterator[Sequence[WindowKey]]:
    for start in range(0, len(keys), BATCH_KEYS):
        yield keys[start : start + BATCH_KEYS]
